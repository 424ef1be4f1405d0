"""The nearest one of all places, or of some: what decisions ask most.

It goes down the trees of `offerd.places.trees` once, to fences that are near, and then best first,
like `offerd.places.search`, through all that may be nearer: what can't come before the nearest so
far isn't even put in line. Children of nodes are told apart by their boxes, circles are measured
by what their leaf says of them, and nodes that were read lately are kept as they were unpacked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from math import inf, sqrt
from operator import itemgetter
from typing import Final

from offerd.model.place import EARTH_RADIUS_M
from offerd.places.records import NUMBER
from offerd.places.search import Get
from offerd.places.shapes import from_circle_m
from offerd.places.sphere import Vector
from offerd.places.trees import BOX, ENTRY, HEAD, node_key

_Fence = tuple[int, int, float, float, float, float]
"""A fence, 1 if it is a circle, the centre of the circle around it, and metres of its radius."""

_Child = tuple[int, float, float, float, float, float, float]
"""A node, and from where to where along x, y and z the fences in it are."""

_Node = tuple[float, tuple[_Fence, ...], tuple[_Child, ...]]
"""The largest radius as an arc, and fences, of a leaf; children of another node."""

_Heap = list[tuple[float, float, int, int]]
"""How far something is away at least and, of a fence, how far its centre is, so that of those that
hold the point the likeliest comes first; its tree and node, or -1 and the fence."""

_MOST_KEPT: Final = 8_192
"""So many nodes are kept; one takes some 5 KB."""

_TO_ARC: Final = 1 / EARTH_RADIUS_M
_SPARE: Final = _TO_ARC
"""By a metre more is looked at than need be: arcs near the antipode are good to 0.2 m."""
_ROUNDED: Final = 4e-15
"""More than rounding does to a product of unit vectors."""

_SECANT: Final = 0.0473
"""An arc is at most its chord d, times 1 + d² times this, where d is at most 1."""

_LEAF: Final = 1
_RADIUS: Final = itemgetter(5)


class _Search:
    """One search: the best fence so far, what may be better, and how far it may be."""

    __slots__ = ("at", "best", "best_m", "heap", "reach")

    def __init__(self, at: Vector, reach: float) -> None:
        self.at = at
        self.best_m, self.best = inf, -1
        # The nearest is no farther than that: as an arc of the unit sphere, with room to spare.
        self.reach = reach
        self.heap: _Heap = []

    def put_in_line(self, tree: int, children: Iterable[_Child]) -> None:
        """Puts the children of a node in line that aren't too far away."""
        px, py, pz = self.at
        reach = self.reach
        x0, x1, y0, y1, z0, z1 = (
            px - reach,
            px + reach,
            py - reach,
            py + reach,
            pz - reach,
            pz + reach,
        )
        # Of most one or two sides tell that they are.
        for child, a0, a1, b0, b1, c0, c1 in [
            one
            for one in children
            if one[1] <= x1
            and one[2] >= x0
            and one[3] <= y1
            and one[4] >= y0
            and one[5] <= z1
            and one[6] >= z0
        ]:
            dx = a0 - px if px < a0 else px - a1 if px > a1 else 0.0
            dy = b0 - py if py < b0 else py - b1 if py > b1 else 0.0
            dz = c0 - pz if pz < c0 else pz - c1 if pz > c1 else 0.0
            least = sqrt(dx * dx + dy * dy + dz * dz)
            if least <= reach:
                heappush(self.heap, (least, 0.0, tree, child))

    def look_at(self, fences: Iterable[_Fence], largest: float) -> None:
        """Measures the circles of a leaf that aren't too far away, and puts others in line."""
        px, py, pz = self.at
        # An arc's cosine is at least 1 less half of its square.
        least = 1.0 - (self.reach + largest) * (self.reach + largest) / 2 - _ROUNDED
        for fence, circle, x, y, z, radius_m in [
            one for one in fences if one[2] * px + one[3] * py + one[4] * pz >= least
        ]:
            dx, dy, dz = x - px, y - py, z - pz
            chord2 = dx * dx + dy * dy + dz * dz
            chord = sqrt(chord2)
            radius = radius_m * _TO_ARC
            # No arc is shorter than its chord.
            away = chord - radius - _SPARE
            if away > self.reach:
                continue
            if circle:
                self.found(fence, from_circle_m(chord2, radius_m))
            else:
                heappush(self.heap, (away if away > 0.0 else 0.0, chord, -1, fence))
                # The fence is in this circle.
                self.reach = min(self.reach, _longest(chord2) + radius + _SPARE)

    def found(self, fence: int, found_m: float) -> None:
        """Takes a fence that was measured, if it is better than the best so far."""
        if found_m < self.best_m or (found_m == self.best_m and fence < self.best):
            self.best_m, self.best = found_m, fence
            self.reach = min(self.reach, found_m * _TO_ARC + _SPARE)


