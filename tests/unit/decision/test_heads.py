"""The first candidates of a strategy, found at once: the same answers as from all of them.

A big run: OFFERD_TWIN_CATALOGUES=1000 python -m pytest tests/unit/decision/test_heads.py
"""

from __future__ import annotations

import os
import random
from collections import Counter as Tally
from functools import partial

import pytest
from msgspec.structs import replace

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.bundle import no_pause
from offerd.decision import engine, heads, outright
from offerd.decision.engine import decide
from offerd.decision.heads import Head, Heads
from offerd.decision.prepared import Prepared
from offerd.decision.rule_index import Records, RuleIndex
from offerd.decision.shelves import Shelves
from offerd.decision.warming import warm
from offerd.model.catalogue import Rule
from offerd.model.decision import Arbitration, Deduplication, Options, ScopeQuery
from seeds import random_seed
from unit.decision import random_rules
from unit.decision.random_caps import GivenCounts
from unit.decision.random_rules import DAY_NS, NOW_NS
from unit.decision.test_cost import SCHEMA
from unit.decision.test_cost import _prepared as _costed
from unit.decision.test_outright import _customer, _prepared, _queries

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "40"))
REQUESTS = 40
ENVIRONMENT = decision_environment(SCHEMA, ())


def _constrained(source: random.Random) -> Prepared:
    """Returns a random catalogue whose strategies aren't for everybody, or are."""
    prepared = _prepared(source)
    if source.random() < 0.3:
        return prepared
    text = source.choice((
        "has(profile.age)", "profile.member", "100 / (profile.age - 18) > 1",
    ))  # fmt: skip
    checked = ex.compile_expression(text, random_rules.ENVIRONMENT)
    catalogue = prepared.catalogue
    number = len(catalogue.rules)
    catalogue = replace(
        catalogue,
        rules=(*catalogue.rules, Rule(text, b"")),
        strategies=tuple(replace(one, constraint=number) for one in catalogue.strategies),
    )
    rules = (*prepared.rules, *ex.plan_many([checked], random_rules.ENVIRONMENT))
    return Prepared(catalogue, rules, places=random_rules.PLACES)


def test_the_same_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the first candidates are a few, hundreds or all, at any time, warmed or not."""
    seed = random_seed()
    found: Tally[object] = Tally()
    at_once = engine.at_once

    def counting(*question: object) -> object:
        answer = at_once(*question)  # type: ignore[arg-type]
        found[answer is not None] += 1
        found["items"] += sum(len(one.items) for one in answer or ())
        return answer

    for number in range(2 * CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        monkeypatch.setattr(heads, "SIZE", source.choice((3, 40, 512)))
        monkeypatch.setattr(heads, "_PAUSE", source.choice((1, 3)))
        monkeypatch.setattr(heads, "_TRUSTED", source.choice((0, 2)))
        prepared = _constrained(source)
        if source.random() < 0.3:
            warm(prepared, NOW_NS + source.randrange(-10, 10) * DAY_NS, no_pause)
        several = [_queries(source) for _ in range(3)]
        for _ in range(REQUESTS):
            now_ns = NOW_NS + source.randrange(-10, 10) * DAY_NS + source.choice((-1, 0, 1))
            view, context = _customer(source, now_ns)
            options = Options(source.choice([*Deduplication]), source.choice([*Arbitration]))
            question = partial(
                decide, prepared, view, context, now_ns, source.choice(several), options,
                counts=GivenCounts(source, prepared.catalogue, now_ns),
            )  # fmt: skip
            monkeypatch.setattr(engine, "at_once", counting)
            quick = question()
            monkeypatch.setattr(engine, "at_once", lambda *_: None)
            assert quick == question(), f"{seed=} {number=}"
    print(dict(found))
    assert min(found[True], found[False], found["items"]) > CATALOGUES / 8, found


def _head(texts: list[str], *, is_whole: bool) -> Head:
    """Returns the head of candidates with a rule each, best first, that were always live."""
    environment = decision_environment(SCHEMA, ())
    checked = [ex.compile_expression(text, environment) for text in texts]
    last_first = [*reversed(range(len(texts)))]
    index = RuleIndex(last_first, ex.plan_many(checked, environment), {})
    return Head(index, [heads.Dates(-(1 << 90), 1 << 90)] * len(texts), is_whole=is_whole)


def _aged(age: int) -> Records:
    return {"age": age}, {}, {}, {}, NOW_NS


AGES = [f"profile.age >= {age}" for age in (50, 40, 30, 20)]


def test_fewer_than_wanted_are_the_answer_only_if_there_are_no_others() -> None:
    """A head that isn't all of the candidates can't tell that there are no more."""
    part, whole = _head(AGES, is_whole=False), _head(AGES, is_whole=True)
    for one in (part, whole):
        assert one.best(_aged(35), {}, NOW_NS, 2) == [2, 3]
        assert one.best(_aged(60), {}, NOW_NS, 2) == [0, 1]
    assert part.best(_aged(35), {}, NOW_NS, 3) is None
    assert whole.best(_aged(35), {}, NOW_NS, 3) == [2, 3]
    assert whole.best(_aged(10), {}, NOW_NS, 1) == []


def test_a_rule_that_must_be_asked_matters_as_far_as_it_is_looked() -> None:
    """Behind the candidates that are wanted nobody has to ask."""
    head = _head([*AGES[2:], "profile.age * 2 > 50", AGES[0]], is_whole=True)
    assert head.best(_aged(60), {}, NOW_NS, 2) == [0, 1]
    assert head.best(_aged(60), {}, NOW_NS, 3) is None
    assert head.best(_aged(25), {}, NOW_NS, 1) == [1]
    assert head.best(_aged(25), {}, NOW_NS, 2) is None


def test_a_head_that_rarely_can_tell_is_left_alone_for_a_while() -> None:
    """Then it is tried again, and trusted as soon as it can tell."""
    head = _head(AGES, is_whole=False)
    asked = sum(_is_asked(head, 10) for _ in range(10_000))
    assert asked < 100
    for _ in range(2_000):
        head.best(_aged(60), {}, NOW_NS, 1)
    assert head.best(_aged(60), {}, NOW_NS, 1) == [0]
    assert all(_is_asked(head, 60) for _ in range(100))
    assert sum(_is_asked(head, source) for source in [60, 60, 60, 10] * 100) == 400


def _is_asked(head: Head, age: int) -> bool:
    """Whether a head looks at a customer, rather than saying so of nobody."""
    looked: list[Records] = []
    found = head._found

    def noting(records: Records, members: dict[str, bool]) -> object:
        looked.append(records)
        return found(records, members)

    head._found = noting  # type: ignore[assignment]
    head.best(_aged(age), {}, NOW_NS, 1)
    head._found = found
    return bool(looked)


def test_so_many_heads_are_made_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of further strategies candidates are found as before."""
    monkeypatch.setattr(heads, "MOST_HEADS", 1)
    first, second = (_costed().scopes["d0", "web"].groups[0].strategies[0] for _ in range(2))
    prepared = _costed()
    assert prepared.heads.of(first.shelves) is not None
    assert prepared.heads.of(second.shelves) is None
    assert prepared.heads.of(first.shelves) is prepared.heads.of(first.shelves)


