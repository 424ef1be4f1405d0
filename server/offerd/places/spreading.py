"""Fences as pieces in the blocks of the grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from offerd.model.place import EARTH_RADIUS_M
from offerd.places.columns import cap, span
from offerd.places.grid import BLOCK_COLUMNS, BLOCK_ROWS, grid, row_of
from offerd.places.pieces import CirclePiece, CorridorPiece, Piece, Window
from offerd.places.polygons import AreaPiece, columns_of, framed
from offerd.places.shapes import AreaShape, CircleShape, CorridorShape, Shape
from offerd.places.sphere import along_m, chord2, mixed, unit

Part = tuple[int, int, Piece | None]
"""Row and column of a block, and what of a fence is in it: None is all of it."""


class Rows(NamedTuple):
    """The first and last row of blocks that a fence is in."""

    first: int
    last: int


def blocks(shape: Shape, fence: int) -> Iterator[Part]:
    """Yields the parts of a fence in blocks, several of one block if it has several polygons."""
    if isinstance(shape, AreaShape):
        yield from _area_blocks(shape, fence)
        return
    piece: CirclePiece | CorridorPiece
    if isinstance(shape, CircleShape):
        piece = CirclePiece(fence, shape.centre, shape.radius_m, shape.chord2)
        rows = Rows(*(row_of(latitude, BLOCK_ROWS) for latitude in piece.span))
    else:
        piece = CorridorPiece(fence, shape.half_m / EARTH_RADIUS_M, shape.chord2, shape.arcs())
        rows = rows_of(shape)
    for row in range(rows.first, rows.last + 1):
        yield from piece.divided(_row_window(row))


def _row_window(row: int) -> Window:
    return Window(grid(row, 1), range(row, row + 1), range(BLOCK_COLUMNS[row]))


def _area_blocks(shape: AreaShape, fence: int) -> Iterator[Part]:
    for one in shape.outlines:
        piece = AreaPiece(fence, one.north_inside, framed(one))
        first = 0 if one.south_inside else row_of(one.south, BLOCK_ROWS)
        last = BLOCK_ROWS - 1 if one.north_inside else row_of(one.north, BLOCK_ROWS)
        for row in range(first, last + 1):
            window = _row_window(row)
            yield from piece.divided(window._replace(columns=columns_of(one, window)))


def rows_of(shape: Shape) -> Rows:
    """Returns the rows of blocks that a fence is in."""
    if isinstance(shape, CircleShape):
        spans = [span(cap(shape.centre, shape.radius_m / EARTH_RADIUS_M))]
    elif isinstance(shape, CorridorShape):
        half = shape.half_m / EARTH_RADIUS_M
        spans = [
            span(
                cap(
                    unit(mixed(a, b, 0.5, 0.5)),
                    along_m(chord2(a, b)) / 2 / EARTH_RADIUS_M + half,
                )
            )
            for a, b in shape.arcs()
        ]
    else:
        spans = [
            (
                -90.0 if one.south_inside else one.south,
                90.0 if one.north_inside else one.north,
            )
            for one in shape.outlines
        ]
    return Rows(
        row_of(min(low for low, _ in spans), BLOCK_ROWS),
        row_of(max(high for _, high in spans), BLOCK_ROWS),
    )
