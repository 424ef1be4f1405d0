"""Parts of fences in cells of the grid: what is divided on while cells get smaller.

A piece is divided over a window of cells: each cell that the fence touches gets a piece of its
own, or `None` if the fence covers it whole. Cells may get a piece that only comes close.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from offerd.model.place import EARTH_RADIUS_M
from offerd.places.columns import Cap, cap, half_width_deg, opposite, span
from offerd.places.grid import Grid
from offerd.places.records import Cell, CircleIn, CorridorIn
from offerd.places.sphere import Vector, along_m, chord2, mixed, to_arc_chord2, unit, vector

_SURE = 1e-6
"""Radians by which a cell has to be inside of a corridor, for all of it to be: 6 metres."""


class Window(NamedTuple):
    """Some cells of a grid: rows and columns, the latter never beyond the grid's."""

    grid: Grid
    rows: range
    columns: range


class Piece(Protocol):
    """A part of a fence."""

    @property
    def fence(self) -> int:
        """The fence, as records tell it."""
        ...

    @property
    def weight(self) -> float:
        """What it costs to ask it whether a point is inside, a circle being 1."""
        ...

    @property
    def height_deg(self) -> float:
        """How many degrees of latitude it takes, 0 if it costs the same in every cell."""
        ...

    def divided(self, window: Window) -> Iterator[tuple[int, int, Piece | None]]:
        """Yields row, column and piece of cells, in no order."""
        ...

    def weights(self, window: Window) -> Iterator[tuple[int, int, float]]:
        """Yields row, column and weight of the pieces that there would be, about."""
        ...

    def put(self, cell: Cell) -> None:
        """Puts the piece into the record of a cell."""
        ...


def rows_between(window: Window, south: float, north: float) -> range:
    """Returns the rows of a window that latitudes are in, and those of their neighbourhood."""
    scale = window.grid.rows_per_degree
    first = math.floor((south + 90) * scale - 1e-6)
    last = math.floor((north + 90) * scale + 1e-6)
    return range(max(first, window.rows.start), min(last + 1, window.rows.stop))


def columns_between(window: Window, west: float, east: float) -> Iterator[int]:
    """Yields the columns of a window that longitudes are in, which may lie beyond 180 degrees."""
    grid, columns = window.grid, window.columns
    first = math.floor((west + 180) * grid.columns_per_degree - 1e-6)
    last = math.floor((east + 180) * grid.columns_per_degree + 1e-6)
    if last - first + 1 >= grid.columns:
        yield from columns
        return
    turn = (columns.start - last + grid.columns - 1) // grid.columns * grid.columns
    while first + turn < columns.stop:
        yield from range(max(first + turn, columns.start), min(last + turn + 1, columns.stop))
        turn += grid.columns


class CirclePiece:
    """A circle; it is the same in every cell."""

    __slots__ = ("cap", "centre", "chord2", "fence", "half", "span")

    weight = 1.0
    height_deg = 0.0

    def __init__(self, fence: int, centre: Vector, radius_m: float, chord_squared: float) -> None:
        self.fence: int = fence
        self.centre = centre
        self.chord2 = chord_squared
        self.cap = cap(centre, radius_m / EARTH_RADIUS_M)
        self.span = span(self.cap)
        self.half = half_width_deg(self.cap, *self.span)

    def divided(self, window: Window) -> Iterator[tuple[int, int, Piece | None]]:
        """Yields row, column and piece of cells."""
        circle = self.cap
        rows = rows_between(window, *self.span)
        if circle.radius <= math.radians(1.0 / window.grid.rows_per_degree):
            # It covers no cell whole, and the corners of its box are few.
            middle = circle.longitude_deg
            columns = tuple(columns_between(window, middle - self.half, middle + self.half))
            for row in rows:
                for column in columns:
                    yield row, column, self
            return
        without = opposite(circle)
        for row in rows:
            partial = set(_columns(without, window, row))
            for column in _columns(circle, window, row):
                yield row, column, self if column in partial else None

    def weights(self, window: Window) -> Iterator[tuple[int, int, float]]:
        """Yields row, column and weight of pieces."""
        for row, column, piece in self.divided(window):
            yield row, column, piece.weight if piece else 0.0

    def put(self, cell: Cell) -> None:
        """Puts the circle into the record of a cell."""
        cell.circles.append(CircleIn(self.fence, self.centre, self.chord2))


def _columns(circle: Cap, window: Window, row: int) -> Iterator[int]:
    scale = window.grid.rows_per_degree
    half = half_width_deg(circle, row / scale - 90, (row + 1) / scale - 90)
    if half < 0.0:
        return iter(())
    return columns_between(window, circle.longitude_deg - half, circle.longitude_deg + half)


class CorridorPiece:
    """Great circles of a corridor's line, those that come near a cell."""

    __slots__ = ("arcs", "chord2", "fence", "half")

    height_deg = 0.0

    def __init__(
        self, fence: int, half: float, chord_squared: float, arcs: list[tuple[Vector, Vector]]
    ) -> None:
        self.fence = fence
        self.half = half
        self.chord2 = chord_squared
        self.arcs = arcs

    @property
    def weight(self) -> float:
        """What it costs to ask."""
        return 3.0 + 5.0 * len(self.arcs)

    def divided(self, window: Window) -> Iterator[tuple[int, int, Piece | None]]:
        """Yields row, column and piece of cells."""
        near: dict[tuple[int, int], list[tuple[Vector, Vector]]] = {}
        covered: set[tuple[int, int]] = set()
        middles: dict[tuple[int, int], tuple[Vector, float]] = {}
        for a, b in self.arcs:
            around = cap(
                unit(mixed(a, b, 0.5, 0.5)), along_m(chord2(a, b)) / 2 / EARTH_RADIUS_M + self.half
            )
            for row in rows_between(window, *span(around)):
                for column in _columns(around, window, row):
                    at = middles.get((row, column))
                    if at is None:
                        at = middles[row, column] = _middle(window.grid, row, column)
                    apart = along_m(to_arc_chord2(at[0], a, b)) / EARTH_RADIUS_M
                    if apart + at[1] <= self.half - _SURE:
                        covered.add((row, column))
                    elif apart <= self.half + at[1]:
                        near.setdefault((row, column), []).append((a, b))
        for row, column in covered:
            yield row, column, None
        for (row, column), arcs in near.items():
            if (row, column) not in covered:
                yield row, column, CorridorPiece(self.fence, self.half, self.chord2, arcs)

    def weights(self, window: Window) -> Iterator[tuple[int, int, float]]:
        """Yields row, column and weight of pieces."""
        for row, column, piece in self.divided(window):
            yield row, column, piece.weight if piece else 0.0

    def put(self, cell: Cell) -> None:
        """Puts the line into the record of a cell."""
        cell.corridors.append(CorridorIn(self.fence, self.chord2, self.arcs))


def _middle(grid: Grid, row: int, column: int) -> tuple[Vector, float]:
    """Returns the middle of a cell, and radians to where it is farthest, or more."""
    box = grid.box(row, column)
    at = vector((box.south + box.north) / 2, (box.west + box.east) / 2)
    rise = math.radians(box.north - box.south) / 2
    nearest = min(abs(box.south), abs(box.north)) if box.south * box.north > 0 else 0.0
    run = math.radians(box.east - box.west) / 2 * math.cos(math.radians(nearest))
    # A way along the meridian and then the parallel is longer than the straight one.
    return at, (rise + run) * 1.01 + 1e-8
