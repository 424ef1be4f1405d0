"""The syntax tree: what was written, not yet what it means.

Every node carries `start` and `end`, offsets in characters into the source text (end excluded).
Parentheses leave no node. Macros are ordinary calls here; the checker gives them their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from offerd.expression.check.types import Type

Scalar: TypeAlias = bool | int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant as written; `type` tells an int from a uint."""

    value: Scalar
    type: Type
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier; `absolute` when written with a leading dot."""

    name: str
    absolute: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; `field_start` is where the field's name begins."""

    operand: Expr
    field: str
    field_start: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function call, a method call (`target` is set) or an operator.

    Operators are called `_+_`, `!_`, `_?_:_`, `_[_]`, `_in_`; `a.?b` is `_?._` of `a` and the text
    "b", `a[?b]` is `_[?_]`; `_&&_` and `_||_` take two or more arguments, because chains are
    flattened. `name_start` is where the name or operator is written.
    """

    function: str
    target: Expr | None
    arguments: tuple[Expr, ...]
    name_start: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, ?b]`; `optional` are the places of the items written with a `?`."""

    items: tuple[Expr, ...]
    start: int
    end: int
    optional: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{key: value, ?key: value}`; `optional` are the places of the entries written with a `?`."""

    entries: tuple[tuple[Expr, Expr], ...]
    start: int
    end: int
    optional: tuple[int, ...] = ()


Expr: TypeAlias = Literal | Name | Select | Call | ListLiteral | MapLiteral


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct parts of a node, in source order."""
    if isinstance(node, Select):
        return (node.operand,)
    if isinstance(node, Call):
        return node.arguments if node.target is None else (node.target, *node.arguments)
    if isinstance(node, ListLiteral):
        return node.items
    if isinstance(node, MapLiteral):
        return tuple(part for entry in node.entries for part in entry)
    return ()
