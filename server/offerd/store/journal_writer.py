"""Getting decisions into the journal without anybody waiting for it, and old ones out of it.

Decisions that take room under caps go in with the room, by the store's own writer. Others are
handed over as they are, to a thread that encodes whatever has gathered and has the writer append
it in one transaction. What it can't keep up with is left out, and an entry says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from enum import Enum
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeVar

from offerd.errors import Exhausted, RequestError, Unavailable
from offerd.model.journal import Draft
from offerd.model.profile import ProfileKey
from offerd.model.shares import WHOLE
from offerd.store.journal import EncodedEntry, Retention, encode_draft
from offerd.store.journal_reader import JournalReader
from offerd.store.journal_waiting import Waiting, done
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace
from offerd.store.writer import Writer

T = TypeVar("T")

GATHER_S: Final = 0.05
"""How long decisions gather before they are appended together."""

ENCODED_AT_ONCE: Final = 16
BREATH_S: Final = 0.001
"""Whoever answers requests waits while so many are encoded, and has so long before the next."""

CHUNK: Final = 500
"""Entries appended or removed per transaction at most."""

TRIM_S: Final = 1.0
"""How often the journal is measured against what may be kept."""


class JournalMode(Enum):
    """Whether decisions are journalled, and whether the answer waits for it.

    Decisions that take room under caps are journalled with it, before the answer, in either mode.
    """

    OFF = "off"
    BEHIND = "behind"
    BEFORE_ANSWER = "before-answer"


class JournalSettings(NamedTuple):
    """What is journalled and how long it is kept.

    `reasons_share` of 10,000 decisions are kept with the reason of every candidate. Entries that
    are there are trimmed in every mode. `now` is the clock for their age, in nanoseconds.
    """

    mode: JournalMode = JournalMode.OFF
    reasons_share: int = 0
    retention: Retention = Retention()
    now: Callable[[], int] = time.time_ns


class Append(Operation[None]):
    """Appends entries to the journal."""

    def __init__(self, entries: Sequence[EncodedEntry]) -> None:
        self._entries = entries
        self.weight = max(1, len(entries))
        self.size_bytes = sum(entry.waiting_bytes for entry in entries)

    def leave_out(self, forgotten: Callable[[EncodedEntry], bool]) -> None:
        """Drops entries before they are appended."""
        self._entries = [entry for entry in self._entries if not forgotten(entry)]

    def apply(self, workspace: Workspace) -> None:
        """Hands them to the journal of the transaction, but for those of whom was deleted since."""
        for entry in self._entries:
            if not workspace.tombstones.covers_entry(entry.owner, entry.time_ns):
                workspace.journal.append(entry)


class Trim(Operation[int]):
    """Removes some of the oldest entries that may not be kept; tells how many."""

    frees = True

    def __init__(self, retention: Retention, now_ns: int) -> None:
        self._retention = retention
        self._now_ns = now_ns

    def apply(self, workspace: Workspace) -> int:
        """Removes them from the journal of the transaction."""
        return workspace.journal.trim(self._retention, self._now_ns, CHUNK)


class Journal:
    """The journal of a state that is open. For any thread."""

    def __init__(self, writer: Writer, reader: JournalReader, settings: JournalSettings) -> None:
        self.reader = reader
        """What was appended."""
        self.when_left_out: Callable[[int], None] = lambda left_out: None
        """Is told `left_out` whenever it has grown; from any thread."""
        self.when_deleting: Callable[[ProfileKey, Future[Any]], None] | None = None
        """Is told of profiles that are being deleted, with what is done once they are."""
        self._writer = writer
        self._settings = settings
        self._waiting = Waiting()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        if settings.mode is JournalMode.BEHIND or settings.retention.is_limited:
            self._wake.set()  # what was left from before may be too much or too old
            self._thread = threading.Thread(target=self._run, name="offerd-journal", daemon=True)
            self._thread.start()

    @property
    def mode(self) -> JournalMode:
        """Whether decisions are journalled, and whether the answer waits for it."""
        return self._settings.mode

    @property
    def left_out(self) -> int:
        """Decisions that aren't in the journal because it couldn't keep up, since it was opened."""
        return self._waiting.left_out

    @property
    def waiting(self) -> int:
        """How many decisions wait to be appended."""
        return len(self._waiting)

    def wants_reasons(self, stem: str) -> bool:
        """Whether the decision of a stem is to be kept with its candidates' reasons."""
        share = self._settings.reasons_share
        if not share or self._settings.mode is JournalMode.OFF:
            return False
        digest = blake2b(stem.encode(), digest_size=8, salt=b"reasons").digest()
        return int.from_bytes(digest, "big") * WHOLE >> 64 < share

    def hand_over(self, draft: Draft) -> None:
        """Takes a decision to be appended soon, or if too many wait leaves it out."""
        if not self._waiting.put(draft):
            self.when_left_out(self.left_out)
        elif not self._wake.is_set():
            self._wake.set()

    def append(self, draft: Draft) -> Future[None]:
        """Appends a decision; done once it is durable. Raises Exhausted or Unavailable."""
        if self._waiting.keeps_out(draft.view.subject):
            return done()
        return self._writer.submit(Append([encode_draft(draft)]))

    def admitted(self, draft: Draft | None) -> Draft | None:
        """Returns a draft that goes in with the room it takes; None if it may not."""
        if draft is None or self._waiting.keeps_out(draft.view.subject):
            return None
        return draft

    def delete(self, key: ProfileKey, submit: Callable[[], Future[T]]) -> Future[T]:
        """Lets a profile be deleted so that nothing about it is appended afterwards.

        What was decided for it and waits is forgotten, and so is what is decided for it until it
        is gone: that may have been decided from what is being deleted. `submit` begins it.
        """
        future = self._waiting.delete(key, submit)
        if self.when_deleting is not None:
            self.when_deleting(key, future)
        return future

    def close(self) -> None:
        """Appends what waits and ends the thread. Safe to call twice."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        retention = self._settings.retention
        trimmed_s = -TRIM_S
        while True:
            has_more = retention.is_limited or self._waiting.has_gap
            self._wake.wait(TRIM_S if has_more else None)
            if not self._closing.is_set():
                self._closing.wait(GATHER_S)
            self._wake.clear()
            try:
                self._append_all()
                if retention.is_limited and time.monotonic() - trimmed_s >= TRIM_S:
                    self._trim(retention)
                    trimmed_s = time.monotonic()
            except Unavailable:
                return  # the store is closed, and so nothing is decided any more
            if self._closing.is_set():
                return

    def _append_all(self) -> None:
        """Appends what waits; what can't be stored is left out."""
        while self._waiting or self._waiting.has_gap:
            entries = self._encoded(self._waiting.take(CHUNK))
            try:
                future, untell = self._sent(entries)
            except Unavailable:
                self._leave_out(entries)
                raise
            try:
                future.result()
            except RequestError:
                untell()
                self._leave_out(entries)
                return

    def _encoded(self, drafts: Sequence[Draft]) -> list[EncodedEntry]:
        entries: list[EncodedEntry] = []
        failed: list[Draft] = []
        for number, draft in enumerate(drafts, start=1):
            try:
                entries.append(encode_draft(draft))
            except (TypeError, ValueError, OverflowError):
                failed.append(draft)
            if number % ENCODED_AT_ONCE == 0:
                self._closing.wait(BREATH_S)
        self._leave_out(failed)
        return entries

    def _sent(self, entries: list[EncodedEntry]) -> tuple[Future[None], Callable[[], None]]:
        """Hands entries to the writer, as soon as not too much waits for it already."""
        while True:
            try:
                return self._waiting.send(entries, lambda kept: self._writer.submit(Append(kept)))
            except Exhausted:
                time.sleep(GATHER_S)

    def _leave_out(self, left: Sequence[Draft] | Sequence[EncodedEntry]) -> None:
        if left:
            self._waiting.leave_out(len(left), left[0].time_ns)
            self.when_left_out(self.left_out)

    def _trim(self, retention: Retention) -> None:
        """Removes what may not be kept, some at a time."""
        while not self._closing.is_set():
            now_ns = self._settings.now()
            if not self._is_over(retention, now_ns):
                return
            try:
                self._writer.submit(Trim(retention, now_ns)).result()
            except Exhausted:
                return  # the store is behind: the next time will do

    def _is_over(self, retention: Retention, now_ns: int) -> bool:
        limit_bytes, kept_from_ns = retention.size_bytes, retention.oldest_ns(now_ns)
        if limit_bytes is not None and self.reader.extent().size_bytes > limit_bytes:
            return True
        oldest_ns = None if kept_from_ns is None else self.reader.oldest_ns()
        return oldest_ns is not None and oldest_ns < (kept_from_ns or 0)
