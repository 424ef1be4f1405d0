"""Counters found by event against a walk over all of them.

A big run: OFFERD_TWIN_CATALOGUES=2000 python -m pytest tests/unit/events/test_countings_twin.py -s
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec

from offerd.bundle import open_bundle, write_bundle
from offerd.events import CAP_SLACK, GROUP_LIMIT, FoldPlan
from offerd.events.caps import TOLD_CAPS, Counting
from offerd.model.capping import Calendar, CalendarUnit, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer, Placement
from offerd.model.content import ContentType
from offerd.model.event import Event
from offerd.model.schema import Schema
from seeds import random_seed

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "40"))
EVENTS = ("display", "click", "purchase")
PLACEMENTS = ("web", "app")


def _catalogue(source: random.Random) -> Catalogue:
    size = source.choice((1, 3, 40))
    subjects = tuple(CapSubject)
    counters = []
    for number in range(source.choice((1, 5, 60))):
        event, *also = source.sample(EVENTS, source.choice((1, 1, 2)))
        about = sorted(source.sample(range(size), source.randrange(size + 1)))
        if source.random() < 0.5:
            about = [source.randrange(size)]
        counters.append(
            Counter(
                f"c{source.randrange(1_000)}/{number}", event, source.choice(subjects),
                None if source.random() < 0.2 else tuple(about),
                source.choice(((), (), ("web",))), also=tuple(also),
            )
        )  # fmt: skip
    offers = tuple(
        Offer(
            f"o{number:02}", 0, None, None, None, (), {}, (),
            tuple(_cap(source, len(counters)) for _ in range(source.choice((0, 1, 1, 3)))),
        )
        for number in range(size)
    )  # fmt: skip
    placements = tuple(Placement(one, "web", ContentType.TEXT) for one in PLACEMENTS)
    return Catalogue(
        Schema(), (), (), (), placements, (), offers, (), (), (), (), (), tuple(counters)
    )


def _cap(source: random.Random, counters: int) -> Cap:
    within_ns = source.choice((None, 10**9, 10**10))
    calendar = Calendar(CalendarUnit.DAY) if within_ns is None and source.random() < 0.3 else None
    return Cap(source.randrange(counters), source.randrange(1, 5), within_ns, calendar)


def _events() -> Iterator[Event]:
    for event_type in EVENTS:
        for offer in (None, "o00", "o01", "o39", "unknown"):
            for placement in (None, *PLACEMENTS):
                yield Event("e", event_type, 1, {}, offer=offer, placement=placement)


def _expected(catalogue: Catalogue, event: Event) -> dict[str, tuple[object, ...]]:
    """What each counter says of an event that adds to it, by key."""
    found: dict[str, tuple[object, ...]] = {}
    for number, counter in enumerate(catalogue.counters):
        about = None if counter.offers is None else _ids(catalogue, counter)
        if event.type not in counter.events or (about is not None and event.offer not in about):
            continue
        if counter.placements and event.placement not in counter.placements:
            continue
        users = [
            (offer.id, cap)
            for offer in catalogue.offers
            for cap in offer.caps
            if cap.counter == number
        ]
        own = [(name, cap) for name, cap in users if name == event.offer]
        first: dict[Cap, str] = {}
        for name, cap in users:
            first.setdefault(cap, name)
        lowest = sorted(first, key=lambda cap: cap.limit)[:TOLD_CAPS]
        found[counter.key] = (
            about,
            _kept(users),
            any(cap.within_ns is not None or cap.calendar is not None for _, cap in users),
            own or [(first[cap], cap) for cap in lowest],
        )
    return found


def _ids(catalogue: Catalogue, counter: Counter) -> tuple[str, ...]:
    return tuple(catalogue.offers[number].id for number in counter.offers or ())


def _kept(users: list[tuple[str, Cap]]) -> int:
    return max((cap.limit + CAP_SLACK for _, cap in users), default=0)


def _said(counting: Counting, event: Event) -> tuple[object, ...]:
    caps = list(counting.caps_about(event))
    return counting.offers, counting.kept, counting.windowed, caps


def _fingerprint(catalogue: Catalogue) -> bytes:
    described = sorted(
        (
            counter.key,
            counter.events,
            None if counter.offers is None else _ids(catalogue, counter),
            counter.placements,
            None,
            _kept([("", c) for o in catalogue.offers for c in o.caps if c.counter == number]),
        )
        for number, counter in enumerate(catalogue.counters)
        if counter.subject is CapSubject.PROFILE
    )
    content = (4, CAP_SLACK, GROUP_LIMIT, [], described)
    return blake2b(msgspec.msgpack.encode(content), digest_size=16).digest()


def test_counters_are_those_that_a_walk_finds(tmp_path: Path) -> None:
    """In memory and opened from a bundle, with their caps; also asked a second time."""
    seed = random_seed()
    added = 0
    for number in range(CATALOGUES):
        catalogue = _catalogue(random.Random(f"{seed}/{number}"))
        write_bundle(catalogue, tmp_path / "bundle")
        bundle = open_bundle(tmp_path / "bundle")
        for one in (catalogue, bundle.catalogue):
            plan = FoldPlan.build(one, (), source=bundle)
            assert plan.fingerprint == _fingerprint(catalogue), f"seed {seed}/{number}"
            assert set(plan.countings.keys) == {counter.key for counter in catalogue.counters}
            for event in [*_events()] * 2:
                found = {c.counter.key: _said(c, event) for c in plan.countings.of(event)}
                expected = _expected(catalogue, event)
                assert found == expected, f"seed {seed}/{number}, {event}"
                added += len(expected)
        bundle.close()
    assert added > CATALOGUES
