"""Attributes as sent become the flat record that rules read, or are refused by name."""

from __future__ import annotations

import math

import pytest

from offerd.admission import admit_attributes
from offerd.errors import InvalidArgument, Reason
from offerd.model.schema import Attribute, ValueType

DECLARED = {
    attribute.path: attribute
    for attribute in (
        Attribute("loyalty.tier", ValueType.STRING, values=("basic", "plus", "gold")),
        Attribute("loyalty.points", ValueType.INT),
        Attribute("city", ValueType.STRING),
        Attribute("member", ValueType.BOOL),
        Attribute("weight", ValueType.DOUBLE),
        Attribute("joined", ValueType.TIMESTAMP),
        Attribute("sports", ValueType.LIST_STRING),
        Attribute("sizes", ValueType.LIST_INT),
        Attribute("scores", ValueType.LIST_DOUBLE),
    )
}
FIELD = "context.attributes"


def refused(values: dict[str, object]) -> InvalidArgument:
    """Returns the refusal of a record."""
    with pytest.raises(InvalidArgument) as caught:
        admit_attributes(values, DECLARED, field=FIELD)
    return caught.value


def test_every_type_is_admitted_in_its_run_time_form() -> None:
    """Numbers sent as floats become ints where declared so; times become nanoseconds."""
    record, undeclared = admit_attributes(
        {
            "loyalty": {"tier": "plus", "points": 120.0},
            "city": "Malmö",
            "member": True,
            "weight": 70.0,
            "joined": "2026-01-01T00:00:00Z",
            "sports": ["yoga", "running"],
            "sizes": [1.0, 2.0],
            "scores": [0.5, 2],
        },
        DECLARED,
        field=FIELD,
    )
    assert undeclared == []
    assert record == {
        "loyalty.tier": "plus",
        "loyalty.points": 120,
        "city": "Malmö",
        "member": True,
        "weight": 70.0,
        "joined": 1_767_225_600 * 10**9,
        "sports": ["yoga", "running"],
        "sizes": [1, 2],
        "scores": [0.5, 2.0],
    }
    assert isinstance(record["loyalty.points"], int)
    assert isinstance(record["scores"], list)
    assert all(isinstance(score, float) for score in record["scores"])


def test_null_is_absent_at_any_depth() -> None:
    """None leaves an attribute, a group of them and even an unknown name out."""
    values = {"city": None, "loyalty": {"tier": None}, "nonsense": None}
    assert admit_attributes(values, DECLARED, field=FIELD) == ({}, [])


def test_dotted_names_say_the_same_as_nested_ones() -> None:
    """A flat record, as imports make it, is admitted too."""
    record, _ = admit_attributes({"loyalty.tier": "plus"}, DECLARED, field=FIELD)
    assert record == {"loyalty.tier": "plus"}


def test_the_same_attribute_nested_and_dotted_is_a_conflict() -> None:
    """Neither of two values for one attribute wins silently."""
    error = refused({"loyalty": {"tier": "plus"}, "loyalty.tier": "basic"})
    assert error.reason is Reason.CONFLICTING_FIELDS


@pytest.mark.parametrize(
    ("number", "admitted"),
    [
        (2.0**53, 2**53),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        (2**63 - 1, 2**63 - 1),
        (-0.0, 0),
    ],
)
def test_integers_come_as_exact_floats_or_as_text(number: object, admitted: int) -> None:
    """A float tells integers apart up to 2^53; text and ints go to 64 bits."""
    record, _ = admit_attributes({"loyalty": {"points": number}}, DECLARED, field=FIELD)
    assert record == {"loyalty.points": admitted}


