"""What is known of a customer over all their identities, and the view of it at an instant.

Attributes: per path those written last, of equally old ones those of the better identity.
Aggregates, and the times that caps count, are those of all events together. Scores as attributes.
Whereabouts are the latest news of all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import merge
from typing import Any, NamedTuple

from offerd.customer.computed import ComputedRecord
from offerd.customer.loaded import Found, Loaded, resolve
from offerd.customer.precision import whereabouts_of
from offerd.events import FoldPlan
from offerd.events.series import Series
from offerd.model.identity import Subject
from offerd.model.place import Whereabouts
from offerd.model.profile import ProfileKey, ProfileRecord, ProfileView

NOBODY = ProfileView(None, {}, {}, {})
"""What is seen of nobody: not even aggregates, while somebody unknown has those before any event.
Don't change it."""

SeriesOf = Callable[[str], Series]
"""Gives the series of an aggregate of one profile, by id, as far as it matters."""


class Member(NamedTuple):
    """One profile of a customer: its record, folded by the plan that asks, and its series."""

    record: ProfileRecord
    series: SeriesOf


class Known:
    """What is known of a customer, read at one moment.

    `members` are those profiles that exist, best identity first. `found` is what was loaded of
    them in bulk, `later` are series of events beside those of the members. It answers for any
    instant from the one on that it was read for; for an earlier one what is no longer needed may
    be missing. `names` are the aggregates that may be asked for, None for all.
    """

    def __init__(
        self,
        subject: Subject,
        plan: FoldPlan,
        members: Sequence[Member],
        found: Found,
        later: SeriesOf | None = None,
        *,
        names: Collection[str] | None = None,
    ) -> None:
        self.subject = subject
        self.found = found
        """What was loaded in bulk, also what decisions don't see."""
        self._plan = plan
        self._names = (
            plan.features.names if names is None else plan.features.names & frozenset(names)
        )
        self._sources = [member.series for member in members]
        if later is not None:
            self._sources.append(later)
        self.records: tuple[ProfileRecord, ...] = tuple(member.record for member in members)
        """Of the profiles that exist, best identity first; attributes as rules may read them."""
        self._series: dict[str, Series] = {}

    def view(self, now_ns: int) -> ProfileView:
        """Returns what a decision at an instant may see."""
        loaded = self.loaded(now_ns)
        return ProfileView(
            self.subject.unit,
            attributes_of(self.records, loaded),
            self.aggregates(now_ns),
            _counted(self.records),
            scores_of(self.records, loaded),
            loaded.memberships,
            self.whereabouts,
        )

    @cached_property
    def whereabouts(self) -> Whereabouts | None:
        """Where the customer is known to be, over all identities, None if nothing is.

        Roughly, if it may not be used precisely.
        """
        return whereabouts_of(self.records, self._plan)

    def loaded(self, now_ns: int) -> Loaded:
        """Returns what a decision at an instant may see of what was loaded in bulk."""
        plan = self._plan
        return resolve(self.found, plan.maximum_ages_ns, plan.attributes, now_ns)

    def aggregates(self, now_ns: int) -> dict[str, Any]:
        """Returns all aggregates that are known at an instant, by id, computed when asked for."""
        plan, features = self._plan, self._plan.features

        def compute(name: str) -> Any:
            value = features.values(self.read, now_ns, (name,)).get(name)
            return plan.defaults.get(name) if value is None else value

        folded = {n: value for n, value in plan.defaults.items() if n not in features.names}
        folded.update(features.merged(self.records))
        return ComputedRecord(folded, sorted(self._names), compute) if self._names else folded

    def approximations(self, now_ns: int) -> dict[str, str]:
        """Returns which aggregates aren't exact at an instant, and in words how exact they are."""
        return self._plan.features.approximations(self.read, now_ns)

    def edges(self, after_ns: int, until_ns: int) -> Iterator[int]:
        """Yields the instants up to and with `until_ns` at which an aggregate may change by
        itself, ascending."""
        return self._plan.features.edges(self.read, after_ns, until_ns)

    def read_all(self) -> None:
        """Reads all series now: what is asked afterwards takes little time."""
        for name in sorted(self._names):
            self.read(name)

    def read(self, name: str, _oldest_ns: int | None = None) -> Series:
        """Returns the series of an aggregate over all members: `offerd.events.features.Read`."""
        series = self._series.get(name)
        if series is None:
            features = self._plan.features
            series = features.together(name, [source(name) for source in self._sources])
            self._series[name] = series
        return series


class _Layer(NamedTuple):
    """What was written of one member at one time."""

    time_ns: int
    attributes: Mapping[str, Any]


def attributes_of(records: Sequence[ProfileRecord], loaded: Loaded) -> dict[str, Any]:
    """Returns the attributes of a customer by path; records are best identity first."""
    if len(records) == 1 and not loaded.snapshots:
        return records[0].attributes
    layers = [*_layers(records, loaded)]
    attributes: dict[str, Any] = {}
    for layer in sorted(layers, key=_by_time):
        attributes.update(layer.attributes)
    return attributes


def _layers(records: Iterable[ProfileRecord], loaded: Loaded) -> Iterator[_Layer]:
    """Yields what counts, of equally old ones what counts least first."""
    own = {ProfileKey(record.namespace, record.id): record for record in records}
    snapshots: dict[ProfileKey, list[_Layer]] = {}
    for snapshot in loaded.snapshots:
        found = snapshots.setdefault(snapshot.member, [])
        found.append(_Layer(snapshot.as_of_ns, snapshot.attributes))
    # Members of which there is a snapshot only come after those with a record of their own.
    for key in reversed([*own, *(key for key in snapshots if key not in own)]):
        record = own.get(key)
        if record is not None and record.attributes:
            yield _Layer(record.attributes_time_ns, record.attributes)
        yield from snapshots.get(key, ())


def _by_time(layer: _Layer) -> int:
    return layer.time_ns


def scores_of(records: Sequence[ProfileRecord], loaded: Loaded) -> Mapping[str, float]:
    """Returns the scores of a customer as rules name them; records are best identity first."""
    if not loaded.scores and len(records) == 1:
        return records[0].scores
    scores = dict(loaded.scores)
    times_ns = dict(loaded.score_times_ns)
    for record in reversed(records):
        for name, score in record.scores.items():
            if name in times_ns and record.attributes_time_ns < times_ns[name]:
                continue
            times_ns[name] = record.attributes_time_ns
            scores[name] = score
            # What had been loaded beside the former score is of no other.
            scores.pop(f"{name}.probability", None)
            scores.pop(f"{name}.percentile", None)
    return scores


def _counted(records: Sequence[ProfileRecord]) -> dict[str, list[int]]:
    if len(records) == 1:
        return records[0].counted
    counted: dict[str, list[list[int]]] = {}
    for record in records:
        for key, times in record.counted.items():
            counted.setdefault(key, []).append(times)
    return {key: list(merge(*several)) for key, several in counted.items()}
