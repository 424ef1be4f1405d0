"""What rules read of stored attributes fits the definitions, whenever it was stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from offerd.events import FoldPlan
from offerd.model.schema import Attribute, Namespace, NamespaceType, Schema, ValueType
from offerd.store import Durability, State
from store.given import NOW_NS, catalogue_of, incoming, key

CRM = Namespace("crm", NamespaceType.CROSS_DEVICE)
POINTS = Attribute("points", ValueType.INT)
CITY = Attribute("city", ValueType.STRING)


def plan(*attributes: Attribute, namespace: Namespace = CRM) -> FoldPlan:
    """Returns a plan of declared attributes."""
    return FoldPlan.build(catalogue_of(Schema((namespace,), attributes)), [])


@contextmanager
def opened(path: Path, *attributes: Attribute, namespace: Namespace = CRM) -> Iterator[State]:
    """Opens a state with these declarations."""
    found = plan(*attributes, namespace=namespace)
    with State.open(path / "state", found, durability=Durability.RELAXED) as state:
        yield state


def attributes_of(state: State) -> Mapping[str, Any]:
    """Returns what rules may read, which is the same however one reads it."""
    record = state.profile(key())
    assert record is not None
    assert [found.attributes for found in state.profiles()] == [record.attributes]
    return record.attributes


@pytest.mark.parametrize(
    "now", [ValueType.BOOL, ValueType.TIMESTAMP, ValueType.STRING, ValueType.LIST_INT]
)
def test_a_value_of_another_type_is_absent_until_it_is_set_again(
    tmp_path: Path, now: ValueType
) -> None:
    """Other attributes stay; the stored value is back when the old declaration is."""
    with opened(tmp_path, POINTS, CITY) as state:
        state.set_profile(key(), {"points": 1, "city": "Lund"}, NOW_NS).result()
    with opened(tmp_path, Attribute("points", now), CITY) as state:
        assert attributes_of(state) == {"city": "Lund"}
        state.collect([incoming("e1")], NOW_NS).result()
        assert attributes_of(state) == {"city": "Lund"}
    with opened(tmp_path, POINTS, CITY) as state:
        assert attributes_of(state) == {"city": "Lund", "points": 1}
    with opened(tmp_path, Attribute("points", ValueType.BOOL), CITY) as state:
        record = state.set_profile(key(), {"points": True, "city": "Lund"}, NOW_NS + 1).result()
        assert attributes_of(state)["points"] is True
        assert record == state.profile(key())
        assert record.update_time_ns == NOW_NS + 1


def test_setting_the_same_after_declarations_changed_elsewhere_changes_nothing(
    tmp_path: Path,
) -> None:
    """An import that is repeated every night doesn't make every profile a new one."""
    with opened(tmp_path, CITY) as state:
        state.set_profile(key(), {"city": "Lund"}, NOW_NS).result()
    with opened(tmp_path, CITY, POINTS) as state:
        record = state.set_profile(key(), {"city": "Lund"}, NOW_NS + 1).result()
        assert record.update_time_ns == NOW_NS


def test_what_is_loaded_fits_from_then_on(tmp_path: Path) -> None:
    """Also an integer set where the same number was a double, which compares equal."""
    with opened(tmp_path, Attribute("points", ValueType.DOUBLE)) as state:
        list(state.load_profiles([(key(), {"points": 5.0})], NOW_NS))
    with opened(tmp_path, POINTS) as state:
        assert attributes_of(state) == {}
        list(state.load_profiles([(key(), {"points": 5})], NOW_NS))
        assert [type(value) for value in attributes_of(state).values()] == [int]


def test_person_data_is_out_of_sight_where_the_namespace_names_no_person(tmp_path: Path) -> None:
    """Whether the attribute or the namespace has changed."""
    device = Namespace("crm", NamespaceType.DEVICE)
    secret = Attribute("city", ValueType.STRING, person=True)
    with opened(tmp_path, CITY, POINTS, namespace=device) as state:
        state.set_profile(key(), {"city": "Lund", "points": 5}, NOW_NS).result()
    with opened(tmp_path, secret, POINTS, namespace=device) as state:
        assert attributes_of(state) == {"points": 5}
    with opened(tmp_path, secret, POINTS) as state:
        assert attributes_of(state) == {"points": 5, "city": "Lund"}
        state.set_profile(key(), {"city": "Lund", "points": 5}, NOW_NS).result()
    with opened(tmp_path, secret, POINTS, namespace=device) as state:
        assert attributes_of(state) == {"points": 5}
