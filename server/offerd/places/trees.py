"""Trees of circles around fences, for what is nearest and what is in some direction.

Every place is in the tree of all, in those of its library and its category, and in that of both:
so what is rare is found without passing by what isn't. A tree that would hold the same places as
another is that other. Leaves hold places that lie together, found by the order of a curve through
space in which neighbours in all three dimensions stay close (Morton, "A computer oriented
geodetic data base and a new technique in file sequencing", 1966), large fences apart from small
ones, and packed closer by `offerd.places.packing`; nodes hold the least circle that was found
around each of their children.

    key, 8 bytes, big endian                               record
    4 << 56 | 1 + library << 28 | 1 + category             tree and root; 0 stands for any
    5 << 56 | tree << 28 | node                            1 for a leaf, else 0; its entries; boxes

An entry of a leaf is a fence, whether it is a circle, and the circle around it: unit vector of the
centre, and radius in metres. An entry of another node is a child, the first in line of the fences
below it, and the circle around all of them. Behind the entries of such a node are the boxes, in
the space of unit vectors, that hold the fences of each child: children overlap less in boxes than
in circles, which halves how many are looked at to find what is nearest.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from offerd.model.place import EARTH_RADIUS_M, Place
from offerd.places.grid import key
from offerd.places.packing import CHILDREN, packed
from offerd.places.shapes import AreaShape, CircleShape, Shape
from offerd.places.sphere import Vector, along_m, chord2, unit, vector

DIRECTORY, NODE = 4 << 56, 5 << 56
ROOT = struct.Struct("<II")
HEAD = struct.Struct("<Q")
ENTRY = struct.Struct("<QQdddd")
"""Of a leaf: fence, 1 for a circle; of a node: child, fence; then the circle around."""
BOX = struct.Struct("<Qdddddd")
"""A child; then from where to where along x, y and z its fences are."""

_SPARE_M = 1e-3
"""Bounds are so much wider than they were computed."""
_SPARE = 1e-9
"""Boxes are so much wider on each side: 6 mm."""
_CLOSE_TURN_DEG = 2.0

_Box = tuple[float, float, float, float, float, float]


class Ball(NamedTuple):
    """A circle around a fence; `exact` is 1.0 if it is the fence, else 0.0."""

    x: float
    y: float
    z: float
    radius_m: float
    exact: float


def directory_key(library: int | None, category: int | None) -> bytes:
    """Returns the key of the root of a library's and a category's tree; None is any."""
    one = 0 if library is None else 1 + library
    other = 0 if category is None else 1 + category
    return key(DIRECTORY | one << 28 | other)


def node_key(tree: int, node: int) -> bytes:
    """Returns the key of a node."""
    return key(NODE | tree << 28 | node)


def ball_of(place: Place, shape: Shape) -> Ball:
    """Returns the circle around a place's centre that holds its fence."""
    if isinstance(shape, CircleShape):
        return Ball(*shape.centre, shape.radius_m, 1.0)
    at = place.centre
    centre = vector(at.latitude, at.longitude)
    radius_m = _close_radius_m(centre, shape) if isinstance(shape, AreaShape) else None
    if radius_m is None:
        radius_m = shape.farthest_m(at.latitude, at.longitude)
    return Ball(*centre, radius_m + _SPARE_M, 0.0)


def _close_radius_m(centre: Vector, shape: AreaShape) -> float | None:
    """Returns metres to the farthest vertex and how far edges may bend beyond, if they are short.

    A chord of the turn t in longitude leaves its parallel by less than t * t / 8 radians.
    """
    far = turn = 0.0
    for one in shape.outlines:
        if one.north_inside or one.south_inside:
            return None
        vertices = {edge[:2] for edge in one.edges} | {edge[2:] for edge in one.edges}
        far = max(far, *(chord2(centre, vector(y, x)) for x, y in vertices))
        turn = max(turn, *(max(x2 - x1, abs(y2 - y1)) for x1, y1, x2, y2 in one.edges))
    if turn > _CLOSE_TURN_DEG or far > 1.0:
        return None
    return along_m(far) + math.radians(turn) ** 2 / 4 * EARTH_RADIUS_M


def tree_records(
    ball: Callable[[int], Ball],
    fences: Sequence[int],
    libraries: Sequence[int],
    categories: Sequence[int],
) -> Iterator[tuple[bytes, bytes]]:
    """Yields the roots of all trees, then their nodes, in order of their keys.

    By number of a place: its circle, its fence as records tell it, its library, and its category,
    -1 for none.
    """
    together = _together(ball, len(fences))
    trees: list[Sequence[int]] = []
    roots: dict[int, tuple[int, int]] = {}
    for (library, category), members in _groups(together, libraries, categories):
        at = DIRECTORY | 1 + library << 28 | 1 + category
        same = next(
            (
                roots[other]
                for other in _wider(library, category)
                if other in roots and len(trees[roots[other][0]]) == len(members)
            ),
            None,
        )
        if same is None:
            same = len(trees), _node_count(len(members)) - 1
            trees.append(members)
        roots[at] = same
    for at in sorted(roots):
        yield key(at), ROOT.pack(*roots[at])
    for tree, members in enumerate(trees):
        packed_members = list(packed(members, lambda n: ball(n)[:3], lambda n: _size(ball(n))))
        yield from _nodes(tree, packed_members, ball, fences)


