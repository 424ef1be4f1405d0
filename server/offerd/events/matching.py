"""Which events complete a sequence.

Events are looked at in the order of their times, all of one time together. For each step it is
remembered which events could be it, and for each of those the latest event that the first step of
a chain to it could be: that one is as good as any other, since what bounds a chain as a whole is
only how long it lasts. What a step may follow lies between two instants that never go back, so that
each event is taken up and put away once per step: the cost grows with events times steps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from offerd.events.series import Series
from offerd.model.schema import Sequence, SequenceStep

_NEVER: Final = -(2**65)
"""Before any instant by more than any span."""


class _Absent(NamedTuple):
    """A negated step before the first or after the last: its bit, and how far it reaches."""

    bit: int
    within_ns: int


class _Link(NamedTuple):
    """A positive step: its bit, the bits that bar it from the one before, and its distance."""

    bit: int
    barred: tuple[int, ...]
    after_ns: int
    within_ns: int | None


class Pattern:
    """A sequence, taken apart. Bit n of an entry's value says that the event matches step n."""

    def __init__(self, sequence: Sequence) -> None:
        self.links: list[_Link] = []
        self.before: list[_Absent] = []
        self.behind: list[_Absent] = []
        self.within_ns = sequence.within_ns
        self.gap_ns = sequence.session_gap_ns
        last = max(number for number, step in enumerate(sequence.steps) if not step.negated)
        barred: list[int] = []
        for number, step in enumerate(sequence.steps):
            bit = 1 << number
            if not step.negated:
                self.links.append(_link(step, bit, barred))
                barred = []
            elif number > last:
                self.behind.append(_Absent(bit, step.within_ns or 0))
            elif self.links:
                barred.append(bit)
            else:
                self.before.append(_Absent(bit, step.within_ns or 0))
        self.wait_ns = max((one.within_ns for one in self.behind), default=0)
        """How long after its last event the sequence is completed."""
        self.lookback_ns = max((one.within_ns for one in self.before), default=0)
        """How far before its first event the sequence looks."""
        self.relevant = sum(link.bit for link in self.links)
        """Bits of events that a positive step takes: sessions are made of those."""
        self.absent = [
            *(one.bit for one in self.before),
            *(bit for link in self.links for bit in link.barred),
        ]
        """Bits of events that bar others."""
        self.remembered = sum(self.absent) | (0 if self.gap_ns is None else self.relevant)

    def completions(self, series: Series, now_ns: int) -> Iterator[int]:
        """Yields the instants up to `now_ns` at which the sequence was completed, ascending.

        Of all ways to complete it the one that ends first, and so on with the events after that.
        """
        seen = _instants(series, now_ns)
        avoided = [
            (one.within_ns, [time_ns for time_ns, bits in seen if bits & one.bit])
            for one in self.behind
        ]
        scan, goal, end_ns = _Scan(self), len(self.links), _NEVER
        for time_ns, bits in seen:
            if (
                time_ns > end_ns
                and bits & self.relevant
                and scan.advance(time_ns, bits) == goal
                and not any(_any_within(times, time_ns, within) for within, times in avoided)
            ):
                end_ns = time_ns + self.wait_ns
                if end_ns > now_ns:
                    return
                yield end_ns
                scan.restart()
            if bits & self.remembered:
                scan.observe(time_ns, bits)

    def most_steps(self, series: Series, after_ns: int | None, now_ns: int) -> int:
        """Returns the most positive steps that were done in order by events in a window."""
        scan, most = _Scan(self), 0
        for time_ns, bits in _instants(series, now_ns):
            if bits & self.relevant and (after_ns is None or after_ns < time_ns):
                most = max(most, scan.advance(time_ns, bits))
            if bits & self.remembered:
                scan.observe(time_ns, bits)
        return most


def _link(step: SequenceStep, bit: int, barred: Iterable[int]) -> _Link:
    return _Link(bit, tuple(barred), max(step.after_ns or 0, 1), step.within_ns)


