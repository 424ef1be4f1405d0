"""Decisions that wait to be journalled: so many at most, and none of a profile that is deleted."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from offerd.model.journal import Draft, GapEntry
from offerd.model.profile import ProfileKey
from offerd.store.journal import EncodedEntry, encode_entry
from offerd.store.layout import profile_digest

T = TypeVar("T")

QUEUE_LIMIT: Final = 10_000
"""The most decisions that wait; more are left out."""


class Waiting:
    """A bounded queue of decisions, and a count of those that are left out. For any thread.

    What was decided for a profile is forgotten when it is deleted: what waits, what is being
    encoded, and what is decided until it is gone, perhaps from what is being deleted.
    """

    def __init__(self) -> None:
        self._drafts: deque[Draft] = deque()
        self._gap: GapEntry | None = None
        self._deleting: Counter[ProfileKey] = Counter()
        self._deleted: set[bytes] = set()
        """Digests of the profiles deleted since decisions were last taken out."""
        self._lock = threading.Lock()
        self.left_out = 0
        """Decisions that were left out since the process started."""

    def __len__(self) -> int:
        return len(self._drafts)

    @property
    def has_gap(self) -> bool:
        """Whether decisions were left out of which the journal doesn't know yet."""
        return self._gap is not None

    def put(self, draft: Draft) -> bool:
        """Lets a decision wait; False if it is left out because too many do."""
        with self._lock:
            if self._deleting and draft.view.subject in self._deleting:
                return True
            if len(self._drafts) < QUEUE_LIMIT:
                self._drafts.append(draft)
                return True
        self.leave_out(1, draft.time_ns)
        return False

    def keeps_out(self, subject: ProfileKey | None) -> bool:
        """Whether a profile is being deleted."""
        with self._lock:
            return bool(self._deleting) and subject in self._deleting

    def delete(self, key: ProfileKey, submit: Callable[[], Future[T]]) -> Future[T]:
        """Forgets what is about a profile while it is deleted; `submit` begins that."""
        with self._lock:
            kept = [draft for draft in self._drafts if draft.view.subject != key]
            self._drafts.clear()
            self._drafts.extend(kept)
            future = submit()
            self._deleted.add(profile_digest(key))
            self._deleting[key] += 1
        future.add_done_callback(lambda _: self._gone(key))
        return future

    def _gone(self, key: ProfileKey) -> None:
        with self._lock:
            self._deleting[key] -= 1
            if not self._deleting[key]:
                del self._deleting[key]

    def leave_out(self, decisions: int, time_ns: int) -> None:
        """Notes that decisions, the first of this time, don't get into the journal."""
        with self._lock:
            self.left_out += decisions
            self._add_gap(GapEntry(time_ns, None, decisions))

    def _add_gap(self, gap: GapEntry) -> None:
        known = self._gap
        if known is not None:
            gap = replace(
                known,
                time_ns=min(known.time_ns, gap.time_ns),
                decisions=known.decisions + gap.decisions,
            )
        self._gap = gap

    def take(self, most: int) -> list[Draft]:
        """Takes out the decisions that have waited longest."""
        with self._lock:
            self._deleted.clear()
            return [self._drafts.popleft() for _ in range(min(most, len(self._drafts)))]

    def send(
        self, entries: list[EncodedEntry], submit: Callable[[Sequence[EncodedEntry]], Future[None]]
    ) -> tuple[Future[None], Callable[[], None]]:
        """Submits what was taken, but for profiles deleted since, and an entry for a gap.

        Returns the future, and what undoes that the gap is told. Raises whatever `submit` does;
        then nothing has changed.
        """
        with self._lock:
            gap = self._gap
            kept = [entry for entry in entries if entry.owner not in self._deleted]
            if gap is not None:
                kept.append(encode_entry(gap))
            future = submit(kept)
            self._gap = None

        def untell() -> None:
            if gap is not None:
                with self._lock:
                    self._add_gap(gap)

        return future, untell


def done(value: Any = None) -> Future[Any]:
    """Returns a future that has a result."""
    future: Future[Any] = Future()
    future.set_result(value)
    return future
