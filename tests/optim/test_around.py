"""What stands beside the optimizers: clipping, averages, L-BFGS, the exchange of states."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.experimental import checkify
from oracles import assert_same

import jaxgrad
from jaxgrad import optim


class TestClipGradNorm:
    def test_is_of_all_leaves_and_tells_the_norm(self, dtype):
        grads = {"a": jnp.array([3.0], dtype), "b": jnp.array([[4.0]], dtype), "c": None}
        clip = optim.clip_grad_norm(1.0)
        clipped, state = clip.update(grads, clip.init(grads))
        assert_same(state.total_norm, jnp.array(5.0, dtype))
        assert_same(clipped["a"], jnp.array([3 / (5 + 1e-6)], dtype))
        assert clipped["c"] is None

    def test_what_is_short_stays(self):
        clip, grads = optim.clip_grad_norm(6.0), jnp.array([3.0, 4.0])
        assert_same(clip.update(grads, clip.init(grads))[0], grads)

    @pytest.mark.parametrize(("p", "norm"), [(1.0, 7.0), (jnp.inf, 4.0), (0.0, 1.0)])
    def test_other_norms(self, p, norm):
        clip, grads = optim.clip_grad_norm(1.0, p), jnp.array([3.0, -4.0])
        clipped, state = clip.update(grads, clip.init(grads))
        assert_same(state.total_norm, jnp.array(norm))
        assert_same(clipped, grads / (norm + 1e-6))

    def test_a_norm_that_is_not_finite(self):
        clip, grads = optim.clip_grad_norm(1.0, error_if_nonfinite=True), jnp.array([jnp.inf, 1.0])
        with pytest.raises(ValueError, match="updates must be of a finite norm, got inf"):
            clip.update(grads, clip.init(grads))
        assert jnp.all(jnp.isnan(jax.jit(clip.update)(grads, clip.init(grads))[0]))
        error, _ = jaxgrad.checkify(jax.jit(clip.update))(grads, clip.init(grads))
        with pytest.raises(checkify.JaxRuntimeError, match="finite norm"):
            error.throw()

    @pytest.mark.parametrize(("p", "norm"), [("inf", 4.0), (" Inf ", 4.0), ("1e0", 7.0)])
    def test_numbers_as_texts(self, p, norm):
        clip, grads = optim.clip_grad_norm("2", p), jnp.array([3.0, -4.0])
        clipped, state = clip.update(grads, clip.init(grads))
        assert_same(state.total_norm, jnp.array(norm))
        assert_same(clipped, 2 * grads / (norm + 1e-6))
        whole = optim.clip_grad_norm("inf", p)
        assert_same(whole.update(grads, whole.init(grads))[0], grads)
        assert_same(optim.clip_grad_value("3.5").update(grads, None)[0], jnp.array([3.0, -3.5]))

    def test_texts_that_are_no_numbers(self):
        with pytest.raises(
            ValueError, match="clip_grad_norm: norm_type must be a number, got 'fro"
        ):
            optim.clip_grad_norm(1.0, "fro")
        for nan in ("nan", float("nan")):
            with pytest.raises(ValueError, match="clip_grad_norm: norm_type must be a number, got"):
                optim.clip_grad_norm(1.0, nan)
        with pytest.raises(ValueError, match="clip_grad_norm: max_norm must be a number, got 'big"):
            optim.clip_grad_norm("big")
        with pytest.raises(
            ValueError, match="clip_grad_value: clip_value must be a number, got ''"
        ):
            optim.clip_grad_value("")
        with pytest.raises(TypeError, match="norm_type must be concrete, got a traced array"):
            jax.jit(lambda p: optim.clip_grad_norm(1.0, p).init(None))(2.0)

    def test_nothing(self):
        clip = optim.clip_grad_norm(1.0)
        assert clip.update({}, clip.init({})) == ({}, clip.init({}))


def test_clip_grad_value():
    clip = optim.clip_grad_value(1.0)
    grads = jnp.array([-jnp.inf, -0.5, jnp.nan, 3.0])
    assert_same(clip.update(grads, clip.init(grads))[0], jnp.array([-1.0, -0.5, jnp.nan, 1.0]))
    with pytest.raises(TypeError, match="clip_grad_value: updates must be floating point"):
        clip.update(grads.astype(complex), clip.init(grads))


class TestAveragedModel:
    def walked(self, averaging, steps=5):
        optimizer, params = optax.chain(optim.sgd(lr=1.0), averaging), jnp.zeros(1)
        state, update = optimizer.init(params), jax.jit(optimizer.update)
        for _ in range(steps):
            updates, state = update(-jnp.ones(1), state, params)
            params = optax.apply_updates(params, updates)
        return state[1]

    def test_equal_weights(self):
        assert_same(self.walked(optim.averaged_model()).average, jnp.array([3.0]))

    def test_start_and_stride(self):
        state = self.walked(optim.averaged_model(start=2, every=2))
        assert_same(state.average, jnp.array([4.0]))  # of 3 and 5
        assert state.n_averaged == 2

    def test_moving(self):
        state = self.walked(optim.averaged_model(decay=0.5))
        assert_same(state.average, jnp.array([1 / 16 + 2 / 16 + 3 / 8 + 4 / 4 + 5 / 2]))

    def test_values_that_have_moved_already(self):
        """What `use_buffers` does to running statistics; a count is the last one."""
        averaging = optim.averaged_model(decay=0.5)
        stats = {"mean": jnp.array([2.0]), "batches": jnp.array(1)}
        state = averaging.init(stats)
        for _ in range(2):
            _, state = averaging.update(dict.fromkeys(stats), state, stats)
            stats = {"mean": stats["mean"] + 2, "batches": stats["batches"] + 1}
        assert_same(state.average, {"mean": jnp.array([3.0]), "batches": jnp.array(2)})

    def test_needs_parameters(self):
        averaging = optim.averaged_model()
        with pytest.raises(ValueError, match="averaged_model: params must be given to update"):
            averaging.update(jnp.ones(1), averaging.init(jnp.ones(1)))


def bowl(params):
    return jnp.sum((params["x"] - 1) ** 2) + jnp.sum(
        jnp.abs(params["z"] - jnp.ones((), params["z"].dtype)) ** 2
    )


class TestLBFGS:
    @pytest.mark.parametrize("search", [None, "strong_wolfe"])
    @pytest.mark.nightly
    def test_finds_a_minimum_of_complex_leaves_too(self, search):
        params = {"x": jnp.zeros((2, 2)), "z": jnp.zeros(3, "complex64")}
        optimizer = optim.lbfgs(lr=0.5, line_search_fn=search)

        def step(params, state):
            grads = jax.tree.map(jnp.conj, jax.grad(bowl)(params))
            updates, state = optimizer.update(grads, state, params, value_fn=bowl)
            return optax.apply_updates(params, updates), state

        state = optimizer.init(params)
        for _ in range(3):
            params, state = jax.jit(step)(params, state)
        assert bowl(params) < 1e-8

    @pytest.mark.nightly
    def test_a_leaf_without_a_gradient_stays(self):
        params = {"x": jnp.zeros((2, 2)), "z": jnp.ones(3)}
        optimizer = optim.lbfgs(line_search_fn="strong_wolfe")
        grads = {"x": jax.grad(bowl)(params)["x"], "z": None}
        updates, _ = optimizer.update(grads, optimizer.init(params), params, value_fn=bowl)
        assert_same(updates["z"], jnp.zeros(3))
        assert_same(updates["x"], jnp.ones((2, 2)), 1e-4)

    def test_at_the_minimum_nothing_is_done(self):
        optimizer, x = optim.lbfgs(), jnp.ones(2)
        updates, state = optimizer.update(
            jnp.zeros(2), optimizer.init(x), x, value_fn=lambda x: jnp.sum((x - 1) ** 2)
        )
        assert_same(updates, jnp.zeros(2))
        assert state.n_iter == 0 and state.func_evals == 1

    def test_needs_a_function(self):
        optimizer, x = optim.lbfgs(), jnp.ones(2)
        with pytest.raises(ValueError, match="lbfgs: value_fn must be given to update"):
            optimizer.update(x, optimizer.init(x), x)


class TestTorchState:
    def test_there_and_back(self):
        params = [jnp.ones((2, 3)), jnp.ones(4)]
        for optimizer in (
            *(optim.adam(amsgrad=True), optim.nadam(), optim.asgd(), optim.adafactor()),
            *(optim.sgd(momentum=0.9), optim.rmsprop(momentum=0.5), optax.chain(optim.radam())),
        ):
            state = optimizer.init(params)
            for grads in (params, [params[0], None]):
                _, state = optimizer.update(grads, state, params)
            there = optim.to_torch_state(state)
            back = optim.from_torch_state(there, optimizer.init(params))
            steps = (
                1 if "momentum_buffer" in there["state"][0] and len(there["state"][0]) == 1 else 0
            )
            if steps:  # PyTorch's SGD counts no steps
                back = back._replace(count=state.count, step=state.step)
            assert_same(back, state)

    def test_lbfgs(self):
        optimizer, x = (
            optim.lbfgs(history_size=2, max_iter=4),
            {"x": jnp.zeros(2), "z": jnp.zeros(3)},
        )
        _, state = optimizer.update(
            jax.grad(bowl)(x),
            optimizer.init(x),
            x,
            value_fn=lambda p: bowl(p) + jnp.sum(p["x"] ** 4),
        )
        back = optim.from_torch_state(optim.to_torch_state(state), optimizer.init(x))
        again = optim.to_torch_state(back)["state"][0]
        for name, value in optim.to_torch_state(state)["state"][0].items():
            np.testing.assert_array_equal(again[name], value, name)

    def test_refusals(self):
        state = optim.adam().init(jnp.ones(2))
        with pytest.raises(TypeError, match="state_dict must be a state_dict, got list"):
            optim.from_torch_state([], state)
        with pytest.raises(ValueError, match="one optimizer of jaxgrad.optim in it, got 0 of them"):
            optim.to_torch_state(optax.adam(0.1).init(jnp.ones(2)))
        for entries, match in (
            ({3: {"step": 1}}, "state_dict must be of 1 parameters, got one of 3"),
            ({0: {"square_avg": np.ones(2)}}, r"AdamState's, got \['square_avg'\]"),
        ):
            with pytest.raises(ValueError, match=match):
                optim.from_torch_state({"state": entries}, state)
        wrong = {"state": {0: {"step": 1, "exp_avg": np.ones(3), "exp_avg_sq": np.ones(3)}}}
        with pytest.raises(ValueError, match=r"exp_avg must be of shape \(2,\), got \(3,\)"):
            optim.from_torch_state(wrong, state)
