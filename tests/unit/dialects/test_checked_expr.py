"""Rules as cel.expr.CheckedExpr: what is in the message, and that a browser answers alike.

`OFFERD_BROWSER_RULES` sets how many rules the browser's evaluator is asked, `OFFERD_SEED` with
which seed to begin.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from google.protobuf import any_pb2

from offerd.dialects import DialectError
from offerd.dialects.checked_expr import Evaluator, to_any, to_checked_expr
from offerd.dialects.checked_expr.messages import CheckedExpr
from offerd.expression import Checked, compile_expression, plan
from unit.dialects.browser_evaluator import browser_answers
from unit.dialects.dialect_rules import ENVIRONMENT, Rules
from unit.dialects.warehouse import CHECKED_AUDIENCES, checked_rule, python_answer

RULES = int(os.environ.get("OFFERD_BROWSER_RULES", "120"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
ROWS = 20
SEEDS = 2


def rule(source: str) -> Checked:
    """A rule checked as definitions are."""
    return compile_expression(source, ENVIRONMENT)


def exported(source: str) -> Any:
    """The message for a rule."""
    return CheckedExpr.FromString(to_checked_expr(rule(source)))


def test_an_attribute_is_a_field_of_its_record() -> None:
    """The dotted path is one field, so that a record is a flat map."""
    select = exported("profile.loyalty.tier == 'plus'").expr.call_expr.args[0].select_expr
    assert (select.operand.ident_expr.name, select.field) == ("profile", "loyalty.tier")
    assert not select.test_only
    assert exported("has(profile.loyalty.tier)").expr.select_expr.test_only


def test_every_part_has_a_type_and_calls_have_overloads() -> None:
    """Types, overloads and places are by the number of the part."""
    message = exported("profile.age + 1 > 18 &&\n now - profile.joined > duration('1h')")
    greater = message.expr.call_expr.args[0]
    assert list(message.reference_map[greater.id].overload_id) == ["greater_int64"]
    added = greater.call_expr.args[0]
    assert list(message.reference_map[added.id].overload_id) == ["add_int64"]
    assert message.type_map[added.id].primitive == 2
    difference = message.expr.call_expr.args[1].call_expr.args[0]
    names = list(message.reference_map[difference.id].overload_id)
    assert names == ["subtract_timestamp_timestamp"]
    assert message.type_map[difference.id].well_known == 3
    assert message.source_info.positions[added.id] == 0
    assert list(message.source_info.line_offsets) == [24, 63]


def test_macros_are_comprehensions() -> None:
    """`exists` stops at the first that settles it, as the specification expands it."""
    loop = exported("profile.tags.exists(t, t == 'a')").expr.comprehension_expr
    assert loop.iter_range.select_expr.field == "tags"
    assert loop.accu_init.const_expr.WhichOneof("constant_kind") == "bool_value"
    assert loop.loop_condition.call_expr.function == "@not_strictly_false"
    assert loop.loop_step.call_expr.function == "_||_"
    assert loop.result.ident_expr.name == loop.accu_var


def test_long_chains_are_not_deep() -> None:
    """Eighty conditions in a row nest seven deep, which every evaluator bears."""
    node = exported(" && ".join(["profile.vip"] * 80)).expr
    depth = 0
    while node.WhichOneof("expr_kind") == "call_expr":
        node, depth = node.call_expr.args[0], depth + 1
    assert depth == 7


def test_equal_rules_give_equal_bytes() -> None:
    """The bytes follow from the rule alone; in an Any they name their type."""
    checked = rule("profile.age in [1, 2] || profile.city == 'Oslo'")
    assert to_checked_expr(checked) == to_checked_expr(checked)
    wrapped = any_pb2.Any.FromString(to_any(checked))
    assert wrapped.type_url == "type.googleapis.com/cel.expr.CheckedExpr"
    assert wrapped.value == to_checked_expr(checked)


REFUSED = (
    ("profile.joined.getHours() > 1", "`getHours` can't be left to the browser"),
    ("int(profile.city) > 1", "`int` of a `string` can't be left to the browser"),
    ("string(profile.score) == '1'", "`string` of a `double` can't be left to the browser"),
    ("timestamp(profile.age) > now", "it takes seconds for milliseconds"),
    ("profile.city.trim() == ''", "`trim` can't be left to the browser"),
    ("profile.city.substring(1) == ''", "`substring` can't be left to the browser"),
    ("profile.city.split(',', 2) == ['a']", "`split` can't be left to the browser"),
    ("profile.city.replace('', 'b') == ''", "`replace` can't be left to the browser"),
    ("math.greatest(profile.age, 1) > 1", "`math.greatest` is no standard function of CEL"),
    ('audience("a") && profile.vip', "the rule of audience `a` is not given"),
)


@pytest.mark.parametrize(("source", "reason"), REFUSED, ids=[source for source, _ in REFUSED])
def test_what_a_browser_answers_otherwise_is_refused(source: str, reason: str) -> None:
    """What @bufbuild/cel is known to compute otherwise is refused, with the reason."""
    with pytest.raises(DialectError) as caught:
        to_checked_expr(rule(source), Evaluator.BROWSER)
    assert reason in caught.value.issue.message


def test_other_evaluators_are_trusted() -> None:
    """Standard functions are exported for evaluators that follow the standard."""
    message = CheckedExpr.FromString(to_checked_expr(rule("profile.joined.getHours() > 1")))
    getter = message.expr.call_expr.args[0]
    assert list(message.reference_map[getter.id].overload_id) == ["timestamp_to_hours"]


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_a_browser_answers_like_python(seed: int) -> None:
    """For any rule that is exported and any row: true, false, or an error for unknown."""
    rules = Rules(seed)
    rows = [rules.row() for _ in range(ROWS)]
    tried: list[tuple[str, bytes]] = []
    for _ in range(RULES // SEEDS):
        source = rules.source()
        try:
            data = to_checked_expr(
                checked_rule(source), Evaluator.BROWSER, audiences=CHECKED_AUDIENCES
            )
        except DialectError:
            continue
        tried.append((source, data))
    assert len(tried) * 2 > RULES // SEEDS
    answers = browser_answers(rows, [data for _, data in tried])
    for (source, _), found in zip(tried, answers, strict=True):
        planned = plan(checked_rule(source), ENVIRONMENT)
        expected = [python_answer(planned, row) for row in rows]
        assert found == expected, (seed, source)
