"""Building the records of the index from places.

Rows of blocks are gone through from south to north, and each fence is read when its first row
comes, so that what is in memory is what the row needs, and some numbers for each place.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence

from offerd.model.place import Library, Place
from offerd.model.progress import UNTOLD, Progress, counted
from offerd.places.dividing import block_record, region_records, regions_of
from offerd.places.geometry import area_m2
from offerd.places.grid import BLOCK_ROWS, POLE, block_key, key
from offerd.places.pieces import Piece
from offerd.places.shapes import shape_of
from offerd.places.spreading import blocks, rows_of
from offerd.places.trees import Ball, ball_of, tree_records


def categories_of(places: Sequence[Place]) -> tuple[str, ...]:
    """Returns the categories that some place has, sorted, without ""."""
    return tuple(sorted({place.category for place in places} - {""}))


class _Numbers:
    """What is kept of every place: some numbers."""

    def __init__(
        self, places: Sequence[Place], libraries: Sequence[Library], categories: Sequence[str]
    ) -> None:
        library_numbers = {library.id: number for number, library in enumerate(libraries)}
        category_numbers = {name: number for number, name in enumerate(categories)}
        self.balls = array("d")
        self.libraries = array("i")
        self.categories = array("i")
        areas = array("d")
        ranks = array("q")
        self.by_row: list[array[int]] = [array("I") for _ in range(BLOCK_ROWS)]
        self.northernmost = array("I")
        for number, place in enumerate(places):
            shape = shape_of(place.fence)
            self.balls.extend(ball_of(place, shape))
            rows = rows_of(shape)
            self.by_row[rows.first].append(number)
            if rows.last == BLOCK_ROWS - 1:
                self.northernmost.append(number)
            areas.append(area_m2(place.fence))
            library = library_numbers[place.library]
            ranks.append(libraries[library].rank)
            self.libraries.append(library)
            self.categories.append(category_numbers.get(place.category, -1))
        in_order = sorted(range(len(areas)), key=areas.__getitem__)
        in_order.sort(key=ranks.__getitem__)
        self.fences = array("Q", bytes(8 * len(areas)))
        for at, number in enumerate(in_order):
            self.fences[number] = at << 32 | number

    def ball(self, number: int) -> Ball:
        """Returns the circle around a place's fence."""
        return Ball(*self.balls[5 * number : 5 * number + 5])


def index_records(
    places: Sequence[Place],
    libraries: Sequence[Library],
    categories: Sequence[str],
    progress: Progress = UNTOLD,
) -> Iterator[tuple[bytes, bytes]]:
    """Yields the records of the index, by which places are found, in ascending order of key.

    `libraries` are all of which `places` are, `categories` as `categories_of` tells them. Every
    place is read twice, first in order, then from south to north: a sequence that decodes places
    when they are asked for does. Fences are taken to be without `geometry.faults`. It is a stage of
    its own of `progress`, in which each place counts.
    """
    if places:
        progress.begin("indexing", len(places))
    numbers = _Numbers(places, libraries, categories)
    covered: dict[int, list[int]] = defaultdict(list)
    yield from _regions(places, numbers, covered, progress)
    for at in sorted(covered):
        yield key(at), block_record(covered[at])
    for side in (0, 1):
        yield key(POLE + side), block_record(_at_pole(places, numbers, 180.0 * side - 90.0))
    yield from tree_records(numbers.ball, numbers.fences, numbers.libraries, numbers.categories)


def _regions(
    places: Sequence[Place],
    numbers: _Numbers,
    covered: dict[int, list[int]],
    progress: Progress,
) -> Iterator[tuple[bytes, bytes]]:
    """Yields the records of regions and cells; puts fences into the blocks that they cover."""
    coming: list[dict[int, list[Piece]]] = [defaultdict(list) for _ in range(BLOCK_ROWS)]
    for row in range(BLOCK_ROWS):
        for number in counted(numbers.by_row[row], progress):
            fence = numbers.fences[number]
            for at, column, piece in blocks(shape_of(places[number].fence), fence):
                if piece is None:
                    covered[block_key(at, column)].append(fence)
                else:
                    coming[at][column].append(piece)
        here, coming[row] = coming[row], {}
        for column in sorted(here):
            regions = regions_of(row, column, here.pop(column))
            for (r, c), (full, pieces) in sorted(regions.items()):
                yield from region_records(r, c, full, pieces)


def _at_pole(places: Sequence[Place], numbers: _Numbers, latitude: float) -> list[int]:
    edge = numbers.by_row[0] if latitude < 0 else numbers.northernmost
    return [
        numbers.fences[number]
        for number in edge
        if shape_of(places[number].fence).contains(latitude, 0.0)
    ]
