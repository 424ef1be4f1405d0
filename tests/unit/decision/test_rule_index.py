"""The index over rules against evaluating each rule.

A big run: OFFERD_TWIN_CATALOGUES=5000 python -m pytest tests/unit/decision/test_rule_index.py -s
"""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest

from offerd import expression as ex
from offerd.audience.membership import Memberships
from offerd.decision import columns
from offerd.decision.columns import bits, places_in
from offerd.decision.rule_index import RuleIndex, narrowed
from offerd.expression.withheld import WithheldRecord
from offerd.model.place import LocationSettings
from offerd.places.record import PlaceQuestions
from seeds import random_seed
from unit.decision import random_rules

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "40"))
"""How many random sets of rules to compare on; each is asked 20 times."""


QUESTIONS = PlaceQuestions(random_rules.READS, random_rules.PLACES, LocationSettings())


class Computed(dict[str, Any]):
    """A record some of whose values are there only once they are asked for."""

    def __init__(self, now: dict[str, Any], later: dict[str, Any]) -> None:
        super().__init__(now)
        self._later = later

    def __missing__(self, name: str) -> Any:
        return self._later[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._later


def _rules(source: random.Random, count: int) -> tuple[list[ex.Rule], dict[str, ex.Rule]]:
    checked = [random_rules.rule(source) for _ in range(count)]
    asked = [random_rules.rule(source, audience=name) for name in random_rules.RULED]
    planned = ex.plan_many([*checked, *asked], random_rules.ENVIRONMENT)
    return planned[:count], dict(zip(random_rules.RULED, planned[count:], strict=True))


def _memberships(
    source: random.Random, audiences: dict[str, ex.Rule], given: dict[str, dict[str, Any]]
) -> Memberships:
    profile: dict[str, Any] = given["profile"]
    aggregate: dict[str, Any] = given["aggregate"]
    if source.random() < 0.2:
        names = source.sample([*profile], len(profile) // 2)
        aggregate = Computed({}, aggregate)
        profile = WithheldRecord(profile, frozenset(names))
    now_ns = random_rules.NOW_NS
    places = QUESTIONS.record(random_rules.whereabouts(source, now_ns), None, now_ns)
    return Memberships(
        audiences, profile, given["context"], aggregate, now_ns, given["score"], given["loaded"],
        places=places,
    )  # fmt: skip


@pytest.mark.parametrize("budget_bytes", [columns.BUDGET_BYTES, 0], ids=["plenty", "none"])
def test_the_index_agrees_with_evaluating_each_rule(
    budget_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it leaves out isn't true and hasn't failed; what it doesn't ask about is true.

    Of data that isn't of its declared type, what an index leaves out may have failed.
    """
    monkeypatch.setattr(columns, "BUDGET_BYTES", budget_bytes)
    monkeypatch.setattr(columns, "FEWEST_SETS", 2 if budget_bytes == 0 else 64)
    seed = random_seed()
    seen: Counter[str] = Counter()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        rules, audiences = _rules(source, source.randrange(1, 60))
        order: list[int | None] = [*range(len(rules)), None]
        source.shuffle(order)
        index = RuleIndex(order, rules, audiences)
        for asked in range(20):
            where = f"seed {seed}/{number}, request {asked}"
            _compare(source, index, rules, audiences, seen, where)
    print(dict(seen))
    assert min(seen["true"], seen["left out"], seen["asked"], seen["told"]) > CATALOGUES


def _compare(
    source: random.Random,
    index: RuleIndex,
    rules: list[ex.Rule],
    audiences: dict[str, ex.Rule],
    seen: Counter[str],
    where: str,
) -> None:
    strange = source.random() < 0.15
    given = random_rules.records(source, strange=strange)
    memberships = _memberships(source, audiences, given)
    overridden: dict[str, bool] = {}
    if source.random() < 0.2:
        names = source.sample((*random_rules.RULED, *random_rules.LOADED), 2)
        overridden = {name: source.random() < 0.5 for name in names}
        memberships.update(overridden)
    maybe, asked = index.survivors(memberships, overridden)
    assert asked & ~maybe == 0
    for place, number in enumerate(index.order):
        if number is None:
            assert maybe >> place & 1, where
            assert not asked >> place & 1, where
            continue
        reads_offer = "offer" in rules[number].checked.references.attributes
        result = memberships.evaluate(rules[number], {"value": 5.0} if reads_offer else {})
        seen["true"] += result is True
        text = f"{where}: {rules[number].checked.source} is {result} for {given}"
        if not maybe >> place & 1:
            seen["left out"] += 1
            assert result is not True, text
            assert strange or not isinstance(result, ex.Failure), text
        elif asked >> place & 1:
            seen["asked"] += 1
        else:
            seen["told"] += 1
            assert result is True, text


def test_the_function_without_loops_is_the_loop() -> None:
    """Compiled for plain records, it leaves the same rules as the reference, and asks the same."""
    seed = random_seed()
    source = random.Random(seed)
    compared = 0
    for _ in range(40):
        rules, audiences = _rules(source, 40)
        index = RuleIndex([*range(40)], rules, audiences)
        for _ in range(10):
            given = random_rules.records(source, strange=source.random() < 0.2)
            memberships = _memberships(source, audiences, given)
            for place, root in index.roots:
                record: Any = memberships.records[place]
                if root.straight is None or type(record) is not dict:
                    continue
                everything = (1 << 40) - 1
                expected = narrowed(root, record, everything, 0)
                assert _agree(root.straight(record.get, everything, 0), expected), record
                compared += 1
    assert compared > 100


def _agree(found: tuple[int, int], expected: tuple[int, int]) -> bool:
    """The same, but that what is an int where a double was declared may also be asked about."""
    (maybe, asked), (least, also) = found, expected
    return maybe & ~asked == least & ~asked and asked & also == also


@pytest.mark.parametrize("size", [1, 63, 64, 65, 511, 512, 513, 5_000])
def test_places_of_a_set_come_back(size: int) -> None:
    """A set made of places has these places, ascending."""
    source = random.Random(size)
    places = sorted(source.sample(range(size), source.randrange(size) + 1))
    assert places_in(bits(places, size)) == places
    assert places_in(0) == []
