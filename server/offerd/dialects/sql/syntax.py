"""Short ways to build syntax nodes of SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from sqlglot import exp

BIGINT: Final = exp.DataType.build("BIGINT")
DOUBLE: Final = exp.DataType.build("DOUBLE")
TEXT: Final = exp.DataType.build("VARCHAR")
BOOLEAN: Final = exp.DataType.build("BOOLEAN")

_CLOSED: Final = (
    exp.Column,
    exp.Dot,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Identifier,
    exp.Cast,
    exp.Case,
    exp.Paren,
    exp.Anonymous,
    exp.Array,
    exp.Coalesce,
)


Operator: TypeAlias = Callable[..., exp.Expression]
"""A class of nodes with two operands, such as `exp.Add`."""


def closed(node: exp.Expression) -> exp.Expression:
    """The node in parentheses, unless it can stand beside any operator."""
    return node if isinstance(node, _CLOSED) else exp.Paren(this=node)


def is_simple(node: exp.Expression) -> bool:
    """Whether a node is short and cheap enough to be written twice."""
    if isinstance(node, exp.Cast | exp.Neg | exp.Dot):
        return is_simple(node.this)
    return isinstance(node, exp.Column | exp.Literal | exp.Boolean | exp.Identifier)


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A function by its name in the dialect."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def text(value: str) -> exp.Expression:
    """A string."""
    return exp.Literal.string(value)


def integer(value: int) -> exp.Expression:
    """An integer of at most 64 bits."""
    if -(2**63) < value < 2**63:
        return exp.Literal.number(value)
    return cast(text(str(value)), BIGINT)


def double(value: float) -> exp.Expression:
    """A double; a plain literal would be a decimal."""
    return cast(text(repr(value)), DOUBLE)


def cast(node: exp.Expression, to: exp.DataType) -> exp.Expression:
    """A conversion that can't fail for the values it is given."""
    return exp.Cast(this=node, to=to.copy())


def try_cast(node: exp.Expression, to: exp.DataType) -> exp.Expression:
    """A conversion that is NULL where it fails."""
    return exp.TryCast(this=node, to=to.copy(), safe=True)


def binary(kind: Operator, left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """An operator between two nodes."""
    return kind(this=closed(left), expression=closed(right))


def negated(node: exp.Expression) -> exp.Expression:
    """NOT."""
    return exp.Not(this=closed(node))


def joined(kind: type[exp.And] | type[exp.Or], parts: Iterable[exp.Expression]) -> exp.Expression:
    """AND or OR of one or more conditions; three-valued as in SQL."""
    first, *rest = parts
    found = first
    for part in rest:
        found = kind(
            this=found if isinstance(found, kind) else closed(found), expression=closed(part)
        )
    return found


def is_null(node: exp.Expression) -> exp.Expression:
    """IS NULL."""
    return exp.Is(this=closed(node), expression=exp.Null())


def is_known(node: exp.Expression) -> exp.Expression:
    """IS NOT NULL."""
    return negated(is_null(node))


def case(
    *branches: tuple[exp.Expression, exp.Expression], otherwise: exp.Expression | None = None
) -> exp.Expression:
    """CASE WHEN ... THEN ...; NULL without a branch that is true."""
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=otherwise)


def where_known(nodes: Sequence[exp.Expression], value: exp.Expression) -> exp.Expression:
    """The value, or NULL when one of the nodes is NULL; constants needn't be asked."""
    asked = [node for node in nodes if not is_constant(node)]
    if not asked:
        return value
    return case((joined(exp.And, [is_known(node.copy()) for node in asked]), value))


def is_constant(node: exp.Expression) -> bool:
    """Whether a node is a literal, and so not NULL."""
    if isinstance(node, exp.Cast | exp.Neg) and not isinstance(node, exp.TryCast):
        return is_constant(node.this)
    return isinstance(node, exp.Literal | exp.Boolean)
