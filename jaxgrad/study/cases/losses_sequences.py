"""The loss of a sequence against every alignment with a shorter one."""

import functools

import numpy as np

from ..case import Case, f32, i32

_case = functools.partial(Case, family="losses")
_CTC = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html"
_RNG = np.random.RandomState(0)
_X = _RNG.randn(2, 5, 4).astype(np.float32)
_XY = {"x": _X, "y": np.array([[1, 2], [3, 3]])}
_FEW = {"x": _X[:, :2], "y": _XY["y"]}
_LOGP = np.log(_RNG.dirichlet(np.ones(4), (5, 2)).astype(np.float32))
_T = "logp = x.log_softmax(-1).transpose(0, 1)\n"
_G = "logp = jax.nn.log_softmax(x).transpose(1, 0, 2)\n"
_FULL = "y, (5, 5), (2, 2)"
_NONE = "reduction='none'"
_OPTAX = "optax.ctc_loss(x, jnp.zeros(x.shape[:2]), y, jnp.zeros(y.shape))"
_PADS = (
    "steps, places = jnp.arange(5), jnp.arange(2)\n"
    "ends, lasts = jnp.array([[5], [4]]), jnp.array([[2], [1]])\n"
    "optax.ctc_loss(x, (steps >= ends) * 1.0, y, (places >= lasts) * 1.0)"
)

