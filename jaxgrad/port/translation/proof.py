"""A translation compared with its module: values, gradients and new buffers."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jaxgrad import state_dict
from jaxgrad.random import key

from .. import fixed_draws
from ..comparison import Report, compare, make_pair
from ..recorded import recorded, stateful
from .exporting import in_mode
from .source import Source


def proof(
    module: Any,
    source: Source,
    function: Callable[..., Any],
    params: Mapping[str, Any],
    inputs: tuple[Any, ...],
    *,
    training: bool,
) -> Report:
    """What `compare` says of a module and its translation.

    It compares in the mode of the translation. Random numbers are replaced by fixed ones on both
    sides. Where a function draws them in a way of its own, as in alpha dropout, the two are
    compared outside training, where it draws none. In training it is compared at the given inputs
    alone: the statistics of a batch of equal numbers are 0 but for rounding, which then decides
    kinks.

    Args:
        module: the original.
        source: its translation.
        function: what the source defines.
        params: its first argument.
        inputs: the others, without names.
        training: whether the module was translated in training mode.
    """
    training = training and can_fix(source)
    port = stateful(function, source.writes, words_of(function, source, training))
    trained, buffers = split_of(module, params)
    with in_mode(module, training=training), fixed(function, source):
        return compare(
            module, port, inputs, params=trained, state=buffers, seek_inputs=not training
        )


def record(
    file: Path,
    module: Any,
    source: Source,
    function: Callable[..., Any],
    params: Mapping[str, Any],
    inputs: tuple[Any, ...],
    *,
    training: bool,
) -> None:
    """Writes what PyTorch gives for a module to a file, and beside it a test of the translation.

    Args:
        file: the file of the translation, such as net.py. The test is in test_net.py, and what
            PyTorch gives in test_net.safetensors.
        module: as for `proof`.
        source: likewise.
        function: likewise.
        params: likewise.
        inputs: likewise.
        training: likewise.
    """
    training = training and can_fix(source)
    words = words_of(function, source, training)
    port = stateful(function, source.writes, words)
    trained, buffers = split_of(module, params)
    with in_mode(module, training=training), fixed(function, source):
        pair = make_pair(module, port, inputs, None, trained, buffers, {})
        answers = recorded(pair)
    test = file.with_name(f"test_{file.name}")
    state_dict.save(test.with_suffix(".safetensors"), answers)
    given = "".join(f", {name}={_WORDS.get(name, value)}" for name, value in words.items())
    writes = ", writes=True" if source.writes else ""
    writes += ", fixed=True" if source.draws else ""
    text = _TEST.format(
        imports="import jax\n\n" if "key" in words else "",
        file=file.stem,
        name=source.name,
        words=f"{writes}{given}",
    )
    test.write_text(text, encoding="utf-8")


_WORDS = {"key": "jax.random.key(0)"}
_TEST = '''"""{file}.py gives the values, gradients and buffers that PyTorch gave."""

from pathlib import Path

{imports}from jaxgrad.port import assert_as_recorded

from {file} import {name}

RECORDED = Path(__file__).with_suffix(".safetensors")


def test_{name}():
    assert_as_recorded({name}, RECORDED{words})
'''


def can_fix(source: Source) -> bool:
    """Whether all that a translation draws can be replaced by fixed numbers."""
    return all(map(is_fixed, source.draws))


def is_fixed(function: str) -> bool:
    """Whether what a function such as "F.dropout" draws can be replaced by fixed numbers."""
    return function.startswith("R.") or function.removeprefix("F.") in fixed_draws.DROPOUTS


def how_compared(source: Source) -> str:
    """What is to say of the comparison of a module that draws random numbers."""
    if can_fix(source):
        return "the same fixed numbers stood in the place of random ones on both sides"
    free = ", ".join(name for name in source.draws if not is_fixed(name))
    return f"it was compared outside training, as what {free} draws cannot be fixed"


@contextlib.contextmanager
def fixed(function: Callable[..., Any], source: Source) -> Iterator[None]:
    """Fixed numbers for both sides, where anything is drawn."""
    if not source.draws:
        yield
        return
    with fixed_draws.in_torch(), fixed_draws.in_source(function):
        yield


def words_of(function: Callable[..., Any], source: Source, training: bool) -> dict[str, Any]:
    """The arguments of a translation beside parameters and inputs."""
    known = inspect.signature(function).parameters
    words: dict[str, Any] = {"training": training} if "training" in known else {}
    return words | ({"key": key(0)} if source.draws else {})


def split_of(module: Any, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters of a module, and its buffers and constants."""
    names = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    trained = {name: value for name, value in params.items() if name in names}
    return trained, {name: value for name, value in params.items() if name not in names}
