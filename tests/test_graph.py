import shutil

import jax
import jax.numpy as jnp
import pytest
from jax.ad_checkpoint import checkpoint_name

import jaxgrad.functional as F
from jaxgrad import _torch_names
from jaxgrad.autograd import gradient_hook
from jaxgrad.graph import trace

X = jnp.ones((2, 3))
MLP = {"w": jnp.ones((3, 4)), "b": jnp.ones((1, 4)), "n": 3}


def polynomial(x):
    return 2 * (x * x) + 5 * x + 6


def line_loss(w, b, u, c):
    return ((w * u + b - c) ** 2).mean()


def mlp(params, x):
    hidden = jax.nn.relu(x @ params["w"] + params["b"])
    return F.mse_loss(hidden, jnp.ones_like(hidden))


class TestNodes:
    def test_a_polynomial(self):
        assert trace(polynomial)(X).next_functions == (
            ("AddBackward0", (1,)),
            ("AddBackward0", (2, 5)),
            ("MulBackward0", (3,)),
            ("MulBackward0", (4, 4)),
            ("AccumulateGrad", ()),
            ("MulBackward0", (4,)),
        )

    def test_the_linear_model(self):
        u = jnp.arange(5.0)
        graph = trace(line_loss, argnums=(0, 1))(jnp.ones(1), jnp.zeros(1), u, u)
        assert [name for name, _ in graph.next_functions] == [
            *("MeanBackward0", "PowBackward0", "SubBackward0", "AddBackward0", "MulBackward0"),
            *("AccumulateGrad", "AccumulateGrad"),
        ]
        assert [graph.nodes[n].name for n in graph.leaves] == ["w", "b", "u", "c"]
        assert [graph.nodes[n].requires_grad for n in graph.leaves] == [True, True, False, False]
        assert graph.nodes[graph.roots[0]].source.function == "line_loss"
        assert graph.nodes[graph.roots[0]].source.file == __file__

    def test_edges_point_to_earlier_nodes(self):
        graph = trace(mlp)(MLP, jnp.ones((5, 3)))
        assert all(to < number for number, to in graph.edges)
        assert {to for _, to in graph.edges} | set(graph.roots) >= set(graph.leaves) - {2}

    def test_leaves_have_their_paths(self):
        def fn(params, *rest, scale):
            return params["w"][0] * rest[1] * scale["s"]

        graph = trace(fn)({"w": [1.0]}, 2.0, X, scale={"s": jnp.ones(())})
        names = [graph.nodes[n].name for n in graph.leaves]
        assert names == ["params['w'][0]", "args[1]", "args[2]", "scale['s']"]
        assert [graph.nodes[n].requires_grad for n in graph.leaves] == [True, True, True, False]

    @pytest.mark.parametrize(
        ("fn", "expected"),
        [
            (lambda x: 3 - x, "RsubBackward1"),
            (lambda x: x**2.5, "PowBackward0"),
            (lambda x: x**x, "PowBackward1"),
            (lambda x: 2.0**x, "PowBackward2"),
            (lambda x: x.sum(0), "SumBackward1"),
            (lambda x: jnp.mean(x, 1), "MeanBackward1"),
            (lambda x: x.max(), "MaxBackward1"),
            (lambda x: x.max(0), "AmaxBackward0"),
            (lambda x: x @ x.T, "MmBackward0"),
            (lambda x: x @ x[0], "MvBackward0"),
            (lambda x: x[0] @ x[0], "DotBackward0"),
            (lambda x: jnp.broadcast_to(x, (4, 2, 3)), "ExpandBackward0"),
            (lambda x: jnp.where(x > 0, x, 0.0), "WhereBackward0"),
            (lambda x: jnp.clip(x, 0.0, 1.0), "ClampBackward1"),
            (lambda x: F.gelu(x), "GeluBackward0"),
            (lambda x: jax.nn.log_softmax(x), "LogSoftmaxBackward0"),
            (lambda x: jnp.einsum("bi,bi->b", x, x), "dot_general"),
            (lambda x: jax.lax.rem(x, 2.0 * X), "FmodBackward1"),
            (lambda x: 1 / x, "div"),
            (lambda x: jax.lax.scan(lambda c, x: (c * 2, x), x, X)[0], "scan"),
        ],
    )
    def test_names(self, fn, expected):
        graph = trace(fn)(X)
        assert graph.next_functions[0][0] == expected

    def test_only_explicit_broadcasts_are_nodes(self):
        implicit = trace(lambda x, y: x * y)(X, jnp.ones((1, 3)))
        assert len(implicit.nodes) == 3
        explicit = trace(lambda x, y: x * jnp.broadcast_to(y, (2, 3)))(X, jnp.ones((1, 3)))
        assert len(explicit.nodes) == 4

    def test_nodes_without_a_gradient(self):
        graph = trace(lambda x: jax.lax.stop_gradient(x * 2).sum())(X)
        assert graph.next_functions == () and not graph.nodes[graph.roots[0]].requires_grad
        integers = trace(lambda n: n + n)(jnp.arange(3))
        assert [node.operation for node in integers.nodes] == ["leaf", "add"]
        assert str(integers).startswith("add  int32[3]")
        assert trace(polynomial, argnums=())(X).next_functions == ()

    def test_hooks_and_names_have_no_nodes(self):
        def fn(x):
            named = checkpoint_name(x * 2, "double")
            return gradient_hook(named, lambda g: g) * 3

        assert [name for name, _ in trace(fn)(X).next_functions] == [
            *("MulBackward0", "MulBackward0", "AccumulateGrad"),
        ]

    def test_a_hook_of_several_values(self):
        def fn(tree):
            hooked = gradient_hook(tree, lambda g: g)
            return hooked["a"] * hooked["b"]

        assert trace(fn)({"a": X, "b": X}).next_functions[0] == ("MulBackward0", (1, 2))

    def test_empty_and_constant(self):
        assert trace(lambda: 3)().nodes == ()
        constant = trace(lambda x: jnp.ones(3))(X)
        assert not constant.edges and not constant.nodes[constant.roots[0]].requires_grad
        assert len(trace(polynomial)(jnp.zeros(0)).nodes) == 6


