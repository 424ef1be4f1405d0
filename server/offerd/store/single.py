"""A customer of one profile, which is nearly everybody, read in one go.

`Views` is the reference, and what to ask where this gives nothing: of somebody whose events have
to be folded first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from offerd.customer.computed import ComputedRecord
from offerd.customer.loaded import NOTHING, Found, resolve
from offerd.customer.precision import whereabouts_of
from offerd.customer.view import attributes_of, scores_of
from offerd.events import FoldPlan
from offerd.model.consent import Consent
from offerd.model.profile import ProfileKey, ProfileRecord, ProfileView
from offerd.store.environment import Environment
from offerd.store.folding import series_of
from offerd.store.layout import Table, decode_record, profile_digest
from offerd.store.loads import LoadReader
from offerd.store.series import PREFIX_BYTES, StoredSeries, read_one, series_name

_NOBODY: Final = ProfileRecord("", "")
"""Stands for a profile that isn't there. Don't change it."""


class Seen(NamedTuple):
    """What a decision may see of a customer, and what they have chosen, None if nothing."""

    view: ProfileView
    consent: Consent | None


class _Read(NamedTuple):
    """What is stored; `record` is None if there is no profile."""

    record: ProfileRecord | None
    series: Mapping[str, StoredSeries]
    loaded: Found


class SingleViews:
    """Views by one plan, with those aggregates that are asked for, None being all.

    For any thread; nothing here waits.
    """

    def __init__(
        self, environment: Environment, plan: FoldPlan, names: Collection[str] | None
    ) -> None:
        features = plan.features
        self._environment = environment
        self._plan = plan
        wanted = features.names if names is None else features.names & frozenset(names)
        self._names = tuple(sorted(wanted))
        self._series_names = [(name, series_name(name)) for name in self._names]
        self._defaults = {n: v for n, v in plan.defaults.items() if n not in features.names}
        self._loads = LoadReader(environment)
        self._profiles = environment.database(Table.PROFILES)
        self._series = environment.database(Table.SERIES)

    def see(self, key: ProfileKey, now_ns: int) -> Seen | None:
        """Returns what is known of a customer of this profile alone; None as above."""
        found = self._environment.read(partial(self._read, key, profile_digest(key), now_ns))
        if found is None:
            return None
        known, series, rows = found
        record = _NOBODY if known is None else known
        attributes, loaded = record.attributes, NOTHING
        scores: Mapping[str, float] = record.scores
        if rows.entries or rows.complete:
            plan = self._plan
            loaded = resolve(rows, plan.maximum_ages_ns, plan.attributes, now_ns)
            records = () if known is None else (known,)
            attributes, scores = attributes_of(records, loaded), scores_of(records, loaded)
        whereabouts = None
        if record.whereabouts is not None:
            whereabouts = whereabouts_of((record,), self._plan)
        aggregates: dict[str, Any] = {**self._defaults, **record.aggregates}
        if self._names:
            compute = partial(self._value, series, now_ns)
            aggregates = ComputedRecord(aggregates, self._names, compute)
        view = ProfileView(
            key, attributes, aggregates, record.counted, scores, loaded.memberships, whereabouts
        )
        return Seen(view, record.consent)

    def _read(self, key: ProfileKey, digest: bytes, now_ns: int, transaction: Any) -> _Read | None:
        loaded = self._loads.find(transaction, (key,))
        value = transaction.get(digest, db=self._profiles)
        record = None if value is None else decode_record(value)
        if record is None or (record.namespace, record.id) != key:
            return _Read(None, {}, loaded)
        plan = self._plan
        if record.fold != plan.fingerprint:
            return None
        plan.attributes.restrict(record)
        series: dict[str, StoredSeries] = {}
        if self._series_names:
            cursor = transaction.cursor(db=self._series)
            for name, digest_of_name in self._series_names:
                prefix = digest + digest_of_name
                if cursor.set_range(prefix) and cursor.key()[:PREFIX_BYTES] == prefix:
                    series[name] = self._read_one(cursor, prefix, name, now_ns)
        return _Read(record, series, loaded)

    def _read_one(self, cursor: Any, prefix: bytes, name: str, now_ns: int) -> StoredSeries:
        """Reads a series from its first key on; most have one chunk, whatever is wanted of it."""
        if len(cursor.key()) > PREFIX_BYTES:
            chunk = bytes(cursor.value())
            if not cursor.next() or cursor.key()[:PREFIX_BYTES] != prefix:
                return StoredSeries((chunk,))
            cursor.prev()
        return read_one(cursor, prefix, self._plan.features.oldest_ns(name, now_ns))

    def _value(self, series: Mapping[str, StoredSeries], now_ns: int, name: str) -> Any:
        features = self._plan.features
        value = features.value(name, series_of(features, series, name), now_ns)
        return self._plan.defaults.get(name) if value is None else value
