"""Bounds on what one expression may cost to read, to store and to run."""

from __future__ import annotations

from dataclasses import dataclass

MAXIMUM_DEPTH = 80
"""No limit on depth may exceed this: generated Python indents once per level, at most 100 times."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an expression may not exceed; every limit is inclusive.

    `source_length` is in characters. `depth` counts nested operators, calls and brackets; a chain
    of `&&` or of `||` counts once. `nodes` counts the parts of the checked tree. `macro_depth`
    counts macros inside macros. `cost` is the worst case number of parts evaluated, taking
    `assumed_list_size` elements for every list whose length is not written in the expression.
    """

    source_length: int = 10_000
    depth: int = 64
    nodes: int = 2_000
    macro_depth: int = 6
    cost: int = 1_000_000
    assumed_list_size: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAXIMUM_DEPTH:
            raise ValueError(f"depth must be between 1 and {MAXIMUM_DEPTH}: found {self.depth}")
        if not 0 <= self.macro_depth <= 12:
            raise ValueError(f"macro_depth must be between 0 and 12: found {self.macro_depth}")


DEFAULT_LIMITS = Limits()