class _Chains:
    """The chains that have come to one step: of each its end and its start, by end."""

    __slots__ = ("_near", "_rising")

    def __init__(self) -> None:
        self._near: deque[tuple[int, int]] = deque()
        self._rising: deque[tuple[int, int]] = deque()

    def add(self, end_ns: int, start_ns: int) -> None:
        """Adds a chain; no other has come later."""
        self._near.append((end_ns, start_ns))

    def latest_start(self, low_ns: int, high_ns: int) -> int:
        """Returns the latest start of the chains that ended between two instants, inclusive.

        _NEVER if there are none. Neither of the instants may be before what was asked last.
        """
        near, rising = self._near, self._rising
        while near and near[0][0] <= high_ns:
            chain = near.popleft()
            while rising and rising[-1][1] <= chain[1]:
                rising.pop()
            rising.append(chain)
        while rising and rising[0][0] < low_ns:
            rising.popleft()
        return rising[0][1] if rising else _NEVER


class _Scan:
    """How far chains have come, event by event in order of time."""

    __slots__ = ("_chains", "_last", "_pattern", "_relevant_ns", "_session_ns")

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._last = dict.fromkeys(pattern.absent, _NEVER)
        self._relevant_ns = self._session_ns = _NEVER
        self.restart()

    def restart(self) -> None:
        """Forgets all chains."""
        self._chains = [_Chains() for _ in self._pattern.links]

    def advance(self, time_ns: int, bits: int) -> int:
        """Lets events of a time, later than all before, be steps; `bits` says which.

        Returns the number of the furthest step that they are, 0 for none.
        """
        furthest = 0
        for number, link in enumerate(self._pattern.links):
            if bits & link.bit:
                start_ns = self._start(number, link, time_ns)
                if start_ns != _NEVER:
                    furthest = number + 1
                    self._chains[number].add(time_ns, start_ns)
        return furthest

    def observe(self, time_ns: int, bits: int) -> None:
        """Remembers what happened at a time, for all events that come after it."""
        for bit in self._pattern.absent:
            if bits & bit:
                self._last[bit] = time_ns
        if bits & self._pattern.relevant:
            self._session_ns = self._session_at(time_ns)
            self._relevant_ns = time_ns

    def _start(self, number: int, link: _Link, time_ns: int) -> int:
        """Returns the latest start of a chain whose given step is an event of the time."""
        if number == 0:
            return _NEVER if self._preceded(time_ns) else time_ns
        low_ns = _NEVER if link.within_ns is None else time_ns - link.within_ns
        for bit in link.barred:
            low_ns = max(low_ns, self._last[bit])
        if self._pattern.gap_ns is not None:
            low_ns = max(low_ns, self._session_at(time_ns))
        start_ns = self._chains[number - 1].latest_start(low_ns, time_ns - link.after_ns)
        within_ns = self._pattern.within_ns
        return start_ns if within_ns is None or time_ns - start_ns <= within_ns else _NEVER

    def _preceded(self, time_ns: int) -> bool:
        """Whether something happened before a time that mustn't before the first step."""
        return any(
            time_ns - self._last[absent.bit] <= absent.within_ns for absent in self._pattern.before
        )

    def _session_at(self, time_ns: int) -> int:
        """Returns when the session began that an event of the time is in."""
        gap_ns = self._pattern.gap_ns
        ended = gap_ns is not None and time_ns - self._relevant_ns > gap_ns
        return time_ns if ended else self._session_ns


def _instants(series: Series, now_ns: int) -> list[tuple[int, int]]:
    """Returns the times of a series up to now, ascending, each with all its entries' bits."""
    found: list[tuple[int, int]] = []
    last_ns = _NEVER
    high = bisect_right(series.times, now_ns)
    for time_ns, bits in zip(series.times[:high], series.values[:high], strict=True):
        if time_ns == last_ns:
            found[-1] = (time_ns, found[-1][1] | bits)
        else:
            found.append((time_ns, bits))
            last_ns = time_ns
    return found


def _any_within(times: list[int], time_ns: int, within_ns: int) -> bool:
    place = bisect_right(times, time_ns)
    return place < len(times) and times[place] - time_ns <= within_ns
