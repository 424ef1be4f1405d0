"""How a column of a DuckDB type is read as a declared type.

A column is fetched as one of a few kinds of plain Python values; `readable` says which kinds
can be read as which declared type, so that a mapping is refused before any row is.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from offerd.imports.sources import identifier
from offerd.model.schema import ValueType


class Kind(Enum):
    """What the values of a column are once fetched; None is absent in all of them."""

    BOOLEAN = "true or false"
    INTEGER = "integers"
    NUMBER = "numbers"
    TEXT = "text"
    INSTANT = "times"
    LIST = "lists"
    OBJECT = "objects"


_INTEGERS: Final = frozenset(
    {
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
    }
)
_INSTANTS: Final = frozenset(
    {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP WITH TIME ZONE"}
)
_LIST: Final = re.compile(r"(?P<element>.+)\[\d*\]")


class Column:
    """A column of the data: its name, DuckDB type and the kind it is fetched as.

    `kind` is None for types that nothing can be read from, such as a map.
    """

    def __init__(self, name: str, sql_type: str) -> None:
        self.name = name
        self.sql_type = sql_type
        self.kind = _kind_of(sql_type)

    @property
    def is_local_time(self) -> bool:
        """Whether the values are what a clock shows, without saying where."""
        return self.kind is Kind.INSTANT and self.sql_type != "TIMESTAMP WITH TIME ZONE"

    def fetched(self, *, as_text: bool = False) -> str:
        """Returns the SQL that fetches the column as its kind, times in nanoseconds.

        Local times are fetched as if they were in UTC. `as_text` fetches integers as the text
        they are written as.
        """
        name = identifier(self.name)
        if as_text and self.kind is Kind.INTEGER:
            return f"CAST({name} AS VARCHAR)"
        if self.kind in (Kind.TEXT, Kind.OBJECT) and self.sql_type != "VARCHAR":
            return f"CAST({name} AS VARCHAR)"
        if self.sql_type.startswith("DECIMAL"):
            return f"CAST({name} AS DOUBLE)"
        if self.sql_type == "TIMESTAMP_NS":
            return f"CAST(epoch_ns({name}) AS HUGEINT)"
        if self.kind is Kind.INSTANT:
            value = f"CAST({name} AS TIMESTAMP)" if self.is_local_time else name
            # Beyond the years 1678 to 2261 nanoseconds need more than 64 bits.
            return f"CAST(epoch_us({value}) AS HUGEINT) * 1000"
        return name


def _kind_of(sql_type: str) -> Kind | None:
    if sql_type == "BOOLEAN":
        return Kind.BOOLEAN
    if sql_type in _INTEGERS:
        return Kind.INTEGER
    if sql_type in ("FLOAT", "DOUBLE") or sql_type.startswith("DECIMAL"):
        return Kind.NUMBER
    if sql_type in ("VARCHAR", "UUID") or sql_type.startswith("ENUM("):
        return Kind.TEXT
    if sql_type == "JSON":
        return Kind.OBJECT
    if sql_type in _INSTANTS or sql_type == "TIMESTAMP_NS":
        return Kind.INSTANT
    element = _LIST.fullmatch(sql_type)
    if element is not None:
        inner = _kind_of(element["element"])
        plain = inner in (Kind.BOOLEAN, Kind.INTEGER, Kind.NUMBER)
        return Kind.LIST if plain or element["element"] == "VARCHAR" else None
    return None


_LISTS: Final = (ValueType.LIST_STRING, ValueType.LIST_INT, ValueType.LIST_DOUBLE)

_READABLE: Final[dict[ValueType, tuple[Kind, ...]]] = {
    ValueType.BOOL: (Kind.BOOLEAN, Kind.TEXT),
    ValueType.INT: (Kind.INTEGER, Kind.NUMBER, Kind.TEXT),
    ValueType.DOUBLE: (Kind.NUMBER, Kind.INTEGER, Kind.TEXT),
    ValueType.STRING: (Kind.TEXT, Kind.INTEGER),
    ValueType.TIMESTAMP: (Kind.INSTANT, Kind.TEXT),
    **dict.fromkeys(_LISTS, (Kind.LIST,)),
}


def readable(kind: Kind | None, declared: ValueType, *, split: bool) -> bool:
    """Whether a column of a kind can be read as a declared type; `split` makes lists of text."""
    if split:
        return kind is Kind.TEXT and declared in _LISTS
    return kind in _READABLE[declared]


def expected_kinds(declared: ValueType) -> str:
    """Says what a column must hold to be read as a declared type."""
    kinds = [kind.value for kind in _READABLE[declared]]
    if declared in _LISTS:
        kinds.append("text with `split`")
    return " or ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)