CASES = (
    _case(
        name="ctc_loss, not reduced",
        inputs=_XY,
        torch=f"{_T}F.ctc_loss(logp, {_FULL}, {_NONE})",
        jax=_OPTAX,
        jaxgrad=f"{_G}F.ctc_loss(logp, {_FULL}, {_NONE})",
        grads=("x",),
        why="The same; optax takes logits, the batch first.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss",
        inputs=_XY,
        torch=f"{_T}F.ctc_loss(logp, {_FULL})",
        jax=f"jnp.mean({_OPTAX})",
        jaxgrad=f"{_G}F.ctc_loss(logp, {_FULL})",
        grads=("x",),
        verdict_jax="value",
        why="By default each loss is divided by the length of its target before the mean.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss with a target of length 0, mean",
        inputs=_XY,
        torch=f"{_T}F.ctc_loss(logp, y, (5, 5), (0, 2))",
        jax="gone = jnp.array([[1.0, 1.0], [0.0, 0.0]])\n"
        "losses = optax.ctc_loss(x, jnp.zeros((2, 5)), y, gone)\n"
        "jnp.mean(losses / jnp.sum(1 - gone, 1))",
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (5, 5), (0, 2))",
        grads=("x",),
        verdict_jax="value",
        why="Its loss is that of blanks only, divided by 1, not by 0.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of sequences of several lengths",
        inputs=_XY,
        torch=f"{_T}F.ctc_loss(logp, y, (5, 4), (2, 1), {_NONE})",
        jax=_PADS,
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (5, 4), (2, 1), {_NONE})",
        grads=("x",),
        why="Lengths in PyTorch are masks of padding in optax; beyond them the gradient is 0.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss, lengths as arrays of int32",
        inputs={**_XY, "n": i32([5, 4]), "m": i32([2, 1])},
        torch=f"{_T}F.ctc_loss(logp, y, n, m, {_NONE})",
        jax=_PADS,
        jaxgrad=f"{_G}F.ctc_loss(logp, y, n, m, {_NONE})",
        why="Tuples and arrays of any integers are lengths.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of concatenated targets",
        inputs={"x": _X, "y": np.array([1, 2, 3])},
        torch=f"{_T}F.ctc_loss(logp, y, (5, 4), (2, 1), {_NONE})",
        jax="y = jnp.array([[1, 2], [3, 0]])\n" + _PADS,
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (5, 4), (2, 1), {_NONE})",
        grads=("x",),
        why="A vector of all targets needs no padding; optax's are a matrix.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of concatenated targets, lengths that do not add up",
        inputs={"x": _X, "y": np.array([1, 2, 3, 1])},
        torch=f"{_T}F.ctc_loss(logp, y, (5, 4), (2, 1), {_NONE})",
        jax="y = jnp.array([[1, 2], [3, 0]])\n" + _PADS,
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (5, 4), (2, 1), {_NONE})",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; who cuts the vector up for optax does not notice.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss, the last class as blank",
        inputs={"x": _X, "y": np.array([[1, 2], [0, 0]])},
        torch=f"{_T}F.ctc_loss(logp, {_FULL}, blank=3, {_NONE})",
        jax="optax.ctc_loss(x, jnp.zeros((2, 5)), y, jnp.zeros((2, 2)))",
        jaxgrad=f"{_G}F.ctc_loss(logp, {_FULL}, blank=3, {_NONE})",
        grads=("x",),
        verdict_jax="value",
        why="optax's default is the class 0 as well: it is blank_id=3 there.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss with the blank in a target",
        inputs={"x": _X, "y": np.array([[0, 2], [1, 1]])},
        torch=f"{_T}F.ctc_loss(logp, {_FULL}, {_NONE})",
        jax=_OPTAX,
        jaxgrad=f"{_G}F.ctc_loss(logp, {_FULL}, {_NONE})",
        grads=("x",),
        why="Nobody refuses it: a blank is then a label too.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of too short an input",
        inputs=_FEW,
        torch=f"{_T}F.ctc_loss(logp, y, (2, 2), (2, 2), {_NONE})",
        jax=_OPTAX,
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (2, 2), (2, 2), {_NONE})",
        grads=("x",),
        verdict_jax="value",
        why="A label twice needs a blank between: no alignment, a loss of inf and a gradient of "
        "NaN. optax's minus infinity is -1e5: its loss and gradient are finite.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss, zero_infinity",
        inputs=_FEW,
        torch=f"{_T}F.ctc_loss(logp, y, (2, 2), (2, 2), zero_infinity=True)",
        jax=f"losses = {_OPTAX}\njnp.mean(jnp.where(jnp.isinf(losses), 0.0, losses) / 2)",
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (2, 2), (2, 2), zero_infinity=True)",
        grads=("x",),
        verdict_jax="value",
        why="The impossible loss and its gradient are 0, and it counts in the mean. optax's 1e5 "
        "is not infinite.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of an input of length 0",
        inputs=_XY,
        torch=f"{_T}F.ctc_loss(logp, y, (0, 0), (0, 2), {_NONE})",
        jax="optax.ctc_loss(x, jnp.ones((2, 5)), y, jnp.array([[1.0, 1.0], [0.0, 0.0]]))",
        jaxgrad=f"{_G}F.ctc_loss(logp, y, (0, 0), (0, 2), {_NONE})",
        verdict_jax="value",
        why="Nothing from nothing is certain, a loss of 0; two labels from nothing are impossible.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of log-probabilities, their gradient",
        inputs={"x": _LOGP, "y": _XY["y"]},
        torch=f"F.ctc_loss(x, {_FULL}, {_NONE})",
        jax="optax.ctc_loss(x.transpose(1, 0, 2), jnp.zeros((2, 5)), y, jnp.zeros((2, 2)))",
        jaxgrad=f"F.ctc_loss(x, {_FULL}, {_NONE})",
        grads=("x",),
        why="The gradient is that with respect to logits, exp(x) and all, which a log softmax "
        "leaves as it is: optax's takes one.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of one step, its gradient",
        inputs={"x": np.log(f32([[[0.5, 0.3, 0.2]]])), "y": np.array([[1]])},
        torch=f"F.ctc_loss(x, y, (1,), (1,), {_NONE})",
        jax="-x[0, :, 1]",
        jaxgrad=f"F.ctc_loss(x, y, (1,), (1,), {_NONE})",
        grads=("x",),
        verdict_jax="gradient",
        why="The loss is -x of the label, with the slope -1; PyTorch's gradient adds exp(x), as if "
        "a log softmax came before.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of scores that are no log-probabilities",
        inputs=_XY,
        torch=f"F.ctc_loss(x.transpose(0, 1), {_FULL}, {_NONE})",
        jax=_OPTAX,
        jaxgrad=f"F.ctc_loss(x.transpose(1, 0, 2), {_FULL}, {_NONE})",
        grads=("x",),
        verdict_jax="value",
        why="Taken as they are; optax normalises. The gradient is not the slope of the loss then.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss with the batch first",
        inputs={"x": _X[:, :2], "y": np.array([[1, 2], [3, 1]])},
        torch="F.ctc_loss(x.log_softmax(-1), y, (2, 2), (2, 2))",
        jax=f"jnp.mean({_OPTAX} / 2)",
        jaxgrad="F.ctc_loss(jax.nn.log_softmax(x), y, (2, 2), (2, 2))",
        verdict_jax="value",
        why="Time is the first axis in PyTorch and the second in optax: where both have one size, "
        "nobody notices.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of one sequence without a batch, not reduced",
        inputs={"x": _LOGP[:, 0], "y": np.array([1, 2])},
        torch=f"F.ctc_loss(x, y, torch.tensor(5), torch.tensor(2), {_NONE})",
        jax="optax.ctc_loss(x[None], jnp.zeros((1, 5)), y[None], jnp.zeros((1, 2)))",
        jaxgrad=f"F.ctc_loss(x, y, jnp.array(5), jnp.array(2), {_NONE})",
        grads=("x",),
        verdict_jax="shape",
        why="A scalar; optax always has a batch.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss of bfloat16",
        inputs={"x": _LOGP, "y": _XY["y"]},
        torch=f"F.ctc_loss(x.to(torch.bfloat16), {_FULL})",
        jax="x = x.astype(jnp.bfloat16).transpose(1, 0, 2)\n"
        "jnp.mean(optax.ctc_loss(x, jnp.zeros((2, 5)), y, jnp.zeros((2, 2))) / 2)",
        jaxgrad=f"F.ctc_loss(x.astype(jnp.bfloat16), {_FULL})",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
