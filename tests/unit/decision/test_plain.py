"""Requests in which rules alone decide, and the blocks in which their candidates are found."""

from __future__ import annotations

import random

import pytest

from offerd.decision import blocks
from offerd.decision.blocks import Blocks, Dates
from offerd.model.decision import Deduplication, Options
from seeds import random_seed
from unit.decision.test_cost import OFFERS, SCOPES, _ask, _prepared


@pytest.mark.parametrize("deduplication", [*Deduplication])
def test_scopes_that_ask_the_same_cost_next_to_nothing(deduplication: Deduplication) -> None:
    """Two hundred scopes take a few dozen Python calls, not some dozens for each of them."""
    prepared = _prepared(decisions=20)
    answer, _ = _ask(prepared, 5, Options(deduplication))
    again, calls = _ask(prepared, 5, Options(deduplication))
    assert again == answer
    assert calls < SCOPES
    shown = [item.offer.id for one in again.propositions for item in one.items]
    assert len(shown) == 5 * SCOPES
    if deduplication is Deduplication.REQUEST:
        assert len(set(shown)) == OFFERS == 5 * SCOPES


class Asked:
    """Which rules hold, and which were asked."""

    def __init__(self, true: set[int]) -> None:
        self.true = true
        self.asked: list[int] = []

    def holds(self, rule: int) -> bool:
        """Says whether a rule holds, and notes that it was asked."""
        self.asked.append(rule)
        return rule in self.true


def test_blocks_find_what_comparing_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order, lazily or not: the live candidates whose rules hold, each rule asked once."""
    monkeypatch.setattr(blocks, "SIZE", 16)
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(200):
        count = source.randrange(1, 100)
        rules = [source.choice((0, 1, 7, 100, 254)) for _ in range(count)]
        dates = [Dates(source.randrange(5), source.randrange(5, 10)) for _ in range(count)]
        order = source.choice((range(count), source.sample(range(count), count)))
        made = Blocks(rules, dates, None if isinstance(order, range) else order)
        for _ in range(2):
            _compare(source, made, [(rules[place], dates[place]) for place in order], f"{seed=}")


def _compare(
    source: random.Random, made: Blocks, candidates: list[tuple[int, Dates]], where: str
) -> None:
    """Compares for some instant, some rules that may be true, and some of them to be asked."""
    now_ns = source.randrange(12)
    known = sorted({rule for rule, _ in candidates})
    maybe = {rule for rule in known if source.random() < 0.7}
    asked = {rule for rule in known if source.random() < 0.5}
    rules = Asked({rule for rule in known if source.random() < 0.5})
    live = [
        (position, rule)
        for position, (rule, own) in enumerate(candidates)
        if rule in maybe and own.from_ns <= now_ns < own.until_ns
    ]
    bits = sum(1 << rule for rule in maybe)
    found = [*made.positions(bits, sum(1 << rule for rule in asked), now_ns, rules.holds)]
    held = [position for position, rule in live if rule not in asked or rule in rules.true]
    assert found == held, where
    assert sorted(rules.asked) == sorted({rule for _, rule in live} & asked), where
    first = source.randrange(1, 10)
    assert made.first(bits, now_ns, first) == [position for position, _ in live][:first], where