class TestCalls:
    def operations(self, calls, fn=mlp):
        nodes = trace(jax.jit(fn), calls=calls)(MLP, jnp.ones((5, 3))).nodes
        return [node.operation for node in nodes if node.operation != "leaf"]

    def test_named(self):
        operations = self.operations("named")
        assert operations[:3] == ["dot_general", "add", "relu"]
        assert operations[-1] == "mse_loss"

    def test_collapsed(self):
        assert self.operations("collapsed") == ["mlp"]

    def test_expanded(self):
        operations = self.operations("expanded")
        assert "broadcast_in_dim" in operations and "max" in operations
        assert operations[-2:] == ["reduce_sum", "div"]

    def test_a_users_function_is_not_taken_for_pytorchs(self):
        @jax.jit
        def relu(params, x):
            return x * params["w"][0, 0]

        assert self.operations("named", relu)[-1] == "mul"


class TestPictures:
    def test_text(self):
        text = str(trace(polynomial)(X))
        line = polynomial.__code__.co_firstlineno + 1
        at = f"float32[2,3]  test_graph.py:{line}"
        assert text.split("\n") == [
            f"AddBackward0  {at}",
            f"└─ AddBackward0  {at}",
            f"   ├─ MulBackward0  {at}",
            f"   │  └─ MulBackward0  {at}",
            "   │     ├─ AccumulateGrad x  float32[2,3]",
            "   │     └─ AccumulateGrad x  float32[2,3]",
            f"   └─ MulBackward0  {at}",
            "      └─ AccumulateGrad x  float32[2,3]",
        ]

    def test_a_repeated_node_is_expanded_once(self):
        def fn(x):
            y = jnp.sin(x)
            return y * y

        assert str(trace(fn)(X)).count("(as above)") == 1

        def doubling(x):
            for _ in range(60):
                x = x * x
            return x

        assert len(str(trace(doubling)(X)).split("\n")) == 121

    def test_mermaid(self):
        text = trace(lambda p, c: p['a"b'] * c, argnums=0)({'a"b': X}, X).mermaid()
        lines = text.split("\n")
        assert lines[0] == "flowchart TD"
        assert lines[1] == "  n0([\"AccumulateGrad p['a#quot;b']<br/>float32[2,3]\"])"
        assert lines[-2:] == ["  n2 --> n0", "  n2 -.-> n1"]

    def test_mermaid_escapes(self):
        assert "#lt;lambda#gt;" in trace(jax.jit(lambda x: x), calls="collapsed")(X).mermaid()

    def test_dot(self):
        text = trace(line_loss, 0)(1.0, 2.0, X, X).dot()
        assert text.startswith("digraph {\n") and text.endswith("\n}")
        assert text.count("->") == 8 and "style=dashed" in text

    def test_svg(self):
        graph = trace(polynomial)(X)
        if shutil.which("dot"):
            assert graph.svg().rstrip().endswith("</svg>") and graph._repr_svg_()
        else:
            assert graph._repr_svg_() is None
            with pytest.raises(ValueError, match="Graphviz's dot must be installed"):
                graph.svg()


