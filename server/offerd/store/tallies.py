"""What caps count over all profiles, and what is reserved: in memory, beside the file.

`Tallies` is what is committed; readers ask it from any thread. Each write transaction gathers
`TallyChanges` on top of it, which only its own operations see, and settles them once it is
committed. Of a counter with a window the newest times are kept: as many as its caps need of
those that aren't later than now, and all that are later.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Mapping
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple, TypeVar

from offerd.events import Counting
from offerd.model.capping import Cap
from offerd.model.profile import ProfileKey
from offerd.store.instants import Instants

K = TypeVar("K", bound=Hashable)

Holder = tuple[str, ProfileKey | None]
"""A counter's key, and the profile whose events it counts, or None for all profiles."""

LEAST_DROPPED: Final = 64
"""Times are dropped so many at once, or an eighth of what is kept if that is more."""


class Settled(NamedTuple):
    """What one transaction changed, as plain data: see TallyChanges."""

    counts: Mapping[str, int]
    times: Mapping[str, Instants]
    removed_times: Mapping[str, Instants]
    dropped: Mapping[str, int]
    pending: Mapping[Holder, Instants]
    removed_pending: Mapping[Holder, Instants]
    instant_ns: int


class Known(NamedTuple):
    """All that tallies hold, as plain data."""

    counts: Mapping[str, int]
    times: Mapping[str, Instants]
    pending: Mapping[Holder, Instants]


