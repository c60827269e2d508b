"""Samples of PyTorch's operator database through `translate`: what becomes of each."""

import functools
import inspect
import operator
import re
import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from known_digits import ABSOLUTE, DIGITS
from layer_oracle import assert_no_worse
from oracles import assert_same
from torch_oracle import conjugate, to_jax

import jaxgrad
from jaxgrad.port.translation import Untranslatable, translate
from jaxgrad.port.translation.unexported import UNEXPORTED

NAMES = "xyzabcdefghijklmnoqrstuvw"
"""What the tensors of a sample are called in the source."""
UNDEFINED = (
    *("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted"),
)
"""Functions whose numbers PyTorch leaves open: shape and dtype are compared."""
OPEN_ORDER = ("sort", "msort", "topk", "kthvalue")
"""Functions that choose among equal elements as they like, so that their places are open too."""


class Outcome(NamedTuple):
    """What became of one sample.

    Attributes:
        kind: "exact"; "differs"; "error" where the translation raises; "refused" by the table;
            "export" where PyTorch exports nothing; "random" where numbers are drawn; "sparse";
            "skipped" where PyTorch itself raises.
        reason: what differs, or the first lines of the message.
        source: the statements of the translation.
    """

    kind: str
    reason: str = ""
    source: str = ""


class Answer(NamedTuple):
    """PyTorch's outputs, and its gradients by these cotangents of the outputs at these places."""

    outputs: list[Any]
    grads: Any
    cotangents: list[Any] | None
    places: list[int]


def outcome(entry, sample, dtype):
    """What becomes of a sample of an entry of the database."""
    import torch

    function, tensors = asked(entry, sample)
    if any(tensor.layout is not torch.strided for tensor in tensors):
        return Outcome("sparse", "JAX has no sparse arrays of PyTorch's kinds")
    try:
        own = answer(function, copies(tensors))
    except Exception as error:
        return Outcome("skipped", told(error))
    found, run = translated(function, tensors)
    if found.kind in ("export", "refused") and entry.name in UNEXPORTED:
        found, run = by_hand(entry, sample)
    if run is None:
        return found
    try:
        got = ours(run, tensors, own, jit=entry.name not in UNEXPORTED)
    except Exception as error:
        return found._replace(kind="error", reason=told(error))
    wide = in_float64(function, tensors, own)
    differs = difference(entry, dtype, tensors, got, own, wide)
    return found._replace(kind="differs" if differs else "exact", reason=differs)


def asked(entry, sample, op=None):
    """A sample as a function of its tensors, and these; all else is constant.

    Functions whose answer is not unique, such as eigenvectors, are compared as PyTorch's own
    gradient checks do: by what the database makes of inputs and answers.
    """
    import torch

    given = [sample.input, list(sample.args), dict(sample.kwargs)]
    leaves, tree = torch.utils._pytree.tree_flatten(given)
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
    wrap = entry.gradcheck_wrapper
    plain = wrap.__name__ in ("<lambda>", "wrapper_set_seed") or entry.name in UNEXPORTED

    def function(*tensors):
        whole = list(leaves)
        for place, value in zip(places, tensors, strict=True):
            whole[place] = value
        first, args, kwargs = torch.utils._pytree.tree_unflatten(whole, tree)
        if op is not None:
            return op(first, *args, **kwargs)
        called = entry.op if plain else functools.partial(wrap, entry.op)
        return sample.output_process_fn_grad(called(first, *args, **kwargs))

    return function, [leaves[i] for i in places]


def copies(tensors, wide=False):
    """Tensors of their own, in float64 or complex128 where that is asked for."""
    import torch

    found = []
    for tensor in tensors:
        copy = tensor.detach().clone()
        if wide and (copy.is_floating_point() or copy.is_complex()):
            copy = copy.to(torch.complex128 if copy.is_complex() else torch.float64)
        found.append(copy.requires_grad_(tensor.requires_grad))
    return found


def answer(function, tensors, cotangents=None):
    """PyTorch's answer; all outputs that have a gradient are differentiated together."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        outputs = torch.utils._pytree.tree_leaves(function(*tensors))
    moving = [tensor for tensor in tensors if tensor.requires_grad]
    places = [i for i, o in enumerate(outputs) if isinstance(o, torch.Tensor) and o.requires_grad]
    if not moving or not places:
        return Answer(outputs, None, None, places)
    of = [outputs[i] for i in places]
    cotangents = cotangents or drawn_like(of)
    along = [c.to(output.dtype) for c, output in zip(cotangents, of, strict=True)]
    grads = torch.autograd.grad(of, moving, along, materialize_grads=True)
    plain = [o.detach() if isinstance(o, torch.Tensor) else o for o in outputs]
    return Answer(plain, list(grads), cotangents, places)


def in_float64(function, tensors, own):
    """PyTorch's answer in float64; None of a function that does not take it."""
    try:
        return answer(function, copies(tensors, wide=True), own.cotangents)
    except Exception:  # PyTorch raises its own kinds
        return None


