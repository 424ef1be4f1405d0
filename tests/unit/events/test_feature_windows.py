"""Windows of aggregates: when events are in them, when they leave, what is told of both."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from offerd.events import Chunk, Features, FoldPlan, Series, figures, kind
from offerd.events.spans import calendar_end
from offerd.model.capping import Calendar, CalendarUnit
from offerd.model.event import Event
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Sequence,
    SequenceStep,
    ValueType,
)
from offerd.model.windows import calendar_start
from seeds import random_seed
from unit.events.random_features import CALENDARS, START_NS, catalogue, planned

HOUR_NS = 3_600 * 10**9
DAY = Calendar(CalendarUnit.DAY, 1, "Europe/Stockholm")
VISITS = Aggregate(
    "visits", ("view",), AggregateFunction.COUNT, ValueType.INT, within_ns=24 * HOUR_NS
)
TODAY = Aggregate("today", ("view",), AggregateFunction.COUNT, ValueType.INT, calendar=DAY)
TOP = Aggregate(
    "top",
    ("view",),
    AggregateFunction.TOP,
    ValueType.LIST_STRING,
    "weight",
    "category",
    count=2,
    half_life_ns=HOUR_NS,
)


def view(hours: float, **properties: Any) -> Event:
    """Returns a view some hours after the start."""
    return Event(f"{hours}{properties}", "view", START_NS + round(hours * HOUR_NS), properties)


class Taken:
    """The series of events that came in some order."""

    def __init__(self, aggregate: Aggregate, *events: Event) -> None:
        self.features = Features([aggregate], [])
        self.series = Series.of(
            entry for event in events for _, entry in self.features.taken(event)
        )

    def at(self, hours: float, off_ns: int = 0) -> Any:
        """Returns the value some hours after the start."""
        now_ns = START_NS + round(hours * HOUR_NS) + off_ns
        found = self.features.values(lambda *_: self.series, now_ns)
        return next(iter(found.values()), None)

    def edges(self, after: float, until: float) -> list[float]:
        """Returns the edges after and up to some hours after the start, in hours after it."""
        bounds = (START_NS + round(hours * HOUR_NS) for hours in (after, until))
        edges = self.features.edges(lambda *_: self.series, *bounds)
        return [(edge - START_NS) / HOUR_NS for edge in edges]


def test_an_event_is_in_a_sliding_window_for_its_length() -> None:
    """From its own time on, up to the nanosecond before that is as long ago as the window."""
    taken = Taken(VISITS, view(0))
    assert [taken.at(0, -1), taken.at(0), taken.at(24, -1), taken.at(24)] == [0, 1, 1, 0]
    assert taken.edges(-1, 100) == [0, 24]
    assert taken.edges(0, 100) == [24]
    assert taken.edges(0, 23) == []
    assert taken.edges(24, 100) == []


def test_an_event_is_in_a_calendar_window_until_that_ends() -> None:
    """The day that clocks go forward has 23 hours, of which one has gone at UTC's midnight."""
    taken = Taken(TODAY, view(0), view(30))
    assert [taken.at(0), taken.at(22, -1), taken.at(22), taken.at(30)] == [1, 1, 0, 1]
    assert taken.edges(0, 100) == [22, 30, 46]


def test_a_late_event_lands_in_the_window_of_its_own_time() -> None:
    """Whatever came before it."""
    taken = Taken(VISITS, view(30), view(10), view(20))
    assert [taken.at(hours) for hours in (30, 34, 44, 54)] == [3, 2, 1, 0]


