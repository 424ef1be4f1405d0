"""A record whose values are computed when they are asked for is a dict like any other."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from offerd.customer.computed import ComputedRecord
from offerd.model.journal import decode_view, encode_view, view_hash
from offerd.model.profile import ProfileKey, ProfileView

VALUES: dict[str, Any] = {"b": 2, "c": {"x": 1}, "e": 0}
ALL = {"a": 1, **VALUES}


class Watched:
    """A record, and what was computed for it."""

    def __init__(self) -> None:
        self.computed: list[str] = []
        self.record = ComputedRecord({"a": 1}, ["b", "c", "d", "e"], self._compute)

    def _compute(self, name: str) -> Any:
        self.computed.append(name)
        return VALUES.get(name)


def test_only_what_is_read_is_computed() -> None:
    """Once; also what turns out to be unknown."""
    watched = Watched()
    record = watched.record
    assert record["a"] == 1
    assert "a" in record
    assert watched.computed == []
    for _ in range(2):
        assert record["c"] == {"x": 1}
        assert "e" in record
        assert "d" not in record
        assert record.get("d", 7) == 7
        with pytest.raises(KeyError):
            record["d"]
        with pytest.raises(KeyError):
            record["never declared"]
        assert "never declared" not in record
    assert watched.computed == ["c", "e", "d"]


def _updated(record: ComputedRecord) -> dict[str, Any]:
    found: dict[str, Any] = {}
    found.update(record)
    return found


WHOLE: dict[str, Callable[[ComputedRecord], Any]] = {
    "dict": dict,
    "unpacking": lambda record: {**record},
    "comprehension": lambda record: {name: record[name] for name in record},
    "items": lambda record: dict(record.items()),
    "keys and values": lambda record: dict(zip(record.keys(), record.values(), strict=True)),
    "copy": lambda record: record.copy(),
    "copy.copy": lambda record: copy.copy(dict(record)),
    "or": lambda record: record | {},
    "or behind": lambda record: {} | record,
    "update": _updated,
    "msgpack of a copy": lambda record: msgspec.msgpack.decode(msgspec.msgpack.encode({**record})),
    "json": lambda record: json.loads(json.dumps({**record})),
    "repr": lambda record: eval(repr(record)),
}


@pytest.mark.parametrize("how", WHOLE)
@pytest.mark.parametrize("first", ["", "e", "dcba"])
def test_whoever_takes_all_of_it_has_all_of_it(how: str, first: str) -> None:
    """In the same order, whatever was read before."""
    record = Watched().record
    for name in first:
        record.get(name)
    found = WHOLE[how](record)
    assert found == ALL
    assert list(found) == list(ALL)


def test_it_compares_as_what_it_holds() -> None:
    """On either side."""
    assert Watched().record == ALL
    plain: dict[str, Any] = dict(ALL)
    assert plain == Watched().record
    assert Watched().record == Watched().record
    assert Watched().record != {"a": 1}
    plain.pop("e")
    assert plain != Watched().record
    assert len(Watched().record) == len(ALL)
    assert bool(Watched().record)


def test_what_is_written_to_it_stays() -> None:
    """It is the reader's own."""
    record = Watched().record
    record["b"] = 3
    assert record.pop("e") == 0
    assert record == {"a": 1, "b": 3, "c": {"x": 1}}


def test_a_journalled_view_holds_all_of_it() -> None:
    """And is the same view, in whatever order rules had read it."""
    key = ProfileKey("crm", "7")
    hashes = set()
    for first in ("", "eb", "cd"):
        record = Watched().record
        for name in first:
            record.get(name)
        encoded = encode_view(ProfileView(key, {}, record, {}))
        assert decode_view(encoded).aggregates == ALL
        hashes.add(view_hash(encoded))
    assert hashes == {view_hash(encode_view(ProfileView(key, {}, ALL, {})))}
