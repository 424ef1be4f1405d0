"""Until when a membership is certain: what is told of rules as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.admission import parse_instant
from offerd.audience.certainty import Foresight, Reads
from offerd.audience.membership import Memberships
from offerd.expression import compile_expression, plan
from offerd.model.membership import Certainty
from unit.audience.random_moments import ENVIRONMENT

SECOND = 1_000_000_000
NOW = parse_instant("2026-03-10T10:20:30.5Z")


class _Still:
    """A customer of whom nothing changes."""

    def __init__(self, rules: dict[str, Any], aggregate: dict[str, Any]) -> None:
        born = parse_instant("2008-03-29T00:00:00Z")
        self._profile = {"born": born, "tier": "plus", "zone": "Europe/Stockholm"}
        self._rules, self._aggregate = rules, aggregate

    def roots(self, reads: Reads, now_ns: int) -> tuple[Any, ...]:
        return Memberships(self._rules, self._profile, {}, self._aggregate, now_ns).roots()

    def next_edge(self, reads: Reads, after_ns: int) -> int | None:
        return None


def _until(rule: str, effort: int = 200, **aggregate: Any) -> Certainty:
    rules = {"asked": plan(compile_expression(rule, ENVIRONMENT), ENVIRONMENT)}
    life = _Still(rules, aggregate)
    return Foresight(rules, ENVIRONMENT).certainty("asked", life, NOW, effort)


@pytest.mark.parametrize(
    ("rule", "until"),
    [
        (
            "now - timestamp('2026-01-01T00:00:00Z') > duration('2160h')",
            "2026-04-01T00:00:00.000000001Z",
        ),
        ("now - timestamp('2026-01-01T00:00:00Z') >= duration('2160h')", "2026-04-01T00:00:00Z"),
        (
            "now < timestamp('2026-05-01T00:00:00Z') && profile.tier == 'plus'",
            "2026-05-01T00:00:00Z",
        ),
        # Clocks in Stockholm are turned on at 01:00 UTC of 29 March.
        ("now.getHours('Europe/Stockholm') == 11", "2026-03-10T11:00:00Z"),
        ("now.getMonth('Europe/Stockholm') == 3", "2026-03-31T22:00:00Z"),
        ("isBirthday(profile.born, profile.zone)", "2026-03-28T23:00:00Z"),
        ("yearsSince(profile.born, profile.zone) >= 18", "2026-03-28T23:00:00Z"),
        ("yearsSince(profile.born, 'UTC') >= 65", "2073-03-29T00:00:00Z"),
        ("today('Europe/Stockholm') > timestamp('2027-01-01T00:00:00Z')", "2027-01-01T23:00:00Z"),
        ("int(now) >= 1800000000", "2027-01-15T08:00:00Z"),
        ("(now - timestamp('2026-03-01T00:00:00Z')).getHours() >= 300", "2026-03-13T12:00:00Z"),
        ("!(now.getFullYear() < 2028 || profile.tier == 'basic')", "2028-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_the_instant_of_the_next_change_is_told(rule: str, until: str) -> None:
    """Exactly, to the nanosecond."""
    assert _until(rule) == Certainty(parse_instant(until), exact=True)


@pytest.mark.parametrize(
    "rule",
    [
        "profile.tier == 'plus'",
        "now > timestamp('2026-01-01T00:00:00Z')",
        "aggregate.last > now - duration('1h')",
        "now.getFullYear() >= 2026 || now.getHours() == 3",
        "now.getHours() + 1 > 0",
    ],
)
def test_what_never_changes_is_told_so(rule: str) -> None:
    """Nor does what is unknown, or fails, for good."""
    assert _until(rule) == Certainty(None, exact=True)


def test_entries_of_a_map_are_followed_one_by_one() -> None:
    """`exists`, `filter` and the like over times."""
    day = 86_400_000_000_000
    times = {"yoga": NOW - 89 * day, "run": NOW - 80 * day}
    rule = "aggregate.times.exists(k, now - aggregate.times[k] >= duration('2160h'))"
    assert _until(rule, times=times) == Certainty(NOW + day, exact=True)
    rule = "aggregate.times.filter(k, now - aggregate.times[k] < duration('2160h')).size() == 0"
    assert _until(rule, times=times) == Certainty(NOW + 10 * day, exact=True)


def test_what_cannot_be_foreseen_is_told_as_inexact() -> None:
    """Of a function that isn't known to stay the same nothing is certain but the present."""
    found = _until("string(now).startsWith('2027')", effort=5)
    assert not found.exact
    assert found.until_ns is not None
    assert found.until_ns > NOW


def test_effort_bounds_how_far_is_looked() -> None:
    """What was looked at is certain."""
    found = _until("now.getSeconds() * 2 == 119", effort=10)
    assert found == Certainty(NOW // SECOND * SECOND + 11 * SECOND, exact=False)
