"""The types of the language as types of SQL."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql.syntax import BIGINT, BOOLEAN, DOUBLE, TEXT
from offerd.expression import Type
from offerd.expression.check.types import Kind

_SCALARS: Final = {
    Kind.BOOL: BOOLEAN,
    Kind.INT: BIGINT,
    Kind.DOUBLE: DOUBLE,
    Kind.STRING: TEXT,
    Kind.TIMESTAMP: BIGINT,
    Kind.DURATION: BIGINT,
}


def element_type(type_: Type) -> exp.DataType:
    """The type of the elements of an empty list; any, where nothing says which."""
    return BIGINT.copy() if type_.kind in (Kind.NEVER, Kind.DYN) else column_type(type_)


def column_type(type_: Type) -> exp.DataType:
    """The type that a column of such values has; CannotSay if SQL has none."""
    if type_.kind is Kind.LIST:
        return exp.DataType(
            this=exp.DataType.Type.LIST, expressions=[column_type(type_.parameters[0])], nested=True
        )
    if type_.kind is Kind.MAP:
        parts = [column_type(part) for part in type_.parameters]
        return exp.DataType(this=exp.DataType.Type.MAP, expressions=parts, nested=True)
    found = _SCALARS.get(type_.kind)
    if found is None:
        raise CannotSay(f"a value of type `{type_}` can't be said in SQL")
    return found.copy()
