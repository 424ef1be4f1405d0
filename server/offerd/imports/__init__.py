"""Data from elsewhere into the state: `run_import` and a mapping file.

Read `run` first; `mapping` is the file as people write it, `scan` reads the data through
DuckDB, `bind` fits the mapping to columns and schema, `rows` makes profiles and events.
"""

from offerd.imports.mapping import load_mapping
from offerd.imports.progress import ImportProgress, Silent, shown_on
from offerd.imports.rows import BadRow
from offerd.imports.run import ImportReport, run_import

__all__ = [
    "BadRow",
    "ImportProgress",
    "ImportReport",
    "Silent",
    "load_mapping",
    "run_import",
    "shown_on",
]
