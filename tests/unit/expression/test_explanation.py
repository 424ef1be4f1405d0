"""Explanations: the value of every part, and the parts that decided."""

from __future__ import annotations

from typing import Any

from offerd.expression import Explanation, Failure, Unknown, explain
from offerd.expression.explain import deciding
from unit.expression.declared import ENVIRONMENT, checked


def explained(source: str, profile: dict[str, Any], **audience: bool) -> Explanation:
    """The explanation for this profile and these audiences."""
    return explain(checked(source), ENVIRONMENT, (profile, {}, 0, audience))


def decided(why: Explanation) -> list[tuple[str, Any]]:
    """The parts that decided, each with its outcome."""
    return [(one.part.text, one.part.outcome) for one in deciding(why, None)]


def test_the_first_false_operand_decides() -> None:
    """Of a false `&&` the reader is shown the operand that is false, and what it saw."""
    why = explained(
        "profile.vip && profile.age > 18 && profile.tier == 'gold'", {"vip": True, "age": 7}
    )
    assert why.outcome is False
    assert decided(why) == [("profile.age > 18", False)]


def test_what_was_not_needed_is_marked() -> None:
    """Parts behind the deciding one were never looked at."""
    why = explained("profile.age > 18 && profile.vip", {"age": 7})
    assert [part.evaluated for part in why.parts] == [True, False]


def test_everything_decides_a_true_and() -> None:
    """Of a true `&&` every operand counts."""
    why = explained("profile.vip && audience('lapsed')", {"vip": True}, lapsed=True)
    assert decided(why) == [("profile.vip", True), ("audience('lapsed')", True)]


def test_the_true_operand_of_an_or_decides() -> None:
    """Inside a conjunction too, the reader is led to the operand that made it true."""
    why = explained(
        "(profile.age > 18 || profile.vip) && has(profile.vip)", {"age": 1, "vip": True}
    )
    assert decided(why) == [("profile.vip", True), ("has(profile.vip)", True)]


def test_what_is_missing_decides_an_unknown() -> None:
    """An unknown outcome is explained by the operands that are unknown."""
    why = explained("profile.vip && profile.age > 18", {"vip": True})
    missing = Unknown(["profile.age"])
    assert decided(why) == [("profile.age > 18", missing)]


def test_a_negation_is_looked_through() -> None:
    """`!` leads to what it negates."""
    why = explained("!(profile.vip || profile.age == 3)", {"vip": False, "age": 4})
    assert decided(why) == [("profile.vip", False), ("profile.age == 3", False)]


def test_a_condition_decides_with_its_branch() -> None:
    """Of `?:` the condition and the branch taken count."""
    why = explained("profile.vip ? profile.age > 1 : profile.age > 100", {"vip": False, "age": 5})
    assert decided(why) == [("profile.vip", False), ("profile.age > 100", False)]


def test_a_failure_is_shown_where_it_happened() -> None:
    """A failed operation decides."""
    why = explained("profile.vip && 1 / profile.age == 1", {"vip": True, "age": 0})
    ((text, outcome),) = decided(why)
    assert text == "1 / profile.age == 1"
    assert isinstance(outcome, Failure)


def test_parts_carry_their_text_and_type() -> None:
    """A part is the stretch of the source it stands for, parentheses included."""
    why = explained("(profile.age + 1) * 2 == 4", {"age": 1})
    assert why.outcome is True
    assert why.parts[0].text == "(profile.age + 1) * 2"
    assert why.parts[0].parts[0].text == "(profile.age + 1)"
    assert str(why.parts[0].type) == "int"
    assert why.parts[0].outcome == 4


def test_what_ends_before_its_time_is_explained_as_failed() -> None:
    """A rule that takes too many steps has an outcome as a whole, though no part of it has."""
    source = "profile.tags.exists(a, a == '' || profile.tags.exists(b, b.size() > 30))"
    why = explained(source, {"tags": [str(number) for number in range(1_000)]})
    assert isinstance(why.outcome, Failure)
    assert "steps" in why.outcome.message
    assert why.evaluated