def test_no_more_heads_are_made_once_they_have_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules may list thousands of values; what heads take of memory doesn't follow from these."""
    ages = random.Random(1).sample(range(1_000), 100)
    rules = ex.plan_many(
        [
            ex.compile_expression(f"profile.age in {ages[place : place + 10]}", ENVIRONMENT)
            for place in range(0, 100, 10)
        ],
        ENVIRONMENT,
    )
    index = RuleIndex([*range(10)], rules, {})
    assert index.count_values() == 100
    several = [Shelves([*range(10)], [heads.Dates(0, 1)] * 10, 10) for _ in range(9)]
    monkeypatch.setattr(heads, "MOST_VALUES", 301)
    made = Heads(index, rules, {})
    assert [made.of(one) is not None for one in several] == [True] * 4 + [False] * 5
    assert made.of(several[0]) is not None


def test_a_head_is_not_doubted_where_it_was_not_asked() -> None:
    """Customers for whom a strategy isn't leave it to the others."""
    source = random.Random(1)
    prepared = _costed()
    ((decision, placement), scope) = next(iter(prepared.plain.items()))
    query = ScopeQuery("s", decision, placement, 1)
    plan = outright.plan_of(prepared, prepared.plain, [query], Options(), NOW_NS, {})
    assert plan is not None
    assert plan.head is not None
    assert plan.steps is not None
    view, context = _customer(source, NOW_NS)
    constraint = ex.plan_many([ex.compile_expression("profile.age < 0", ENVIRONMENT)], ENVIRONMENT)
    asked = plan.asked._replace(
        scopes=[(query, scope._replace(has_fallbacks=True), 0, 1)], in_turn=None
    )
    plan = plan._replace(asked=asked, steps=(plan.steps[0]._replace(constraint=constraint[0]),))
    assert plan.head is not None
    for _ in range(100):
        assert outright.at_once(plan, plan.head, _aged(20), view, context) is None
    assert plan.head.best(_aged(20), {}, NOW_NS, 1) is not None


def test_candidates_come_and_go() -> None:
    """At each instant those are found that are live then, however the instants follow."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(20):
        rules, audiences = [], {}
        dates = [heads.Dates(source.randrange(10), source.randrange(10)) for _ in range(30)]
        head = Head(RuleIndex([None] * 30, rules, audiences), dates, is_whole=True)
        for _ in range(40):
            now_ns = source.randrange(10)
            live = [n for n, one in enumerate(dates) if one.from_ns <= now_ns < one.until_ns]
            given = random_rules.records(source)
            records = given["profile"], given["context"], {}, {}, now_ns
            assert head.best(records, {}, now_ns, 5) == live[:5], f"{seed=}"