def _wider(library: int, category: int) -> list[int]:
    """Returns the keys of trees that hold all that the tree of both holds."""
    keys = [DIRECTORY]
    if library >= 0 and category >= 0:
        keys += [DIRECTORY | 1 + library << 28, DIRECTORY | 1 + category]
    return keys


def _groups(
    together: Sequence[int], libraries: Sequence[int], categories: Sequence[int]
) -> Iterator[tuple[tuple[int, int], Sequence[int]]]:
    """Yields library and category of each tree, -1 for any, and its places: wider ones first."""
    by_library: dict[int, array[int]] = defaultdict(lambda: array("I"))
    by_category: dict[int, array[int]] = defaultdict(lambda: array("I"))
    by_both: dict[tuple[int, int], array[int]] = defaultdict(lambda: array("I"))
    for number in together:
        library, category = libraries[number], categories[number]
        by_library[library].append(number)
        if category >= 0:
            by_category[category].append(number)
            by_both[library, category].append(number)
    if together:
        yield (-1, -1), together
    for library in sorted(by_library):
        yield (library, -1), by_library[library]
    for category in sorted(by_category):
        yield (-1, category), by_category[category]
    for both in sorted(by_both):
        yield both, by_both[both]


def _together(ball: Callable[[int], Ball], count: int) -> Sequence[int]:
    """Returns the numbers of places so that those close to each other follow each other."""
    curve = array("Q")
    for number in range(count):
        around = ball(number)
        at = _spread(around.x) << 2 | _spread(around.y) << 1 | _spread(around.z)
        curve.append(_size(around) << 57 | at)
    return array("I", sorted(range(count), key=curve.__getitem__))


def _size(around: Ball) -> int:
    """Returns how large a circle is: 0 below a kilometre, then one more for every four times."""
    return max(0, math.frexp(around.radius_m / 1000)[1]) // 2


def _spread(value: float) -> int:
    """Returns 18 bits of a number from -1 to 1, two zeros before each."""
    bits = min(int((value + 1) * 131072), 262143)
    return _SPREAD[bits >> 9] << 27 | _SPREAD[bits & 511]


_SPREAD = tuple(sum((n >> bit & 1) << 3 * bit for bit in range(9)) for n in range(512))


def _node_count(members: int) -> int:
    total = 0
    while True:
        members = -(-members // CHILDREN)
        total += members
        if members == 1:
            return total


def _nodes(
    tree: int, members: Sequence[int], ball: Callable[[int], Ball], fences: Sequence[int]
) -> Iterator[tuple[bytes, bytes]]:
    """Yields the nodes of a tree, leaves first, each level before the one above it."""
    level: list[tuple[int, int, Ball]] = []
    boxes: list[_Box] = []
    number = 0
    for start in range(0, len(members), CHILDREN):
        leaf = [(fences[n], int(ball(n).exact), ball(n)) for n in members[start : start + CHILDREN]]
        yield node_key(tree, number), HEAD.pack(1) + _packed(leaf)
        level.append((number, min(fence for fence, _, _ in leaf), _around(leaf)))
        boxes.append(_box([_box_of(around) for _, _, around in leaf]))
        number += 1
    while len(level) > 1:
        above: list[tuple[int, int, Ball]] = []
        boxes_above = []
        for start in range(0, len(level), CHILDREN):
            children = level[start : start + CHILDREN]
            around = boxes[start : start + CHILDREN]
            packed_boxes = b"".join(
                BOX.pack(child, *box) for (child, _, _), box in zip(children, around, strict=True)
            )
            yield node_key(tree, number), HEAD.pack(0) + _packed(children) + packed_boxes
            above.append((number, min(fence for _, fence, _ in children), _around(children)))
            boxes_above.append(_box(around))
            number += 1
        level, boxes = above, boxes_above


def _packed(entries: Sequence[tuple[int, int, Ball]]) -> bytes:
    return b"".join(
        ENTRY.pack(one, other, ball.x, ball.y, ball.z, ball.radius_m)
        for one, other, ball in entries
    )


def _box_of(ball: Ball) -> _Box:
    """Returns a box that holds a circle: no chord is longer than its arc."""
    x, y, z, radius_m, _ = ball
    far = radius_m / EARTH_RADIUS_M + _SPARE
    return x - far, x + far, y - far, y + far, z - far, z + far


def _box(boxes: Sequence[_Box]) -> _Box:
    """Returns a box that holds boxes."""
    sides = list(zip(*boxes, strict=True))
    return (
        min(sides[0]),
        max(sides[1]),
        min(sides[2]),
        max(sides[3]),
        min(sides[4]),
        max(sides[5]),
    )


def _around(entries: Sequence[tuple[int, int, Ball]]) -> Ball:
    """Returns a circle around circles: around the mean of their centres."""
    balls = [ball for _, _, ball in entries]
    middle = unit((sum(b.x for b in balls), sum(b.y for b in balls), sum(b.z for b in balls)))
    if middle == (0.0, 0.0, 0.0):
        middle = (1.0, 0.0, 0.0)
    far = max(along_m(chord2(middle, (b.x, b.y, b.z))) + b.radius_m for b in balls)
    return Ball(*middle, far + _SPARE_M, 0.0)
