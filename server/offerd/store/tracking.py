"""What is known of memberships, and what is still to be looked at; read beside any writer.

The row names of `tracking`: `sweep`, a Sweep while all profiles are looked at; `fingerprint`, of
what is tracked; `next`, the sequence of the last transition, and `trimmed`, of the last that was
removed for its age; `members` and an audience's digest, how many members it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from offerd.customer.graph import members_of
from offerd.model.membership import MembershipStatus
from offerd.model.profile import ProfileKey
from offerd.store.graphs import links_of
from offerd.store.layout import (
    DIGEST_BYTES,
    Table,
    decode_count,
    decode_record,
    profile_digest,
    unpack_time,
)
from offerd.store.loads import LoadReader, keys_page
from offerd.store.marks import Watch, Watching
from offerd.store.membership_writer import USUALLY_KEPT, BeginSweep, Kept, Seen, Track
from offerd.store.memberships import (
    COUNT,
    FINGERPRINT,
    NEXT,
    SWEEP,
    TRIMMED,
    Mark,
    Stored,
    Sweep,
    TransitionRow,
    audience_digest,
    decode_mark,
    decode_row,
    decode_sweep,
    decode_transition,
    pack_sequence,
    timed,
    unpack_sequence,
)
from offerd.store.operations import Operation

T = TypeVar("T")

Submit = Callable[[Operation[Any]], Future[Any]]
"""Queues a write."""


class Reader(Protocol):
    """An environment, or a state that is only read."""

    def database(self, table: Table) -> Any:
        """Returns LMDB's handle of a database."""

    def read(self, work: Callable[[Any], T]) -> T:
        """Runs a function on a snapshot."""


_WITH_PROFILE: Final = b"p"
_LOADED: Final = b"q"
_TRACKED: Final = b"t"
"""What the places begin with from which everybody is told on: they ascend."""


class Page(NamedTuple):
    """Some identities, and where to go on; None at the end."""

    keys: list[ProfileKey]
    after: bytes | None


class Member(NamedTuple):
    """A member of an audience; `digest` is where to go on after them."""

    key: ProfileKey
    since_ns: int
    digest: bytes