def drawn_like(tensors):
    """Numbers of a normal distribution in the shapes and dtypes of tensors."""
    import torch

    generator = torch.Generator().manual_seed(0)
    wide = [torch.randn(t.shape, generator=generator, dtype=torch.float64) for t in tensors]
    return [one.to(tensor.dtype) for one, tensor in zip(wide, tensors, strict=True)]


def translated(function, tensors):
    """The translation of a function of tensors: what is known of it, and how it runs."""
    import torch

    torch.manual_seed(0)
    shapes = {name: None for name in NAMES[: len(tensors)]}
    try:
        module = module_of(function, len(tensors))
        translation = translate(module, tuple(copies(tensors)), dynamic_shapes=shapes)
    except Untranslatable as error:
        kind = "export" if "cannot export" in str(error) else "refused"
        return Outcome(kind, told(error)), None
    except Exception as error:
        return Outcome("error", told(error)), None
    source = statements(translation.source)
    if "key" in inspect.signature(translation.function).parameters:
        return Outcome("random", "it draws numbers", source), None
    return Outcome("", "", source), functools.partial(translation.function, translation.params)


def module_of(function, count):
    """A function of so many tensors as a module whose `forward` names them."""
    import torch

    names = ", ".join(NAMES[:count])
    space = {"function": function}
    exec(f"def forward(self, {names}):\n    return function({names})", space)
    return type("Sample", (torch.nn.Module,), {"forward": space["forward"]})()


def by_hand(entry, sample):
    """The function that is written by hand where PyTorch exports none."""
    text = UNEXPORTED[entry.name]
    rooms = {"jax": jax, "jnp": jnp, "operator": operator, "F": jaxgrad.functional}
    return Outcome("", "", text.partition(": ")[2]), asked(entry, sample, eval(text, rooms))[0]


def ours(function, tensors, own, *, jit):
    """Outputs and gradients of a function of arrays, by PyTorch's cotangents."""
    arrays = to_jax(list(tensors))
    moving = [i for i, tensor in enumerate(tensors) if tensor.requires_grad]
    inputs = [arrays[i] for i in moving]

    def outputs(*given):
        whole = list(arrays)
        for place, array in zip(moving, given, strict=True):
            whole[place] = array
        return jax.tree.leaves(function(*whole))

    def parted(*given):
        found = outputs(*given)
        return [found[i] for i in own.places], found

    def both(*given):
        _, pull, found = jax.vjp(parted, *given, has_aux=True)
        return found, conjugate(pull(conjugate(to_jax(list(own.cotangents)))))

    run = both if own.cotangents is not None else lambda *given: (outputs(*given), None)
    return (jax.jit(run) if jit else run)(*inputs)


def difference(entry, dtype, tensors, got, own, wide):
    """What differs: shape, dtype, value, then gradient; "" where nothing does."""
    values, grads = got
    expected = [jnp.asarray(value) for value in to_jax(list(own.outputs))]
    if entry.name in UNDEFINED:
        values, expected = ([jnp.zeros_like(v) for v in side] for side in (values, expected))
    if entry.name in OPEN_ORDER and has_equal(tensors[0]):
        values, expected, grads = values[:1], expected[:1], None
    if entry.name == "argsort" and has_equal(tensors[0]):
        values, expected = ([jnp.zeros_like(v) for v in side] for side in (values, expected))
    known = (entry.name if "linear_cross" in entry.name else entry.name.split(".")[-1], dtype)
    exact = None if wide is None else wide.outputs[: len(expected)]
    found = held(values, expected, exact, "value", known)
    if found or grads is None:
        return found
    exact = None if wide is None else wide.grads
    return held(grads, to_jax(own.grads), exact, "gradient", known)


def has_equal(tensor):
    """Whether two elements are equal."""
    return len(tensor.detach().unique()) < tensor.numel()


def held(got, own, exact, what, known):
    """What differs between answers; "" where they agree.

    Where the dtype's own tolerance is not kept, PyTorch's answer in float64 is the judge.
    """
    try:
        assert_same(tuple(got), tuple(own), DIGITS.get(known), ABSOLUTE.get(known))
        return ""
    except AssertionError as error:
        first = brief(error)
    if exact is None:
        return f"{what}: {first}"
    try:
        assert_no_worse(*map(parts, (got, own, to_jax(list(exact)))))
        return ""
    except AssertionError as error:
        return f"{what}: {brief(error)}"


def parts(arrays):
    """Complex arrays as their real and imaginary parts."""
    found = []
    for array in map(jnp.asarray, arrays):
        found += [array.real, array.imag] if jnp.iscomplexobj(array) else [array]
    return found


def brief(error):
    """The first lines of an assertion's message."""
    return " ".join(str(error).split())[:300]


def statements(source):
    """The statements of the function that a source defines last."""
    text = source.rpartition('"""\n')[2].rstrip()
    return "\n".join(line.removeprefix("    ") for line in text.split("\n"))


def told(error):
    """The first lines of a message."""
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:400]
