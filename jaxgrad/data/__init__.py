"""Tables of numbers that are larger than memory, read in batches from CSV, Parquet and Arrow files.

`table` opens files, checks every value once and computes the moments of the columns, in bounded
memory. `batches` then reads the rows in the order of the files, or shuffled by a key; `source` does
so for each epoch of a fit.

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
