"""Functions of the language in SQL, one writer for each; what is not listed is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from offerd.dialects.error import CannotSay
from offerd.dialects.sql import arithmetic, comparing, instants, texts
from offerd.dialects.sql.optionals import write_has_value, write_value
from offerd.dialects.sql.writing import OperationWriter, Writer
from offerd.expression.check.resolve import AT_RUN_TIME
from offerd.expression.check.tree import Operation
from offerd.expression.functions.table import display_name

WRITERS: Final[dict[str, OperationWriter]] = {
    **arithmetic.WRITERS,
    **comparing.WRITERS,
    **texts.WRITERS,
    **instants.WRITERS,
}

_OF_OPTIONALS: Final[dict[str, Callable[[Writer, Operation], exp.Expression]]] = {
    "hasValue": write_has_value,
    "value": write_value,
}
"""Functions whose argument is an optional, which is no value in SQL."""


def write_operation(writer: Writer, node: Operation) -> exp.Expression:
    """A function applied to its arguments."""
    of_optional = _OF_OPTIONALS.get(node.function)
    if of_optional is not None and node.overload != AT_RUN_TIME:
        return of_optional(writer, node)
    write = WRITERS.get(node.function)
    shown = display_name(node.function)
    if write is None:
        raise CannotSay(f"{shown} has no translation into SQL")
    if node.overload == AT_RUN_TIME:
        raise CannotSay(f"{shown} of values whose type only the data decides can't be said in SQL")
    arguments = [writer.write(argument) for argument in node.arguments]
    return write(writer, node, arguments)