def test_calendars_go_on_without_gaps() -> None:
    """Each window ends where the next begins, for all units, zones and changes of clocks."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(400):
        calendar = source.choice(CALENDARS)
        calendar = msgspec.structs.replace(calendar, count=source.choice([1, 2, 3, 24]))
        now_ns = source.randrange(2 * START_NS)
        end_ns = calendar_end(calendar, now_ns)
        assert end_ns is not None
        assert now_ns < end_ns == calendar_start(calendar, end_ns)
        assert calendar_start(calendar, end_ns - 1) == calendar_start(calendar, now_ns)


def test_calendars_end_some_day() -> None:
    """After the year 9000, there is but one window left."""
    assert calendar_end(DAY, 10**21) is None


def test_top_weighs_by_age() -> None:
    """An event of an hour ago weighs half; time alone changes no order."""
    events = [view(0, category="a", weight=3.0), view(1, category="b", weight=2)]
    taken = Taken(TOP, *events)
    assert [taken.at(0), taken.at(1), taken.at(1_000)] == [["a"], ["b", "a"], ["b", "a"]]
    assert taken.edges(0, 10**6) == [1]
    again = Taken(TOP, *events, view(2, category="a", weight=0.26))
    assert again.at(2) == ["a", "b"]


def test_top_keeps_the_heaviest_of_equal_ones_the_newest() -> None:
    """Then by name; what weighs nothing or less isn't among them."""
    plain = msgspec.structs.replace(TOP, half_life_ns=None, value=None)
    assert Taken(plain, view(0, category="a"), view(1, category="b")).at(2) == ["b", "a"]
    assert Taken(plain, view(0, category="b"), view(0, category="a")).at(2) == ["a", "b"]
    weighed = msgspec.structs.replace(TOP, half_life_ns=None)
    events = [view(n, category=name, weight=w) for n, name, w in ((0, "a", 1.0), (1, "b", 0.0))]
    assert Taken(weighed, *events, view(2, category="a", weight=-1.0)).at(3) == []


def test_of_too_many_groups_those_that_sort_first_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for what records hold; and it is told."""
    monkeypatch.setattr(figures, "GROUP_LIMIT", 2)
    grouped = msgspec.structs.replace(VISITS, type=ValueType.MAP_INT, group_by="category")
    taken = Taken(grouped, *(view(n, category=name) for n, name in enumerate("cabca")))
    assert taken.at(5) == {"a": 2, "b": 1}
    told = taken.features.approximations(lambda *_: taken.series, START_NS + 5 * HOUR_NS)
    assert told == {"visits": "of 3 groups only 2 are kept"}


@pytest.mark.parametrize(
    ("function", "result", "value", "before"),
    [
        (AggregateFunction.COUNT, ValueType.INT, None, 0),
        (AggregateFunction.DISTINCT, ValueType.INT, "category", 0),
        (AggregateFunction.SUM, ValueType.DOUBLE, "weight", 0.0),
        (AggregateFunction.SUM, ValueType.INT, "weight", 0),
        (AggregateFunction.SUM, ValueType.MAP_DOUBLE, "weight", {}),
        (AggregateFunction.TOP, ValueType.LIST_STRING, None, []),
        (AggregateFunction.AFFINITY, ValueType.MAP_DOUBLE, None, {}),
        (AggregateFunction.AVERAGE, ValueType.DOUBLE, "weight", None),
        (AggregateFunction.LAST, ValueType.STRING, "category", None),
        (AggregateFunction.LAST_TIME, ValueType.TIMESTAMP, None, None),
    ],
)
def test_what_is_read_before_any_event(
    function: AggregateFunction, result: ValueType, value: str | None, before: object
) -> None:
    """The same whether the plan's defaults say so or an empty window does; None is unknown."""
    grouped = result in (ValueType.MAP_DOUBLE, ValueType.LIST_STRING)
    aggregate = Aggregate(
        "a", ("view",), function, result, value, "category" if grouped else None, within_ns=HOUR_NS
    )
    taken = Taken(aggregate, view(0, category="x", weight=1))
    for found in (taken.at(-1), taken.at(2)):
        assert (found, type(found)) == (before, type(before))
    plan = FoldPlan.build(catalogue(aggregate), planned())
    assert plan.defaults == ({} if before is None else {"a": before})
    assert plan.features.names == {"a"}


def test_aggregates_are_asked_for_one_by_one() -> None:
    """Others aren't read; what records hold isn't computed here."""
    folded = msgspec.structs.replace(VISITS, id="ever", within_ns=None)
    features = Features([VISITS, TODAY, folded], [])
    entries = dict(features.taken(view(0)))
    assert entries.keys() == features.names == {"visits", "today"}
    asked: list[str] = []

    def read(name: str, _oldest_ns: int | None) -> Series:
        asked.append(name)
        return Series.of([entries[name]])

    now_ns = START_NS + HOUR_NS
    assert features.values(read, now_ns, ["today", "ever"]) == {"today": 1}
    assert list(features.edges(read, now_ns, now_ns + 22 * HOUR_NS, {"today"})) == [
        START_NS + 22 * HOUR_NS
    ]
    assert features.approximations(read, now_ns, ()) == {}
    assert asked == ["today", "today"]
    assert features.values(read, now_ns) == {"visits": 1, "today": 1}
    assert features.taken(Event("e", "click", START_NS)) == ()


