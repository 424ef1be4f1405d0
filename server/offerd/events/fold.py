"""Folding events into a profile's record.

A record's folded part is a function of the set of its events and the plan, never of the order
in which they came: counts and sums (exact ones, see `sums`) add up, minima, maxima, first and
last times compare, counted times are the newest of all (see `caps`), and where a grouped aggregate
meets more groups than are kept, those that sort first stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from offerd.events.attributes import AttributeSchema
from offerd.events.caps import CAP_SLACK, Counting, EventFilter
from offerd.events.countings import Countings
from offerd.events.features import Features
from offerd.events.movements import Movements
from offerd.events.steps import GROUP_LIMIT, Step, initial_value, is_folded, step_of
from offerd.model import schema
from offerd.model.catalogue import Catalogue
from offerd.model.consent import ConsentDefaults
from offerd.model.event import Event
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import Aggregate
from offerd.places.index import Places

__all__ = ["CAP_SLACK", "GROUP_LIMIT", "EventFilter", "FoldPlan"]

EVERYTHING: Final = ConsentDefaults()
"""Who never chose allows everything."""

_FOLD_VERSION: Final = 4
"""Raised when the same plan starts to fold differently, so that stored records are refolded."""


class FoldPlan:
    """How events become a profile's aggregates and cap times, as the definitions declare it.

    `fingerprint` (16 bytes) changes if and only if what is folded changes; a filter that is
    written otherwise, if only in its spacing, counts as changed. `defaults` are the aggregates
    that rules can read before any event: counts and sums 0, grouped ones empty; don't change
    them. `features` are the aggregates that aren't folded into records but computed from series;
    the fingerprint covers what those hold too. `attributes` tells which stored attributes are still
    what is declared; it has a fingerprint of its own. `maximum_ages_ns` are the ages beyond which
    declared scores aren't seen, by id; None for any age. `movements` are how locations move
    customers, None without places; what was known of where they are is never folded anew.
    `consent` is what holds for who never chose, `people` the namespaces whose identities name
    persons: what was chosen as such counts most.
    """

    __slots__ = (
        "_source",
        "_steps",
        "attributes",
        "consent",
        "countings",
        "defaults",
        "features",
        "fingerprint",
        "maximum_ages_ns",
        "movements",
        "people",
    )

    def __init__(
        self,
        steps: Mapping[str, tuple[Step, ...]],
        countings: Countings,
        defaults: dict[str, Any],
        fingerprint: bytes,
        *,
        attributes: AttributeSchema,
        features: Features,
        maximum_ages_ns: Mapping[str, int | None],
        movements: Movements | None = None,
        consent: ConsentDefaults = EVERYTHING,
        people: frozenset[str] = frozenset(),
        source: object = None,
    ) -> None:
        self._steps = steps
        self._source = source
        self.countings = countings
        self.defaults = defaults
        self.fingerprint = fingerprint
        self.attributes = attributes
        self.features = features
        self.maximum_ages_ns = maximum_ages_ns
        self.movements = movements
        self.consent = consent
        self.people = people

    @classmethod
    def build(
        cls,
        catalogue: Catalogue,
        filters: Sequence[EventFilter],
        places: Places | None = None,
        source: object = None,
    ) -> FoldPlan:
        """Returns the plan of a catalogue.

        `filters` are its `event_filters`, planned, in the same order. `places` are its places, if
        what is folded is written: whoever only reads what was needs none. `source` is what these
        and the catalogue are read from, which is kept open while the plan is in use.
        """
        steps: dict[str, list[Step]] = {}
        for aggregate in filter(is_folded, catalogue.schema.aggregates):
            event_filter = None if aggregate.where is None else filters[aggregate.where]
            step = step_of(aggregate, event_filter)
            for event_type in dict.fromkeys(aggregate.events):
                steps.setdefault(event_type, []).append(step)
        initial = {a.id: initial_value(a) for a in catalogue.schema.aggregates}
        digest = blake2b(_described_aggregates(catalogue), digest_size=16)
        countings = Countings(catalogue, filters, digest.update)
        return cls(
            {event_type: tuple(found) for event_type, found in steps.items()},
            countings,
            {name: value for name, value in initial.items() if value is not None},
            digest.digest(),
            attributes=AttributeSchema(catalogue.schema),
            features=Features(catalogue.schema.aggregates, filters),
            maximum_ages_ns={score.id: score.maximum_age_ns for score in catalogue.schema.scores},
            movements=Movements.of(places, catalogue.location, source),
            consent=catalogue.consent,
            people=frozenset(
                one.id for one in catalogue.schema.namespaces if one.type.names_person
            ),
            source=source,
        )

    @property
    def places(self) -> Places | None:
        """The places of the plan, None if it has none."""
        return None if self.movements is None else self.movements.places

    def new_record(self, key: ProfileKey) -> ProfileRecord:
        """Returns the record of a profile of which nothing is known yet."""
        return ProfileRecord(
            key.namespace, key.id, fold=self.fingerprint, schema=self.attributes.fingerprint
        )

    def aggregates_take(self, event_type: str) -> bool:
        """Whether any aggregate takes in events of a type."""
        return event_type in self._steps or self.features.take(event_type)

    def fold(self, record: ProfileRecord, event: Event) -> Sequence[Counting]:
        """Takes one more event in, in place; the record must be of this plan.

        The caller sees to it that no event comes twice. Returns the counters of caps that the
        event adds to; those of all profiles are left to the caller.
        """
        for step in self._steps.get(event.type, ()):
            step(record, event)
        record.event_count += 1
        return self.countings.take(record, event)

    def refold(self, record: ProfileRecord, events: Iterable[Event]) -> None:
        """Folds all events of a profile afresh, in place; attributes stay."""
        record.aggregates = {}
        record.counted = {}
        record.remainders = {}
        record.truncated = []
        record.event_count = 0
        record.fold = self.fingerprint
        for event in events:
            self.fold(record, event)


def _described_aggregates(catalogue: Catalogue) -> bytes:
    """Returns what the folding of aggregates depends on; that of counters follows as the fifth."""
    aggregates = sorted(catalogue.schema.aggregates, key=lambda aggregate: aggregate.id)
    content = (
        _FOLD_VERSION,
        CAP_SLACK,
        GROUP_LIMIT,
        [_described(aggregate, catalogue) for aggregate in aggregates],
    )
    return b"\x95" + msgspec.msgpack.encode(content)[1:]


def _described(aggregate: Aggregate, catalogue: Catalogue) -> tuple[Any, ...]:
    """Returns what the folding of an aggregate depends on, and what its series holds.

    Windows are among it: by them a store lets go of entries.
    """
    sequence = aggregate.sequence
    return (
        aggregate.id,
        [] if sequence is not None else sorted(set(aggregate.events)),
        aggregate.function,
        aggregate.type,
        aggregate.value,
        aggregate.group_by,
        _rule(aggregate.where, catalogue),
        aggregate.within_ns,
        aggregate.calendar,
        None if sequence is None else _described_sequence(sequence, catalogue),
    )


def _described_sequence(sequence: schema.Sequence, catalogue: Catalogue) -> list[object]:
    """Returns which events are which steps, which is all that entries hold of them."""
    return [
        (sorted(set(step.events)), _rule(step.where, catalogue), step.negated, step.within_ns)
        for step in sequence.steps
    ]


def _rule(number: int | None, catalogue: Catalogue) -> bytes | None:
    return None if number is None else catalogue.event_filters[number].tree
