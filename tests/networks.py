"""The networks of `examples/networks`, and what their arrays are held against.

Of each array a norm and three projections are recorded, in float64: the answers of a network with
millions of parameters fit into a small file.
"""

import functools
import importlib.util
import json
import pathlib
import zlib

import jax
import numpy as np

from jaxgrad.state_dict import split

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples" / "networks"
PROJECTIONS = 3
NEAR = 1e-9
"""How far two arrays in float64 may be apart, beside their norm."""
ZERO = 2.0**-40
"""What a sum is off by that cancels to 0, beside the largest norm: a bias before a batch norm has
no gradient, and both sides round the terms of it."""
ROUNDING = 2.0**-24
"""Half a unit in the last place of float32, between 1 and 2."""

quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
"""`jax.jit` of a large program that runs once, on little: it is compiled in a third of the time."""


@functools.cache
def example(name, folder="networks"):
    """The module `examples/FOLDER/NAME.py`."""
    file = EXAMPLES.parent / folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{folder}.{name}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cast(tree, dtype):
    """A tree whose floating point arrays have that dtype; counters are as they were."""
    return jax.tree.map(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, tree)


def arrays(tree):
    """The leaves of a tree in float64, by their paths: "layer1.0.bn1.weight"."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf, np.float64)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def projected(tree):
    """What is recorded of a tree: {path: [norm, projection, projection, projection]}."""
    return {name: _projected(name, array.ravel()) for name, array in arrays(tree).items()}


def _projected(name, flat):
    """The directions depend on the name and the size alone; their stream never changes."""
    stream = np.random.RandomState(zlib.crc32(f"{name} {flat.size}".encode()))
    directions = (stream.uniform(-1, 1, flat.size) for _ in range(PROJECTIONS))
    return [float(np.linalg.norm(flat)), *(float(flat @ along) for along in directions)]


def assert_like(tree, recorded, rtol):
    """The arrays of a tree are the recorded ones, to within `rtol` of each one's norm."""
    found = projected(tree)
    assert sorted(found) == sorted(recorded)
    largest = max(norm for norm, *_ in recorded.values())
    for name, numbers in recorded.items():
        limit = rtol * numbers[0] + ZERO * largest
        off = np.abs(np.subtract(found[name], numbers)).max()
        assert off <= limit, f"{name} is off by {off:.3g}, allowed are {limit:.3g}"


def distances(tree, exact):
    """How far the arrays of a tree are from the exact ones, by their paths: a norm each."""
    exact = arrays(exact)
    return {name: float(np.linalg.norm(a - exact[name])) for name, a in arrays(tree).items()}


def assert_no_farther(tree, exact, theirs):
    """Arrays in float32 are no more than twice as far from the exact ones as PyTorch's.

    Beside that, two roundings of the array's norm pass, where PyTorch's error is small by luck,
    and a quarter of one of the largest norm, for sums that cancel.
    """
    norms = {name: np.linalg.norm(array) for name, array in arrays(exact).items()}
    found = distances(tree, exact)
    assert sorted(found) == sorted(theirs)
    for name, off in found.items():
        limit = 2 * theirs[name] + ROUNDING * (2 * norms[name] + max(norms.values()) / 4)
        assert off <= limit, f"{name} is off by {off:.3g}, PyTorch by {theirs[name]:.3g}"


def answers(run, loss, state, x, target):
    """What a network gives in a step of training, and outside it with the new statistics.

    Args:
        run: (state dict, inputs, training) -> (outputs, state dict).
        loss: (outputs, target) -> the loss.
        state: the state dict.
        x: the inputs.
        target: what they should give.
    """
    params, buffers = split(state)

    def trained(params):
        outputs, p = run(params | buffers, x, True)
        return loss(outputs, target), (outputs, split(p)[1])

    @quick_jit
    def whole(params):
        (value, (outputs, after)), grads = jax.value_and_grad(trained, has_aux=True)(params)
        found = {"loss": value, "outputs": outputs, "grads": grads, "buffers": after}
        return found | {"evaluated": run(params | after, x, False)[0]}

    return jax.tree.map(np.asarray, whole(params))


def torch_answers(net, loss, x, target):
    """The same of a module of PyTorch."""
    net.train()
    outputs = net(x)
    value = loss(outputs, target)
    value.backward()
    found = {"loss": value, "outputs": outputs}
    found["grads"] = {name: p.grad for name, p in net.named_parameters()}
    found["buffers"] = {name: buffer.clone() for name, buffer in net.named_buffers()}
    found["evaluated"] = net.eval()(x)
    return jax.tree.map(lambda tensor: tensor.numpy(force=True), found)


def recorded(name):
    """PyTorch's answers in float64, and how far those in float32 are from them."""
    path = pathlib.Path(__file__).parent / "examples" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def assert_recorded(name, ours):
    """`ours`, a function of a dtype, gives the recorded answers."""
    exact, theirs = ours("float64"), recorded(name)
    assert_like(exact, theirs["float64"], NEAR)
    assert_no_farther(ours("float32"), exact, theirs["float32"])


def assert_live(name, ours, theirs):
    """`ours` gives what `theirs` gives now, and that is what is recorded."""
    exact = theirs("float64")
    assert_like(exact, recorded(name)["float64"], NEAR)
    assert_like(ours("float64"), projected(exact), NEAR)
    assert_no_farther(ours("float32"), exact, distances(theirs("float32"), exact))


def record(name, theirs, **others):
    """Writes `tests/examples/NAME.json` anew, a line for each array, with other answers."""
    exact = theirs("float64")
    off = distances(theirs("float32"), exact)
    parts = {"float64": projected(exact), "float32": {n: float(f"{d:.3g}") for n, d in off.items()}}
    texts = []
    for part, found in (parts | others).items():
        lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(value)}" for n, value in found.items())
        texts.append(f'"{part}": {{\n{lines}\n}}')
    path = pathlib.Path(__file__).parent / "examples" / f"{name}.json"
    path.write_text("{\n" + ",\n".join(texts) + "\n}\n", encoding="utf-8")
