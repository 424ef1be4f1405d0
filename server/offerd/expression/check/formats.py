"""Texts for `format` that are known when a rule is compiled, against the values they get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from offerd.expression.check.tree import Constant, Items, Operation, unboxed
from offerd.expression.check.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    STRING,
    UINT,
    Type,
    settle,
)
from offerd.expression.functions.formatting import CLAUSE, MOST_DECIMALS

Report = Callable[[str, int, int], None]
_Clause = tuple[str, str, str]
"""The text of a clause, the digits of its decimals, its letter."""

_TAKES: Final[dict[str, tuple[Type, ...]]] = {
    "s": (),
    "d": (INT, UINT, DOUBLE),
    "f": (DOUBLE, INT, UINT),
    "e": (DOUBLE, INT, UINT),
    "b": (INT, UINT, BOOL),
    "o": (INT, UINT),
    "x": (INT, UINT, STRING, BYTES),
    "X": (INT, UINT, STRING, BYTES),
}
"""The types that a clause takes, by its letter; () for all."""


def lint_format(operation: Operation, report: Report) -> None:
    """Reports clauses that there are not, values too few or too many, or of a wrong type."""
    if operation.function != "format" or len(operation.arguments) != 2:
        return
    template, values = map(unboxed, operation.arguments)
    if not isinstance(template, Constant) or not isinstance(template.value, str):
        return
    clauses = _clauses(template.value)
    for text, decimals, letter in clauses:
        if letter not in _TAKES:
            known = ", ".join(f"`%{known}`" for known in _TAKES)
            message = f"`{text}` is no clause of a format: use one of {known}, or `%%` for a `%`"
            report(message, template.start, template.end)
            return
        if decimals and int(decimals) > MOST_DECIMALS:
            message = f"`{text}` has too many decimals: at most {MOST_DECIMALS}"
            report(message, template.start, template.end)
            return
    if isinstance(values, Items):
        _lint_values(clauses, values, report)


def _lint_values(clauses: Sequence[_Clause], values: Items, report: Report) -> None:
    if len(clauses) != len(values.items):
        wanted = "value" if len(clauses) == 1 else "values"
        message = f"the format takes {len(clauses)} {wanted}: found {len(values.items)}"
        report(message, values.start, values.end)
        return
    for (text, _, letter), value in zip(clauses, map(unboxed, values.items), strict=True):
        taken = _TAKES[letter]
        if taken and value.type is not DYN and value.type not in taken:
            listed = " or ".join(f"`{type_}`" for type_ in taken)
            message = f"`{text}` takes {listed}: found `{settle(value.type)}`"
            report(message, value.start, value.end)


def _clauses(template: str) -> list[_Clause]:
    """Every clause but `%%`."""
    found = CLAUSE.finditer(template)
    return [
        (match.group(), match[1] or "", match[2] or "") for match in found if match.group() != "%%"
    ]
