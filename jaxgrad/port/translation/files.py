"""`jaxgrad translate`: translates a module in a file to a file, and compares the two."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgrad import state_dict

from ..arrays import to_numpy
from ..comparison import Report
from ..files import Unusable, named_module
from .proof import how_compared, proof, record
from .translate import missing_backwards, translated


def translate_file(
    name: str,
    out: Path,
    *,
    shapes: Sequence[str] | None,
    training: bool,
    scan: bool,
    weights: Path | None,
    test: bool,
) -> Report:
    """Writes the translation of a module such as "model.py:Net"; what `compare` says of it.

    The file of the module may define `dynamic_shapes`, as for `translate`.

    Args:
        name: the file, and in it a module, a class of one without arguments, or a function that
            makes one.
        out: the file to write.
        shapes: of the inputs, which are normal numbers; by default the file defines `inputs`.
        training: whether it is translated in training mode.
        scan: whether rows of equal modules become scans.
        weights: where the parameters are written, if anywhere.
        test: whether a test of the translation is written beside it.

    Raises:
        Unusable: the file cannot be used, or the module cannot be translated.
    """
    module, inputs, dynamic_shapes = named_module(name, shapes)
    try:
        translation, source = translated(
            module, inputs, None, dynamic_shapes=dynamic_shapes, training=training, scan=scan
        )
        if weights is not None:
            state_dict.save(weights, translation.params)
        out.write_text(source.text, encoding="utf-8")
        arrays: tuple[Any, ...] = jax.tree.map(_array, inputs)
        compared = (module, source, translation.function, translation.params, arrays)
        if test:
            record(out, *compared, training=training)
        report = proof(*compared, training=training)
    except (TypeError, ValueError) as error:
        raise Unusable(str(error)) from None
    notes = [missing_backwards(source)] if source.backwards else []
    notes += [how_compared(source)] if source.draws else []
    return dataclasses.replace(report, notes=(*report.notes, *notes))


def _array(leaf: Any) -> Any:
    return np.asarray(to_numpy(leaf)) if hasattr(leaf, "shape") else leaf
