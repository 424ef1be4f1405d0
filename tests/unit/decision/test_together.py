"""Attributes that are read together against reading each.

A big run: OFFERD_TWIN_CATALOGUES=1000 python -m pytest tests/unit/decision/test_together.py
"""

from __future__ import annotations

import contextlib
import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision import straight, together
from offerd.decision.columns import Equal
from offerd.decision.rule_index import RuleIndex, narrowed
from offerd.decision.together import MISSING, Together, grouped
from offerd.model.schema import Attribute, Schema, ValueType
from seeds import random_seed

CATALOGUES = int(os.environ.get("OFFERD_TWIN_CATALOGUES", "40"))
TEXTS = ("tier", "country", "device", "channel", "lang")
NUMBERS = ("age", "visits")
SCHEMA = Schema(
    profile=(
        *(Attribute(name, ValueType.STRING) for name in TEXTS),
        *(Attribute(name, ValueType.INT) for name in NUMBERS),
        Attribute("ltv", ValueType.DOUBLE),
        Attribute("subscriber", ValueType.BOOL),
    )
)
ENVIRONMENT = decision_environment(SCHEMA, ())
AUDIENCES = decision_environment(SCHEMA, ("old",))
VALUES = ("a", "b", "c", "d", "", "é")
STRANGE = (True, False, 1, 0, 1.0, 0.0, None, [], {}, ("a",), b"a", 10**30, -1, float("nan"))


class Text(str):
    """A text of another type, which rules compare as any."""

    __slots__ = ()


def _condition(source: random.Random, most: int) -> str:
    name = source.choice((*TEXTS, *TEXTS, *NUMBERS, "ltv", "subscriber"))
    if name in TEXTS:
        values = ", ".join(f'"{value}"' for value in source.sample(VALUES, source.randrange(1, 4)))
        return source.choice((
            f"profile.{name} in [{values}]", f"!(profile.{name} in [{values}])",
            f"has(profile.{name})", f"!has(profile.{name})",
        ))  # fmt: skip
    if name == "subscriber":
        return (
            f"profile.subscriber {source.choice(('==', '!='))} {source.choice(('true', 'false'))}"
        )
    bound = source.randrange(most)
    operator = source.choice((">=", "<", ">", "<=", "=="))
    return f"profile.{name} {operator} {bound}{'.5' if name == 'ltv' else ''}"


def _rule(source: random.Random, most: int) -> ex.Checked:
    """Returns a random rule that some customer may meet."""
    while True:
        parts = [_condition(source, most) for _ in range(source.randrange(1, 5))]
        with contextlib.suppress(ex.ExpressionError):
            return ex.compile_expression(" && ".join(parts), ENVIRONMENT)


def _index(source: random.Random, rules: int = 40) -> RuleIndex:
    """Returns an index over random rules that compare each attribute that they read."""
    most = source.choice((3, 40, 1_024, 100_000))
    while True:
        checked = [_rule(source, most) for _ in range(rules)]
        index = RuleIndex([*range(rules)], ex.plan_many(checked, ENVIRONMENT), {})
        if all(root.straight is not None for _, root in index.roots):
            return index


