"""Flat records as they are answered."""

from __future__ import annotations

from offerd.admission import admit_attributes, to_nested
from offerd.model.schema import Aggregate, AggregateFunction, Attribute, ValueType


def test_what_was_admitted_comes_back_nested() -> None:
    """Nested, with times as text again, admission's own reverse."""
    declared = {
        "loyalty.tier": Attribute("loyalty.tier", ValueType.STRING),
        "loyalty.since": Attribute("loyalty.since", ValueType.TIMESTAMP),
        "points": Attribute("points", ValueType.INT),
    }
    sent = {"loyalty": {"tier": "plus", "since": "2020-05-01T12:00:00Z"}, "points": 3}
    record, _ = admit_attributes(sent, declared, field="attributes")
    assert to_nested(record, declared) == sent


def test_times_in_maps_become_text() -> None:
    """An aggregate of last times by group is answered readably; its groups keep their dots."""
    last = Aggregate(
        "last",
        ("purchase",),
        AggregateFunction.LAST_TIME,
        ValueType.MAP_TIMESTAMP,
        group_by="category",
    )
    answered = to_nested({"last": {"a.b": 0}}, {"last": last})
    assert answered == {"last": {"a.b": "1970-01-01T00:00:00Z"}}


def test_what_is_no_longer_declared_is_answered_as_stored() -> None:
    """Definitions change; nothing that is kept is hidden."""
    assert to_nested({"old.name": 5, "a": 1, "a.b": 2}, {}) == {
        "old": {"name": 5},
        "a": 1,
        "a.b": 2,
    }
