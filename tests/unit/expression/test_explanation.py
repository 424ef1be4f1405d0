"""Explanations: the value of every part, and the parts that decided."""

from __future__ import annotations

from typing import Any

from offerd.expression import Decision, Explanation, Failure, Unknown, explain
from unit.expression.declared import ENVIRONMENT, checked


def explained(source: str, profile: dict[str, Any], **audience: bool) -> Explanation:
    """The explanation for this profile and these audiences."""
    return explain(checked(source), ENVIRONMENT, (profile, {}, 0, audience))


def test_the_first_false_operand_decides() -> None:
    """Of a false `&&` the reader is shown the operand that is false, and what it saw."""
    why = explained(
        "profile.vip && profile.age > 18 && profile.tier == 'gold'", {"vip": True, "age": 7}
    )
    assert why.outcome is False
    assert why.deciding() == (Decision("profile.age > 18", False, {"profile.age": 7}),)


def test_what_was_not_needed_is_marked() -> None:
    """Parts behind the deciding one were never looked at."""
    why = explained("profile.age > 18 && profile.vip", {"age": 7})
    assert [part.evaluated for part in why.parts] == [True, False]


def test_everything_decides_a_true_and() -> None:
    """Of a true `&&` every operand counts."""
    why = explained("profile.vip && audience('lapsed')", {"vip": True}, lapsed=True)
    assert why.deciding() == (
        Decision("profile.vip", True, {"profile.vip": True}),
        Decision("audience('lapsed')", True, {'audience("lapsed")': True}),
    )


def test_the_true_operand_of_an_or_decides() -> None:
    """Inside a conjunction too, the reader is led to the operand that made it true."""
    why = explained(
        "(profile.age > 18 || profile.vip) && has(profile.vip)", {"age": 1, "vip": True}
    )
    assert [decision.text for decision in why.deciding()] == ["profile.vip", "has(profile.vip)"]


def test_what_is_missing_decides_an_unknown() -> None:
    """An unknown outcome is explained by the operands that are unknown."""
    why = explained("profile.vip && profile.age > 18", {"vip": True})
    missing = Unknown(["profile.age"])
    assert why.deciding() == (Decision("profile.age > 18", missing, {"profile.age": missing}),)


def test_a_negation_is_looked_through() -> None:
    """`!` leads to what it negates."""
    why = explained("!(profile.vip || profile.age == 3)", {"vip": False, "age": 4})
    assert [(d.text, d.outcome) for d in why.deciding()] == [
        ("profile.vip", False),
        ("profile.age == 3", False),
    ]


def test_a_condition_decides_with_its_branch() -> None:
    """Of `?:` the condition and the branch taken count."""
    why = explained("profile.vip ? profile.age > 1 : profile.age > 100", {"vip": False, "age": 5})
    assert [d.text for d in why.deciding()] == ["profile.vip", "profile.age > 100"]


def test_a_failure_is_shown_where_it_happened() -> None:
    """A failed operation decides, with the values that made it fail."""
    why = explained("profile.vip && 1 / profile.age == 1", {"vip": True, "age": 0})
    (decision,) = why.deciding()
    assert isinstance(decision.outcome, Failure)
    assert decision.values == {"profile.age": 0}


def test_parts_carry_their_text_and_type() -> None:
    """A part is the stretch of the source it stands for, parentheses included."""
    why = explained("(profile.age + 1) * 2 == 4", {"age": 1})
    assert why.outcome is True
    assert why.parts[0].text == "(profile.age + 1) * 2"
    assert why.parts[0].parts[0].text == "(profile.age + 1)"
    assert str(why.parts[0].type) == "int"
    assert why.parts[0].outcome == 4