def _record(source: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {name: source.choice((*VALUES[:4], "x", "y")) for name in TEXTS}
    for name in NUMBERS:
        made[name] = source.choice((source.randrange(60), source.randrange(-5, 1_100), 10**6))
    made["ltv"] = source.choice((source.random() * 50, 17, float("inf")))
    made["subscriber"] = source.random() < 0.5
    if source.random() < 0.3:
        for name in source.sample([*made], 3):
            del made[name]
    if source.random() < 0.3:
        for name in source.sample([*SCHEMA_NAMES], 2):
            made[name] = source.choice((*STRANGE, Text("a")))
    return made


SCHEMA_NAMES = (*TEXTS, *NUMBERS, "ltv", "subscriber")


def test_the_same_rules_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was kept before, of however many combinations, and whatever the values are.

    Rules are asked as in the reference; also where an integer is given for a double, and not where
    a text of another type equals one that was met.
    """
    seed = random_seed()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        monkeypatch.setattr(together, "_MOST_NAMED", source.choice((1, 50, 512, 10**6)))
        monkeypatch.setattr(together, "_NAMED_BYTES", source.choice((0, 1_000, 1 << 20)))
        monkeypatch.setattr(together, "_OTHER_BYTES", source.choice((0, 1_000, 1 << 18)))
        monkeypatch.setattr(straight, "_SMALL", source.choice((0, 30, 1_024)))
        index = _index(source)
        ((_, root),) = index.roots
        assert root.straight is not None
        everything = (1 << len(index.order)) - 1
        for _ in range(300):
            record = _record(source)
            maybe, asked = root.straight(record.get, everything, 0)
            least, also = narrowed(root, record, everything, 0)
            where = f"seed {seed}/{number}, {record}"
            if not any(type(value) is Text for value in record.values()):
                assert maybe & ~asked == least & ~asked, where
                assert asked & also == also, where
                assert type(record.get("ltv")) is int or (maybe, asked) == (least, also), where
            else:
                plain = {k: str(v) if type(v) is Text else v for k, v in record.items()}
                told, unsure = narrowed(root, plain, everything, 0)
                # What isn't asked is so of the text that it equals.
                assert (maybe ^ told) & ~asked == 0, where
                assert asked & unsure == unsure, where


def test_a_rule_may_ask_for_what_no_number_is() -> None:
    """By an audience of its own, too: it is true of nobody, and a column may have no bounds."""
    rules = [ex.compile_expression('audience("old")  && profile.age < 20', AUDIENCES)]
    old = ex.compile_expression("profile.age >= 20", AUDIENCES)
    planned = ex.plan_many([*rules, old], AUDIENCES)
    index = RuleIndex([0, None], planned[:1], {"old": planned[1]})
    for record in ({"age": 19}, {"age": 20}, {}, {"age": "x"}):
        maybe, asked = index.found((record, {}, {}, {}, 0), {})
        assert maybe & ~asked == 0b10, record


def _columns(source: random.Random) -> list[Equal]:
    ((_, root),) = _index(source, 200).roots
    return [column for column in root.equal if column.kind is str]


def test_each_column_is_in_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups have few combinations of what is named, unless a column alone has more."""
    columns = _columns(random.Random(1))
    assert len(columns) == len(TEXTS)
    for most in (1, 7, 49, 512, 10**6):
        monkeypatch.setattr(together, "_MOST_NAMED", most)
        groups = [*grouped(columns)]
        assert sorted(one.path for group in groups for one in group) == sorted(TEXTS)
        for group in groups:
            combinations = 1
            for one in group:
                combinations *= len(one.values) + 1
            assert len(group) == 1 or combinations <= most


def test_callers_cannot_take_the_room_of_others() -> None:
    """Of values that no rule names some are kept, no long ones; named ones always have room."""
    columns = _columns(random.Random(2))[:2]
    both = Together(columns)
    first, second = (column.path for column in columns)

    def is_kept(one: object, other: object) -> bool:
        record = {first: one, second: other}
        both.learn(record.get, -1, 0)
        return both.known((one, other)) is not None

    kept = sum(is_kept(f"junk {number}", "a") for number in range(5_000))
    assert 100 < kept <= together._OTHER_BYTES // together._ENTRY_BYTES
    assert is_kept("junk 0", "a")
    assert not is_kept("more junk", "a")
    assert all(is_kept(one, other) for one in columns[0].values for other in columns[1].values)
    assert is_kept(MISSING, MISSING) or is_kept("a", "b")
    long = Together(columns)
    long.learn({first: "x" * 100_000, second: "a"}.get, -1, 0)
    assert long.known(("x" * 100_000, "a")) is None
    long.learn({first: Text("a"), second: 1}.get, -1, 0)
    assert long.known(("a", 1)) is None


def test_threads_may_read_at_once() -> None:
    """Each finds what it would have found alone."""
    seed = random_seed()
    source = random.Random(seed)
    index = _index(source)
    records = [_record(source) for _ in range(500)]
    ((_, root),) = index.roots
    expected = [narrowed(root, record, -1, 0) for record in records]
    assert root.straight is not None
    run = root.straight

    def ask(_: int) -> list[tuple[int, int]]:
        return [run(record.get, -1, 0) for record in records]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(ask, range(8)):
            for one, (maybe, asked), record in zip(found, expected, records, strict=True):
                assert one[0] & ~one[1] == maybe & ~one[1] or Text in map(type, record.values())
                assert one[1] & asked == asked or Text in map(type, record.values())
