"""What bounds an evaluation: its steps and its memory, whatever the rule and the data."""

from __future__ import annotations

import tracemalloc
from typing import Any, ClassVar

import pytest

from offerd.admission.values import LIST_LIMIT, STRING_LIMIT_BYTES
from offerd.events.steps import GROUP_LIMIT
from offerd.expression import (
    DOUBLE,
    INT,
    STRING,
    Attribute,
    Checking,
    Environment,
    ExpressionError,
    Failure,
    Limits,
    Record,
    Rule,
    compile_expression,
    list_of,
    map_of,
    plan,
)
from offerd.expression.check.extents import ADMITTED, Assumed
from offerd.expression.check.size import needs_meter, worst_steps
from offerd.expression.plan import exact as exact_form
from offerd.expression.plan.meter import Meter

ENVIRONMENT = Environment(
    {
        "p": Record(
            {
                "s": Attribute(STRING),
                "n": Attribute(INT),
                "numbers": Attribute(list_of(INT)),
                "doubles": Attribute(list_of(DOUBLE)),
                "texts": Attribute(list_of(STRING)),
                "groups": Attribute(map_of(STRING, INT)),
            }
        )
    }
)
"""The types that data of the service has."""

LARGEST: dict[str, Any] = {
    "s": "ab" * (ADMITTED.characters // 2),
    "n": 1_000,
    "numbers": list(range(1_000, 1_000 + ADMITTED.elements)),
    "doubles": [number + 0.5 for number in range(ADMITTED.elements)],
    "texts": [f"{number:04}{'x' * 60}" for number in range(ADMITTED.elements)],
    "groups": {f"group {number}": number for number in range(ADMITTED.entries)},
}
"""As large as the service admits data, in every attribute."""

MOST_MEMORY = 64 << 20
TEXT = "x" * 8_000

REFUSED = [
    "cel.bind(l, lists.range(10000), l.map(x, l).flatten().size() > 5)",
    "cel.bind(l, lists.range(10000), cel.bind(m, l.map(x, l), cel.bind(n, m.map(x, m), "
    "n.flatten().flatten().size() > 5)))",
    "cel.bind(l, lists.range(3000).map(i, 1.0), l.map(x, l) == [l, l] + l.map(y, l))",
    'cel.bind(l, lists.range(2000), "%s".format([l.map(x, l)]).size() > 5)',
    "cel.bind(l, lists.range(10000), cel.bind(m, l.map(x, l), cel.bind(n, m.map(x, m), "
    "dyn(n) == dyn(m.map(y, m)))))",
    f"lists.range(10000).map(i, '{'a' * 30}').join().matches('(a?){{500}}(a{{1,400}}){{2}}b')",
    f"cel.bind(a, '{TEXT}', {'cel.bind(a, a + a, ' * 16}a.size() > 3{')' * 17}",
    "cel.bind(s, lists.range(1000).map(i, 'xxxxxxxxxx').join(), "
    "lists.range(10000).map(i, '').join(s).size() > 5)",
    "lists.range(p.n).map(x, lists.range(p.n)).size() > 3",
    "cel.bind(a, [p.s, 'a'], "
    + "cel.bind(a, a.map(x, a).flatten(), " * 12
    + "a.size() > 3"
    + ")" * 13,
]


@pytest.mark.parametrize("source", REFUSED, ids=range(len(REFUSED)))
def test_a_rule_that_builds_or_walks_too_much_is_refused(source: str) -> None:
    """What a rule makes of constants, ranges and bound values counts with its size."""
    with pytest.raises(ExpressionError, match="steps: at most 1000000"):
        compile_expression(source, ENVIRONMENT, checking=Checking.CEL)


ADVERSARIAL = [
    *REFUSED,
    "p.texts.exists(a, p.texts.exists(b, a + b == 'zz'))",
    "p.texts.exists(a, p.texts.exists(b, p.texts.exists(c, a == b + c)))",
    "p.s.matches('(a?){500}(a{1,100}){2}c')",
    "p.texts.exists(t, p.s.matches(t + '{1,3}'))",
    "p.numbers.map(x, p.numbers).flatten().size() > 5",
    "p.texts.map(x, p.s).join().size() > 5",
    "p.texts.map(x, p.s).join(p.s).size() > 5",
    "p.texts.map(x, p.s.lowerAscii()).join().size() > 5",
    "cel.bind(l, p.texts.map(x, p.s + x), l == l.map(x, x))",
    "'%s'.format([p.texts.map(x, p.texts)]).size() > 3",
    "p.texts.exists(x, p.s.lastIndexOf(p.s + x) > 3)",
    "p.s.split('').map(x, p.s.split('')).size() > 3",
    "sets.contains(p.doubles, p.doubles)",
    "sets.equivalent(p.doubles.map(x, p.doubles), p.doubles.map(x, p.doubles))",
    "p.texts.distinct().map(x, p.doubles.distinct()).size() > 3",
    "p.s.replace('a', p.s).size() > 3",
    "p.groups.map(k, p.groups).size() > 3",
    "p.groups.transformMapEntry(k, v, p.groups).size() > 3",
    "p.groups.transformMapEntry(k, v, p.groups.transformMap(i, w, v)).size() > 3",
    "p.groups.transformList(k, v, {k: v, k + 'a': p.s + k}).size() > 3",
    "p.groups.transformMap(k, v, [[v + 1000000], [k.size()]]).size() > 3",
    "dyn(p.numbers.map(x, p.numbers.map(y, 1u))) == dyn(1)",
    "p.numbers.map(x, p.numbers).sortBy(x, '%s'.format([x])).size() > 3",
    "p.texts.map(x, p.s + x).sort().size() > 3",
    "p.groups.exists(k, v, p.texts.exists(x, x == k))",
    "p.numbers.exists(x, strings.quote(p.s) == 'x')",
    "p.numbers.map(i, string(i) + p.s.substring(i)).size() > 3",
    "p.numbers.map(i, base64.encode(bytes(p.s))).size() > 3",
    "p.numbers.transformMap(i, x, i).all(k, v, p.numbers.transformMap(i, x, i)[1] == 1)",
]
UNLIMITED = Limits(nodes=20_000, cost=10**40)


def _peak(run: Any) -> tuple[Any, int]:
    """What a call gives, and the most memory it takes."""
    tracemalloc.start()
    try:
        outcome = run(LARGEST)
        return outcome, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("source", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
def test_no_rule_takes_more_than_is_stated(source: str) -> None:
    """Even what compiles with other limits ends, in both forms, within bounded memory."""
    rule = _rule(source)
    outcome, peak = _peak(rule.evaluate)
    assert peak < MOST_MEMORY
    exact = rule.exact(LARGEST)
    assert type(exact) is type(outcome)
    assert isinstance(outcome, bool | Failure)


def _rule(source: str) -> Rule:
    made = compile_expression(source, ENVIRONMENT, limits=UNLIMITED, checking=Checking.CEL)
    return plan(made, ENVIRONMENT)


def test_a_rule_that_takes_too_many_steps_fails_by_that_name() -> None:
    """The failure says so and where; it is passed over by nothing."""
    source = "1 == p.n || p.texts.exists(a, p.texts.exists(b, a + b == 'zz'))"
    rule = _rule(source)
    for outcome in (rule.evaluate(LARGEST), rule.exact(LARGEST)):
        assert isinstance(outcome, Failure)
        assert outcome.message == "the rule takes more than 1000000 steps on this data"
    assert rule.exact(LARGEST).position.column > 10


class _Counting(Meter):
    made: ClassVar[list[_Counting]] = []

    def __init__(self) -> None:
        super().__init__()
        self.left = self.given = 10**30
        self.made.append(self)


SMALL: dict[str, Any] = {
    "s": "ab" * 20,
    "n": 4,
    "numbers": [5, 6, 7],
    "doubles": [1.5, 2.5],
    "texts": ["abc", "d" * 39],
    "groups": {"a": 1, "b" * 40: 2},
}


@pytest.mark.parametrize("source", ADVERSARIAL[10:], ids=range(len(ADVERSARIAL) - 10))
def test_no_evaluation_takes_more_steps_than_were_foreseen(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the checker counts with these sizes is never less than what the meter counts."""
    monkeypatch.setattr(exact_form, "Meter", _Counting)
    rule = _rule(source)
    rule.exact(SMALL)
    counter = _Counting.made.pop()
    limits = Limits(assumed_list_size=3, assumed_string_length=40)
    assert 0 < counter.given - counter.left <= worst_steps(rule.checked.tree, limits)


ORDINARY = [
    "p.s == 'gold'",
    "p.texts.exists(t, t.startsWith('yo'))",
    "p.texts.exists(t, t == p.s)",
    "p.texts.filter(t, t != 'golf').size() == 2",
    "sets.intersects(p.texts, ['a', 'b'])",
    "p.groups.exists(k, v, k != 'yoga' && v > 3)",
    "p.groups[?'z'].orValue(0) > 3",
    "p.s.matches('^[a-z]+@')",
    "p.s.lowerAscii() == 'x'",
]


@pytest.mark.parametrize("source", ORDINARY)
def test_ordinary_rules_have_no_meter(source: str) -> None:
    """What admitted data cannot make take too many steps is not counted while it runs."""
    assert not needs_meter(compile_expression(source, ENVIRONMENT).tree)


def test_data_is_admitted_no_larger_than_is_foreseen() -> None:
    """The sizes that decide whether a rule is metered are those that the service lets in."""
    assert Assumed(LIST_LIMIT, GROUP_LIMIT, STRING_LIMIT_BYTES) == ADMITTED


def test_a_pattern_may_not_have_too_many_states() -> None:
    """A text is compared with all of them at once, at worst."""
    with pytest.raises(ExpressionError, match=r"states: at most 5000; repeat fewer parts"):
        compile_expression(r"p.s.matches('\\pL{1,100}')", ENVIRONMENT)
