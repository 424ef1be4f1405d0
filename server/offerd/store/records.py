"""Reading profiles as the present definitions see them.

A record that another plan folded is folded afresh from its raw events, which may be many: they
are copied out in pages, and decoded and folded between them, so that nobody waits for more than
a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from offerd.events import FoldPlan, FoldPlans, as_sent
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.environment import Environment
from offerd.store.folding import Gathered, refold
from offerd.store.layout import Table, decode_event, decode_record, profile_digest
from offerd.store.refolds import Refolds, base_of
from offerd.store.series import StoredSeries, read_series
from offerd.store.tombstones import first_event_key

_RECORD_PAGE: Final = 50
"""Profiles read at a time when all are: few, because each read holds up a growing map."""

TOGETHER_AT_ONCE: Final = 10_000
"""Events of several profiles whose series are brought together where nothing else can go on."""

EVENT_PAGE: Final = 500
EVENT_PAGE_BYTES: Final = 2**20
"""Raw events copied at a time; a page ends where it reaches either."""


class Found(NamedTuple):
    """A profile by a plan: its record, its series, and whether they are still to be stored.

    Series are by aggregate, those that were asked for. They are still to be stored if the plan is
    the one that folds the profile; `size_bytes` is then about what that brings.
    """

    record: ProfileRecord
    series: Mapping[str, StoredSeries] = {}
    unstored: bool = False
    size_bytes: int = 0


class _Stored(NamedTuple):
    """What is stored of a profile; series only if the plan that asks has folded it."""

    record: ProfileRecord
    series: Mapping[str, StoredSeries] = {}


class Records:
    """The profiles of a state, read from any thread."""

    def __init__(self, environment: Environment, plans: FoldPlans, refolds: Refolds) -> None:
        self._environment = environment
        self.plans = plans
        """Which plan folds which profile; may be replaced at any time."""
        self._refolds = refolds
        self._profiles = environment.database(Table.PROFILES)
        self._events = environment.database(Table.EVENTS)

    def find(self, key: ProfileKey, plan: FoldPlan | None = None) -> Found | None:
        """Returns a profile with the attributes that rules may read, or None; no series.

        By another plan than its own a profile is folded for this once.
        """
        plan = plan or self.plans.of(key)
        (found,) = self.find_all((key,), plan, {})
        return found

    def find_all(
        self,
        keys: Sequence[ProfileKey],
        plan: FoldPlan,
        wanted: Mapping[str, int | None],
    ) -> list[Found | None]:
        """Returns profiles as `find` does, as they are at one moment, with `wanted` series.

        `wanted` says from which instant on each is, None being the beginning. Profiles which the
        plan hasn't folded are as they are a little later.
        """
        return self._all_present(keys, self._read(keys, plan, wanted), plan, wanted)

    def find_at_once(
        self,
        keys: Sequence[ProfileKey],
        plan: FoldPlan,
        wanted: Mapping[str, int | None],
        most: int,
    ) -> list[Found | None] | None:
        """As `find_all`; None if more than `most` events would have to be folded for that.

        Also if several profiles have so many events that bringing their series together takes long.
        """
        together = TOGETHER_AT_ONCE if len(keys) > 1 else None
        stored = self._read(keys, plan, wanted, together)
        if not stored or self._to_fold(stored, plan) > most:
            return None
        return self._all_present(keys, stored, plan, wanted)

    def _all_present(
        self,
        keys: Sequence[ProfileKey],
        stored: Sequence[_Stored | None],
        plan: FoldPlan,
        wanted: Mapping[str, int | None],
    ) -> list[Found | None]:
        return [
            None if one is None else self._present(key, one, plan, wanted)
            for key, one in zip(keys, stored, strict=True)
        ]

    def fold_size(self, keys: Sequence[ProfileKey], plan: FoldPlan) -> int:
        """Returns how many events `find_all` would have to fold."""
        return self._to_fold(self._read(keys, plan, {}), plan)

    def event_count(self, keys: Sequence[ProfileKey]) -> int:
        """Returns how many events profiles have."""
        stored = self._read(keys, None, {})
        return sum(one.record.event_count for one in stored if one is not None)

    def all(self) -> Iterator[ProfileRecord]:
        """Yields every profile as `find` has it, in no meaningful order."""
        after: bytes | None = b""
        while after is not None:
            records, after = self._environment.read(partial(self._record_page, start=after))
            for record in records:
                key = ProfileKey(record.namespace, record.id)
                plan = self.plans.of(key)
                found = self._present(key, _Stored(record), plan, {}, remember=False)
                if found is not None:
                    yield found.record

    def as_of(
        self, key: ProfileKey, plan: FoldPlan, as_of_ns: int
    ) -> tuple[ProfileRecord, Gathered] | None:
        """Returns a profile with what events up to an instant give, or None if there is none.

        Its attributes are those of now. Nothing of it is remembered.
        """
        (stored,) = self._read((key,), None, {})
        if stored is None:
            return None
        record, moving = stored.record, list[Event]()

        def events() -> Iterator[tuple[Event, int]]:
            for event, size_bytes in self._event_pages(profile_digest(key)):
                if event.counted_ns <= as_of_ns:
                    if as_sent(event) is not None:
                        moving.append(event)
                    yield event, size_bytes

        gathered = refold(plan, record, events(), as_of_ns)
        record.whereabouts = None if plan.movements is None else plan.movements.history(moving)
        plan.attributes.restrict(record)
        return record, gathered

    def _present(
        self,
        key: ProfileKey,
        stored: _Stored,
        plan: FoldPlan,
        wanted: Mapping[str, int | None],
        *,
        remember: bool = True,
    ) -> Found | None:
        """Returns what is stored folded by a plan; None if it is gone by then."""
        record = stored.record
        if record.fold == plan.fingerprint:
            return _as_stored(stored, plan)
        with self._refolds.folding(key, plan.fingerprint):
            series = self._refolds.restore(record, plan.fingerprint)
            size_bytes = 0
            if series is None:
                # Whoever folded it while this one waited may have had it written back by now.
                (now,) = self._read((key,), plan, wanted)
                if now is None or now.record.fold == plan.fingerprint:
                    return None if now is None else _as_stored(now, plan)
                record = now.record
                base = base_of(record)
                pages = self._event_pages(profile_digest(key))
                series = refold(plan, record, pages, record.update_time_ns).stored()
                (now,) = self._read((key,), plan, wanted)
                if now is None or now.record.fold == plan.fingerprint:
                    # Written to meanwhile, between two pages perhaps: what was written counts.
                    return None if now is None else _as_stored(now, plan)
                if remember:
                    size_bytes = self._refolds.remember(record, base, series)
        plan.attributes.restrict(record)
        return Found(record, series, plan is self.plans.of(key), size_bytes)

    def _to_fold(self, stored: Sequence[_Stored | None], plan: FoldPlan) -> int:
        return sum(
            one.record.event_count
            for one in stored
            if one is not None
            and one.record.fold != plan.fingerprint
            and not self._refolds.has(one.record, plan.fingerprint)
        )

    def _read(
        self,
        keys: Sequence[ProfileKey],
        plan: FoldPlan | None,
        wanted: Mapping[str, int | None],
        most: int | None = None,
    ) -> list[_Stored | None]:
        """Returns what is stored of profiles at one moment, series if `plan` has folded them.

        Nothing if they have more than `most` events.
        """
        digests = [profile_digest(key) for key in keys]

        def read(transaction: Any) -> list[_Stored | None]:
            records = [self._record(transaction, *pair) for pair in zip(keys, digests, strict=True)]
            events = sum(record.event_count for record in records if record is not None)
            if most is not None and events > most:
                return []
            found: list[_Stored | None] = []
            for record, digest in zip(records, digests, strict=True):
                if record is None:
                    found.append(None)
                elif plan is None or not wanted or record.fold != plan.fingerprint:
                    found.append(_Stored(record))
                else:
                    series = read_series(self._environment, transaction, digest, wanted)
                    found.append(_Stored(record, series))
            return found

        return self._environment.read(read)

    def _record(self, transaction: Any, key: ProfileKey, digest: bytes) -> ProfileRecord | None:
        value = transaction.get(digest, db=self._profiles)
        record = None if value is None else decode_record(value)
        return None if record is None or (record.namespace, record.id) != key else record

    def _record_page(
        self, transaction: Any, start: bytes
    ) -> tuple[list[ProfileRecord], bytes | None]:
        """Returns some records from a digest on, and the digest to go on from, if any."""
        records: list[ProfileRecord] = []
        cursor = transaction.cursor(db=self._profiles)
        more = cursor.set_range(start)
        while more and len(records) < _RECORD_PAGE:
            records.append(decode_record(cursor.value()))
            more = cursor.next()
        return records, bytes(cursor.key()) if more else None

    def _event_pages(self, digest: bytes) -> Iterator[tuple[Event, int]]:
        """Yields the events of a profile by time, each with its size, holding nothing meanwhile."""
        start: bytes | None = self._environment.read(
            partial(first_event_key, self._environment, digest=digest)
        )
        while start is not None:
            values, start = self._environment.read(
                partial(self._event_page, digest=digest, start=start)
            )
            for value in values:
                yield decode_event(value), len(value)

    def _event_page(
        self, transaction: Any, digest: bytes, start: bytes
    ) -> tuple[list[bytes], bytes | None]:
        """Returns some raw events from a key on, and the key to go on from, if any."""
        values: list[bytes] = []
        size_bytes = 0
        cursor = transaction.cursor(db=self._events)
        more = cursor.set_range(start)
        while more and cursor.key()[: len(digest)] == digest:
            if len(values) == EVENT_PAGE or size_bytes >= EVENT_PAGE_BYTES:
                return values, bytes(cursor.key())
            values.append(bytes(cursor.value()))
            size_bytes += len(values[-1])
            more = cursor.next()
        return values, None


def _as_stored(stored: _Stored, plan: FoldPlan) -> Found:
    """Returns what the plan has folded and stored."""
    plan.attributes.restrict(stored.record)
    return Found(stored.record, stored.series)
