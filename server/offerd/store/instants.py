"""A sorted collection of instants, made for asking how many lie after one."""

from __future__ import annotations

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence


class Instants:
    """Nanoseconds since 1970 in ascending order; the same one may be there several times."""

    __slots__ = ("_values",)

    def __init__(self, ascending: Iterable[int] = ()) -> None:
        self._values = array("q", ascending)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[int]:
        return iter(self._values)

    @property
    def first(self) -> int:
        """The oldest; there must be one."""
        return self._values[0]

    def add(self, instant: int) -> None:
        """Puts an instant in its place."""
        values = self._values
        if not values or values[-1] <= instant:
            values.append(instant)
        else:
            insort(values, instant)

    def remove(self, instant: int) -> None:
        """Takes one out; does nothing if it isn't there."""
        place = bisect_right(self._values, instant) - 1
        if place >= 0 and self._values[place] == instant:
            del self._values[place]

    def drop(self, count: int) -> None:
        """Takes the oldest out."""
        del self._values[:count]

    def between(self, after_ns: int | None, until_ns: int | None) -> int:
        """Returns how many lie after one instant, up to and with another; None is open."""
        return count_between(self._values, after_ns, until_ns)


def count_between(times: Sequence[int], after_ns: int | None, until_ns: int | None) -> int:
    """Returns how many of ascending times lie after one instant, up to and with another.

    None is open.
    """
    last = len(times) if until_ns is None else bisect_right(times, until_ns)
    return last if after_ns is None else max(0, last - bisect_right(times, after_ns))
