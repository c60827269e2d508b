"""Files are checked against `schema.json` before their contents are used."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema

_FILE = Path(__file__).parent / "schema.json"
VERSION = 2
"""The version of the format of `study.json`; the first one had no number."""


class Malformed(ValueError):
    """A file does not follow the schema."""


def checked(data: Any, definition: str, where: str) -> Any:
    """The data, if it follows the definition of the schema.

    Raises:
        Malformed: it does not; the message names the place.
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
        Malformed: it is not a study, or one of another version of the format.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Malformed(f"{path} is not JSON: {error}") from None
    if isinstance(data, dict) and "rows" in data and data.get("schema", 1) != VERSION:
        raise Malformed(
            f"{path} has version {data.get('schema', 1)} of the format of study.json, and this "
            f"jaxgrad reads version {VERSION}; measure it again with jaxgrad study"
        )
    return checked(data, "document", str(path))
