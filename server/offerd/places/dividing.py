"""Dividing regions of the grid into cells, as many as their fences need."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from offerd.places.grid import DEEPEST, REGIONS, REGIONS_PER_DEGREE, Grid, grid, key, region_key
from offerd.places.pieces import Piece, Window
from offerd.places.records import Cell, empty_cell, packed_cell, packed_fences, packed_region

LOOK_UP = 5.0
"""What it costs to look up a cell, in tests of circles: division has to save more."""
_LIGHT = 3.0
"""Cells that cost no more to ask aren't worth dividing further."""
_MORE = 0.7
"""Another halving must make asking so much cheaper, or it isn't worth its cells."""
_CELLS_EACH = 12
"""How many cells a fence may have on average in a region, beyond some for each region."""
_CELLS_FREE = 64

Regions = dict[tuple[int, int], tuple[list[int], list[Piece]]]
"""By row and column of a region: the fences that cover it, and the pieces of others."""


def regions_of(block_row: int, block_column: int, pieces: Sequence[Piece]) -> Regions:
    """Returns the regions of a block that fences are in."""
    window = Window(
        grid(block_row, REGIONS),
        range(block_row * REGIONS, (block_row + 1) * REGIONS),
        range(block_column * REGIONS, (block_column + 1) * REGIONS),
    )
    found: Regions = defaultdict(lambda: ([], []))
    for piece in pieces:
        for row, column, part in piece.divided(window):
            full, parts = found[row, column]
            if part is None:
                full.append(piece.fence)
            else:
                parts.append(part)
    return found


def region_records(
    row: int, column: int, full: list[int], pieces: list[Piece]
) -> Iterator[tuple[bytes, bytes]]:
    """Yields the record of a region and those of its cells, in order of their keys."""
    number = region_key(row, column)
    depth = _depth(row, column, pieces)
    if not depth:
        cell = empty_cell()
        for piece in pieces:
            piece.put(cell)
        yield key(number), packed_region(0, full, packed_cell(cell) if pieces else b"")
        return
    yield key(number), packed_region(depth, full, b"")
    cells: dict[int, Cell] = defaultdict(empty_cell)
    window = _window(row, column, depth)
    for piece in pieces:
        for r, c, part in piece.divided(window):
            cell = cells[r - window.rows.start << depth | c - window.columns.start]
            if part is None:
                cell.full.append(piece.fence)
            else:
                part.put(cell)
    for at in sorted(cells):
        yield key(number + 1 + at), packed_cell(cells[at])


def block_record(fences: Sequence[int]) -> bytes:
    """Returns the record of a block, or of a pole."""
    return packed_fences(fences)


def _window(row: int, column: int, depth: int) -> Window:
    cells: Grid = grid(row // REGIONS, REGIONS << depth)
    return Window(
        cells,
        range(row << depth, (row + 1) << depth),
        range(column << depth, (column + 1) << depth),
    )


def _depth(row: int, column: int, pieces: Sequence[Piece]) -> int:
    """Returns how often a region is best halved in both directions.

    Tries depths from where there are about as many cells as fences, and from where cells are as
    large as the polygons, since halving does nothing for those that stay in one cell.
    """
    best, cost = 0, sum(piece.weight for piece in pieces) - LOOK_UP
    if cost <= _LIGHT:
        return 0
    starts = {max(1, round(math.log2(len(pieces)) / 2))}
    heights = sorted(piece.height_deg for piece in pieces if piece.height_deg)
    if heights:
        starts.add(max(1, round(-math.log2(heights[len(heights) // 2] * REGIONS_PER_DEGREE))))
    room = _CELLS_EACH * len(pieces) + _CELLS_FREE
    for start in sorted(starts):
        for depth in range(max(start, best + 1), DEEPEST + 1):
            divided = _cost(_window(row, column, depth), pieces, room)
            if divided is None or divided > cost * _MORE:
                break
            best, cost = depth, divided
            if cost <= _LIGHT:
                return best
    return best


def _cost(window: Window, pieces: Sequence[Piece], room: int) -> float | None:
    """Returns what asking in a cell costs on average; None if there were too many cells.

    A cell counts as often as there are fences in it: that is where people are.
    """
    counts: dict[tuple[int, int], int] = defaultdict(int)
    weights: dict[tuple[int, int], float] = defaultdict(float)
    for piece in pieces:
        for row, column, weight in piece.weights(window):
            room -= 1
            if room < 0:
                return None
            counts[row, column] += 1
            weights[row, column] += weight
    total = sum(counts.values())
    if not total:
        return 0.0
    return sum(weights[at] * count for at, count in counts.items()) / total