class TestRefusals:
    def test_arguments(self):
        with pytest.raises(TypeError, match="trace: fn must be callable, got int"):
            trace(3)
        with pytest.raises(ValueError, match="calls must be one of 'named'"):
            trace(polynomial, calls="all")
        with pytest.raises(ValueError, match="argnums must be positions"):
            trace(polynomial, 1)(X)


def test_nothing_runs_and_everything_is_static():
    @jax.jit
    def fn(x):
        assert len(trace(polynomial)(x).nodes) == 6
        return x

    fn(X)
    assert len(trace(polynomial)(jax.ShapeDtypeStruct((2, 3), "float32")).nodes) == 6


@pytest.mark.torch
def test_the_names_are_pytorchs():
    """Each name in the table is one that PyTorch gives, of the operation of that name."""
    import torch

    nn, special, tensor = torch.nn.functional, torch.special, torch.rand(3, 4, requires_grad=True)
    other, labels = torch.rand(3, 4), torch.tensor([0, 1, 2])
    twice = torch.rand(3, dtype=torch.complex64, requires_grad=True)
    own = {
        "add_any": lambda: tensor + tensor,
        "binary_cross_entropy": lambda: nn.binary_cross_entropy(tensor, other),
        "broadcast_in_dim": lambda: tensor.expand(2, 3, 4),
        "clamp": lambda: tensor.clamp(0, 1),
        "clip": lambda: tensor.clip(0, 1),
        "complex": lambda: torch.complex(tensor, other),
        "concatenate": lambda: torch.cat([tensor, other]),
        "conj": lambda: twice.conj(),
        "convert_element_type": lambda: tensor.double(),
        "conv_general_dilated": lambda: nn.conv1d(tensor[None], torch.rand(2, 3, 2)),
        "copy": lambda: tensor.clone(),
        "diagonal": lambda: tensor.diagonal(),
        "erf_inv": lambda: tensor.erfinv(),
        "flip": lambda: tensor.flip(0),
        "integer_pow": lambda: tensor**3,
        "logistic": lambda: tensor.sigmoid(),
        "max": lambda: torch.maximum(tensor, other),
        "median": lambda: tensor.median(),
        "min": lambda: torch.minimum(tensor, other),
        "multi_margin_loss": lambda: nn.multi_margin_loss(tensor, labels),
        "pad": lambda: nn.pad(tensor, (1, 1)),
        "rem": lambda: torch.fmod(tensor, other.requires_grad_()),
        "rev": lambda: tensor.flip(0),
        "select_n": lambda: torch.where(tensor > 0, tensor, other),
        "softmax": lambda: nn.softmax(tensor, 1),
        "log_softmax": lambda: nn.log_softmax(tensor, 1),
        "sort": lambda: tensor.sort()[0],
        "threshold": lambda: nn.threshold(tensor, 0.1, 2.0),
        "topk": lambda: tensor.topk(2)[0],
        "vector_norm": lambda: torch.linalg.vector_norm(tensor),
        "where": lambda: torch.where(tensor > 0, tensor, other),
    }

    def node(name):
        if name in own:
            return own[name]()
        function = next(getattr(m, name) for m in (nn, torch, special) if hasattr(m, name))
        arguments = ((tensor,), (tensor, other), (tensor, 0), (tensor, 0, -1), (tensor + 1,))
        for given in arguments:
            try:
                found = function(*given)
                break
            except (TypeError, RuntimeError, IndexError):
                continue
        return found[0] if isinstance(found, tuple) else found

    wrong = {}
    for name, expected in _torch_names.NAMES.items():
        got = node(name).grad_fn.name()
        if got != expected:
            wrong[name] = expected, got
    assert not wrong