class Tallies:
    """Counts of the counters of all profiles, and reservations. For any thread."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._times: dict[str, Instants] = {}
        self._pending: dict[Holder, Instants] = {}
        # A heap: of each holder it has the first expiry, or an earlier one, at least once. The
        # numbers keep holders from being compared.
        self._expiries: list[tuple[int, int, Holder]] = []
        self._numbers = itertools.count()
        self.latest_ns = 0
        """The latest instant at which room was taken; for the writer alone."""
        self.when_settled: Callable[[Settled], None] | None = None
        """Is told of all that is taken over, by the writer, before anybody else learns of it."""
        self._lock = threading.Lock()

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """Returns how many events a counter had after an instant, up to and with another.

        None is open. From the beginning until whenever all events ever count; otherwise those
        whose times are kept, which are as many as any cap of the counter needs. 0 for a counter
        that no plan has had since the state was opened.
        """
        with self._lock:
            if after_ns is None:
                return self._counts.get(counter, 0)
            times = self._times.get(counter)
            return 0 if times is None else times.between(after_ns, until_ns)

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """Returns how much room of a counter is reserved and has neither expired nor been used.

        Of a profile, or with None of a counter of all profiles.
        """
        if not self._pending:
            return 0
        with self._lock:
            expiries = self._pending.get((counter, subject))
            return 0 if expiries is None else expiries.between(now_ns, None)

    @property
    def is_holding(self) -> bool:
        """Whether anything is reserved. For the writer alone."""
        return bool(self._pending)

    def expiries(self, counter: str, subject: ProfileKey | None, now_ns: int) -> list[int]:
        """Returns until when each room is reserved that `pending` counts, the first first."""
        with self._lock:
            expiries = self._pending.get((counter, subject), ())
            return [expire_ns for expire_ns in expiries if expire_ns > now_ns]

    def reached(self, offer: str, cap: Cap) -> bool:
        """Nothing is known but the counts."""
        return False

    def has(self, counting: Counting) -> bool:
        """Whether all is known of a counter that its caps ask for."""
        key = counting.counter.key
        return key in (self._times if counting.windowed else self._counts)

    def adopt(
        self,
        counts: Mapping[str, int],
        times: Mapping[str, Instants],
        pending: Mapping[Holder, Instants],
    ) -> None:
        """Takes over counters, and all that is reserved. For the writer alone."""
        with self._lock:
            self._counts.update(counts)
            self._times.update(times)
            self._pending = dict(pending)
            self._index_expiries()

    def known(self) -> Known:
        """Returns a copy of all there is. For the writer alone."""
        with self._lock:
            times = {key: Instants(one) for key, one in self._times.items()}
            pending = {key: Instants(one) for key, one in self._pending.items()}
            return Known(dict(self._counts), times, pending)

    def settle(self, changes: TallyChanges | Settled) -> None:
        """Takes over what was committed."""
        self._take_over(changes)
        if self.when_settled is not None:
            self.when_settled(
                Settled(
                    changes.counts, changes.times, changes.removed_times, changes.dropped,
                    changes.pending, changes.removed_pending, changes.instant_ns,
                )
            )  # fmt: skip

    def _take_over(self, changes: TallyChanges | Settled) -> None:
        with self._lock:
            for key, added in changes.counts.items():
                self._counts[key] += added
            _merge(self._times, changes.times, changes.removed_times)
            for key, dropped in changes.dropped.items():
                self._times[key].drop(dropped)
            _merge(self._pending, changes.pending, changes.removed_pending)
            for holder, held in changes.pending.items():
                self._expect(held.first, holder)
            for holder in changes.removed_pending:
                if not self._pending.get(holder, True):
                    del self._pending[holder]
            self.latest_ns = max(self.latest_ns, changes.instant_ns)
            self._drop_expired()

    def _drop_expired(self) -> None:
        while self._expiries and self._expiries[0][0] <= self.latest_ns:
            holder = heappop(self._expiries)[-1]
            expiries = self._pending.get(holder)
            if expiries is None:
                continue
            expiries.drop(expiries.between(None, self.latest_ns))
            if expiries:
                self._expect(expiries.first, holder)
            else:
                del self._pending[holder]
        if len(self._expiries) > 2 * len(self._pending) + LEAST_DROPPED:
            self._index_expiries()

    def _index_expiries(self) -> None:
        self._expiries = [
            (expiries.first, next(self._numbers), holder)
            for holder, expiries in self._pending.items()
        ]
        heapify(self._expiries)

    def _expect(self, expire_ns: int, holder: Holder) -> None:
        heappush(self._expiries, (expire_ns, next(self._numbers), holder))


class TallyChanges:
    """What one transaction adds to the tallies and takes from them."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self.counts: dict[str, int] = {}
        self.times: dict[str, Instants] = {}
        self.removed_times: dict[str, Instants] = {}
        self.dropped: dict[str, int] = {}
        self.pending: dict[Holder, Instants] = {}
        self.removed_pending: dict[Holder, Instants] = {}
        self.instant_ns = tallies.latest_ns

    def advance(self, now_ns: int) -> int:
        """Returns the instant at which room is taken: never before one at which some was.

        Requests are dated before they queue. What one found expired another that is dated
        earlier mustn't find alive.
        """
        self.instant_ns = max(self.instant_ns, now_ns)
        return self.instant_ns

    def add(self, counting: Counting, time_ns: int) -> None:
        """Counts an event for a counter of all profiles."""
        key = counting.counter.key
        self.counts[key] = self.counts.get(key, 0) + 1
        if counting.windowed:
            self.times.setdefault(key, Instants()).add(time_ns)

    def remove(self, counting: Counting, time_ns: int) -> None:
        """Takes an event back that was counted, here or before."""
        key = counting.counter.key
        self.counts[key] = self.counts.get(key, 0) - 1
        if counting.windowed:
            self.removed_times.setdefault(key, Instants()).add(time_ns)

    def hold(self, holder: Holder, expire_ns: int) -> None:
        """Reserves room for one event."""
        self.pending.setdefault(holder, Instants()).add(expire_ns)

    def unhold(self, holder: Holder, expire_ns: int) -> None:
        """Gives reserved room back."""
        self.removed_pending.setdefault(holder, Instants()).add(expire_ns)

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """As `Tallies.total`, with what this transaction did."""
        count = self._tallies.total(counter, after_ns, until_ns)
        if after_ns is None:
            return count + self.counts.get(counter, 0)
        added, removed = self.times.get(counter), self.removed_times.get(counter)
        count += 0 if added is None else added.between(after_ns, until_ns)
        return count - (0 if removed is None else removed.between(after_ns, until_ns))

    @property
    def is_holding(self) -> bool:
        """Whether anything is reserved."""
        return bool(self.pending) or self._tallies.is_holding

    def held(self, holder: Holder, now_ns: int) -> int:
        """As `Tallies.pending`, with what this transaction did."""
        count = self._tallies.pending(*holder, now_ns)
        added, removed = self.pending.get(holder), self.removed_pending.get(holder)
        count += 0 if added is None else added.between(now_ns, None)
        return count - (0 if removed is None else removed.between(now_ns, None))

    def drop_surplus(self, counting: Counting, now_ns: int) -> int:
        """Returns how many of the oldest times of a counter to drop now, mostly none."""
        key = counting.counter.key
        lowest = -(2**63)  # no event has it: years are limited
        past = self.total(key, lowest, now_ns) - self.dropped.get(key, 0)
        surplus = past - counting.kept
        if surplus <= max(LEAST_DROPPED, counting.kept // 8):
            return 0
        self.dropped[key] = self.dropped.get(key, 0) + surplus
        return surplus


def _merge(
    base: dict[K, Instants], added: Mapping[K, Instants], removed: Mapping[K, Instants]
) -> None:
    for key, instants in added.items():
        found = base.setdefault(key, Instants())
        for instant in instants:
            found.add(instant)
    for key, instants in removed.items():
        if key in base:
            for instant in instants:
                base[key].remove(instant)
