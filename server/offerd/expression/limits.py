"""Bounds on what one expression may cost to read, to store and to run."""

from __future__ import annotations

from dataclasses import dataclass

MAXIMUM_DEPTH = 80
"""No limit on depth may exceed this: generated Python indents once per level, at most 100 times."""

MOST_STEPS = 1_000_000
"""No evaluation takes more steps, whatever the data: what would is ended as a failure."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an expression may not exceed; every limit is inclusive.

    `source_length` is in characters. `depth` counts nested operators, calls and brackets; a chain
    of `&&` or of `||` counts once. `nodes` counts the parts of the checked tree. `macro_depth`
    counts macros inside macros. `cost` is the worst case number of steps: one for every part
    evaluated, and more for what goes through, or builds, lists and texts (see check/work.py).
    Lists and texts of the data are taken to have `assumed_list_size` elements and
    `assumed_string_length` characters; for those that are longer MOST_STEPS holds.
    """

    source_length: int = 10_000
    depth: int = 64
    nodes: int = 2_000
    macro_depth: int = 6
    cost: int = MOST_STEPS
    assumed_list_size: int = 100
    assumed_string_length: int = 1_000

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAXIMUM_DEPTH:
            raise ValueError(f"depth must be between 1 and {MAXIMUM_DEPTH}: found {self.depth}")
        if not 0 <= self.macro_depth <= 12:
            raise ValueError(f"macro_depth must be between 0 and 12: found {self.macro_depth}")

    def covers(self, other: Limits) -> bool:
        """Whether no fewer steps are allowed, and no larger data is assumed."""
        return (
            self.cost >= other.cost
            and self.assumed_list_size <= other.assumed_list_size
            and self.assumed_string_length <= other.assumed_string_length
        )


DEFAULT_LIMITS = Limits()
