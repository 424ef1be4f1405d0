"""The fold plan: its defaults, its fingerprint, what it keeps for caps."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from offerd import expression
from offerd.audience.environment import event_environment
from offerd.events import CAP_SLACK, REPEATED, FoldPlan
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer, Rule
from offerd.model.event import Event
from offerd.model.profile import ProfileKey
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Attribute,
    EventType,
    Schema,
    ValueType,
)

SPEND = Aggregate("spend", ("purchase",), AggregateFunction.SUM, ValueType.DOUBLE, "amount")
VISITS = Aggregate("visits", ("visit",), AggregateFunction.COUNT, ValueType.INT, where=0)
LAST = Aggregate(
    "last", ("purchase",), AggregateFunction.LAST_TIME, ValueType.MAP_TIMESTAMP, None, "category"
)
FIRST = Aggregate("first", ("visit",), AggregateFunction.FIRST_TIME, ValueType.TIMESTAMP)
DISPLAYS = Counter("profile:display:a", "display", CapSubject.PROFILE, (0,))
CLICKS = Counter("total:click:a", "click", CapSubject.TOTAL, (0,))
DISPLAY_CAP = Cap(0, 3, 10**9)


class Says:
    """A filter that always gives one answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def evaluate(self, *roots: Any) -> Any:
        """Returns the answer."""
        return self._answer


def offer(offer_id: str, *caps: Cap) -> Offer:
    """Returns an offer that is nothing but its caps."""
    return Offer(offer_id, 1, None, None, None, (), {}, (), caps)


def catalogue(
    *aggregates: Aggregate,
    offers: tuple[Offer, ...] = (),
    counters: tuple[Counter, ...] | None = None,
    tree: bytes = b"tree",
) -> Catalogue:
    """Returns a catalogue of aggregates and offers, the displays of the first capped."""
    if counters is None:
        counters = (DISPLAYS,) if offers else ()
    return Catalogue(
        Schema(aggregates=aggregates),
        (),
        (Rule("event.amount > 0.0", tree),),
        (),
        (),
        (),
        offers,
        (),
        (),
        (),
        (),
        (),
        counters,
    )


def plan_of(found: Catalogue, answer: Any = True) -> FoldPlan:
    """Returns the plan of a catalogue whose filter always gives one answer."""
    return FoldPlan.build(found, [Says(answer)])


def test_defaults_are_what_rules_read_before_any_event() -> None:
    """Counts and sums are 0 of their type, groups empty, the rest is absent."""
    assert plan_of(catalogue(SPEND, VISITS, LAST, FIRST)).defaults == {
        "spend": 0.0,
        "visits": 0,
        "last": {},
    }


def test_the_fingerprint_does_not_depend_on_what_is_not_folded() -> None:
    """Order of declaration, priorities, windows, smaller and total caps change nothing."""
    base = plan_of(catalogue(SPEND, VISITS, offers=(offer("a", DISPLAY_CAP), offer("b"))))
    other_offers = (
        msgspec.structs.replace(offer("b"), priority=9),
        offer(
            "a",
            msgspec.structs.replace(DISPLAY_CAP, within_ns=5, counter=1),
            Cap(1, 1),
            Cap(0, 1),
        ),
    )
    counters = tuple(msgspec.structs.replace(one, offers=(1,)) for one in (CLICKS, DISPLAYS))
    other = catalogue(VISITS, SPEND, offers=other_offers, counters=counters)
    assert plan_of(other).fingerprint == base.fingerprint
    assert len(base.fingerprint) == 16


