"""The nearest one of all places, or of some: what decisions ask most.

It goes through the trees of `offerd.places.trees` best first, like `offerd.places.search`, but
needs no order beyond the first: what can't come before the nearest so far isn't even put in line.
Nodes that were read lately are kept as they were unpacked.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import asin, inf, sqrt
from typing import Final

from offerd.model.place import EARTH_RADIUS_M
from offerd.places.records import NUMBER
from offerd.places.search import Get
from offerd.places.sphere import Vector
from offerd.places.trees import ENTRY, HEAD, node_key

_Entry = tuple[float, float, float, int, int, float]
"""Centre of a circle, what is in it, whether that is all of it, and metres of its radius."""

_Node = tuple[bool, float, tuple[_Entry, ...]]
"""Whether it is a leaf, the largest radius as an arc, and its entries."""

_MOST_KEPT: Final = 8_192
"""So many nodes are kept; one takes some 4 KB."""

_CUBE: Final = 1 / 24
_FIFTH: Final = 3 / 640
"""An arc is at least its chord d, times 1 + d² / 24 + 3 d⁴ / 640: the series has no other sign."""

_SPARE_M: Final = 0.5
_TO_ARC: Final = 1 / EARTH_RADIUS_M
_SPARE: Final = 2 * _SPARE_M * _TO_ARC
_ROUNDED: Final = 4e-15
"""More than rounding does to a product of unit vectors."""

_SECANT: Final = 0.0473
"""An arc is at most its chord d, times 1 + d² times this, where d is at most 1."""

_FAR: Final = 0.01
"""From this squared chord on, 640 km, arcs are exact: the series would be kilometres off."""

_LEAF: Final = 1


class Nearing:
    """Finds the nearest fence in trees. Safe to be asked by several threads at once: what it keeps
    is set and taken in single steps."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._kept: dict[tuple[int, int], _Node] = {}

    def nearest(
        self, starts: list[tuple[int, int]], at: Vector, exact: Callable[[int], float]
    ) -> tuple[int, float] | None:
        """Returns the number of the nearest fence of some trees, and metres to its edge.

        Of several at one distance it is the first by priority; None if the trees are empty. `exact`
        gives metres to the edge by the number of a fence.
        """
        px, py, pz = at
        best_m, best = inf, -1
        # The nearest is no farther than that: as an arc of the unit sphere, with room to spare.
        reach = inf
        # Metres that a node or a fence is away at least, how far its centre is, so that of those
        # that hold the point the likeliest comes first; tree and node, or -1 and fence.
        heap = [(0.0, 0.0, tree, root) for tree, root in starts]
        while heap:
            least_m, _, tree, number = heappop(heap)
            if least_m > best_m:
                break
            if tree < 0:
                found_m = exact(number & NUMBER)
                if found_m < best_m or (found_m == best_m and number < best):
                    best_m, best = found_m, number
                continue
            node = self._kept.get((tree, number)) or self._read(tree, number)
            is_leaf, largest, entries = node
            below = -1 if is_leaf else tree
            # Most are too far away for any circle of the node to reach.
            least = 1.0 - (reach + largest) * (reach + largest) / 2 - _ROUNDED
            close = [one for one in entries if one[0] * px + one[1] * py + one[2] * pz >= least]
            for x, y, z, one, circle, radius_m in close:
                dx, dy, dz = x - px, y - py, z - pz
                chord2 = dx * dx + dy * dy + dz * dz
                radius = radius_m * _TO_ARC
                if chord2 < _FAR:
                    arc = sqrt(chord2) * (1.0 + chord2 * (_CUBE + chord2 * _FIFTH))
                else:
                    arc = 2.0 * asin(min(1.0, sqrt(chord2) / 2))
                if arc - radius > reach:
                    continue
                away_m = arc * EARTH_RADIUS_M - radius_m - _SPARE_M
                heappush(heap, (away_m if away_m > 0.0 else 0.0, arc, below, one))
                # There is a fence in this circle, if it isn't the fence itself.
                if is_leaf and circle == 1:
                    radius = -radius
                if arc + radius < reach:
                    most = arc if chord2 >= _FAR else sqrt(chord2) * (1.0 + chord2 * _SECANT)
                    most += radius
                    if most < reach:
                        reach = (most if most > 0.0 else 0.0) + _SPARE
        return None if best < 0 else (best & NUMBER, best_m)

    def _read(self, tree: int, number: int) -> _Node:
        record = self._get(node_key(tree, number))
        if record is None:
            raise LookupError(f"the index of places has no node {number} of tree {tree}")
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        entries = tuple(
            (x, y, z, one, circle, radius_m)
            for one, circle, x, y, z, radius_m in ENTRY.iter_unpack(record[HEAD.size :])
        )
        largest = max(entry[-1] for entry in entries) * _TO_ARC
        node = self._kept[tree, number] = (HEAD.unpack_from(record) == (_LEAF,), largest, entries)
        return node
