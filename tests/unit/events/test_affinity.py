"""Affinity: the vectors that its rules are known by, and how sessions end."""

from __future__ import annotations

import pytest

from offerd.events import Entry, Features, Series
from offerd.model.schema import Aggregate, AggregateFunction, ValueType

MINUTE_NS = 60 * 10**9
GAP_NS = 30 * MINUTE_NS
FIRST = ("mens", "acc", "jew", "acc")
SECOND = ("jew", "acc", "beauty", "shoes", "womens")


def affinity(
    touches: list[tuple[int, str]], minutes: float, count: int = 5, window_ns: int | None = None
) -> dict[str, float]:
    """Returns the affinities some minutes after the beginning; touches by minute."""
    aggregate = Aggregate(
        "affinity",
        ("view",),
        AggregateFunction.AFFINITY,
        ValueType.MAP_DOUBLE,
        None,
        "category",
        within_ns=window_ns,
        count=count,
        session_gap_ns=GAP_NS,
    )
    features = Features([aggregate], [])
    entries = [Entry(minute * MINUTE_NS, n, group) for n, (minute, group) in enumerate(touches)]
    series = Series.of(entries)
    now_ns = round(minutes * MINUTE_NS)
    value: dict[str, float] = features.values(lambda *_: series, now_ns)["affinity"]
    return value


def session(groups: tuple[str, ...], start: int = 0) -> list[tuple[int, str]]:
    """Returns touches of groups, a minute apart."""
    return [(start + number, group) for number, group in enumerate(groups)]


def test_first_new_and_known_groups() -> None:
    """10 for the first, 5 for another, 5 more when touched again, 1 less for others' beginnings."""
    assert affinity(session(FIRST), 4) == {"mens": 8.0, "acc": 9.0, "jew": 5.0}


def test_the_end_of_a_session_halves() -> None:
    """All of them, once, however long nothing happens."""
    halved = {"mens": 4.0, "acc": 4.5, "jew": 2.5}
    assert affinity(session(FIRST), 120) == halved
    assert affinity(session(FIRST), 10_000) == halved


def test_the_lowest_goes_when_there_are_too_many() -> None:
    """Five are kept; the second session starts from what the first has left."""
    touches = [*session(FIRST), *session(SECOND, 600)]
    assert affinity(touches, 605) == {
        "acc": 6.5, "womens": 5.0, "jew": 4.5, "shoes": 4.0, "beauty": 3.0
    }  # fmt: skip


def test_a_session_ends_after_its_gap_and_not_with_it() -> None:
    """A pause as long as the gap goes on with the session, a nanosecond more doesn't."""
    touched = [(0, "a")]
    assert affinity(touched, 30) == {"a": 10.0}
    assert affinity(touched, 30 + 1 / MINUTE_NS) == {"a": 5.0}
    assert affinity([(0, "a"), (30, "a")], 31) == {"a": 15.0}
    assert affinity([(0, "a"), (31, "a")], 31) == {"a": 10.0}


def test_a_new_group_that_is_the_lowest_goes_itself() -> None:
    """Until the others have lost enough; of equal ones the one not touched for longest goes."""
    well_known = session(("a", "a", "b", "b"))
    assert affinity([*well_known, (4, "c")], 4, 2) == {"a": 13.0, "b": 9.0}
    assert affinity([*well_known, *session(("c", "d", "c", "d", "c"), 4)], 9, 2) == {
        "a": 9.0, "c": 5.0
    }  # fmt: skip


def test_a_window_forgets_what_leaves_it() -> None:
    """The first group in the window is the first there is."""
    touches = [(0, "a"), (10, "b"), (20, "b")]
    assert affinity(touches, 25, window_ns=20 * MINUTE_NS) == {"b": 15.0}


@pytest.mark.parametrize("minutes", [-1, 0])
def test_a_touch_counts_from_its_time_on(minutes: int) -> None:
    """And not before."""
    assert affinity([(0, "a")], minutes) == ({"a": 10.0} if minutes == 0 else {})
