"""Names of requests and propositions."""

from __future__ import annotations

from offerd.admission import parse_instant
from offerd.service.naming import Names

NOW_NS = parse_instant("2026-11-02T09:00:00Z")
MILLISECOND_NS = 10**6


def test_names_of_one_time_lie_together() -> None:
    """Those of a fiftieth of a second later sort after the earlier ones; none comes twice."""
    names = Names()
    early = [names.stem(NOW_NS + number) for number in range(2_000)]
    late = [names.stem(NOW_NS + 20 * MILLISECOND_NS + number) for number in range(2_000)]
    assert max(early) < min(late)
    assert len({*early, *late}) == 4_000
    assert {len(one) for one in (*early, *late)} == {24}
    assert early != sorted(early)


def test_two_processes_make_other_names() -> None:
    """At the same instant too."""
    one, other = Names(), Names()
    assert not {one.stem(NOW_NS) for _ in range(500)} & {other.stem(NOW_NS) for _ in range(500)}


def test_any_instant_has_a_name() -> None:
    """Before 1970, and long after."""
    names = Names()
    for now_ns in (-1, 0, -(10**20), 10**20):
        assert len(names.stem(now_ns)) == 24
    assert len(names.hexadecimal(8)) == 16
