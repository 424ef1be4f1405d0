"""Which stored attributes fit the declarations, and when the declarations count as others."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.events import AttributeSchema
from offerd.model.profile import ProfileRecord
from offerd.model.schema import Attribute, Namespace, NamespaceType, Schema, ValueType

PERSON = Namespace("crm", NamespaceType.CROSS_DEVICE)
DEVICE = Namespace("ecid", NamespaceType.DEVICE)
TIER = Attribute("tier", ValueType.STRING, ("basic", "plus"))

SAMPLES: dict[ValueType, Any] = {
    ValueType.BOOL: True,
    ValueType.INT: 1,
    ValueType.DOUBLE: 1.5,
    ValueType.STRING: "x",
    ValueType.TIMESTAMP: 1,
    ValueType.LIST_STRING: ["x"],
    ValueType.LIST_INT: [1],
    ValueType.LIST_DOUBLE: [1.5],
}
CONVERTED: dict[tuple[ValueType, ValueType], Any] = {
    (ValueType.INT, ValueType.DOUBLE): 1.0,
    (ValueType.LIST_INT, ValueType.LIST_DOUBLE): [1.0],
}


def schema_of(*attributes: Attribute, namespaces: tuple[Namespace, ...] = ()) -> AttributeSchema:
    """Returns the declarations."""
    return AttributeSchema(Schema(namespaces or (PERSON, DEVICE), attributes))


def stored(
    attributes: dict[str, Any], *declared: Attribute, namespace: str = "crm"
) -> ProfileRecord:
    """Returns a record of attributes checked against declarations."""
    record = ProfileRecord(namespace, "7")
    schema_of(*declared).replace(record, attributes)
    return record


@pytest.mark.parametrize("now", SAMPLES)
@pytest.mark.parametrize("then", SAMPLES)
def test_only_a_value_of_the_declared_type_is_left(then: ValueType, now: ValueType) -> None:
    """Every type against every other; integers become doubles, never timestamps or the reverse."""
    record = stored({"a": SAMPLES[then]}, Attribute("a", then))
    schema_of(Attribute("a", now)).restrict(record)
    expected = SAMPLES[then] if then is now else CONVERTED.get((then, now))
    assert repr(record.attributes) == repr({} if expected is None else {"a": expected})


def test_a_list_fits_whole_or_not_at_all() -> None:
    """A part of it would be a value that nobody has set; an empty one fits any list."""
    lists = {"a": [1, 2], "b": ["x", "y"], "c": []}
    record = stored(lists, *(Attribute(path, ValueType.LIST_INT) for path in lists))
    schema_of(
        Attribute("a", ValueType.LIST_STRING),
        Attribute("b", ValueType.LIST_STRING, ("x",)),
        Attribute("c", ValueType.LIST_STRING),
    ).restrict(record)
    assert record.attributes == {"c": []}


@pytest.mark.parametrize(
    ("value", "fits"), [("basic", True), ("plus", True), ("gold", False), ("", False)]
)
def test_a_value_that_is_not_enumerated_any_more_is_left_out(value: str, fits: bool) -> None:
    """As one that never was could not have been set."""
    record = stored({"tier": value}, Attribute("tier", ValueType.STRING))
    schema_of(TIER).restrict(record)
    assert ("tier" in record.attributes) is fits


def test_an_attribute_that_is_not_declared_any_more_is_left_out() -> None:
    """Rules can't name it, and answers can't show it."""
    record = stored({"tier": "plus", "city": "Lund"}, TIER, Attribute("city", ValueType.STRING))
    schema_of(TIER).restrict(record)
    assert record.attributes == {"tier": "plus"}


@pytest.mark.parametrize(("namespace", "fits"), [("crm", True), ("ecid", False), ("gone", False)])
def test_person_data_is_left_only_to_persons(namespace: str, fits: bool) -> None:
    """Neither to devices nor to namespaces of which nothing is known any more."""
    record = stored({"city": "Lund"}, Attribute("city", ValueType.STRING), namespace=namespace)
    schema_of(Attribute("city", ValueType.STRING, person=True)).restrict(record)
    assert ("city" in record.attributes) is fits


def test_what_was_checked_already_is_not_checked_again() -> None:
    """Equal fingerprints are trusted: reading a profile costs no work per attribute."""
    record = stored({"tier": 5, "unheard": {}}, TIER)
    before = record.attributes
    schema_of(TIER).restrict(record)
    assert record.attributes is before


def test_a_record_is_confirmed_only_if_all_of_it_fits_unconverted() -> None:
    """Confirming changes nothing that is stored but the mark."""
    points = Attribute("points", ValueType.INT)
    since = Attribute("since", ValueType.TIMESTAMP)
    record = stored({"points": 5, "since": 9}, points, since)
    for declarations in (
        schema_of(points),
        schema_of(Attribute("points", ValueType.DOUBLE), since),
    ):
        declarations.confirm(record)
        assert record.schema == schema_of(points, since).fingerprint
        assert repr(record.attributes) == "{'points': 5, 'since': 9}"
    wider = schema_of(points, since, TIER)
    wider.confirm(record)
    assert record.schema == wider.fingerprint
    assert record.timestamps == ["since"]


def test_the_fingerprint_does_not_depend_on_what_decides_nothing() -> None:
    """Order, labels, enumerated values written in another order, namespaces without a use."""
    city = Attribute("city", ValueType.STRING)
    base = schema_of(TIER, city).fingerprint
    labelled = Attribute("tier", ValueType.STRING, ("plus", "basic"), ("C9",))
    assert schema_of(city, labelled).fingerprint == base
    assert schema_of(TIER, city, namespaces=(DEVICE,)).fingerprint == base
    assert len(base) == 16


@pytest.mark.parametrize(
    "changed",
    [
        schema_of(),
        schema_of(Attribute("level", ValueType.STRING, TIER.values, person=True)),
        schema_of(Attribute("tier", ValueType.LIST_STRING, TIER.values, person=True)),
        schema_of(Attribute("tier", ValueType.STRING, ("basic",), person=True)),
        schema_of(TIER),
        schema_of(
            Attribute("tier", ValueType.STRING, TIER.values, person=True), namespaces=(DEVICE,)
        ),
    ],
)
def test_the_fingerprint_changes_with_what_fits(changed: AttributeSchema) -> None:
    """Paths, types, enumerated values, person data and who may keep it all count."""
    base = schema_of(Attribute("tier", ValueType.STRING, TIER.values, person=True))
    assert changed.fingerprint != base.fingerprint
