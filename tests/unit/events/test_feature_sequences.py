"""Sequences: one after another, one without another, funnels, sessions."""

from __future__ import annotations

import random
from typing import Any

import pytest

from offerd.events import Features, Series
from offerd.model.event import Event
from offerd.model.schema import Aggregate, AggregateFunction, Sequence, SequenceStep, ValueType

MINUTE_NS = 60 * 10**9

CART_WITHOUT_PURCHASE = Sequence(
    (SequenceStep(("cart",)), SequenceStep(("buy",), negated=True, within_ns=60 * MINUTE_NS))
)
FUNNEL = Sequence(
    (
        SequenceStep(("view",)),
        SequenceStep(("cart",), within_ns=120 * MINUTE_NS),
        SequenceStep(("buy",), after_ns=MINUTE_NS, within_ns=1_440 * MINUTE_NS),
    ),
    1_440 * MINUTE_NS,
)
TYPES = {AggregateFunction.COUNT: ValueType.INT, AggregateFunction.STEPS: ValueType.INT}


def series(features: Features, happened: str) -> Series:
    """Returns the series of events such as `0 cart, 5.5 buy`, by minutes."""
    entries = []
    for number, told in enumerate(filter(None, happened.split(", "))):
        minute, kind = told.split()
        event = Event(f"e{number}", kind, round(float(minute) * MINUTE_NS))
        entries.extend(entry for _, entry in features.taken(event))
    random.Random(7).shuffle(entries)
    return Series.of(entries)


def value(
    sequence: Sequence,
    happened: str,
    minutes: float,
    function: AggregateFunction = AggregateFunction.COUNT,
    window_minutes: int | None = None,
) -> Any:
    """Returns an aggregate over a sequence some minutes after the beginning."""
    within_ns = None if window_minutes is None else window_minutes * MINUTE_NS
    kind = TYPES.get(function, ValueType.TIMESTAMP)
    aggregate = Aggregate("a", (), function, kind, within_ns=within_ns, sequence=sequence)
    features = Features([aggregate], [])
    found = series(features, happened)
    return features.values(lambda *_: found, round(minutes * MINUTE_NS)).get("a")


@pytest.mark.parametrize(
    ("happened", "minutes", "count"),
    [
        ("", 0, 0),
        ("0 cart", 59.99, 0),
        ("0 cart", 60, 1),
        ("0 cart, 60 buy", 60, 0),
        ("0 cart, 60.01 buy", 61, 1),
        ("0 cart, 0 buy", 60, 1),
        ("0 cart, 30 cart", 60, 1),
        ("0 cart, 30 cart", 90, 1),
        ("0 cart, 60 cart", 200, 1),
        ("0 cart, 61 cart", 121, 2),
        ("0 cart, 30 buy, 40 cart", 100, 1),
        ("0 cart, 30 cart, 40 buy, 50 cart", 110, 1),
    ],
)
def test_a_cart_without_a_purchase(happened: str, minutes: float, count: int) -> None:
    """Is abandoned when the time has passed; carts meanwhile belong to it; one may follow."""
    assert value(CART_WITHOUT_PURCHASE, happened, minutes) == count


def test_a_late_purchase_that_is_dated_before_the_cart_leaves_it_abandoned() -> None:
    """And one that is dated within the hour, however late it comes, means that it never was."""
    assert value(CART_WITHOUT_PURCHASE, "10 cart, 5 buy", 70) == 1
    assert value(CART_WITHOUT_PURCHASE, "10 cart, 65 buy", 70) == 0


def test_completions_leave_the_window_by_when_they_were_completed() -> None:
    """A cart of two hours ago that was given up an hour ago is in a window of 61 minutes."""
    last = AggregateFunction.LAST_TIME
    assert value(CART_WITHOUT_PURCHASE, "0 cart", 120.9, window_minutes=61) == 1
    assert value(CART_WITHOUT_PURCHASE, "0 cart", 121, window_minutes=61) == 0
    assert value(CART_WITHOUT_PURCHASE, "0 cart", 120, last, 61) == 60 * MINUTE_NS
    assert value(CART_WITHOUT_PURCHASE, "0 cart", 121, last, 61) is None


