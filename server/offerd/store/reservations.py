"""Room that is held under caps for a while: rows, and how they are found.

One database holds three kinds of keys, told apart by their first letter:

    i, digest of the reservation's id           → the row
    p, profile digest, digest of the id         → nothing: what there is of a profile
    t, time, digest of the id                   → nothing: when the row may be forgotten

A pending reservation is forgotten once it has expired; a committed one is remembered for
REMEMBERED_NS, so that whoever commits it again learns that it is. Those of a profile that is
deleted are forgotten with it, committed ones too: they name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import msgspec

from offerd.events import EXEMPT, REPEATED, FoldPlans
from offerd.model.capping import DECISION_EVENT, CapSubject, Demand
from offerd.model.contact import CONTACT_EVENT
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.instants import Instants
from offerd.store.layout import DIGEST_BYTES, Table, pack_time, profile_digest, unpack_time
from offerd.store.tallies import Holder, TallyChanges

REMEMBERED_NS: Final = 7 * 86_400 * 10**9
_FORGOTTEN_AT_ONCE: Final = 4
"""Outdated rows that each write clears away: more than a reservation adds."""

_NEVER_NS: Final = 2**63 - 1
_PAGE: Final = 500


class HeldItem(msgspec.Struct, array_like=True, frozen=True):
    """An item of a reservation."""

    scope: int
    offer: str
    decision: str
    placement: str
    repeated: bool
    event: str = DECISION_EVENT
    exempt: bool = False


class Reservation(msgspec.Struct, array_like=True, frozen=True):
    """A reservation as stored; `stem` begins the ids of its propositions."""

    id: str
    namespace: str
    profile: str
    stem: str
    items: tuple[HeldItem, ...]
    expire_ns: int
    committed_ns: int | None = None

    @property
    def subject(self) -> ProfileKey:
        """Whose room it is."""
        return ProfileKey(self.namespace, self.profile)

    def is_alive(self, instant_ns: int) -> bool:
        """Whether it holds room, or has been committed."""
        return self.committed_ns is not None or self.expire_ns > instant_ns

    def events(self, time_ns: int) -> list[Event]:
        """Returns what it stands for: propositions, or contacts."""
        return [_event(self.stem, item, time_ns) for item in self.items]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reservation).decode


def held_items(demands: list[Demand]) -> tuple[HeldItem, ...]:
    """Returns demands as they are stored."""
    return tuple(
        HeldItem(d.scope, d.offer, d.decision, d.placement, d.repeated, d.event, d.exempt)
        for d in demands
    )


def decision_events(demands: list[Demand], stem: str, time_ns: int) -> list[Event]:
    """Returns what demands stand for, propositions or contacts, as events."""
    return [_event(stem, demand, time_ns) for demand in demands]


def _event(stem: str, item: HeldItem | Demand, time_ns: int) -> Event:
    proposition = f"{stem}-{item.scope}"
    if item.event == CONTACT_EVENT:
        properties = {EXEMPT: True} if item.exempt else {}
        return Event(proposition, CONTACT_EVENT, time_ns, properties, placement=item.placement)
    return Event(
        f"{proposition}/{item.offer}",
        DECISION_EVENT,
        time_ns,
        {REPEATED: True} if item.repeated else {},
        item.offer,
        item.decision or None,
        item.placement,
        proposition,
    )


class Reservations:
    """The reservations as one transaction sees and changes them."""

    def __init__(
        self, environment: Environment, transaction: Any, plans: FoldPlans, changes: TallyChanges
    ) -> None:
        self._database = environment.database(Table.RESERVATIONS)
        self._transaction = transaction
        self._plans = plans
        self._changes = changes
        self._due_ns: int | None = None  # before then nothing may be forgotten

    def find(self, reservation_id: str) -> Reservation | None:
        """Returns what is stored under an id."""
        value = self._transaction.get(b"i" + _digest(reservation_id), db=self._database)
        return None if value is None else _decode(value)

    def hold(self, reservation: Reservation, instant_ns: int) -> None:
        """Stores a pending reservation in place of any outdated one of its id."""
        former = self.find(reservation.id)
        if former is not None:
            self._remove(former)
        self._put(reservation, reservation.expire_ns)
        for holder, expire_ns in _held(self._plans, reservation):
            self._changes.hold(holder, expire_ns)

    def commit(self, reservation: Reservation, instant_ns: int) -> None:
        """Ends that a reservation holds room, and remembers that it was committed."""
        self._remove(reservation)
        self._unhold(reservation)
        committed = msgspec.structs.replace(reservation, committed_ns=instant_ns)
        self._put(committed, instant_ns + REMEMBERED_NS)

    def release(self, reservation: Reservation) -> None:
        """Removes a pending reservation."""
        self._remove(reservation)
        self._unhold(reservation)

    def remove_all(self, owner: ProfileKey) -> int:
        """Removes all there is of a profile, and gives back what is pending; tells how many."""
        found = _owned(self._transaction, self._database, owner)
        for reservation in found:
            self._remove(reservation)
            if reservation.committed_ns is None:
                self._unhold(reservation)
        return len(found)

    def _put(self, reservation: Reservation, forget_ns: int) -> None:
        digest = _digest(reservation.id)
        if self._due_ns is not None:
            self._due_ns = min(self._due_ns, forget_ns)
        self._transaction.put(b"i" + digest, _encode(reservation), db=self._database)
        self._transaction.put(b"t" + pack_time(forget_ns) + digest, b"", db=self._database)
        owner = profile_digest(reservation.subject)
        self._transaction.put(b"p" + owner + digest, b"", db=self._database)

    def _remove(self, reservation: Reservation) -> None:
        digest = _digest(reservation.id)
        forget_ns = reservation.expire_ns
        if reservation.committed_ns is not None:
            forget_ns = reservation.committed_ns + REMEMBERED_NS
        owner = profile_digest(reservation.subject)
        for key in (b"i" + digest, b"t" + pack_time(forget_ns) + digest, b"p" + owner + digest):
            self._transaction.delete(key, db=self._database)

    def _unhold(self, reservation: Reservation) -> None:
        for holder, expire_ns in _held(self._plans, reservation):
            self._changes.unhold(holder, expire_ns)

    def forget_outdated(self, instant_ns: int) -> None:
        """Removes some that have expired, or were committed long ago."""
        if self._due_ns is not None and instant_ns < self._due_ns:
            return
        outdated: list[bytes] = []
        self._due_ns = _NEVER_NS
        with self._transaction.cursor(db=self._database) as cursor:
            found = cursor.set_range(b"t")
            while found:
                key = bytes(cursor.key())
                due_ns = unpack_time(key[1:-DIGEST_BYTES])
                if due_ns > instant_ns or len(outdated) == _FORGOTTEN_AT_ONCE:
                    self._due_ns = due_ns
                    break
                outdated.append(key[-DIGEST_BYTES:])
                found = cursor.next()
        for digest in outdated:
            self._remove(_decode(self._transaction.get(b"i" + digest, db=self._database)))


def reservations_of(
    environment: Environment, transaction: Any, owner: ProfileKey
) -> list[Reservation]:
    """Returns the reservations of a profile that aren't forgotten yet."""
    return _owned(transaction, environment.database(Table.RESERVATIONS), owner)


