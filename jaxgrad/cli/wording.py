"""Errors of Python functions about their arguments, in words of the command's options."""

import re
import shlex

OPTIONS = "batch_size|categorical|checkpoint|delimiter|epochs|features|lr|missing|patience|seed"
OPTIONS += "|target|validation"

_REMEDIES = {
    "leave it out of the features": "leave it out: name the others with --features",
    "leave the column out of the features": "leave it out (name the others with --features)",
    "name the features": "name the features with --features",
    "a list of names": "names with commas",
    "name a folder with more room as spool": "set TMPDIR to a folder with more room",
    "spool must be": "the folder of temporary files, TMPDIR, must be",
    "open it again with table": "run the command again",
    "write categorical=": "take it as categories with categorical=",
    "given with patience, got None": "given with --patience",
    "standardize, or ask for float64": "leave --no-standardize out",
    "lower the learning rate or scale the data": "lower --lr",
    "choose a batch size that": "choose a --batch-size that",
    "leave it or one of them out": "leave it or one of them out of --features",
}


def of_options(text: str) -> str:
    """The text of an error without the name of the function, and with options for arguments."""
    text = re.sub(r"^[a-z][a-z0-9_]*: ", "", text)
    for ours, theirs in _REMEDIES.items():
        text = text.replace(ours, theirs)
    text = re.sub(r"^files must", "the files must", text)
    text = re.sub(rf"^({OPTIONS}) must", _option, text)
    text = re.sub(rf"\bits ({OPTIONS}) is another", lambda m: f"its {_option(m)} is another", text)
    text = re.sub(r"\bmissing=\"(\w+)\"", r"--missing \1", text)
    text = re.sub(r"\bdelimiter='(.|\\t)'", lambda m: f"--delimiter {shlex.quote(m[1])}", text)
    return re.sub(r"\bcategorical=\['(.*?)'\]", lambda m: f"--categorical {_quoted(m[1])}", text)


def _option(found: re.Match[str]) -> str:
    return f"--{found[1].replace('_', '-')}" + (" must" if found[0].endswith(" must") else "")


def _quoted(name: str) -> str:
    """The name of a column, quoted for the shell and for `--categorical`."""
    return shlex.quote(f'"{name}"' if "," in name else name)