@pytest.mark.parametrize(
    ("values", "reason", "field", "says"),
    [
        ({"city": 5.0}, Reason.WRONG_TYPE, "city", "is a number; expected a string"),
        ({"city": True}, Reason.WRONG_TYPE, "city", "is a boolean"),
        ({"city": {"a": 1.0}}, Reason.WRONG_TYPE, "city", "is an object"),
        ({"city": ["a"]}, Reason.WRONG_TYPE, "city", "is a list"),
        ({"member": "yes"}, Reason.WRONG_TYPE, "member", "a string `yes`; expected true or false"),
        ({"weight": "70"}, Reason.WRONG_TYPE, "weight", "expected a number"),
        ({"weight": False}, Reason.WRONG_TYPE, "weight", "is a boolean"),
        ({"weight": math.nan}, Reason.OUT_OF_RANGE, "weight", "is nan"),
        ({"weight": math.inf}, Reason.OUT_OF_RANGE, "weight", "is inf"),
        ({"weight": 10**400}, Reason.OUT_OF_RANGE, "weight", "is inf"),
        ({"loyalty": "plus"}, Reason.WRONG_TYPE, "loyalty", "such as `tier`"),
        ({"loyalty": {"points": 1.5}}, Reason.WRONG_TYPE, "loyalty.points", "without a fraction"),
        ({"loyalty": {"points": True}}, Reason.WRONG_TYPE, "loyalty.points", "is a boolean"),
        ({"loyalty": {"points": "1e3"}}, Reason.WRONG_TYPE, "loyalty.points", "an integer"),
        ({"loyalty": {"points": "٣"}}, Reason.WRONG_TYPE, "loyalty.points", "an integer"),
        ({"loyalty": {"points": 2.0**53 + 2}}, Reason.OUT_OF_RANGE, "loyalty.points", "2^53"),
        ({"loyalty": {"points": math.nan}}, Reason.OUT_OF_RANGE, "loyalty.points", "nan"),
        (
            {"loyalty": {"points": "9223372036854775808"}},
            Reason.OUT_OF_RANGE,
            "loyalty.points",
            "64 bits",
        ),
        ({"loyalty": {"points": 2**63}}, Reason.OUT_OF_RANGE, "loyalty.points", "64 bits"),
        (
            {"loyalty": {"tier": "pluss"}},
            Reason.VALUE_NOT_ALLOWED,
            "loyalty.tier",
            "did you mean `plus`",
        ),
        (
            {"loyalty": {"tier": "x"}},
            Reason.VALUE_NOT_ALLOWED,
            "loyalty.tier",
            "expected one of `basic`, `plus`, `gold`",
        ),
        (
            {"loyalty": {"teir": "plus"}},
            Reason.UNKNOWN_ATTRIBUTE,
            "loyalty.teir",
            "did you mean `loyalty.tier`",
        ),
        ({"joined": "yesterday"}, Reason.INVALID_TIME, "joined", "`yesterday`: expected a time"),
        ({"joined": "12000-01-01T00:00:00Z"}, Reason.INVALID_TIME, "joined", "RFC 3339"),
        ({"joined": "2262-01-01T00:00:00Z"}, Reason.INVALID_TIME, "joined", "1678 to 2261"),
        ({"joined": 1.0}, Reason.WRONG_TYPE, "joined", "a time as text"),
        ({"sports": "yoga"}, Reason.WRONG_TYPE, "sports", "expected a list"),
        ({"sports": ["yoga", 1.0]}, Reason.WRONG_TYPE, "sports[1]", "expected a string"),
        ({"sports": [None]}, Reason.WRONG_TYPE, "sports[0]", "is nothing"),
        ({"sports": ["x"] * 1001}, Reason.TOO_LARGE, "sports", "1,001 elements"),
        ({"sizes": [1.5]}, Reason.WRONG_TYPE, "sizes[0]", "without a fraction"),
        ({"city": "a" * 65_537}, Reason.TOO_LARGE, "city", "65,537 bytes"),
        ({"city": "å" * 40_000}, Reason.TOO_LARGE, "city", "80,000 bytes"),
        ({"city": "\ud800"}, Reason.INVALID_TEXT, "city", "surrogate"),
        ({"city": "a\0b"}, Reason.INVALID_TEXT, "city", "U+0000"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason_and_field(
    values: dict[str, object], reason: Reason, field: str, says: str
) -> None:
    """Each mistake has its own reason, the path of its field and words that help."""
    error = refused(values)
    assert error.reason is reason
    assert error.field == f"{FIELD}.{field}"
    assert says in error.message


def test_a_record_is_limited_as_a_whole() -> None:
    """Many values that are small one by one are too large together."""
    error = refused({"sports": ["x" * 1000] * 70})
    assert (error.reason, error.field) == (Reason.TOO_LARGE, FIELD)


def test_undeclared_attributes_are_collected_where_asked() -> None:
    """Unknown names come back, a whole unknown group by its own name, and aren't in the record."""
    values = {"city": "Lund", "hat": "red", "shoe": {"size": 43.0}, "loyalty": {"teir": "x"}}
    record, undeclared = admit_attributes(values, DECLARED, field=FIELD, unknown="collect")
    assert record == {"city": "Lund"}
    assert undeclared == ["hat", "shoe", "loyalty.teir"]


def test_what_nobody_declared_counts_towards_the_size() -> None:
    """Five megabytes in an unknown attribute are refused, however deep they lie."""
    values = {"hat": {"a": [{"b": "x" * 5_000_000}]}}
    with pytest.raises(InvalidArgument) as caught:
        admit_attributes(values, DECLARED, field=FIELD, unknown="collect")
    assert caught.value.reason is Reason.TOO_LARGE


def test_very_deep_values_are_no_trouble() -> None:
    """Nesting is followed no deeper than declarations go; the rest is measured flat."""
    deep: dict[str, object] = {}
    for _ in range(5_000):
        deep = {"loyalty": deep}
    _, undeclared = admit_attributes(deep, {}, field=FIELD, unknown="collect")
    assert undeclared == ["loyalty"]
    error = refused(deep)
    assert error.reason is Reason.UNKNOWN_ATTRIBUTE


def test_messages_show_hostile_text_shortened_and_escaped() -> None:
    """A refusal quotes no more than 64 characters and no control character."""
    error = refused({"loyalty": {"tier": "\x1b[31m" + "x" * 10_000}})
    assert "\x1b" not in error.message
    assert len(error.message) < 250