def test_what_is_read_goes_back_as_far_as_values_do() -> None:
    """A sliding window by its length, up to the width of a bucket more; a sequence to the start."""
    features = Features([VISITS, TODAY, TOP, ABANDONED, STEPS], planned())
    now_ns = START_NS + 48 * HOUR_NS
    first_ns = features.oldest_ns("visits", now_ns)
    assert first_ns is not None
    assert 0 <= now_ns - 24 * HOUR_NS + 1 - first_ns <= HOUR_NS
    assert features.oldest_ns("today", now_ns) == now_ns - 2 * HOUR_NS
    assert features.oldest_ns("top", now_ns) is None
    assert features.oldest_ns("abandoned", now_ns) is None
    assert features.oldest_ns("steps", now_ns) == now_ns - 3 * HOUR_NS + 1


SEQUENCE = Sequence(
    (SequenceStep(("view",)), SequenceStep(("buy",), 0, negated=True, within_ns=HOUR_NS))
)
ABANDONED = Aggregate("abandoned", ("view",), AggregateFunction.COUNT, ValueType.INT)
ABANDONED = msgspec.structs.replace(ABANDONED, sequence=SEQUENCE, within_ns=HOUR_NS)
STEPS = Aggregate(
    "steps",
    ("view",),
    AggregateFunction.STEPS,
    ValueType.INT,
    within_ns=HOUR_NS,
    sequence=Sequence(
        (SequenceStep(("buy",), None, True, None, 2 * HOUR_NS), SequenceStep(("view",)))
    ),
)


def fingerprint(*aggregates: Aggregate) -> bytes:
    """Returns the fingerprint of the plan of some aggregates."""
    return FoldPlan.build(catalogue(*aggregates), planned()).fingerprint


def test_steps_say_what_is_left_out_before_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a negated first step looks back to it."""
    monkeypatch.setattr(kind, "KEPT", 2)
    features = Features([STEPS], [])
    bought = Event("e", "buy", START_NS)
    entries = [entry for e in (bought, view(1.5), view(1.6)) for _, entry in features.taken(e)]
    series = features.series("steps", [Chunk.of(entries)])
    told = [
        features.approximations(lambda *_: series, START_NS + round(hours * HOUR_NS))
        for hours in (2, 3)
    ]
    left_out = "only the newest 2 events are taken in, one older is not"
    assert told == [{"steps": left_out}, {}]


@pytest.mark.parametrize(
    ("aggregate", "changes"),
    [
        (VISITS, {"within_ns": HOUR_NS}),
        (VISITS, {"within_ns": None}),
        (TODAY, {"calendar": msgspec.structs.replace(DAY, time_zone="UTC")}),
        (TODAY, {"calendar": None}),
        (TOP, {"value": None}),
        (TOP, {"group_by": "brand"}),
        (ABANDONED, {"sequence": None}),
        (ABANDONED, {"sequence": Sequence(SEQUENCE.steps[:1])}),
        (ABANDONED, {"sequence": Sequence((SequenceStep(("cart",)), SEQUENCE.steps[1]))}),
        (
            ABANDONED,
            {"sequence": Sequence((SEQUENCE.steps[0], SequenceStep(("buy",), 1, True, None, 1)))},
        ),
    ],
)
def test_the_fingerprint_covers_what_series_hold(
    aggregate: Aggregate, changes: dict[str, Any]
) -> None:
    """Windows, since what has left them is let go, values, groups, and which events are steps."""
    assert fingerprint(msgspec.structs.replace(aggregate, **changes)) != fingerprint(aggregate)


@pytest.mark.parametrize(
    ("aggregate", "changes"),
    [
        (TOP, {"count": 7, "half_life_ns": None, "labels": ("C4",)}),
        (ABANDONED, {"events": ("buy", "view")}),
        (ABANDONED, {"sequence": Sequence(SEQUENCE.steps, HOUR_NS, HOUR_NS)}),
    ],
)
def test_the_fingerprint_leaves_out_what_is_computed_when_asked(
    aggregate: Aggregate, changes: dict[str, Any]
) -> None:
    """Then nothing has to be folded again."""
    assert fingerprint(msgspec.structs.replace(aggregate, **changes)) == fingerprint(aggregate)
