"""What fences a point is in: one region, one cell, and the fences that are told there."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin, sqrt
from typing import NamedTuple

from offerd.places.grid import (
    BLOCK_COLUMNS,
    COLUMNS_PER_DEGREE,
    POLE,
    REGION_ROWS,
    REGIONS,
    REGIONS_PER_DEGREE,
    block_key,
    key,
    region_key,
)
from offerd.places.records import (
    ARC,
    AREA,
    CIRCLE,
    CORRIDOR,
    COUNTS,
    EDGE,
    NUMBER,
    REGION_HEAD,
    fences_of,
)
from offerd.places.rings import ON_EDGE_DEG, Edge, crossings_north
from offerd.places.sphere import AXES_SQUARED, to_arc_chord2, vector

_KEPT = 1 << 15
"""How many blocks, regions, and cells, are kept in memory: some ten megabytes of each."""
_RADIANS = pi / 180

_Circles = tuple[tuple[int, float, float, float, float], ...]


class _Mixed(NamedTuple):
    """A cell that has not only circles."""

    full: tuple[int, ...]
    circles: _Circles
    areas: tuple[tuple[int, int, tuple[Edge, ...]], ...]
    corridors: tuple[tuple[int, float, tuple[tuple[float, ...], ...]], ...]


_Cell = tuple[_Circles, _Mixed | None]
"""A cell as it is kept in memory: circles, if there is nothing else; else all that there is."""

_Region = tuple[int, int, int, _Circles, _Mixed | None, tuple[int, ...]]
"""A region as it is kept in memory: key of its first cell, depth, rows of cells; its only cell,
if the key is 0; and the fences that cover the region. Plain tuples are unpacked fastest."""

_EMPTY: _Cell = ((), None)


class Lookup:
    """Answers from the records of `building.index_records`, given by key.

    Keeps regions and cells that were asked for in memory, up to a bound: tuples, put in and
    looked up in one step each, so that several threads may ask at once.
    """

    def __init__(self, index: Callable[[bytes], bytes | None]) -> None:
        self._index = index
        self._blocks: dict[int, tuple[int, ...]] = {}
        self._regions: dict[int, _Region] = {}
        self._cells: dict[int, _Cell] = {}

    def within(self, latitude: float, longitude: float) -> list[int]:
        """Returns the places whose fences hold a point, by priority.

        First by the rank of their libraries, then smaller before larger, then by number. Raises
        ValueError for what is no point.
        """
        # Written out, since every call and every name costs: this is asked with each request.
        if not (-89.9999 < latitude < 89.9999 and -180.0 <= longitude < 179.9999):
            return self._at_edge(latitude, longitude)
        high = (latitude + 90.0) * REGIONS_PER_DEGREE
        row = int(high)
        across = (longitude + 180.0) * COLUMNS_PER_DEGREE[row]
        column = int(across)
        first, depth, side, circles, mixed, full = self._regions.get(
            row << 11 | column
        ) or self._region(row, column)
        if first:
            at = first + (int((high - row) * side) << depth) + int((across - column) * side)
            circles, mixed = self._cells.get(at) or self._cell(at)
        if mixed:
            return in_line([*full, *_in_cell(mixed, latitude, longitude)])
        found: list[int] = []
        if circles:
            phi = latitude * _RADIANS
            around = longitude * _RADIANS
            flat = cos(phi)
            z = AXES_SQUARED * sin(phi)
            scale = 1 / sqrt(flat * flat + z * z)
            flat *= scale
            x = flat * cos(around)
            y = flat * sin(around)
            z *= scale
            for fence, a, b, c, most in circles:
                dx = a - x
                dy = b - y
                dz = c - z
                if dx * dx + dy * dy + dz * dz <= most:
                    found.append(fence)
        if full:
            found += full
        if len(found) > 1:
            return in_line(found)
        if found:
            found[0] &= NUMBER
        return found

    def _region(self, row: int, column: int) -> _Region:
        number = region_key(row, column)
        full = self._covering(block_key(row // REGIONS, column // REGIONS))
        record = self._index(key(number))
        if record is None:
            region: _Region = (0, 0, 1, (), None, full)
        else:
            depth, covering = REGION_HEAD.unpack_from(record)
            end = REGION_HEAD.size + 8 * covering
            if covering:
                full += fences_of(record[REGION_HEAD.size : end])
            if depth:
                region = (number + 1, depth, 1 << depth, (), None, full)
            else:
                region = (0, 0, 1, *_kept(record[end:]), full)
        if len(self._regions) >= _KEPT:
            self._regions.clear()
        self._regions[row << 11 | column] = region
        return region

    def _covering(self, block: int) -> tuple[int, ...]:
        """Returns the fences that cover a block, by its key as a number."""
        full = self._blocks.get(block)
        if full is None:
            record = self._index(key(block))
            if len(self._blocks) >= _KEPT:
                self._blocks.clear()
            full = self._blocks[block] = fences_of(record) if record else ()
        return full

    def _cell(self, at: int) -> _Cell:
        """Returns a cell by its key as a number."""
        record = self._index(key(at))
        cell = _EMPTY if record is None else _kept(record)
        if len(self._cells) >= _KEPT:
            self._cells.clear()
        self._cells[at] = cell
        return cell

    def _at_edge(self, latitude: float, longitude: float) -> list[int]:
        """Answers at the poles and beside the antimeridian, where rounding may leave the grid."""
        check(latitude, longitude)
        if abs(latitude) == 90.0:
            record = self._index(key(POLE + (latitude > 0))) or b""
            return in_line(list(fences_of(record)))
        if longitude == 180.0:
            longitude = -180.0
        high = (latitude + 90.0) * REGIONS_PER_DEGREE
        row = min(int(high), REGION_ROWS - 1)
        across = (longitude + 180.0) * COLUMNS_PER_DEGREE[row]
        column = min(int(across), BLOCK_COLUMNS[row // REGIONS] * REGIONS - 1)
        first, depth, side, circles, mixed, full = self._region(row, column)
        if first:
            r = min(int((high - row) * side), side - 1)
            c = min(int((across - column) * side), side - 1)
            circles, mixed = self._cell(first + (r << depth) + c)
        found = [*full]
        if mixed:
            found += _in_cell(mixed, latitude, longitude)
        else:
            _in_circles(circles, latitude, longitude, found)
        return in_line(found)


def _kept(record: bytes) -> _Cell:
    """Returns the record of a cell as it is kept in memory."""
    if len(record) % CIRCLE.size == 0:
        return tuple(CIRCLE.iter_unpack(record)), None
    covered, circles, areas, corridors = COUNTS.unpack_from(record)
    start = COUNTS.size + 8 * covered
    full = fences_of(record[COUNTS.size : start])
    end = start + CIRCLE.size * circles
    of_circles = tuple(CIRCLE.iter_unpack(record[start:end]))
    of_areas = []
    for _ in range(areas):
        fence, odd, edges = AREA.unpack_from(record, end)
        start = end + AREA.size
        end = start + EDGE.size * edges
        of_areas.append((fence, odd, tuple(EDGE.iter_unpack(record[start:end]))))
    of_corridors = []
    for _ in range(corridors):
        fence, most, arcs = CORRIDOR.unpack_from(record, end)
        start = end + CORRIDOR.size
        end = start + ARC.size * arcs
        of_corridors.append((fence, most, tuple(ARC.iter_unpack(record[start:end]))))
    return (), _Mixed(full, of_circles, tuple(of_areas), tuple(of_corridors))


def in_line(fences: list[int]) -> list[int]:
    """Returns the numbers of fences, which may be any list, by priority."""
    if len(fences) > 1:
        fences.sort()
    return [fence & NUMBER for fence in fences]


def check(latitude: float, longitude: float) -> None:
    """Raises ValueError for what is no point in degrees."""
    if not -90.0 <= latitude <= 90.0:
        raise ValueError(f"the latitude must be -90 to 90, not {latitude}")
    if not -180.0 <= longitude <= 180.0:
        raise ValueError(f"the longitude must be -180 to 180, not {longitude}")


def _in_cell(cell: _Mixed, latitude: float, longitude: float) -> list[int]:
    """Returns the fences of a cell, not only circles, that a point is in."""
    full, circles, areas, corridors = cell
    found = list(full)
    if circles:
        _in_circles(circles, latitude, longitude, found)
    for fence, odd, edges in areas:
        if _is_in(odd, edges, longitude, latitude) and fence not in found:
            found.append(fence)
    if corridors:
        p = vector(latitude, longitude)
        for fence, most, arcs in corridors:
            if any(to_arc_chord2(p, (a, b, c), (d, e, f)) <= most for a, b, c, d, e, f in arcs):
                found.append(fence)
    return found


def _in_circles(circles: _Circles, latitude: float, longitude: float, found: list[int]) -> None:
    """Adds the circles that a point is in."""
    x, y, z = vector(latitude, longitude)
    for fence, a, b, c, most in circles:
        if (a - x) * (a - x) + (b - y) * (b - y) + (c - z) * (c - z) <= most:
            found.append(fence)


def _is_in(odd: int, edges: tuple[Edge, ...], x: float, y: float) -> int:
    """Returns 1 inside of an area, else 0: `rings.crossings_north`, written out."""
    west, east = x - ON_EDGE_DEG, x + ON_EDGE_DEG
    low, high = y - ON_EDGE_DEG, y + ON_EDGE_DEG
    for edge in edges:
        x1, y1, x2, y2 = edge
        if x1 > east or x2 < west or (y1 < low and y2 < low):
            continue
        if y1 > high and y2 > high:
            odd ^= x1 <= x < x2
            continue
        met = crossings_north((edge,), x, y)
        if met < 0:
            return 1
        odd ^= met
    return odd