class Nearing:
    """Finds the nearest fence in trees. Safe to be asked by several threads at once: what it keeps
    is set and taken in single steps."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._kept: dict[tuple[int, int], _Node] = {}

    def nearest(
        self, starts: Sequence[tuple[int, int]], at: Vector, exact: Callable[[int], float]
    ) -> tuple[int, float] | None:
        """Returns the number of the nearest fence of some trees, and metres to its edge.

        Of several at one distance it is the first by priority; None if the trees are empty. `exact`
        gives metres to the edge by the number of a fence that is no circle.
        """
        kept = self._kept
        search = _Search(at, min((self._near_by(*start, at) for start in starts), default=inf))
        heap = search.heap
        for tree, root in starts:
            heappush(heap, (0.0, 0.0, tree, root))
        while heap:
            least, _, tree, number = heappop(heap)
            if least > search.reach:
                break
            if tree < 0:
                search.found(number, exact(number & NUMBER))
                continue
            largest, fences, children = kept.get((tree, number)) or self._read(tree, number)
            if children:
                search.put_in_line(tree, children)
            else:
                search.look_at(fences, largest)
        return None if search.best < 0 else (search.best & NUMBER, search.best_m)

    def _near_by(self, tree: int, number: int, at: Vector) -> float:
        """Returns an arc within which there is a fence of a tree: one that is near."""
        px, py, pz = at
        while True:
            _, fences, children = self._kept.get((tree, number)) or self._read(tree, number)
            if fences:
                break
            around = [
                one
                for one in children
                if one[1] <= px <= one[2] and one[3] <= py <= one[4] and one[5] <= pz <= one[6]
            ]
            if len(around) == 1:
                number = around[0][0]
                continue
            nearest = inf
            for child, a0, a1, b0, b1, c0, c1 in around or children:
                # Twice as far as the middle of the box.
                dx, dy, dz = a0 + a1 - px - px, b0 + b1 - py - py, c0 + c1 - pz - pz
                away = dx * dx + dy * dy + dz * dz
                if away < nearest:
                    nearest, number = away, child
        near = max(fences, key=lambda one: one[2] * px + one[3] * py + one[4] * pz)
        _, circle, x, y, z, radius_m = near
        dx, dy, dz = x - px, y - py, z - pz
        centre = _longest(dx * dx + dy * dy + dz * dz)
        # Of a circle the edge is as far as that; another fence is somewhere in it.
        radius = -radius_m * _TO_ARC if circle else radius_m * _TO_ARC
        return max(centre + radius, 0.0) + _SPARE

    def _read(self, tree: int, number: int) -> _Node:
        record = self._get(node_key(tree, number))
        if record is None:
            raise LookupError(f"the index of places has no node {number} of tree {tree}")
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        if HEAD.unpack_from(record) == (_LEAF,):
            fences = tuple(ENTRY.iter_unpack(record[HEAD.size :]))
            node: _Node = (max(map(_RADIUS, fences)) * _TO_ARC, fences, ())
        else:
            count = len(record) // (ENTRY.size + BOX.size)
            children = tuple(BOX.iter_unpack(record[HEAD.size + count * ENTRY.size :]))
            # Children come first: whoever goes down comes to a leaf, whatever a record says.
            if not children or max(one[0] for one in children) >= number:
                raise LookupError(f"the index of places is damaged in node {number} of tree {tree}")
            node = (0.0, (), children)
        self._kept[tree, number] = node
        return node


def _longest(chord2: float) -> float:
    """Returns what the arc of a squared chord is at most."""
    return sqrt(chord2) * (1.0 + chord2 * _SECANT) if chord2 <= 1.0 else inf