class MembershipReader:
    """Memberships as they are tracked. For any thread."""

    def __init__(self, environment: Reader) -> None:
        self._environment = environment

    def row(self, key: ProfileKey) -> Stored | None:
        """Returns what is tracked of a subject, None if nothing is."""
        return self.row_at(profile_digest(key))

    def row_at(self, digest: bytes) -> Stored | None:
        """As `row`, by the digest of the subject's key."""
        value = self._get(Table.TRACKED, digest)
        return None if value is None else Stored(decode_row(value), value)

    def mark(self, key: ProfileKey) -> bytes | None:
        """Returns the encoded mark of a profile, None if it has none."""
        return self._get(Table.UNTRACKED, profile_digest(key))

    def marks(self, after: bytes, most: int) -> list[tuple[bytes, Mark, bytes]]:
        """Returns marks after a digest: digest, mark, and the mark as it is encoded."""
        rows = self._rows(Table.UNTRACKED, after, most)
        return [(digest, decode_mark(value), value) for digest, value in rows]

    def due(self, now_ns: int, most: int) -> list[bytes]:
        """Returns the digests of subjects to look at because it is time, longest due first."""
        timers = [timed(key) for key, _ in self._rows(Table.TIMERS, b"", most)]
        return [digest for time_ns, digest in timers if time_ns <= now_ns]

    def next_due_ns(self) -> int | None:
        """Returns when the next subject is to be looked at because it is time."""
        rows = self._rows(Table.TIMERS, b"", 1)
        return timed(rows[0][0])[0] if rows else None

    def sweep(self) -> Sweep | None:
        """Returns how far all profiles have been looked at, None if that isn't under way."""
        value = self._get(Table.TRACKING, SWEEP)
        return None if value is None else decode_sweep(value)

    def fingerprint(self) -> bytes | None:
        """Returns of what memberships are tracked, None if none ever were."""
        return self._get(Table.TRACKING, FINGERPRINT)

    def everybody(self, after: bytes, most: int) -> Page:
        """Returns identities of which anything is known, or was when they were last looked at.

        Those with a profile, then those loaded, then others that are tracked. `after` is b"" at
        first, then what the page before says; some come twice, and a page may be empty.
        """
        phase, start = after[:1] or _WITH_PROFILE, after[1:]
        if phase == _WITH_PROFILE:
            rows = self._rows(Table.PROFILES, start, most)
            if rows:
                records = [decode_record(value) for _, value in rows]
                keys = [ProfileKey(one.namespace, one.id) for one in records]
                return Page(keys, _WITH_PROFILE + rows[-1][0])
            return Page([], _LOADED)
        if phase == _TRACKED:
            return self._others(start, most)
        reader = LoadReader(self._environment)
        page = self._environment.read(lambda txn: keys_page(reader, txn, start, most))
        following = page.next_digest
        found = [key for key in page.keys if not self._has_profile(profile_digest(key))]
        return Page(found, _TRACKED if following is None else _LOADED + following)

    def _others(self, start: bytes, most: int) -> Page:
        """Returns those that are tracked and have no profile."""
        rows = self._rows(Table.TRACKED, start, most)
        found = [decode_row(value).key for digest, value in rows if not self._has_profile(digest)]
        return Page(found, _TRACKED + rows[-1][0] if rows else None)

    def _has_profile(self, digest: bytes) -> bool:
        return self._get(Table.PROFILES, digest) is not None

    def linked_to(self, key: ProfileKey) -> set[ProfileKey]:
        """Returns all identities of the customer that an identity is of, itself among them."""
        links = self._environment.read(lambda txn: links_of(self._environment, txn, key))
        return {key, *members_of(links)}

    def member_count(self, audience: str) -> int:
        """Returns how many members an audience has."""
        return decode_count(self._get(Table.TRACKING, COUNT + audience_digest(audience)))

    def members(self, audience: str, after: bytes, most: int) -> list[Member]:
        """Returns members of an audience after a digest, in the order of digests."""
        prefix = audience_digest(audience)

        def read(transaction: Any) -> list[Member]:
            found: list[Member] = []
            tracked = self._environment.database(Table.TRACKED)
            members = self._environment.database(Table.MEMBERS)
            rows = _rows(transaction, members, prefix + after, prefix)
            for key, value in rows:
                if len(found) == most:
                    break
                digest = key[DIGEST_BYTES:]
                row = decode_row(transaction.get(digest, db=tracked))
                found.append(Member(row.key, unpack_time(value), digest))
            return found

        return self._environment.read(read)

    def last_sequence(self) -> int:
        """Returns the sequence of the last transition there ever was, 0 before any."""
        return decode_count(self._get(Table.TRACKING, NEXT))

    def transitions(self, after: int, most: int) -> list[tuple[int, TransitionRow]]:
        """Returns transitions after a sequence, oldest first."""
        rows = self._rows(Table.TRANSITIONS, pack_sequence(after), most)
        return [(unpack_sequence(key), decode_transition(value)) for key, value in rows]

    def trimmed_sequence(self) -> int:
        """Returns the sequence up to which transitions are no longer stored, 0 if all are."""
        return decode_count(self._get(Table.TRACKING, TRIMMED))

    def _get(self, table: Table, key: bytes) -> bytes | None:
        def read(transaction: Any) -> bytes | None:
            value = transaction.get(key, db=self._environment.database(table))
            return None if value is None else bytes(value)

        return self._environment.read(read)

    def _rows(self, table: Table, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
        """Returns rows whose keys are after one, b"" being before all."""

        def read(transaction: Any) -> list[tuple[bytes, bytes]]:
            found: list[tuple[bytes, bytes]] = []
            for row in _rows(transaction, self._environment.database(table), after, b""):
                if len(found) == most:
                    break
                found.append(row)
            return found

        return self._environment.read(read)


def _rows(
    transaction: Any, database: Any, after: bytes, prefix: bytes
) -> Iterator[tuple[bytes, bytes]]:
    """Yields rows after a key that begin with a prefix."""
    cursor = transaction.cursor(db=database)
    found = cursor.set_range(after) if after else cursor.first()
    if found and after and bytes(cursor.key()) == after:
        found = cursor.next()
    while found:
        key = bytes(cursor.key())
        if not key.startswith(prefix):
            return
        yield key, bytes(cursor.value())
        found = cursor.next()


class Tracking(MembershipReader):
    """Memberships of a state that is open, and the writes to them.

    `watching` is what tracked audiences depend on, and who is told of marks.
    """

    def __init__(
        self, environment: Reader, submit: Submit, watching: Watching, *, journalled: bool
    ) -> None:
        super().__init__(environment)
        self._submit = submit
        self._journalled = journalled
        self.watching = watching
        self.kept = USUALLY_KEPT

    def begin_sweep(self, fingerprint: bytes, now_ns: int) -> Future[None]:
        """Has all profiles looked at, by what is tracked from now on."""
        return self._submit(BeginSweep(fingerprint, now_ns))

    def store(
        self,
        seen: Sequence[Seen],
        marks: Iterable[tuple[ProfileKey, bytes]],
        now_ns: int,
        sweep: tuple[Sweep | None, Sweep] | None = None,
    ) -> Future[int]:
        """Stores what was seen; the future has the number of transitions.

        `sweep` is what it is from now on, None for done, and what it was.
        """
        operation = Track(
            seen, tuple(marks), now_ns, sweep=sweep, kept=self.kept, journalled=self._journalled
        )
        return self._submit(operation)


__all__ = [
    "Kept",
    "Mark",
    "Member",
    "MembershipReader",
    "MembershipStatus",
    "Page",
    "Seen",
    "Stored",
    "Sweep",
    "Tracking",
    "TransitionRow",
    "Watch",
    "Watching",
]