@pytest.mark.parametrize(
    "changed",
    [
        catalogue(SPEND),
        catalogue(SPEND, VISITS, LAST, offers=(offer("a", DISPLAY_CAP),)),
        catalogue(SPEND, VISITS),
        catalogue(SPEND, VISITS, offers=(offer("a", DISPLAY_CAP),), tree=b"other"),
        catalogue(SPEND, VISITS, offers=(offer("c", DISPLAY_CAP),)),
        *(
            catalogue(
                SPEND,
                VISITS,
                offers=(offer("a", DISPLAY_CAP),),
                counters=(msgspec.structs.replace(DISPLAYS, **changes),),
            )
            for changes in (
                {"event": "click"},
                {"offers": None},
                {"placements": ("web",)},
                {"where": 0},
                {"key": "another"},
            )
        ),
        catalogue(
            SPEND, VISITS, offers=(offer("a", msgspec.structs.replace(DISPLAY_CAP, limit=4)),)
        ),
        catalogue(
            msgspec.structs.replace(SPEND, value="net"),
            VISITS,
            offers=(offer("a", DISPLAY_CAP),),
        ),
        catalogue(
            msgspec.structs.replace(SPEND, events=("purchase", "return")),
            VISITS,
            offers=(offer("a", DISPLAY_CAP),),
        ),
    ],
)
def test_the_fingerprint_changes_with_what_is_folded(changed: Catalogue) -> None:
    """Aggregates, their sources, filters and values, and the times that caps need all count."""
    base = plan_of(catalogue(SPEND, VISITS, offers=(offer("a", DISPLAY_CAP),)))
    assert plan_of(changed).fingerprint != base.fingerprint


@pytest.mark.parametrize("answer", [False, None, "unknown", 1])
def test_a_filter_that_is_not_true_keeps_the_event_out(answer: object) -> None:
    """False, unknown and failed alike; the event itself is still counted."""
    plan = plan_of(catalogue(VISITS), answer)
    record = plan.new_record(ProfileKey("crm", "7"))
    plan.fold(record, Event("e1", "visit", 5))
    assert record.aggregates == {}
    assert record.event_count == 1


def test_a_filter_of_the_rule_language_chooses_events() -> None:
    """Also among events that were stored when their properties had other types."""
    properties = (Attribute("amount", ValueType.DOUBLE), Attribute("category", ValueType.STRING))
    schema = Schema(events=(EventType("visit", properties),))
    environment = event_environment(schema, ["visit"])
    source = "event.amount > 1.0 && event.category.startsWith('b')"
    rule = expression.plan(expression.compile_expression(source, environment), environment)
    plan = FoldPlan.build(catalogue(VISITS), [rule])
    record = plan.new_record(ProfileKey("crm", "7"))
    found: list[dict[str, Any]] = [
        {"amount": 2.0, "category": "bread"},
        {"amount": 2.0, "category": "milk"},
        {"amount": 2.0},
        {},
        {"amount": "much", "category": 5},
    ]
    for number, values in enumerate(found):
        plan.fold(record, Event(f"e{number}", "visit", 5, values))
    assert record.aggregates == {"visits": 1}
    assert record.event_count == 5


def test_unfit_values_are_left_out() -> None:
    """Text, booleans and infinities where a number belongs don't disturb the sum."""
    plan = plan_of(catalogue(SPEND))
    record = plan.new_record(ProfileKey("crm", "7"))
    for number, amount in enumerate(["x", True, float("inf"), float("nan"), 2.0**960, 1.5, 2]):
        plan.fold(record, Event(f"e{number}", "purchase", 5, {"amount": amount}))
    assert record.aggregates == {"spend": 3.5}


def test_groups_need_a_name_of_sensible_length() -> None:
    """An event without the group's property, or with an endless one, isn't grouped."""
    plan = plan_of(catalogue(LAST))
    record = plan.new_record(ProfileKey("crm", "7"))
    for number, category in enumerate([None, 5.0, ["bread"], "x" * 257, "bread"]):
        plan.fold(record, Event(f"e{number}", "purchase", number, {"category": category}))
    assert record.aggregates == {"last": {"bread": 4}}


