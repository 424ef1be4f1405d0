"""What the writers of single parts know of the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from sqlglot import exp

from offerd.dialects.sql.target import Target
from offerd.expression.check.tree import Node, Operation


class Writer(Protocol):
    """Writes nodes; whatever it gives is NULL where the expression is unknown or fails.

    `locals` holds what stands for the variables of the macros around a part, by slot.
    """

    target: Target
    locals: dict[int, exp.Expression]

    def write(self, node: Node) -> exp.Expression:
        """A node and all below it."""

    def condition(self, node: Node) -> exp.Expression:
        """A node that must be a bool whatever the data."""


Arguments: TypeAlias = Sequence[exp.Expression]
OperationWriter: TypeAlias = Callable[[Writer, Operation, Arguments], exp.Expression]
"""Writes a function, given its node and what its arguments have become."""