@pytest.mark.parametrize(
    ("happened", "steps"),
    [
        ("", 0),
        ("0 cart, 5 buy", 0),
        ("0 view", 1),
        ("0 view, 120 cart", 2),
        ("0 view, 120.01 cart", 1),
        ("0 view, 5 cart, 5.5 buy", 2),
        ("0 view, 5 cart, 6 buy", 3),
        ("0 view, 5 cart, 1440 buy", 3),
        ("0 view, 5 cart, 1440.01 buy", 2),
        ("0 view, 1 view, 5 cart, 1440.01 buy", 3),
        ("0 view, 5 cart, 1000 view", 2),
        ("5 view, 5 cart", 1),
    ],
)
def test_a_funnel_says_how_far_it_came(happened: str, steps: int) -> None:
    """In order, at later times, with the gaps inclusive; an attempt may start at any event."""
    assert value(FUNNEL, happened, 2_000, AggregateFunction.STEPS) == steps
    assert value(FUNNEL, happened, 2_000) == (steps == 3)


def test_steps_forget_what_leaves_the_window() -> None:
    """The attempt has to lie in the window as a whole."""
    steps = AggregateFunction.STEPS
    assert value(FUNNEL, "0 view, 50 cart", 99.9, steps, 100) == 2
    assert value(FUNNEL, "0 view, 50 cart", 100, steps, 100) == 0
    assert value(FUNNEL, "0 view, 40 view, 50 cart", 100, steps, 100) == 2


def test_a_negated_step_between_two_others_bars_what_comes_between_them() -> None:
    """Strictly between; a later first step may still do."""
    sequence = Sequence(
        (SequenceStep(("view",)), SequenceStep(("cart",), negated=True), SequenceStep(("buy",)))
    )
    assert value(sequence, "0 view, 9 buy", 9) == 1
    assert value(sequence, "0 view, 5 cart, 9 buy", 9) == 0
    assert value(sequence, "0 view, 0 cart, 9 cart, 9 buy", 9) == 1
    assert value(sequence, "0 view, 5 cart, 6 view, 9 buy", 9) == 1


def test_a_negated_first_step_looks_back() -> None:
    """Inclusive at its far end, exclusive at the first step, and beyond the window."""
    sequence = Sequence(
        (
            SequenceStep(("cart",), negated=True, within_ns=10 * MINUTE_NS),
            SequenceStep(("view",)),
        )
    )
    assert value(sequence, "0 cart, 10 view", 10) == 0
    assert value(sequence, "0 cart, 10.01 view", 11) == 1
    assert value(sequence, "10 cart, 10 view", 10) == 1
    assert value(sequence, "0 cart, 10 view", 11, AggregateFunction.STEPS, 5) == 0


def test_events_make_up_one_completion_only() -> None:
    """The one that ends first, and the next from what comes after that."""
    pairs = Sequence((SequenceStep(("view",)), SequenceStep(("view",))))
    assert [value(pairs, "0 view, 1 view, 2 view, 3 view, 4 view", n) for n in range(5)] == [
        0, 1, 1, 2, 2
    ]  # fmt: skip
    first = value(pairs, "0 view, 1 view, 2 view, 3 view", 9, AggregateFunction.FIRST_TIME)
    last = value(pairs, "0 view, 1 view, 2 view, 3 view", 9, AggregateFunction.LAST_TIME)
    assert (first, last) == (MINUTE_NS, 3 * MINUTE_NS)


def test_a_session_bridges_pauses_by_what_any_step_takes() -> None:
    """Events of other steps keep it going; those of none, or of negated ones, don't."""
    steps = (SequenceStep(("view",)), SequenceStep(("cart",)), SequenceStep(("buy",)))
    sequence = Sequence(steps, None, 30 * MINUTE_NS)
    assert value(sequence, "0 view, 10 cart, 40 buy", 50) == 1
    assert value(sequence, "0 view, 10 cart, 40.01 buy", 50) == 0
    assert value(sequence, "0 view, 10 cart, 40 view, 70 buy", 70) == 1
    assert value(sequence, "0 view, 10 cart, 40 other, 70 buy", 70) == 0


def test_edges_are_when_sequences_are_completed_and_forgotten() -> None:
    """By what is known: the cart is given up after an hour, and that is over after two more."""
    aggregate = Aggregate(
        "a",
        (),
        AggregateFunction.COUNT,
        ValueType.INT,
        within_ns=120 * MINUTE_NS,
        sequence=CART_WITHOUT_PURCHASE,
    )
    features = Features([aggregate], [])
    found = series(features, "0 cart, 90 cart, 100 buy")
    edges = list(features.edges(lambda *_: found, 0, 1_000 * MINUTE_NS))
    assert edges == [60 * MINUTE_NS, 180 * MINUTE_NS]
