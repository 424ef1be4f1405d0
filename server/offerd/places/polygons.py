"""Polygons in cells of the grid.

A cell keeps the edges near it, and of the edges north of it only whether they are an odd number.
Where that changes inside the cell's columns, an edge north of the cell goes on as one that comes
down to the cell: from there on, eastward, the number is another. It is kept as an edge without an
end, beyond the pole, that begins at the same longitude exactly; so what is inside is decided by
the same comparisons of the same numbers in every cell, and nothing is rounded.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import floor

from offerd.places.grid import SLACK_DEG, Box
from offerd.places.pieces import Piece, Window, columns_between
from offerd.places.records import AreaIn, Cell
from offerd.places.rings import Edge, Outline

_LOOK = 3.0
"""What it costs to come to a polygon's edges."""
_BEYOND = 91.0
_ROUND_DEG = 359.0
"""Only polygons of a ring that goes round the poles are wider, or almost only."""
_SAME_DEG = 1e-11
"""Longitudes that differ by less are one: rounding makes no more of 360 degrees."""
_ENDLESS = 720.0


class AreaPiece:
    """A polygon's edges near a cell."""

    __slots__ = ("edges", "fence", "odd")

    def __init__(self, fence: int, odd: bool, edges: Sequence[Edge]) -> None:
        self.fence = fence
        self.odd = odd
        self.edges = edges

    @property
    def weight(self) -> float:
        """What it costs to ask."""
        return _LOOK + len(self.edges)

    @property
    def height_deg(self) -> float:
        """How many degrees of latitude the edges take."""
        ends = [y for edge in self.edges if edge[1] != _BEYOND for y in (edge[1], edge[3])]
        return max(ends, default=0.0) - min(ends, default=0.0)

    def divided(self, window: Window) -> Iterator[tuple[int, int, Piece | None]]:
        """Yields row, column and piece of cells."""
        strips = self._strips(window)
        for column in window.columns if self.odd else strips:
            edges = strips.get(column)
            if edges is None:
                for row in window.rows:
                    yield row, column, None
                continue
            next_row = window.rows.start
            for row in (*sorted(_rows(edges, column, window)), window.rows.stop):
                if next_row < row and reduced(edges, self.odd, window.grid.box(next_row, column)):
                    for between in range(next_row, row):
                        yield between, column, None
                if row < window.rows.stop:
                    part = reduced(edges, self.odd, window.grid.box(row, column))
                    if part is True:
                        yield row, column, None
                    elif part:
                        yield row, column, AreaPiece(self.fence, *part)
                next_row = row + 1

    def weights(self, window: Window) -> Iterator[tuple[int, int, float]]:
        """Yields row, column and weight of the pieces that there would be, about."""
        rows, columns, grid = window.rows, window.columns, window.grid
        across, up = grid.columns_per_degree, grid.rows_per_degree
        counts: dict[tuple[int, int], int] = defaultdict(int)
        longer: dict[int, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            x1, y1, x2, y2 = edge
            begin = floor((x1 + 180 - SLACK_DEG) * across)
            end = floor((x2 + 180 + SLACK_DEG) * across)
            low, high = (y1, y2) if y1 < y2 else (y2, y1)
            row = floor((low + 90 - 2 * SLACK_DEG) * up)
            # Most edges are in one cell each.
            if begin == end and row == floor((high + 90 + 2 * SLACK_DEG) * up):
                if row in rows and begin in columns:
                    counts[row, begin] += 1
                continue
            for column in range(max(begin, columns.start), min(end, columns.stop - 1) + 1):
                longer[column].append(edge)
        for column, edges in longer.items():
            for row, count in _rows(edges, column, window).items():
                counts[row, column] += count
        for (row, column), count in counts.items():
            yield row, column, _LOOK + count

    def _strips(self, window: Window) -> dict[int, list[Edge]]:
        """Returns the edges in each column that has some."""
        strips: dict[int, list[Edge]] = defaultdict(list)
        scale = window.grid.columns_per_degree
        first, last = window.columns.start, window.columns.stop - 1
        for edge in self.edges:
            begin = floor((edge[0] + 180 - SLACK_DEG) * scale)
            end = floor((edge[2] + 180 + SLACK_DEG) * scale)
            if begin == end:
                if first <= begin <= last:
                    strips[begin].append(edge)
                continue
            for column in range(max(begin, first), min(end, last) + 1):
                strips[column].append(edge)
        return strips

    def put(self, cell: Cell) -> None:
        """Puts the edges into the record of a cell."""
        cell.areas.append(AreaIn(self.fence, self.odd, self.edges))


def _rows(edges: Sequence[Edge], column: int, window: Window) -> dict[int, int]:
    """Returns how many edges are near each cell of a column that has some."""
    west = column / window.grid.columns_per_degree - 180 - SLACK_DEG
    east = (column + 1) / window.grid.columns_per_degree - 180 + SLACK_DEG
    scale = window.grid.rows_per_degree
    first, last = window.rows.start, window.rows.stop - 1
    counts: dict[int, int] = defaultdict(int)
    for x1, y1, x2, y2 in edges:
        start, end = y1, y2
        if x1 < west or x2 > east:
            slope = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
            start = y1 + (west - x1) * slope if x1 < west else y1
            end = y2 - (x2 - east) * slope if x2 > east else y2
        if end < start:
            start, end = end, start
        begin = floor((start + 90 - 2 * SLACK_DEG) * scale)
        until = floor((end + 90 + 2 * SLACK_DEG) * scale)
        if begin == until:
            if first <= begin <= last:
                counts[begin] += 1
            continue
        for row in range(max(begin, first), min(until, last) + 1):
            counts[row] += 1
    return counts


def reduced(edges: Sequence[Edge], odd: bool, box: Box) -> bool | tuple[bool, list[Edge]]:
    """Returns what matters of edges in a cell, or whether all of it is inside or outside."""
    south, north = box.south - SLACK_DEG, box.north + SLACK_DEG
    west, east = box.west - SLACK_DEG, box.east + SLACK_DEG
    kept: list[Edge] = []
    changes: set[float] = set()
    for edge in edges:
        x1, y1, x2, y2 = edge
        if y1 < south and y2 < south:
            continue
        if (y1 > north and y2 > north) or (x2 > x1 and y1 != y2):
            slope = (y2 - y1) / (x2 - x1) if x2 > x1 else 0.0
            start = y1 + (west - x1) * slope if x1 < west else y1
            end = y2 - (x2 - east) * slope if x2 > east else y2
            if start < south and end < south:
                continue
            if start > north and end > north:
                if x1 <= west:
                    odd = not odd
                elif x1 <= east:
                    changes ^= {x1}
                if x2 <= west:
                    odd = not odd
                elif x2 <= east:
                    changes ^= {x2}
                continue
        kept.append(edge)
    if not kept and not changes:
        return odd
    kept += [(at, _BEYOND, at + _ENDLESS, _BEYOND) for at in sorted(changes)]
    return odd, kept


def framed(outline: Outline) -> list[Edge]:
    """Returns a polygon's edges where longitudes are between -180 and 180, and across."""
    edges: list[Edge] = []
    turn = math.ceil((-180.0 - SLACK_DEG - outline.east) / 360.0) * 360.0
    while outline.west + turn <= 180.0 + SLACK_DEG:
        edges += (
            [(x1 + turn, y1, x2 + turn, y2) for x1, y1, x2, y2 in outline.edges]
            if turn
            else outline.edges
        )
        turn += 360.0
    return _joined(edges) if outline.east - outline.west > _ROUND_DEG else edges


def _joined(edges: Sequence[Edge]) -> list[Edge]:
    """Returns the edges of rings round a pole, each ending where the next begins.

    Where such a ring closes, one longitude was counted from the other side of the Earth, and may
    be rounded otherwise: due south or north of that vertex both edges would count, or none.
    """
    begins: dict[float, list[float]] = defaultdict(list)
    for x, y, _, _ in edges:
        begins[y].append(x)

    def joined(x: float, y: float) -> float:
        return next((begin for begin in begins.get(y, ()) if abs(begin - x) < _SAME_DEG), x)

    return [(x1, y1, joined(x2, y2), y2) for x1, y1, x2, y2 in edges]


def columns_of(outline: Outline, window: Window) -> range:
    """Returns columns of a window that hold all of a polygon that is there."""
    if outline.north_inside or outline.south_inside:
        return window.columns
    columns = list(columns_between(window, outline.west, outline.east))
    return range(min(columns), max(columns) + 1) if columns else range(0)
