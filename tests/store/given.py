"""What the tests of the store start from."""

from __future__ import annotations

import random
from concurrent.futures import Future
from typing import Any

from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.model.schema import Aggregate, AggregateFunction, Schema, ValueType
from offerd.store import Collected, CollectResult, State
from offerd.store.folding import refold
from offerd.store.layout import encode_event

NOW_NS = 1_767_225_600 * 10**9

SPEND = Aggregate("spend", ("purchase",), AggregateFunction.SUM, ValueType.DOUBLE, "amount")
LAST = Aggregate(
    "last", ("purchase",), AggregateFunction.LAST_TIME, ValueType.MAP_TIMESTAMP, None, "category"
)
RECENT = Aggregate(
    "recent", ("purchase",), AggregateFunction.COUNT, ValueType.INT, within_ns=3_600 * 10**9
)

DISPLAYS = Counter("profile:display:offer/a", "display", CapSubject.PROFILE, (0,))


def catalogue_of(schema: Schema) -> Catalogue:
    """Returns a catalogue of a schema and of one offer whose displays are capped."""
    offer = Offer("a", 1, None, None, None, (), {}, (), (Cap(0, 3),))
    return Catalogue(schema, (), (), (), (), (), (offer,), (), (), (), (), (), counters=(DISPLAYS,))


def plan_of(*aggregates: Aggregate) -> FoldPlan:
    """Returns a plan of aggregates and of one offer whose displays are capped."""
    return FoldPlan.build(catalogue_of(Schema(aggregates=aggregates)), [])


PLAN = plan_of(SPEND, LAST, RECENT)


def key(number: int = 7) -> ProfileKey:
    """Returns a profile's key by number."""
    return ProfileKey("crm", str(number))


def incoming(
    event_id: str,
    *,
    profile: ProfileKey | None = None,
    kind: str = "purchase",
    time_ns: int = NOW_NS,
    offer: str | None = None,
    **properties: Any,
) -> IncomingEvent:
    """Returns an event on its way in."""
    event = Event(event_id, kind, time_ns, properties, offer)
    owner = profile or key()
    return IncomingEvent(owner, event, event_fingerprint(owner, event))


def outcomes(future: Future[list[Collected]]) -> list[CollectResult]:
    """Returns what became of collected events, once it is known."""
    return [collected.result for collected in future.result()]


def random_incoming(rng: random.Random, event_id: str) -> IncomingEvent:
    """Returns a random purchase or display of one of ten profiles."""
    display = rng.random() < 0.5
    return incoming(
        event_id,
        profile=key(rng.randrange(10)),
        kind="display" if display else "purchase",
        time_ns=NOW_NS + rng.randrange(10**12),
        offer=rng.choice(["a", "b"]) if display else None,
        amount=rng.uniform(0, 20),
        category=rng.choice(["bread", "milk"]),
    )


def contradictions(state: State, plan: FoldPlan, *, deleted: bool = False) -> list[str]:
    """Returns where records, raw events and totals of a state don't agree.

    Totals may be larger than what is stored once profiles were `deleted`.
    """
    found: list[str] = []
    totals: dict[tuple[str, str], int] = {}
    stored = 0
    for record in state.profiles():
        owner = ProfileKey(record.namespace, record.id)
        events = state.events(owner)
        stored += len(events)
        fresh = plan.new_record(owner)
        plan.refold(fresh, events)
        fresh.attributes = record.attributes
        fresh.scores, fresh.consent = record.scores, record.consent
        fresh.whereabouts = record.whereabouts
        fresh.update_time_ns = record.update_time_ns
        fresh.attributes_time_ns = record.attributes_time_ns
        fresh.event_bytes = sum(len(encode_event(event)) for event in events)
        fresh.remainders = record.remainders
        if fresh != record:
            found.append(f"{owner}: {record} isn't what its events give: {fresh}")
        found.extend(_series_contradictions(state, plan, owner, record.update_time_ns))
        for event in events:
            if state.event(event.id) != event:
                found.append(f"{event.id} isn't found by its id")
            if event.offer is not None:
                pair = event.offer, event.type
                totals[pair] = totals.get(pair, 0) + 1
    if stored != state.counts().events:
        found.append(f"{state.counts().events} events, of which {stored} belong to profiles")
    for (offer, kind), count in totals.items():
        total = state.total_count(offer, kind)
        if total != count and not (deleted and total > count):
            found.append(f"{offer} {kind}: total {total}, stored {count}")
    return found


def _series_contradictions(
    state: State, plan: FoldPlan, owner: ProfileKey, now_ns: int
) -> list[str]:
    """Returns where the series of a profile aren't what its events give."""
    events = ((event, 0) for event in state.events(owner))
    fresh = refold(plan, plan.new_record(owner), events, now_ns)
    known = state.views.known(Subject(owner, (owner,)), plan, now_ns)
    found: list[str] = []
    for name in plan.features.names:
        oldest_ns = plan.features.oldest_ns(name, now_ns) or 0
        stored, expected = (
            [entry for entry in series if entry.time_ns >= oldest_ns]
            for series in (known.read(name), fresh.series(name))
        )
        if stored != expected:
            found.append(f"{owner} {name}: {stored} isn't what its events give: {expected}")
    return found
