"""A customer of one profile, which is nearly everybody, read in one go.

`Views` is the reference, and what to ask where this gives nothing: of somebody whose events have
to be folded first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
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
from offerd.store.layout import Table, decode_record, profile_digest, record_decoder
from offerd.store.loads import LoadReader
from offerd.store.series import PREFIX_BYTES, StoredSeries, read_one, series_name

_MOST_AT_ONCE: Final = 4
"""So many aggregates are computed whether anybody asks for them or not, if they have few events:
putting that off takes as long."""
MOST_NAMES: Final = 12
"""Of more attributes or aggregates than these all are decoded: each that a record has is looked for
among those that are wanted."""

_NOBODY: Final = ProfileRecord("", "")
"""Stands for a profile that isn't there. Don't change it."""


class Seen(NamedTuple):
    """What a decision may see of a customer, and what they have chosen, None if nothing."""

    view: ProfileView
    consent: Consent | None


_Read = tuple[ProfileRecord | None, Mapping[str, bytes | StoredSeries], Found]
"""What is stored; without a record there is no profile. A series of one chunk is that chunk."""


class SingleViews:
    """Views by one plan, with those aggregates that are asked for, None being all.

    With `paths` views have no other attributes than those, and no other aggregates, either, than
    those that are asked for. For any thread; nothing here waits.
    """

    def __init__(
        self,
        environment: Environment,
        plan: FoldPlan,
        names: Collection[str] | None,
        paths: Collection[str] | None = None,
    ) -> None:
        features = plan.features
        self._environment = environment
        self._plan = plan
        wanted = features.names if names is None else features.names & frozenset(names)
        self._names = tuple(sorted(wanted))
        self._series_names = [(name, series_name(name)) for name in self._names]
        self._of_chunk = {name: features.value_of_chunk(name) for name in self._names}
        folded = {name for name in plan.defaults if name not in features.names}
        self._decode: Callable[[bytes], ProfileRecord] = decode_record
        if paths is not None and names is not None:
            kept = frozenset(names) - features.names
            if max(len(paths), len(kept)) <= MOST_NAMES:
                self._decode = record_decoder(paths, kept)
                folded &= kept
        self._defaults = {name: plan.defaults[name] for name in plan.defaults if name in folded}
        self._schema = plan.attributes.fingerprint
        self._loads = LoadReader(environment)
        self._profiles = environment.database(Table.PROFILES)
        self._series = environment.database(Table.SERIES)

    def see(self, key: ProfileKey, now_ns: int) -> Seen | None:
        """Returns what is known of a customer of this profile alone; None as above."""
        digest = profile_digest(key)
        found = self._environment.read(self._read, key, digest, now_ns, buffers=False)
        return None if found is None else self._seen(key, found, now_ns)

    def see_some(
        self, keys: Sequence[ProfileKey | None], now_ns: int, until_s: float
    ) -> list[Seen | None]:
        """Returns as `see` what is known of the first of some customers, in one snapshot.

        Of as many as are read before `until_s`, by the clock of `time.perf_counter`, and of one at
        least; None for None.
        """
        found = self._environment.read(self._read_some, keys, now_ns, until_s, buffers=False)
        return [
            None if key is None or one is None else self._seen(key, one, now_ns)
            for key, one in zip(keys, found, strict=False)
        ]

    def _read_some(
        self, transaction: Any, keys: Sequence[ProfileKey | None], now_ns: int, until_s: float
    ) -> list[_Read | None]:
        found: list[_Read | None] = []
        for key in keys:
            if key is None:
                found.append(None)
                continue
            found.append(self._read(transaction, key, profile_digest(key), now_ns))
            if time.perf_counter() >= until_s:
                break
        return found

    def _seen(self, key: ProfileKey, found: _Read, now_ns: int) -> Seen:
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
        aggregates = self._aggregates(record, series, now_ns)
        # As `Seen(ProfileView(...), ...)`, which takes twice as long.
        view = tuple.__new__(
            ProfileView,
            (key, attributes, aggregates, record.counted, scores, loaded.memberships, whereabouts),
        )
        return tuple.__new__(Seen, (view, record.consent))

    def _read(self, transaction: Any, key: ProfileKey, digest: bytes, now_ns: int) -> _Read | None:
        loaded = self._loads.find_in_snapshot(transaction, key)
        value = transaction.get(digest, None, self._profiles)
        record = None if value is None else self._decode(value)
        if record is None or record.id != key.id or record.namespace != key.namespace:
            return None, {}, loaded
        if not record.attributes_time_ns and (record.attributes or record.scores):
            record = decode_record(value)  # of before that time was kept
        plan = self._plan
        if record.fold != plan.fingerprint:
            return None
        if record.schema != self._schema:
            plan.attributes.restrict(record)
        series: dict[str, bytes | StoredSeries] = {}
        if self._series_names:
            cursor = transaction.cursor(self._series)
            for name, digest_of_name in self._series_names:
                prefix = digest + digest_of_name
                if cursor.set_range(prefix):
                    first, value = cursor.item()
                    if not first.startswith(prefix):
                        continue
                    # Most have one chunk, whatever is wanted of it.
                    is_chunk = len(first) > PREFIX_BYTES
                    if is_chunk and not (cursor.next() and cursor.key().startswith(prefix)):
                        series[name] = value
                    else:
                        cursor.set_key(first)
                        oldest_ns = plan.features.oldest_ns(name, now_ns)
                        series[name] = read_one(cursor, prefix, oldest_ns)
        return record, series, loaded

    def _aggregates(
        self, record: ProfileRecord, series: Mapping[str, bytes | StoredSeries], now_ns: int
    ) -> dict[str, Any]:
        known, names = record.aggregates, self._names
        if self._defaults or record is _NOBODY:
            known = {**self._defaults, **known}
        if not names:
            return known
        if len(names) > _MOST_AT_ONCE or StoredSeries in map(type, series.values()):
            return ComputedRecord(known, names, partial(self._value, series, now_ns))
        for name in names:
            chunk = series.get(name)
            if type(chunk) is bytes:
                value = self._of_chunk[name](chunk, now_ns)
            else:
                value = self._value(series, now_ns, name)
            if value is None:
                value = self._plan.defaults.get(name)
            if value is not None:
                known[name] = value
        return known

    def _value(self, series: Mapping[str, bytes | StoredSeries], now_ns: int, name: str) -> Any:
        stored = series.get(name)
        if isinstance(stored, bytes):
            value = self._of_chunk[name](stored, now_ns)
        else:
            features = self._plan.features
            read = {} if stored is None else {name: stored}
            value = features.value(name, series_of(features, read, name), now_ns)
        return self._plan.defaults.get(name) if value is None else value
