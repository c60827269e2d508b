"""What is read from a file is checked against `schema.json` before it is believed."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema

_FILE = Path(__file__).parent / "schema.json"


class Malformed(ValueError):
    """A file is not what the schema says."""


def checked(data: Any, definition: str, where: str) -> Any:
    """The data, if it is what the definition of the schema says.

    Raises:
        Malformed: it is not; the text names the place.
    """
    try:
        return _validator(definition)(data)
    except fastjsonschema.JsonSchemaException as error:
        raise Malformed(f"{where}: {error}") from None


@functools.cache
def _validator(definition: str) -> Callable[[Any], Any]:
    definitions = json.loads(_FILE.read_text(encoding="utf-8"))["definitions"]
    schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions}
    return fastjsonschema.compile(schema)


def document(path: Path) -> dict[str, Any]:
    """A study read from a file.

    Raises:
        OSError: it cannot be read.
        Malformed: it is no study.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Malformed(f"{path} is not JSON: {error}") from None
    return checked(data, "document", str(path))
