"""Candidates by rule: which rules are asked, and what is kept."""

from __future__ import annotations

import tracemalloc

import pytest

from offerd.decision import blocks
from offerd.decision.blocks import Dates
from offerd.decision.shelves import Live, Shelf, Shelves

ALWAYS = Dates(-(1 << 90), 1 << 90)
OVER = Dates(0, 1)
NOW_NS = 5


@pytest.mark.parametrize("most_rules", [0, 255])
def test_a_rule_whose_candidates_are_all_over_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, most_rules: int
) -> None:
    """In whatever order, whether rules are many or few; so it isn't named if it would fail."""
    monkeypatch.setattr(blocks, "MOST_RULES", most_rules)
    shelves = Shelves([0, 1, 0, 2], [OVER, ALWAYS, OVER, ALWAYS], 3)
    order = [3, 2, 1, 0]
    asked: list[int] = []

    def holds(rule: int) -> bool:
        asked.append(rule)
        return rule != 2

    survivors = 0b111, 0b111
    found = shelves.along(order, shelves.blocks_in(order), survivors, NOW_NS, holds)
    assert [order[position] for position in found] == [1]
    assert asked == [2, 1]
    assert [*shelves.best_first(survivors, NOW_NS, holds)] == [1]
    assert asked == [2, 1, 1, 2]


def test_what_is_kept_follows_the_candidates_and_not_the_rules_that_there_are() -> None:
    """A catalogue may have thousands of rules and hundreds of strategies for some offers each."""
    size = 10_000
    tracemalloc.start()
    try:
        made = [Shelves([*range(5, size, 500)], [ALWAYS] * 20, size) for _ in range(50)]
        before = tracemalloc.get_traced_memory()[0]
        for shelves in made:
            shelves.look(NOW_NS)
        assert tracemalloc.get_traced_memory()[0] - before < len(made) * size
    finally:
        tracemalloc.stop()
    assert made[0].sure((1 << size) - 1, NOW_NS, 30) == [*range(20)]


def test_a_date_that_passes_has_few_shelves_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: only those of the rules that may be true, where they are many."""
    size = 5_000
    shelves = Shelves([*range(size)], [Dates(place, 1 << 90) for place in range(size)], size)
    shelves.look(0)
    looked: list[int] = []
    look = Shelf.look

    def noting(shelf: Shelf, now_ns: int) -> Live:
        looked.append(now_ns)
        return look(shelf, now_ns)

    monkeypatch.setattr(Shelf, "look", noting)
    assert shelves.sure((1 << 30) - 1, 4_000, 30) == [*range(30)]
    assert len(looked) <= 30
