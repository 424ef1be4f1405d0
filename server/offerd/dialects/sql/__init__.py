"""Rules as SQL, so that an audience can be counted in a warehouse with the same answer.

to_sql(checked)                           # a condition for DuckDB, over columns such as
                                          # "profile.loyalty.tier", false where not known
to_sql(checked, dialect="spark", columns=..., times=Times.MICROSECONDS, now_ns=...)
"""

from offerd.dialects.sql.columns import Columns, Times, flat_columns, nested_columns
from offerd.dialects.sql.write import to_count_sql, to_expression, to_sql

__all__ = [
    "Columns",
    "Times",
    "flat_columns",
    "nested_columns",
    "to_count_sql",
    "to_expression",
    "to_sql",
]