def _owned(transaction: Any, database: Any, owner: ProfileKey) -> list[Reservation]:
    prefix = b"p" + profile_digest(owner)
    digests: list[bytes] = []
    with transaction.cursor(db=database) as cursor:
        found = cursor.set_range(prefix)
        while found and cursor.key()[: len(prefix)] == prefix:
            digests.append(bytes(cursor.key()[len(prefix) :]))
            found = cursor.next()
    return [_decode(transaction.get(b"i" + digest, db=database)) for digest in digests]


def pending_holders(
    environment: Environment, plans: FoldPlans, instant_ns: int
) -> dict[Holder, Instants]:
    """Returns what is held by whom until when, of all that is pending at an instant."""
    expiries: dict[Holder, list[int]] = {}
    start: bytes | None = b"i"
    while start is not None:
        reservations, start = environment.read(partial(_page, environment, start=start))
        for reservation in reservations:
            if reservation.committed_ns is None and reservation.is_alive(instant_ns):
                for holder, expire_ns in _held(plans, reservation):
                    expiries.setdefault(holder, []).append(expire_ns)
    return {holder: Instants(sorted(found)) for holder, found in expiries.items()}


def _page(
    environment: Environment, transaction: Any, *, start: bytes
) -> tuple[list[Reservation], bytes | None]:
    """Returns some reservations from a key on, and the key to go on from, if any."""
    found: list[Reservation] = []
    cursor = transaction.cursor(db=environment.database(Table.RESERVATIONS))
    more = cursor.set_range(start)
    while more and cursor.key()[:1] == b"i":
        if len(found) == _PAGE:
            return found, bytes(cursor.key())
        found.append(_decode(cursor.value()))
        more = cursor.next()
    return found, None


def _held(plans: FoldPlans, reservation: Reservation) -> Iterator[tuple[Holder, int]]:
    subject = reservation.subject
    for event in reservation.events(0):
        own = plans.of(subject).countings.of(event)
        for counting in own:
            if counting.counter.subject is CapSubject.PROFILE:
                yield (counting.counter.key, subject), reservation.expire_ns
        for counting in plans.totals_of(event, own):
            yield (counting.counter.key, None), reservation.expire_ns


def _digest(reservation_id: str) -> bytes:
    return blake2b(reservation_id.encode(), digest_size=DIGEST_BYTES).digest()
