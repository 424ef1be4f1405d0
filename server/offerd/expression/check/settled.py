"""Whether a condition can still be true where some names may not be read."""

from __future__ import annotations

from collections.abc import Container

from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Conditional,
    Node,
    Operation,
    Presence,
    Reference,
)


def can_hold(node: Node, withheld: Container[str]) -> bool:
    """Whether a condition may be true; False only if it is false or unknown for any data.

    `withheld` are full names, such as "profile.loyalty.tier" and `score("x")`, that may not be
    read, so that they and whether they are there are unknown.
    """
    if isinstance(node, Chain):
        possible = (can_hold(operand, withheld) for operand in node.operands)
        return all(possible) if node.all else any(possible)
    return not _is_unknown(node, withheld)


def _is_unknown(node: Node, withheld: Container[str]) -> bool:
    """Whether a part is unknown whatever the rest of the data is."""
    match node:
        case Attribute() | Presence():
            return f"{node.root}.{node.path}" in withheld
        case Reference():
            return f'{node.lookup}("{node.name}")' in withheld
        case Box():
            return _is_unknown(node.value, withheld)
        case Conditional():
            return _is_unknown(node.condition, withheld)
        case Operation():
            # Functions need all of their arguments, and an unknown one outdoes one that failed.
            return any(_is_unknown(argument, withheld) for argument in node.arguments)
    return False
