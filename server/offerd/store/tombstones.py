"""Who was deleted, so that nothing from before brings them back.

    tombstones       profile digest → when it was deleted, until when that is remembered
    tombstone_times  until when, profile digest → nothing

Both times are 8 bytes as `pack_time` has them. Nothing in them says who it was.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from offerd.store.environment import Environment
from offerd.store.layout import Table, pack_time, unpack_time

DAY_NS: Final = 86_400 * 10**9
USUAL_NS: Final = 90 * DAY_NS
"""How long a deletion is remembered."""

_TIME_BYTES: Final = 8
_FORGOTTEN_AT_ONCE: Final = 100


class Tombstone(NamedTuple):
    """When a profile was deleted, and until when that is remembered."""

    deleted_ns: int
    until_ns: int

    def covers(self, time_ns: int, now_ns: int) -> bool:
        """Whether something of a time is from before the deletion, which is remembered now."""
        return time_ns <= self.deleted_ns and now_ns < self.until_ns


def tombstone_of(environment: Environment, transaction: Any, digest: bytes) -> Tombstone | None:
    """Returns the tombstone of a profile, None if it wasn't deleted or long ago."""
    value = transaction.get(digest, db=environment.database(Table.TOMBSTONES))
    return None if value is None else _decode(bytes(value))


def first_event_key(environment: Environment, transaction: Any, digest: bytes) -> bytes:
    """Returns the least key that an event of a profile may have, so that others aren't read.

    While a deletion goes on events from before are there still.
    """
    tombstone = tombstone_of(environment, transaction, digest)
    return digest if tombstone is None else digest + pack_time(tombstone.deleted_ns + 1)


class Tombstones:
    """The tombstones as one transaction sees and changes them."""

    def __init__(self, environment: Environment, transaction: Any) -> None:
        self._environment = environment
        self._transaction = transaction
        self._rows = environment.database(Table.TOMBSTONES)
        self._times = environment.database(Table.TOMBSTONE_TIMES)
        # While nobody was ever deleted no event pays for asking.
        self.exist = transaction.stat(self._rows)["entries"] > 0

    def of(self, digest: bytes) -> Tombstone | None:
        """Returns the tombstone of a profile, None if it wasn't deleted or long ago."""
        return tombstone_of(self._environment, self._transaction, digest) if self.exist else None

    def covers(self, digest: bytes, time_ns: int, now_ns: int) -> bool:
        """Whether something about a profile is from before it was deleted.

        A tombstone that has had its time is removed by that, so that whatever is from before can
        be told from what is being deleted: see `first_event_key`.
        """
        tombstone = self.of(digest)
        if tombstone is None or time_ns > tombstone.deleted_ns:
            return False
        if tombstone.covers(time_ns, now_ns):
            return True
        self._transaction.delete(digest, db=self._rows)
        self._transaction.delete(pack_time(tombstone.until_ns) + digest, db=self._times)
        return False

    def remembers(self, digest: bytes, now_ns: int) -> bool:
        """Whether it is remembered that a profile was deleted."""
        tombstone = self.of(digest)
        return tombstone is not None and now_ns < tombstone.until_ns

    def covers_entry(self, owner: bytes | None, time_ns: int) -> bool:
        """Whether what was decided at a time was decided for somebody who was deleted since."""
        return owner is not None and self.covers(owner, time_ns, time_ns)

    def put(self, digest: bytes, tombstone: Tombstone) -> None:
        """Notes that a profile was deleted, in place of any earlier deletion."""
        former = self.of(digest)
        if former is not None:
            self._transaction.delete(pack_time(former.until_ns) + digest, db=self._times)
        packed_until = pack_time(tombstone.until_ns)
        value = pack_time(tombstone.deleted_ns) + packed_until
        self._transaction.put(digest, value, db=self._rows)
        self._transaction.put(packed_until + digest, b"", db=self._times)
        self.exist = True

    def forget_outdated(self, now_ns: int) -> None:
        """Removes some of those that needn't be remembered any more."""
        with self._transaction.cursor(db=self._times) as cursor:
            for _ in range(_FORGOTTEN_AT_ONCE):
                if not cursor.first() or unpack_time(cursor.key()[:_TIME_BYTES]) > now_ns:
                    return
                self._transaction.delete(bytes(cursor.key()[_TIME_BYTES:]), db=self._rows)
                cursor.delete()


def _decode(value: bytes) -> Tombstone:
    return Tombstone(unpack_time(value[:_TIME_BYTES]), unpack_time(value[_TIME_BYTES:]))