read = lambda path: [c for c, before in zip(path, (0, *path)) if c not in (0, before)]
def loss(x, target):
    paths = [path for path in np.ndindex(4, 4, 4, 4, 4) if read(path) == list(target)]
    return -scipy.special.logsumexp([x[range(5), path].sum() for path in paths])

np.mean([loss(x[:, n].astype(float), y[n]) / 2 for n in range(2)])""",
        why="PyTorch has no kernel of it; jaxgrad computes in float32.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss, the second derivative",
        inputs={"x": _LOGP[:2, :1, :3], "y": np.array([[1]])},
        torch="torch.autograd.functional.hessian(\n"
        "    lambda x: F.ctc_loss(x.log_softmax(-1), y, (2,), (1,)), x)",
        jax="jax.hessian(lambda x: optax.ctc_loss(x.transpose(1, 0, 2), jnp.zeros((1, 2)), y,\n"
        "    jnp.zeros((1, 1)))[0])(x)",
        jaxgrad="jax.hessian(lambda x: F.ctc_loss(jax.nn.log_softmax(x), y, (2,), (1,)))(x)",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="""\
def f(x):
    p = scipy.special.softmax(x[:, 0], 1)
    return -np.log(p[0, 0] * p[1, 1] + p[0, 1] * p[1, 0] + p[0, 1] * p[1, 1])

x, steps = x.astype(float), np.eye(6).reshape(6, 2, 1, 3) * 1e-4
four = lambda a, b: f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)
np.reshape([four(a, b) / 4e-8 for a in steps for b in steps], (2, 1, 3, 2, 1, 3))""",
        why="PyTorch has not implemented a double backward; JAX's and jaxgrad's agree.",
        link=_CTC,
    ),
    _case(
        name="ctc_loss, an input length beyond the input",
        inputs={"x": _LOGP, "y": _XY["y"]},
        torch="F.ctc_loss(x, y, (6, 5), (2, 2))",
        jax="ends = (jnp.arange(5) >= jnp.array([[6], [5]])) * 1.0\n"
        "jnp.mean(optax.ctc_loss(x.transpose(1, 0, 2), ends, y, jnp.zeros((2, 2))) / 2)",
        jaxgrad="F.ctc_loss(x, y, (6, 5), (2, 2))",
        verdict_jax="error",
        why="PyTorch and jaxgrad refuse it; a mask cannot tell.",
        link=_CTC,
    ),
)
