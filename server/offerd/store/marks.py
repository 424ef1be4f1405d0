"""Noting whose memberships may have changed, in the transaction that may have changed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.layout import Table, profile_digest
from offerd.store.memberships import (
    ANYTHING,
    DATA,
    SWEEP,
    Mark,
    Sweep,
    decode_mark,
    decode_sweep,
    encode,
)


class Watch(NamedTuple):
    """What tracked audiences depend on: events of these types, attributes or scores, and loads.

    `any_tracked` False is that there are no such audiences: then nothing is marked. `loads` are
    causes (see `offerd.customer.tracking.load_cause`), None being all.
    """

    event_types: frozenset[str] = frozenset()
    data: bool = False
    any_tracked: bool = True
    loads: frozenset[str] | None = None


class Watching:
    """What is watched, None while nobody says, and who is told.

    `when_marked` is called after a commit that has marked somebody, by the thread that writes.
    """

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self.when_marked: Callable[[], None] | None = None


UNWATCHED: Final = Watching()
"""Nobody says; nothing is to be set on it."""


class Marks:
    """The marks that one transaction makes; they wait for `flush`.

    While nobody says what is watched, as when data is imported, all profiles are to be looked at
    once somebody does.
    """

    def __init__(self, environment: Environment, transaction: Any, watching: Watching) -> None:
        self._environment = environment
        self._transaction = transaction
        self._watching = watching
        self._watch = watching.watch
        self._marked: dict[ProfileKey, _Made] = {}
        self._unwatched = False
        self._made = False

    def event(self, key: ProfileKey, event_type: str, now_ns: int | None, *, new: bool) -> None:
        """An event of a profile was stored or taken back; `new` if the profile is."""
        watch = self._watch
        if watch is None:
            self._unwatched = True
        elif event_type in watch.event_types or (new and watch.any_tracked):
            self._mark(key, ANYTHING if new else event_type, now_ns)

    def events(
        self, key: ProfileKey, event_type: str, now_ns: int, count: int, *, new: bool
    ) -> None:
        """As `event` one after the other, of several of a type; `new` if the first made the
        profile."""
        self.event(key, event_type, now_ns, new=new)
        watch = self._watch
        if watch is not None and event_type in watch.event_types:
            for _ in range(1, count):
                self.event(key, event_type, now_ns, new=False)

    def data(self, key: ProfileKey, now_ns: int | None) -> None:
        """Attributes or scores of a profile were written."""
        watch = self._watch
        if watch is None:
            self._unwatched = True
        elif watch.data:
            self._mark(key, DATA, now_ns)

    def anything(self, keys: Iterable[ProfileKey], now_ns: int | None = None) -> None:
        """Something else of profiles was written, such as links."""
        for key in keys:
            if self._watch is None:
                self._unwatched = True
            elif self._watch.any_tracked:
                self._mark(key, ANYTHING, now_ns)

    def load(self, cause: str, now_ns: int) -> None:
        """A load came into force, which may be of very many profiles."""
        watch = self._watch
        if watch is not None and watch.loads is not None and cause not in watch.loads:
            return
        tracking = self._environment.database(Table.TRACKING)
        found = self._transaction.get(SWEEP, db=tracking)
        if found is None:
            sweep = Sweep(now_ns, b"", (cause,))
        else:
            sweep = decode_sweep(bytes(found)).with_load(now_ns, cause)
        self._put(Table.TRACKING, SWEEP, encode(sweep))
        self._made = True

    def settle(self) -> None:
        """Tells that somebody was marked, once that is committed."""
        if self._made and self._watching.when_marked is not None:
            self._watching.when_marked()

    def forget(self, key: ProfileKey) -> None:
        """Takes off the mark of a profile of which there is nothing any more."""
        self._marked.pop(key, None)
        marks = self._environment.database(Table.UNTRACKED)
        self._transaction.delete(profile_digest(key), db=marks)

    def flush(self) -> None:
        """Hands the marks to the transaction."""
        database = self._environment.database(Table.UNTRACKED)
        for key, made in self._marked.items():
            digest = profile_digest(key)
            found = self._transaction.get(digest, db=database)
            whole = made if found is None else made.after(decode_mark(found))
            self._transaction.put(digest, encode(whole.mark(key)), db=database)
        self._marked.clear()
        if self._unwatched and self._is_tracked():
            self._put(Table.TRACKING, SWEEP, encode(Sweep(0, b"")))
        self._unwatched = False

    def _is_tracked(self) -> bool:
        tracking = self._environment.database(Table.TRACKING)
        return bool(self._transaction.stat(tracking)["entries"])

    def _mark(self, key: ProfileKey, cause: str, now_ns: int | None) -> None:
        made = self._marked.setdefault(key, _Made())
        self._made = True
        made.add(cause, now_ns)

    def _put(self, table: Table, key: bytes, value: bytes) -> None:
        self._transaction.put(key, value, db=self._environment.database(table))


class _Made:
    """A mark that is being made."""

    __slots__ = ("_causes", "_times_ns", "_writes")

    def __init__(self) -> None:
        self._causes: set[str] = set()
        self._times_ns: list[int] = []
        self._writes = 0

    def add(self, cause: str, now_ns: int | None) -> None:
        """Adds a write; its time may not be known."""
        self._causes.add(cause)
        self._writes += 1
        if now_ns is not None:
            self._times_ns.append(now_ns)

    def after(self, known: Mark) -> _Made:
        """Returns the two as one."""
        self._causes.update(known.causes)
        self._writes += known.writes
        self._times_ns.extend(time_ns for time_ns in (known.first_ns, known.last_ns) if time_ns)
        return self

    def mark(self, key: ProfileKey) -> Mark:
        """Returns it as it is stored; a time of 0 isn't known."""
        times_ns = self._times_ns
        causes = (ANYTHING,) if ANYTHING in self._causes else tuple(sorted(self._causes))
        first_ns, last_ns = min(times_ns, default=0), max(times_ns, default=0)
        return Mark(*key, first_ns, last_ns, causes, self._writes)
