"""The records of the grid: what fences a point there may be in, and what decides it.

A fence is told by its *place in line* << 32 | its number: places in line are counted in the order
of priority, so that answers are put in order without looking at the places.

    of the poles, of a block   how many, and those fences, which cover it whole
    of a region                depth; as of a block; at depth 0 the record of its only cell
    of a cell                  if its length is a multiple of 40, circles; else
                               counts; fences that cover it whole; circles; areas; corridors

Circles are a centre and the square of the chord of the radius. Areas are edges near the cell and
whether an odd number of others is north of it; corridors are great circles near the cell.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from offerd.places.rings import Edge
from offerd.places.sphere import Vector

COUNTS = struct.Struct("<IIII")
"""Of a cell: fences that cover it, circles, areas, corridors."""
CIRCLE = struct.Struct("<Qdddd")
"""Fence; the centre's unit vector; the square of the chord of the radius."""
AREA = struct.Struct("<QII")
"""Fence; 1 if an odd number of edges is north of the cell; how many edges follow."""
EDGE = struct.Struct("<dddd")
CORRIDOR = struct.Struct("<QdI")
"""Fence; the square of the chord of half the width; how many arcs follow."""
ARC = struct.Struct("<dddddd")

NUMBER = (1 << 32) - 1
"""The part of a fence that is its number."""


class CircleIn(NamedTuple):
    """A circle that is partly in a cell."""

    fence: int
    centre: Vector
    chord2: float


class AreaIn(NamedTuple):
    """A polygon that is partly in a cell."""

    fence: int
    odd: bool
    edges: Sequence[Edge]


class CorridorIn(NamedTuple):
    """A corridor that is partly in a cell."""

    fence: int
    chord2: float
    arcs: Sequence[tuple[Vector, Vector]]


class Cell(NamedTuple):
    """What there is in a cell; fences that cover it whole are `full`."""

    full: list[int]
    circles: list[CircleIn]
    areas: list[AreaIn]
    corridors: list[CorridorIn]


def empty_cell() -> Cell:
    """Returns a cell to fill."""
    return Cell([], [], [], [])


def packed_cell(cell: Cell) -> bytes:
    """Returns the record of a cell."""
    circles = [CIRCLE.pack(fence, *centre, chord2) for fence, centre, chord2 in cell.circles]
    if not (cell.full or cell.areas or cell.corridors):
        return b"".join(circles)
    parts = [
        COUNTS.pack(len(cell.full), len(cell.circles), len(cell.areas), len(cell.corridors)),
        packed_fences(cell.full),
    ]
    parts += circles
    for fence, odd, edges in cell.areas:
        parts.append(AREA.pack(fence, odd, len(edges)))
        parts += [EDGE.pack(*edge) for edge in edges]
    for fence, chord2, arcs in cell.corridors:
        parts.append(CORRIDOR.pack(fence, chord2, len(arcs)))
        parts += [ARC.pack(*a, *b) for a, b in arcs]
    record = b"".join(parts)
    return record if len(record) % CIRCLE.size else record + b"\0"


def packed_fences(fences: Sequence[int]) -> bytes:
    """Returns fences, one after the other, in order of priority."""
    return struct.pack(f"<{len(fences)}Q", *sorted(fences))


def fences_of(record: bytes, offset: int = 0) -> tuple[int, ...]:
    """Returns the fences that a record consists of from there on."""
    return struct.unpack_from(f"<{(len(record) - offset) // 8}Q", record, offset)


def packed_region(depth: int, full: Sequence[int], cell: bytes) -> bytes:
    """Returns the record of a region; `cell` is that of its only one, b"" if there are several."""
    return REGION_HEAD.pack(depth, len(full)) + packed_fences(full) + cell


REGION_HEAD = struct.Struct("<II")
"""Depth, and how many fences cover the region."""
