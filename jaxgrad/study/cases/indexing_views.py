"""Who sees a change: views, NumPy arrays that are shared, arguments, and arrays as keys."""

from ..case import Case, f32

_DOCS = "https://docs.pytorch.org/docs/stable/generated/"
_VIEWS = "https://docs.pytorch.org/docs/stable/tensor_view.html"
_AT = "https://docs.jax.dev/en/latest/_autosummary/jax.numpy.ndarray.at.html"
_ASARRAY = "https://docs.jax.dev/en/latest/_autosummary/jax.numpy.asarray.html"

CASES = (
    Case(
        family="indexing",
        name="a slice is a view",
        inputs={"x": f32([0.0, 0.0, 0.0])},
        torch="""\
part = x[0:2]
part += 1
x""",
        jax="""\
part = x[0:2]
part += 1
x""",
        remedy="x.at[0:2].add(1)",
        verdict_jax="value",
        why="In PyTorch the slice is a window on x; in JAX += gives the name part to a new array.",
        link=_VIEWS,
    ),
    Case(
        family="indexing",
        name="a row of a matrix is a view",
        inputs={"x": f32([[1.0, 2.0], [3.0, 4.0]])},
        torch="""\
for row in x:
    row.div_(row.sum())
x""",
        jax="""\
for row in x:
    row = row / row.sum()
x""",
        remedy="x / x.sum(1, keepdims=True)",
        verdict_jax="value",
        why="Rows that are changed one by one change the matrix in PyTorch.",
        link=_VIEWS,
    ),
    Case(
        family="indexing",
        name="a transposed matrix is a view",
        inputs={"x": f32([[1.0, 2.0], [3.0, 4.0]])},
        torch="""\
x.t()[0].zero_()
x""",
        jax="""\
y = x.T.at[0].set(0.0)
x""",
        remedy="x.at[:, 0].set(0.0)",
        verdict_jax="value",
        why="The same numbers in another order are still the same memory in PyTorch.",
        link=_VIEWS,
    ),
    Case(
        family="indexing",
        name="reshape of a tensor that is contiguous is a view",
        inputs={"x": f32([[1.0, 2.0], [3.0, 4.0]])},
        torch="""\
y = x.reshape(-1)
y[0] = 5.0
x""",
        jax="""\
y = x.reshape(-1).at[0].set(5.0)
x""",
        remedy="x.reshape(-1).at[0].set(5.0).reshape(x.shape)",
        verdict_jax="value",
        why=(
            "PyTorch shares the memory where it can and copies where it must; JAX's arrays have "
            "no such ties."
        ),
        link=_DOCS + "torch.reshape.html",
    ),
    Case(
        family="indexing",
        name="reading by a list of indices is a copy",
        inputs={"x": f32([1.0, 2.0, 3.0])},
        torch="""\
y = x[[0, 2]]
y += 1
x""",
        jax="""\
y = x[jnp.array([0, 2])]
y += 1
x""",
        why="Only slices are views; what indices or a mask read is a copy, as everywhere in JAX.",
        link=_VIEWS,
    ),
    Case(
        family="indexing",
        name="assigning through two brackets",
        inputs={"x": f32([1.0, 2.0, 3.0])},
        torch="""\
x[x > 1][0] = 9.0
x""",
        jax="""\
x.at[x > 1].get().at[0].set(9.0)
x""",
        why="The first brackets made a copy, so that nothing happens on either side.",
        link=_VIEWS,
    ),
    Case(
        family="indexing",
        name="a second name for a tensor",
        inputs={"x": f32([1.0, 2.0])},
        torch="""\
y = x
y += 1
x""",
        jax="""\
y = x
y += 1
x""",
        remedy="""\
y = x + 1
x = y
x""",
        verdict_jax="value",
        why=(
            "+= changes the tensor that both names mean; in JAX it moves one of them to a new "
            "array."
        ),
        link=_DOCS + "torch.Tensor.add_.html",
    ),
    Case(
        family="indexing",
        name="a function that changes its argument",
        inputs={"x": f32([1.0, -2.0])},
        torch="""\
def clean(x):
    x[x < 0] = 0
    return x

y = clean(x)
x""",
        jax="""\
def clean(x):
    return x.at[x < 0].set(0)

y = clean(x)
x""",
        remedy="""\
def clean(x):
    return x.at[x < 0].set(0)

x = clean(x)
x""",
        verdict_jax="value",
        why="The caller's tensor is changed as well; a pure function leaves its argument alone.",
        link=_AT,
    ),
    Case(
        family="indexing",
        name="a list of one tensor twice",
        torch="""\
states = [torch.zeros(2)] * 2
states[0][0] = 1.0
states""",
        jax="""\
states = [jnp.zeros(2)] * 2
states[0] = states[0].at[0].set(1.0)
states""",
        remedy="""\
state = jnp.zeros(2).at[0].set(1.0)
[state] * 2""",
        verdict_jax="value",
        why=(
            "Both places hold the same tensor; in JAX one place gets a new array and the other "
            "keeps the old."
        ),
        link=_VIEWS,
    ),
    Case(
        family="indexing",
        name="writing into what expand gave",
        inputs={"x": f32([[1.0], [2.0]])},
        torch="""\
y = x.expand(2, 3)
y[0, 0] = 5.0
y""",
        jax="jnp.broadcast_to(x, (2, 3)).at[0, 0].set(5.0)",
        remedy="jnp.broadcast_to(x.at[0, 0].set(5.0), (2, 3))",
        verdict_jax="value",
        why=(
            "The three columns are one place in PyTorch's memory, so that one assignment shows in "
            "all."
        ),
        link=_DOCS + "torch.Tensor.expand.html",
    ),
    Case(
        family="indexing",
        name="adding in place to what expand gave",
        inputs={"x": f32([[1.0], [2.0]])},
        torch="x.expand(2, 3).add_(1)",
        jax="jnp.broadcast_to(x, (2, 3)) + 1",
        verdict_jax="error",
        why=(
            "PyTorch refuses to write several results to one place; no remedy is needed, JAX's "
            "columns are three places."
        ),
        link=_DOCS + "torch.Tensor.expand.html",
    ),
    Case(
        family="indexing",
        name="detach shares memory",
        inputs={"x": f32([1.0, 2.0])},
        torch="""\
x.detach()[0] = 5.0
x""",
        jax="""\
jax.lax.stop_gradient(x).at[0].set(5.0)
x""",
        remedy="x.at[0].set(5.0)",
        verdict_jax="value",
        why="detach cuts the graph and nothing else; stop_gradient is a value like any other.",
        link=_DOCS + "torch.Tensor.detach.html",
    ),
    Case(
        family="indexing",
        name="a NumPy array that changes after from_numpy",
        torch="""\
a = np.zeros(3, np.float32)
x = torch.from_numpy(a)
a[0] = 5.0
x""",
        jax="""\
a = np.zeros(3, np.float32)
x = jnp.array(a)
a[0] = 5.0
x""",
        remedy="""\
a = np.zeros(3, np.float32)
a[0] = 5.0
jnp.array(a)""",
        verdict_jax="value",
        why="from_numpy shares memory; jnp.array copies, and the change has to come before.",
        link=_DOCS + "torch.from_numpy.html",
    ),
    Case(
        family="indexing",
        name="a NumPy array that changes after torch.tensor",
        torch="""\
a = np.zeros(3, np.float32)
x = torch.tensor(a)
a[0] = 5.0
x""",
        jax="""\
a = np.zeros(3, np.float32)
x = jnp.array(a)
a[0] = 5.0
x""",
        why=(
            "torch.tensor copies, as jnp.array does; jnp.asarray may share an array whose memory "
            "is aligned."
        ),
        link=_ASARRAY,
    ),
    Case(
        family="indexing",
        name="writing into the NumPy array of a tensor",
        inputs={"x": f32([0.0, 0.0, 0.0])},
        torch="""\
x.numpy()[0] = 1.0
x""",
        jax="""\
np.asarray(x)[0] = 1.0
x""",
        remedy="x.at[0].set(1.0)",
        verdict_jax="error",
        why="The memory is shared in both, and JAX's is read-only.",
        link=_DOCS + "torch.Tensor.numpy.html",
    ),
    Case(
        family="indexing",
        name="NumPy's in-place function on an array",
        inputs={"x": f32([3.0, 1.0, 2.0])},
        torch="""\
np.ndarray.sort(x.numpy())
x""",
        jax="""\
np.ndarray.sort(np.asarray(x))
x""",
        remedy="jnp.sort(x)",
        verdict_jax="error",
        why="What NumPy does in place reaches the tensor, and is refused for a JAX array.",
        link=_DOCS + "torch.Tensor.numpy.html",
    ),
    Case(
        family="indexing",
        name="an array as the key of a dict",
        inputs={"x": f32([1.0, 2.0])},
        torch="""\
state = {x: "momentum"}
state[x]""",
        jax="""\
state = {x: "momentum"}
state[x]""",
        remedy="""\
state = {id(x): "momentum"}
state[id(x)]""",
        verdict_jax="error",
        why=(
            "Tensors are hashed by identity; JAX's arrays are values, which change their identity "
            "at every step, and are not hashable. State belongs into a pytree of the same "
            "structure."
        ),
        link="https://docs.jax.dev/en/latest/pytrees.html",
    ),
    Case(
        family="indexing",
        name="whether an array is in a list",
        inputs={"x": f32([1.0, 2.0])},
        torch="x in [x + 1, x]",
        jax="x in [x + 1, x]",
        why=(
            "in compares by value before it asks anything else: both refuse to say whether "
            "several numbers are true."
        ),
        link="https://docs.python.org/3/reference/expressions.html#membership-test-operations",
    ),
    Case(
        family="indexing",
        name="copy_ into a part of a buffer",
        inputs={"x": f32([1.0, 2.0]), "buffer": f32([0.0, 0.0, 0.0, 0.0])},
        torch="""\
buffer[1:3].copy_(x)
buffer""",
        jax="jax.lax.dynamic_update_slice(buffer, x, (1,))",
        grads=("x",),
        why="A cache is written by a function that returns it.",
        link="https://docs.jax.dev/en/latest/_autosummary/jax.lax.dynamic_update_slice.html",
    ),
    Case(
        family="indexing",
        name="copy_ beyond the end of a buffer",
        inputs={"x": f32([1.0, 2.0]), "buffer": f32([0.0, 0.0, 0.0, 0.0])},
        torch="""\
buffer[3:5].copy_(x)
buffer""",
        jax="jax.lax.dynamic_update_slice(buffer, x, (3,))",
        remedy="buffer.at[3:5].set(x)",
        verdict_jax="error",
        why=(
            "A full cache raises in PyTorch; dynamic_update_slice moves the start back until all "
            "fits and overwrites the last but one."
        ),
        link="https://docs.jax.dev/en/latest/_autosummary/jax.lax.dynamic_update_slice.html",
    ),
)
