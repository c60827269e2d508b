"""Tables of numbers that are larger than memory, read in batches from CSV, Parquet and Arrow files.

A `table` is opened once: every value is checked and the moments of the columns are computed, in
bounded memory. After that `batches` reads it in file order, or shuffled by a key, and `source` does
so epoch by epoch.

Needs pyarrow, which comes with `pip install 'jaxgrad[data]'`.
"""

from .batches import batches
from .moments import Moments, merge, moments
from .source import TableSource, source
from .table import Table, check, table

__all__ = [
    "Moments",
    "Table",
    "TableSource",
    "batches",
    "check",
    "merge",
    "moments",
    "source",
    "table",
]
