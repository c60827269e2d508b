"""`translate`: a module as the source of pure functions."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from . import own
from .bound import name_of
from .exporting import Untranslatable, exported
from .functions import is_part
from .masks import depends_on_values
from .own import Operations
from .source import Source, source_of
from .steps import line_of


class Translation(NamedTuple):
    """A module in JAX.

    Attributes:
        source: the text of a Python file.
        params: its parameters, buffers and constants, by the names of its state dict.
        function: what the source defines, `function(params, *args, **kwargs)`.
    """

    source: str
    params: dict[str, Any]
    function: Callable[..., Any]


def translate(
    module: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
    *,
    dynamic_shapes: Any = None,
    training: bool = False,
    scan: bool = False,
    operations: Operations | None = None,
) -> Translation:
    """Translates a module to JAX source that needs no PyTorch.

    The source has a function for each module of the original, which takes its parameters by their
    names in the state dict. Equal modules share one function, and a row of them is a loop. Writes
    in place become values; copies, views and assertions leave no trace.

    In training mode the function also takes `training`, if it has dropout or running statistics:
    whether these are as in training. What `forward` itself does `if self.training` stays as it was.
    If the module writes buffers, such as running statistics or a counter, the function returns a
    pair (value, new buffers). If it draws random numbers, the function takes `key`, which it splits
    once.

    Differs from PyTorch: nothing is changed in place. `torch.export` fixes what depends on values
    of Python: the branches that the given arguments take, and all sizes but those that
    `dynamic_shapes` leaves free. Random numbers come from the key: they have PyTorch's
    distribution, and are not its numbers. A `backward` that a `torch.autograd.Function` defines is
    left out, with a warning: the gradients are those of its `forward`.

    Args:
        module: an `nn.Module`. It is left as it is.
        args: arguments of its `forward`: tensors or arrays, in any tree that PyTorch knows.
        kwargs: further ones by name.
        dynamic_shapes: which sizes stay free, as for `torch.export.export`. By default the first
            axis of each array with more than one element there, if the module allows it.
        training: whether the module is translated in training mode.
        scan: whether a row of three or more equal modules, such as the layers of a transformer,
            becomes one `jax.lax.scan` over their stacked parameters, which are copied at each
            call. The program is smaller; on CPUs it is no faster. Rows that write buffers stay
            loops.
        operations: further operators by their names in PyTorch. Each is an expression in the names
            of the operator's own arguments, such as {"mylib::scale": "x * factor"}, or a function
            that takes these arguments, which the source imports from its module.

    Returns:
        source, parameters, and the function that the source defines.

    Raises:
        Untranslatable: PyTorch cannot export the module, or there is an operation, or an argument
            of one, without a counterpart. The message names it, with the line that asks for it. Or
            the module writes parameters, or arrays that are not registered as buffers.
        TypeError: the module is no `nn.Module`, or `args` no tuple, or a function in `operations`
            cannot be imported.
        ModuleNotFoundError: PyTorch is not installed.

    Source: https://docs.pytorch.org/docs/stable/user_guide/torch_compiler/export.html

    >>> import torch  # doctest: +SKIP
    >>> from jaxgrad.port import translate
    >>> layer = torch.nn.Linear(4, 2)  # doctest: +SKIP
    >>> translation = translate(layer, (torch.ones(3, 4),))  # doctest: +SKIP
    >>> translation.function(translation.params, torch.ones(3, 4).numpy()).shape  # doctest: +SKIP
    (3, 2)
    """
    translation, source = translated(
        module,
        args,
        kwargs,
        dynamic_shapes=dynamic_shapes,
        training=training,
        scan=scan,
        operations=operations,
    )
    if source.backwards:
        warnings.warn(f"translate: {missing_backwards(source)}", stacklevel=2)
    return translation


def shape_of_values(node: Any) -> str:
    """The message about a step that gives an array whose shape depends on values."""
    step = node.args[0] if is_part(node) else node
    return (
        f"translate: expected shapes that do not depend on values, got that of "
        f"{name_of(step) or step.name}{line_of(node)}; choose by torch.where, or take a fixed "
        f"number of elements, as by torch.topk"
    )


def missing_backwards(source: Source) -> str:
    """What is to say of functions with a `backward` of their own."""
    return (
        f"the source does not have the backward of {', '.join(source.backwards)}: its gradients "
        f"are those of the forward; if others are meant, write them by jax.custom_vjp"
    )


def translated(
    module: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None,
    *,
    dynamic_shapes: Any = None,
    training: bool = False,
    scan: bool = False,
    operations: Operations | None = None,
) -> tuple[Translation, Source]:
    """As `translate`, and what the command knows of the source."""
    rules = own.rules(operations or {})
    graph = exported(
        module, args, kwargs or {}, dynamic_shapes=dynamic_shapes, training=training, own=rules
    )
    try:
        source = source_of(graph, rules, own.modules(operations or {}), scan=scan)
    except Untranslatable:
        raise
    except Exception as error:  # PyTorch raises its own kinds
        if free := next(filter(depends_on_values, graph.nodes), None):
            raise Untranslatable(shape_of_values(free)) from error
        raise
    names: dict[str, Any] = {"__name__": source.name}
    exec(compile(source.text, f"<{source.name}>", "exec"), names)
    params = {name: jnp.asarray(value) for name, value in graph.values.items()}
    return Translation(source.text, params, names[source.name]), source
