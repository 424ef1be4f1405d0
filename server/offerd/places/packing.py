"""Which fences share a leaf of a tree: those that lie closest together.

The order of a curve through space keeps neighbours close, but jumps now and then, and so do the
leaves that are cut from it. So stretches of it are halved again and again, across the widest of
their three dimensions (Bentley, "Multidimensional binary search trees used for associative
searching", 1975): that halves how many nodes are read to find what is nearest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import Final

from offerd.places.sphere import Vector

CHILDREN: Final = 16
"""How many entries a node has."""

_STRETCH: Final = CHILDREN**3
"""So many fences are put in order at a time."""


def packed(
    members: Sequence[int], centre: Callable[[int], Vector], size: Callable[[int], int]
) -> Iterator[int]:
    """Yields the members so that each 16 lie together, and each 16 times 16.

    `members` are in the order of a curve, which goes through all of one size before others.
    """
    done = 0
    for _, group in groupby(members, key=size):
        same = iter(group)
        # A leaf that was begun with others is filled up first.
        lead = list(islice(same, -done % CHILDREN))
        yield from lead
        done += len(lead)
        while stretch := list(islice(same, _STRETCH)):
            yield from _together(stretch, centre)
            done += len(stretch)


def _together(stretch: Sequence[int], centre: Callable[[int], Vector]) -> Iterator[int]:
    centres = [centre(number) for number in stretch]
    axes = [[at[axis] for at in centres] for axis in range(3)]
    return (stretch[place] for place in _halved(range(len(stretch)), axes))


def _halved(part: Sequence[int], axes: Sequence[Sequence[float]]) -> Sequence[int]:
    """Returns places in the lists of `axes`, halved until a leaf holds them."""
    if len(part) <= CHILDREN:
        return part
    widest, axis = -1.0, axes[0]
    for one in axes:
        values = [one[place] for place in part]
        width = max(values) - min(values)
        if width > widest:
            widest, axis = width, one
    ordered = sorted(part, key=axis.__getitem__)
    # Halves are of whole nodes of the level below.
    whole = CHILDREN**2 if len(part) > CHILDREN**2 else CHILDREN
    middle = (-(-len(part) // whole) + 1) // 2 * whole
    return [*_halved(ordered[:middle], axes), *_halved(ordered[middle:], axes)]