def test_only_times_that_caps_ask_for_are_kept_and_only_the_newest() -> None:
    """As many as the largest limit and some slack; other offers and event types aren't kept."""
    plan = plan_of(catalogue(offers=(offer("a", DISPLAY_CAP), offer("b"))))
    record = plan.new_record(ProfileKey("crm", "7"))
    for time_ns in range(100, 0, -1):
        plan.fold(record, Event(f"a{time_ns}", "display", time_ns, offer="a"))
        plan.fold(record, Event(f"b{time_ns}", "display", time_ns, offer="b"))
        plan.fold(record, Event(f"c{time_ns}", "click", time_ns, offer="a"))
    kept = 3 + CAP_SLACK
    assert record.counted == {DISPLAYS.key: list(range(101 - kept, 101))}


def test_events_of_the_future_do_not_crowd_out_those_that_count() -> None:
    """A few displays dated far ahead leave the times of the real ones in place."""
    plan = plan_of(catalogue(offers=(offer("a", DISPLAY_CAP),)))
    record = plan.new_record(ProfileKey("crm", "7"))
    for time_ns in (1, 2, 3, *range(10**18, 10**18 + CAP_SLACK)):
        plan.fold(record, Event(f"a{time_ns}", "display", time_ns, offer="a"))
    assert record.counted[DISPLAYS.key][:3] == [1, 2, 3]


def test_refolding_starts_afresh_and_keeps_attributes() -> None:
    """What another plan had folded is gone; attributes stay."""
    old = plan_of(catalogue(SPEND))
    events = [Event("e1", "purchase", 5, {"amount": 0.1, "category": "bread"})]
    record = old.new_record(ProfileKey("crm", "7"))
    record.attributes = {"city": "Lund"}
    old.fold(record, events[0])
    new = plan_of(catalogue(LAST))
    new.refold(record, events)
    assert record.aggregates == {"last": {"bread": 5}}
    assert record.fold == new.fingerprint
    assert (record.event_count, record.attributes) == (1, {"city": "Lund"})


def counted(counter: Counter, *events: Event, answer: Any = True) -> int:
    """Returns how many of some events a counter of profiles counts."""
    found = catalogue(offers=(offer("a", Cap(0, 90)), offer("b")), counters=(counter,))
    record = plan_of(found).new_record(ProfileKey("crm", "7"))
    plan = plan_of(found, answer)
    for event in events:
        plan.fold(record, event)
    return len(record.counted.get(counter.key, ()))


def test_a_counter_counts_what_its_offers_placements_and_filter_let_in() -> None:
    """Of its type alone; about none of its offers only if it has none; anything but True is no."""
    shown = [
        Event("1", "display", 1, {}, "a", "d", "web"),
        Event("2", "display", 2, {}, "a", "d", "app"),
        Event("3", "display", 3, {}, "b", "d", "web"),
        Event("4", "display", 4),
        Event("5", "click", 5, {}, "a", "d", "web"),
    ]
    change = msgspec.structs.replace
    assert counted(DISPLAYS, *shown) == 2
    assert counted(change(DISPLAYS, offers=(0, 1)), *shown) == 3
    assert counted(change(DISPLAYS, offers=None), *shown) == 4
    assert counted(change(DISPLAYS, placements=("web",)), *shown) == 1
    assert counted(change(DISPLAYS, offers=None, placements=("web", "app")), *shown) == 3
    assert counted(change(DISPLAYS, where=0), *shown) == 2
    for answer in (False, None, "unknown", 1):
        assert counted(change(DISPLAYS, where=0), *shown, answer=answer) == 0


def test_a_repeated_proposition_counts_only_for_single_placements() -> None:
    """The same decision proposing an offer at two placements of a request proposes it once."""
    proposed = [
        Event("1", "decision", 1, {}, "a", "d", "web"),
        Event("2", "decision", 1, {REPEATED: True}, "a", "d", "app"),
    ]
    decisions = msgspec.structs.replace(DISPLAYS, event="decision")
    assert counted(decisions, *proposed) == 1
    for placement in ("web", "app"):
        single = msgspec.structs.replace(decisions, placements=(placement,))
        assert counted(single, *proposed) == 1
