"""Random caps, and what was counted for them; models that rank."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from offerd.model.capping import (
    DECISION_EVENT,
    Calendar,
    CalendarUnit,
    Cap,
    CapSubject,
    Counter,
)
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.decision import DecisionContext
from offerd.model.place import PlaceSelector
from offerd.model.profile import ProfileKey, ProfileView

HOUR_NS = 3_600_000_000_000
AROUND_NS = 20_000 * 24 * HOUR_NS
"""Instants lie around it, up to 200 hours away."""

PLACEMENTS = ("web", "app", "call")


def counters(source: random.Random, count: int) -> tuple[Counter, ...]:
    """Returns counters of displays and decisions about some of `count` offers, or any."""
    made = []
    events = source.choice((("display",), (DECISION_EVENT, DECISION_EVENT, "display")))
    for number in range(5):
        offers = sorted(source.sample(range(count), source.randrange(1, count + 1)))
        made.append(
            Counter(
                f"counter-{number}",
                source.choice(events),
                source.choice(tuple(CapSubject)),
                None if source.random() < 0.2 else tuple(offers),
                source.choice(((), (), ("web",), ("web", "app"))),
                also=source.choice(((), ("click",))) if "display" in events[:1] else (),
            )
        )
    return tuple(made)


def counts(counter: Counter, offer: int) -> bool:
    """Whether a counter counts events about an offer, as that of any cap of it does."""
    return counter.offers is None or offer in counter.offers


def cap(source: random.Random, counters: Sequence[Counter], limit: Callable[[], int]) -> Cap:
    """Returns a cap on one of the counters; `limit` writes a rule for its limit."""
    calendar = Calendar(
        source.choice((CalendarUnit.DAY, CalendarUnit.WEEK, CalendarUnit.MONTH)),
        source.choice((1, 1, 2)),
        source.choice(("UTC", "Europe/Stockholm", "America/New_York")),
        source.choice((1, 7)),
    )
    number = source.randrange(len(counters))
    window = source.randrange(3)
    category = source.choice(("studio", "gym"))
    may_visit = window == 0 and counters[number].subject is CapSubject.PROFILE
    return Cap(
        number,
        source.randrange(1, 5),
        source.choice((HOUR_NS, 10 * HOUR_NS)) if window == 1 else None,
        calendar if window == 2 else None,
        limit() if source.random() < 0.3 else None,
        counters[number].placements,
        source.choice(("", "shared")),
        AROUND_NS - source.randrange(300) * HOUR_NS if source.random() < 0.2 else None,
        AROUND_NS + source.randrange(300) * HOUR_NS if source.random() < 0.2 else None,
        PlaceSelector(category=category) if may_visit and source.random() < 0.5 else None,
    )


def counted(source: random.Random, catalogue: Catalogue, now_ns: int) -> dict[str, list[int]]:
    """Returns times of events by counter, some of them ahead of now."""
    return {
        counter.key: sorted(
            now_ns - source.randrange(-5, 50) * HOUR_NS // 2 for _ in range(source.randrange(4))
        )
        for counter in catalogue.counters
        if source.random() < 0.5
    }


class GivenCounts:
    """Counts of all profiles, reservations, and caps known to be reached, as given."""

    def __init__(self, source: random.Random, catalogue: Catalogue, now_ns: int) -> None:
        self.totals = counted(source, catalogue, now_ns)
        self.reserved = {c.key: source.choice((0, 0, 0, 1)) for c in catalogue.counters}
        self.known = {o.id for o in catalogue.offers if source.random() < 0.05}

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """Counts."""
        return sum(
            (after_ns is None or after_ns < time) and (until_ns is None or time <= until_ns)
            for time in self.totals.get(counter, ())
        )

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """Tells of reservations."""
        return self.reserved[counter]

    def reached(self, offer: str, cap: Cap) -> bool:
        """Tells of caps that are known to be reached."""
        return offer in self.known


class Steady:
    """A model whose scores depend on the whole list, and are no number now and then."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> list[Any]:
        """Scores."""
        kinds = [len(offer.tags) + place / len(offers) for place, offer in enumerate(offers)]
        return [math.nan if "c" in o.tags else kind for o, kind in zip(offers, kinds, strict=True)]


class Moody:
    """A model that raises without weather, and forgets an offer when it rains."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> list[float]:
        """Scores, perhaps."""
        weather = context.values["weather"]
        return [float(offer.priority) / 2 for offer in offers][weather == "rain" :]


MODELS = {"steady": Steady(), "moody": Moody()}
