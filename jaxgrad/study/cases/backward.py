"""`Variable`, `.grad`, `backward` and `grad_fn`: what each becomes when state is gone."""

import numpy as np

from ..case import Case, c64, f32, i32

_BACKWARD = "https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html"
_MECHANICS = "https://docs.pytorch.org/docs/stable/notes/autograd.html"
_X = {"x": f32([1.0, 2.0, 3.0])}
_RNG = np.random.RandomState(0)
_THREE = {name: _RNG.randn(12, 23).astype(np.float32) for name in ("x1", "x2", "x3")}
_SUM = """\
x1, x2, x3 = (torch.tensor(x, requires_grad=True) for x in (x1, x2, x3))
a = 12
c = x1 * x2
d = a + x3
e = torch.sum(d)
e.backward()
"""
_SUM_JAX = """\
def total(x1, x2, x3):
    a = 12
    c = x1 * x2
    d = a + x3
    return jnp.sum(d)

"""

CASES = (
    Case(
        family="backward",
        name="a variable of ones",
        source="In [8]",
        torch="torch.ones(2, 2, requires_grad=True)",
        jax="jnp.ones((2, 2))",
        jaxgrad="jnp.ones((2, 2))",
        why="A variable is an array; that it requires a gradient is said where one is asked for.",
    ),
    Case(
        family="backward",
        name=".grad before any backward",
        source="prose before In [1]",
        inputs=_X,
        torch="x.requires_grad_()\nx.grad",
        jax="x.grad",
        verdict_jax="error",
        why="Arrays carry no .grad, and there is no remedy: a gradient is what a call returns, and "
        "before the call there is none.",
        link=_MECHANICS,
    ),
    Case(
        family="backward",
        name="backward where nothing requires a gradient",
        source="prose before In [1]",
        inputs=_X,
        torch="(x * x).sum().backward()",
        jax="jax.grad(lambda x: (x * x).sum())(x)",
        jaxgrad="backward(lambda x: (x * x).sum())(x)[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="2 * x",
        why="PyTorch finds no graph and raises; asking for the gradient is the only flag there is.",
        link=_MECHANICS,
    ),
    Case(
        family="backward",
        name="an output that depends on no input",
        source="prose before In [1]",
        inputs=_X,
        torch="x.requires_grad_()\ntorch.tensor(3.0).backward()\nx.grad",
        jax="jax.grad(lambda x: 3.0)(x)",
        jaxgrad="backward(lambda x: jnp.array(3.0))(x)[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="np.zeros_like(x)",
        why="The derivative of a constant is zero; PyTorch has no graph to walk and raises.",
        link=_MECHANICS,
    ),
    Case(
        family="backward",
        name="e = sum(12 + x3) on 12 x 23",
        source="In [10]",
        inputs=_THREE,
        torch=_SUM + "e",
        jax=_SUM_JAX + "total(x1, x2, x3)",
        jaxgrad=_SUM_JAX + "backward(total, argnums=(0, 1, 2))(x1, x2, x3)[0]",
        why="Sums of 276 numbers, added in another order.",
    ),
    Case(
        family="backward",
        name="x3.grad: ones",
        source="In [10]",
        inputs=_THREE,
        torch=_SUM + "x3.grad",
        jax=_SUM_JAX + "jax.grad(total, 2)(x1, x2, x3)",
        jaxgrad=_SUM_JAX + "backward(total, argnums=2)(x1, x2, x3)[1]",
        why="∂e/∂x3 is 1 everywhere.",
    ),
    Case(
        family="backward",
        name="x1.grad and x2.grad, which e never used",
        source="In [9] to In [10]",
        inputs=_THREE,
        torch=_SUM + "[x1.grad, x2.grad]",
        jax=_SUM_JAX + "list(jax.grad(total, (0, 1))(x1, x2, x3))",
        jaxgrad=_SUM_JAX + "list(backward(total, argnums=(0, 1))(x1, x2, x3)[1])",
        verdict_jax="structure",
        verdict_jaxgrad="structure",
        departs="right",
        oracle="[np.zeros_like(x1), np.zeros_like(x2)]",
        why="PyTorch leaves None where no path leads; a derivative that does not depend on an "
        "input is zero, and that is what JAX returns. c = x1 * x2 is computed and dropped.",
        link="https://github.com/jax-ml/jax/issues/10867",
    ),
    Case(
        family="backward",
        name="backward called twice accumulates",
        source="comments in In [1]",
        inputs=_X,
        torch="x.requires_grad_()\n(2 * x).sum().backward()\n(3 * x).sum().backward()\nx.grad",
        jax="jax.grad(lambda x: (2 * x).sum())(x)\njax.grad(lambda x: (3 * x).sum())(x)",
        jaxgrad="_, grads = backward(lambda x: (2 * x).sum())(x)\n"
        "backward(lambda x: (3 * x).sum())(x, grads=grads)[1]",
        verdict_jax="value",
        why=".grad holds 2 + 3 = 5; a second call to jax.grad knows nothing of the first.",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name=".grad.zero_() between two backwards",
        source="In [1]",
        inputs=_X,
        torch="x.requires_grad_()\n(2 * x).sum().backward()\nx.grad.zero_()\n"
        "(3 * x).sum().backward()\nx.grad",
        jax="jax.grad(lambda x: (2 * x).sum())(x)\njax.grad(lambda x: (3 * x).sum())(x)",
        jaxgrad="backward(lambda x: (2 * x).sum())(x)\nbackward(lambda x: (3 * x).sum())(x)[1]",
        why="Not passing the old gradients on is zeroing them.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html",
    ),
    Case(
        family="backward",
        name=".data and detach() cut the graph",
        source="In [11] to In [13]",
        inputs=_X,
        torch="x.requires_grad_()\n(x.data * x + x.detach() * x).sum().backward()\nx.grad",
        jax="jax.grad(lambda x: (2 * jax.lax.stop_gradient(x) * x).sum())(x)",
        jaxgrad="backward(lambda x: (2 * jax.lax.stop_gradient(x) * x).sum())(x)[1]",
        why="detach is jax.lax.stop_gradient: the factor counts as a constant.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html",
    ),
    Case(
        family="backward",
        name="an update of .data is no part of the graph",
        source="In [1]",
        inputs=_X,
        torch="x.requires_grad_()\n(x * x).sum().backward()\nx.data = x.data - 0.25 * x.grad\n"
        "x.grad.zero_()\n(x * x).sum().backward()\nx.grad",
        jax="square = lambda x: (x * x).sum()\nx = x - 0.25 * jax.grad(square)(x)\n"
        "jax.grad(square)(x)",
        jaxgrad="square = lambda x: (x * x).sum()\nx = x - 0.25 * backward(square)(x)[1]\n"
        "backward(square)(x)[1]",
        why="Rebinding a name is the update; each gradient is of one function at one point.",
    ),
    Case(
        family="backward",
        name="backward on an output of several elements",
        source="prose before In [24]",
        inputs=_X,
        torch="x.requires_grad_()\n(x * x).backward()\nx.grad",
        jax="jax.grad(lambda x: x * x)(x)",
        jaxgrad="backward(lambda x: x * x)(x)[1]",
        why="Only a scalar has a gradient by itself; each side raises and asks for a cotangent.",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name="backward on an output of shape (1,)",
        source="In [1]",
        inputs={"w": f32([1.0])},
        torch="w.requires_grad_()\n((11.0 * w - 21.0) * (11.0 * w - 21.0)).backward()\nw.grad",
        jax="jax.grad(lambda w: (11.0 * w - 21.0) * (11.0 * w - 21.0))(w)",
        jaxgrad="backward(lambda w: (11.0 * w - 21.0) * (11.0 * w - 21.0))(w)[1]",
        verdict_jax="error",
        why="One element is scalar enough for PyTorch; jax.grad wants shape ().",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name="fn = 2 (x x) + 5 x + 6 at 12.5",
        source="In [24] to In [25]",
        torch="x = torch.ones(4, 4) * 12.5\n2 * (x * x) + 5 * x + 6",
        jax="x = jnp.ones((4, 4)) * 12.5\n2 * (x * x) + 5 * x + 6",
        jaxgrad="backward(lambda x: 2 * (x * x) + 5 * x + 6)(\n"
        "    jnp.full((4, 4), 12.5), cotangent=jnp.ones((4, 4))\n)[0]",
        exact=True,
        why="381 everywhere, exactly.",
    ),
    Case(
        family="backward",
        name="fn.backward(torch.ones(4, 4)): 55 everywhere",
        source="In [25]",
        torch="x = (torch.ones(4, 4) * 12.5).requires_grad_()\n"
        "fn = 2 * (x * x) + 5 * x + 6\nfn.backward(torch.ones(4, 4))\nx.grad",
        jax="x = jnp.ones((4, 4)) * 12.5\n"
        "fn, pullback = jax.vjp(lambda x: 2 * (x * x) + 5 * x + 6, x)\n"
        "pullback(jnp.ones((4, 4)))[0]",
        jaxgrad="backward(lambda x: 2 * (x * x) + 5 * x + 6)(\n"
        "    jnp.full((4, 4), 12.5), cotangent=jnp.ones((4, 4))\n)[1]",
        exact=True,
        why="4 x 12.5 + 5 = 55; the argument of backward is the cotangent of a vector-Jacobian "
        "product.",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name="a cotangent of another shape",
        source="In [25]",
        inputs=_X,
        torch="x.requires_grad_()\n(x * x).backward(torch.ones(1))\nx.grad",
        jax="jax.vjp(lambda x: x * x, x)[1](jnp.ones(1))[0]",
        jaxgrad="backward(lambda x: x * x)(x, cotangent=jnp.ones(1))[1]",
        why="Each side raises; none broadcasts.",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name="a cotangent of another dtype",
        source="In [25]",
        inputs=_X,
        torch="x.requires_grad_()\n(x * x).backward(torch.ones(3, dtype=torch.float16))\nx.grad",
        jax="jax.vjp(lambda x: x * x, x)[1](jnp.ones(3, jnp.float16))[0]",
        jaxgrad="backward(lambda x: x * x)(x, cotangent=jnp.ones(3, jnp.float16))[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="refuses",
        why="PyTorch casts the cotangent silently; a wrong dtype is more often a mistake than a "
        "wish, and naming the cast costs one word.",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name="backward a second time through the same graph",
        source="prose before In [1]",
        inputs=_X,
        torch="x.requires_grad_()\ny = (x * x).sum()\ny.backward()\ny.backward()\nx.grad",
        jax="y, pullback = jax.vjp(lambda x: (x * x).sum(), x)\n"
        "first, second = pullback(jnp.array(1.0))[0], pullback(jnp.array(1.0))[0]\n"
        "first + second",
        jaxgrad="square = lambda x: (x * x).sum()\n_, grads = backward(square)(x)\n"
        "backward(square)(x, grads=grads)[1]",
        verdict_jax="error",
        verdict_jaxgrad="error",
        departs="right",
        oracle="2 * x + 2 * x",
        why="PyTorch frees the graph with the first walk unless retain_graph=True; a function can "
        "be differentiated as often as one likes.",
        link=_BACKWARD,
    ),
    Case(
        family="backward",
        name="an integer tensor cannot require a gradient",
        source="comments in In [1]",
        inputs={"n": i32([1, 2, 3])},
        torch="n.requires_grad_()\n(n * 2.0).sum().backward()\nn.grad",
        jax="jax.grad(lambda n: (n * 2.0).sum())(n)",
        jaxgrad="backward(lambda n: (n * 2.0).sum())(n)[1]",
        why="Only floating point and complex can require gradients, on each side.",
        link="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.requires_grad_.html",
    ),
    Case(
        family="backward",
        name="an integer buffer beside float parameters",
        source="prose before In [1]",
        inputs={"w": f32([1.0, 2.0]), "steps": i32(3)},
        torch="w.requires_grad_()\n(steps * w).sum().backward()\n"
        "{'w': w.grad, 'steps': steps.grad}",
        jax="jax.grad(lambda p: (p['steps'] * p['w']).sum())({'w': w, 'steps': steps})",
        jaxgrad="backward(lambda p: (p['steps'] * p['w']).sum())({'w': w, 'steps': steps})[1]",
        verdict_jax="error",
        why="A batch counter among parameters: PyTorch leaves its .grad None, jax.grad refuses "
        "the whole pytree.",
        link="https://github.com/google-deepmind/dm-haiku/issues/513",
    ),
    Case(
        family="backward",
        name="the gradient of a complex parameter",
        inputs={"z": c64([3 + 4j, 1 - 2j])},
        torch="z.requires_grad_()\n(z * z.conj()).real.sum().backward()\nz.grad",
        jax="jax.grad(lambda z: (z * z.conj()).real.sum())(z)",
        jaxgrad="backward(lambda z: (z * z.conj()).real.sum())(z)[1]",
        verdict_jax="value",
        why="JAX returns the conjugate; PyTorch's 2z is the direction that z - rate * grad "
        "descends along.",
        link="https://github.com/jax-ml/jax/issues/9110",
    ),
    Case(
        family="backward",
        name="the vector-Jacobian product of a holomorphic function",
        inputs={"z": c64([3 + 4j]), "v": c64([1 + 2j])},
        torch="z.requires_grad_()\n(z * z).backward(v)\nz.grad",
        jax="jax.vjp(lambda z: z * z, z)[1](v)[0]",
        jaxgrad="backward(lambda z: z * z)(z, cotangent=v)[1]",
        verdict_jax="value",
        why="PyTorch multiplies by the conjugate of 2z, JAX by 2z itself.",
        link="https://docs.pytorch.org/docs/stable/notes/autograd.html#autograd-for-complex-numbers",
    ),
    Case(
        family="backward",
        name="the name of e's grad_fn",
        source="In [10]",
        inputs=_THREE,
        torch=_SUM + "e.grad_fn.name()",
        jax=_SUM_JAX + "jax.make_jaxpr(total)(x1, x2, x3).eqns[-1].primitive.name",
        jaxgrad=_SUM_JAX + "trace(total)(x1, x2, x3).next_functions[0][0]",
        verdict_jax="value",
        why="PyTorch names the backward of the operation, SumBackward0; JAX's trace names the "
        "operation itself, reduce_sum; that of jaxgrad names it as PyTorch.",
        link=_MECHANICS,
    ),
    Case(
        family="backward",
        name="the name of MSELoss's grad_fn",
        source="In [23]",
        inputs=_X,
        torch="x.requires_grad_()\nnn.MSELoss()(x, torch.zeros(3)).grad_fn.name()",
        jax="jax.make_jaxpr(lambda x: jnp.mean((x - 0.0) ** 2))(x).eqns[-1].primitive.name",
        jaxgrad="trace(lambda x: F.mse_loss(x, jnp.zeros(3)))(x).next_functions[0][0]",
        verdict_jax="value",
        why="One fused operation in PyTorch and in the trace of jaxgrad, MseLossBackward0; the "
        "last of several in JAX.",
        link=_MECHANICS,
    ),
    Case(
        family="backward",
        name="the operations of the graph of 2 (x x) + 5 x + 6, root first",
        source="prose before In [1]",
        inputs=_X,
        torch="""\
x.requires_grad_()
nodes = [(2 * (x * x) + 5 * x + 6).grad_fn]
for node in nodes:
    nodes += [n for n, _ in node.next_functions if n is not None and n not in nodes]
[node.name().split("::")[-1] for node in nodes]""",
        jax="jaxpr = jax.make_jaxpr(lambda x: 2 * (x * x) + 5 * x + 6)(x)\n"
        "[equation.primitive.name for equation in reversed(jaxpr.eqns)]",
        jaxgrad="""\
graph = trace(lambda x: 2 * (x * x) + 5 * x + 6)(x).next_functions
nodes = [0]
for node in nodes:
    nodes += [n for n in graph[node][1] if n not in nodes]
[graph[node][0] for node in nodes]""",
        verdict_jax="structure",
        why="The graph of PyTorch, and of jaxgrad, names the backward of each operation and ends "
        "in AccumulateGrad, the leaf that .grad belongs to; JAX's trace is the forward program.",
        link=_MECHANICS,
    ),
)
