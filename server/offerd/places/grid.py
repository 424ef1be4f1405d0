"""The grid that the index is made of, and the keys of its records.

The Earth is cut into rows of latitude, and each row into so many columns that cells are about
square: 128 rows of blocks, about 156 km; each block into 8 by 8 regions, about 20 km; each region
into 1 to 512 by as many cells, as its fences need. Cells of a row nest, since columns are counted
by row of blocks, so that one multiplication places a point in all three.

    key, 8 bytes, big endian                                       record
    1 << 56 | block row << 33 | block column << 25 | region << 19  a region, by rows in its block
    ... + 1 + cell                                                 a cell, by rows in its region
    2 << 56 | row << 8 | column                                    a block
    3 << 56 | side                                                 at the poles, south 0, north 1
    4 << 56 and on                                                 trees, `offerd.places.trees`
"""

from __future__ import annotations

import math
from typing import NamedTuple

BLOCK_ROWS = 128
REGIONS = 8
"""How many regions a block has in a row, and in a column."""
REGION_ROWS = BLOCK_ROWS * REGIONS
DEEPEST = 9
"""Regions have at most 2 ** 9 rows of cells."""

REGION, BLOCK, POLE = 1 << 56, 2 << 56, 3 << 56

BLOCK_COLUMNS = tuple(
    max(3, round(2 * BLOCK_ROWS * math.cos(math.radians((row + 0.5) * 180 / BLOCK_ROWS - 90))))
    for row in range(BLOCK_ROWS)
)
"""How many blocks each row of them has."""

REGIONS_PER_DEGREE = REGION_ROWS / 180
"""Rows of regions in a degree of latitude."""

COLUMNS_PER_DEGREE = tuple(
    BLOCK_COLUMNS[row // REGIONS] * REGIONS / 360 for row in range(REGION_ROWS)
)
"""Columns of regions in a degree of longitude, by row of regions."""

SLACK_DEG = 1e-7
"""Cells are taken to be so much larger than they are, a centimetre, against rounding."""


class Box(NamedTuple):
    """A cell of any size, in degrees, without slack."""

    south: float
    west: float
    north: float
    east: float


class Grid(NamedTuple):
    """Rows and columns of one size in one row of blocks, where columns are equally wide."""

    rows_per_degree: float
    columns_per_degree: float
    columns: int

    def box(self, row: int, column: int) -> Box:
        """Returns a cell by its row, counted from the south pole, and column, from 180 west."""
        return Box(
            row / self.rows_per_degree - 90,
            column / self.columns_per_degree - 180,
            (row + 1) / self.rows_per_degree - 90,
            (column + 1) / self.columns_per_degree - 180,
        )


def grid(block_row: int, division: int) -> Grid:
    """Returns the grid in a row of blocks each of which is divided so often in both directions."""
    columns = BLOCK_COLUMNS[block_row] * division
    return Grid(BLOCK_ROWS * division / 180, columns / 360, columns)


def key(number: int) -> bytes:
    """Returns a key as it is stored."""
    return number.to_bytes(8, "big")


def block_key(row: int, column: int) -> int:
    """Returns the key of a block."""
    return BLOCK | row << 8 | column


def region_key(row: int, column: int) -> int:
    """Returns the key of a region, to which 1 + its number is added for a cell of it."""
    return (
        REGION
        | (row // REGIONS) << 33
        | (column // REGIONS) << 25
        | (row % REGIONS * REGIONS + column % REGIONS) << 19
    )


def row_of(latitude: float, rows: int) -> int:
    """Returns the row of a latitude, of as many as the whole Earth has."""
    return min(max(math.floor((latitude + 90) * (rows / 180)), 0), rows - 1)
