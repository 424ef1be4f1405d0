"""Finding places by best first search through the trees of `offerd.places.trees`.

What is to be looked at waits in a heap, by how near, or how early, it can be at best. A node that
comes out is replaced by its children, a fence whose bound comes out by itself, exactly; so fences
come out in order, and nothing is looked at that can't be among those wanted (Hjaltason and Samet,
"Distance browsing in spatial databases", 1999).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from offerd.places.records import NUMBER
from offerd.places.sphere import Vector
from offerd.places.trees import BOX, ENTRY, HEAD, ROOT, directory_key, node_key

Get = Callable[[bytes], bytes | None]
"""A record of the index by its key."""

Bound = Callable[[Vector, float], float | None]
"""By a circle's centre and radius in metres: what no fence in it comes before; None: it's out."""

Exact = Callable[[int], tuple[float, float] | None]
"""By a fence's number: its key in the order, and what else is told of it; None: it's out."""


class Match(NamedTuple):
    """A fence that came out: its number, its key in the order, and what else is told of it."""

    number: int
    key: float
    told: float


class Entry(NamedTuple):
    """A child of a node, or a fence of a leaf: what `ENTRY` packs."""

    one: int
    other: int
    centre: Vector
    radius_m: float


Node = tuple[bool, tuple[Entry, ...]]
"""Whether it is a leaf, and what is in it."""

_MOST_KEPT = 2_048
"""So many nodes are kept decoded, at some ten kilobytes."""


class Nodes:
    """The nodes of trees, kept once they were read.

    Safe to be asked by several threads at once: what it keeps is set and taken in single steps.
    """

    def __init__(self, get: Get) -> None:
        self.get = get
        self._kept: dict[tuple[int, int], Node] = {}

    def node(self, tree: int, number: int) -> Node:
        """Returns a node of a tree; raises LookupError if there is none."""
        return self._kept.get((tree, number)) or self._read(tree, number)

    def _read(self, tree: int, number: int) -> Node:
        record = self.get(node_key(tree, number))
        if record is None:
            raise LookupError(f"the index of places has no node {number} of tree {tree}")
        is_leaf = HEAD.unpack_from(record) == (1,)
        each = ENTRY.size if is_leaf else ENTRY.size + BOX.size
        end = HEAD.size + len(record) // each * ENTRY.size
        entries = tuple(
            Entry(one, other, (x, y, z), radius_m)
            for one, other, x, y, z, radius_m in ENTRY.iter_unpack(record[HEAD.size : end])
        )
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        node = self._kept[tree, number] = (is_leaf, entries)
        return node


def roots(
    get: Get, libraries: frozenset[int] | None, categories: frozenset[int] | None
) -> list[tuple[int, int]]:
    """Returns tree and root of the trees that hold all places of some libraries and categories."""
    found = []
    for library in (None,) if libraries is None else sorted(libraries):
        for category in (None,) if categories is None else sorted(categories):
            record = get(directory_key(library, category))
            if record is not None:
                found.append(ROOT.unpack(record))
    return found


def matches(
    nodes: Nodes, starts: list[tuple[int, int]], bound: Bound, exact: Exact
) -> Iterator[Match]:
    """Yields the fences in the order of their keys, then of their priority.

    `bound` is asked of circles around fences, `exact` of fences whose bound came out first.
    """
    # Of equal keys, nodes and fences that aren't exact yet come out before those that are.
    heap: list[tuple[float, int, int, int, float]] = [
        (float("-inf"), _NODE, tree, number, 0.0) for tree, number in starts
    ]
    heapify(heap)
    while heap:
        at, kind, one, other, told = heappop(heap)
        if kind == _EXACT:
            yield Match(one & NUMBER, at, told)
        elif kind == _NODE:
            leaf, entries = nodes.node(one, other)
            for entry in entries:
                least = bound(entry.centre, entry.radius_m)
                if least is None:
                    continue
                if leaf:
                    heappush(heap, (least, _FENCE, entry.one, 0, 0.0))
                else:
                    heappush(heap, (least, _NODE, one, entry.one, 0.0))
        else:
            answer = exact(one & NUMBER)
            if answer is not None:
                heappush(heap, (answer[0], _EXACT, one, 0, answer[1]))


def first_in_line(
    nodes: Nodes,
    starts: list[tuple[int, int]],
    may: Callable[[Vector, float], bool],
    matching: Callable[[int], bool],
) -> Iterator[int]:
    """Yields the numbers of matching fences by priority.

    `may` tells of a circle whether a fence in it may match.
    """
    heap: list[tuple[int, int, int, int]] = [(0, _NODE, tree, number) for tree, number in starts]
    heapify(heap)
    while heap:
        fence, kind, tree, number = heappop(heap)
        if kind == _FENCE:
            if matching(fence & NUMBER):
                yield fence & NUMBER
            continue
        leaf, entries = nodes.node(tree, number)
        for entry in entries:
            if may(entry.centre, entry.radius_m):
                if leaf:
                    heappush(heap, (entry.one, _FENCE, 0, 0))
                else:
                    heappush(heap, (entry.other, _NODE, tree, entry.one))


_NODE, _FENCE, _EXACT = 0, 1, 2
