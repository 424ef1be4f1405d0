"""Expressions evaluated from JSON to JSON, as command lines and editors ask for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from offerd.expression import RequestError, evaluate_json

VALUES: list[tuple[str, dict[str, Any]]] = [
    ("1 + 2", {"int": "3"}),
    ("18446744073709551615u", {"uint": "18446744073709551615"}),
    ("1.5", {"double": 1.5}),
    ("-1.0 / 0.0", {"double": "-Infinity"}),
    ("0.0 / 0.0", {"double": "NaN"}),
    ("'a'", {"string": "a"}),
    ("b'a'", {"bytes": "YQ=="}),
    ("null", {"null": None}),
    ("[1, 'a']", {"list": [{"int": "1"}, {"string": "a"}]}),
    ("{1: true}", {"map": [[{"int": "1"}, {"bool": True}]]}),
    ("timestamp(1)", {"timestamp": "1970-01-01T00:00:01Z"}),
    ("duration('90m')", {"duration": "5400s"}),
    ("type(1)", {"type": "int"}),
    ("optional.of(2u)", {"optional": [{"uint": "2"}]}),
    ("optional.none()", {"optional": []}),
]


@pytest.mark.parametrize(("source", "value"), VALUES)
def test_a_value_is_written_with_its_type(source: str, value: dict[str, Any]) -> None:
    """Every type has its own form, which JSON can hold."""
    result = evaluate_json({"id": 7, "expr": source})
    assert result["id"] == 7
    assert result["value"] == value
    assert msgspec.json.decode(msgspec.json.encode(result)) == result


READ = [
    ({"int": "5"}, "int", "x == 5"),
    ({"uint": "5"}, "uint", "x == 5u"),
    ({"double": "NaN"}, "double", "x != x"),
    ({"timestamp": "1970-01-01T00:00:05Z"}, "timestamp", "x == timestamp(5)"),
    ({"duration": "5s"}, "dyn", "x == duration('5s')"),
    ({"bytes": "YQ=="}, "bytes", "x == b'a'"),
    ({"list": [{"uint": "1"}]}, {"list": "uint"}, "x[0] == 1u"),
    ({"map": [[{"int": "1"}, "a"]]}, {"map": ["int", "string"]}, "x[1] == 'a'"),
    ({"a": [1, 2.5, None, True]}, "dyn", "x.a == [1, 2.5, null, true]"),
    ([{"duration": "1s"}], "list(duration)", "x[0] + duration('1s') == duration('2s')"),
    ("a", "string", "x.startsWith('a')"),
    (2, "double", "x == 2.0"),
    ({"duration": 5}, "map(string, int)", "x.duration == 5"),
    ({"type": "shoe"}, {"map": ["string", "dyn"]}, "x.type == 'shoe'"),
    ({"map": [[{"bool": True}, 1], [{"int": "1"}, 2]]}, "dyn", "x[true] == 1 && x[1] == 2"),
]


@pytest.mark.parametrize(("value", "type_", "source"), READ)
def test_data_is_typed_or_plain_json(value: Any, type_: Any, source: str) -> None:
    """Bindings are read in the form results have, or as JSON that needs no types."""
    request = {
        "expr": source,
        "bindings": {"x": value},
        "type_env": [{"name": "x", "ident": type_}],
    }
    assert evaluate_json(request) == {"type": "bool", "value": {"bool": True}}


def test_a_name_that_is_only_bound_has_any_type() -> None:
    """Then its value decides."""
    result = evaluate_json({"expr": "x + 1", "bindings": {"x": 1}})
    assert result == {"type": "int", "value": {"int": "2"}}


def test_a_name_that_is_only_declared_is_unknown() -> None:
    """Unless the rest settles the matter."""
    request = {"expr": "x || y", "type_env": {"x": "bool", "y": "bool"}}
    assert evaluate_json(request)["unknown"] == ["x", "y"]
    assert evaluate_json({**request, "bindings": {"y": True}})["value"] == {"bool": True}


def test_a_failure_says_where() -> None:
    """An evaluation without a result gives its message and its place."""
    result = evaluate_json({"expr": "true &&\n  1 / (x - x) == 1", "bindings": {"x": 1}})
    assert result["error"] == "division by zero"
    assert (result["line"], result["column"]) == (2, 3)


def test_mistakes_are_listed() -> None:
    """What does not compile gives every issue; unchecked, an error of the evaluation."""
    request = {"expr": "1 + 'a' == y"}
    issues = evaluate_json(request)["issues"]
    assert [issue["column"] for issue in issues] == [1, 12]
    assert issues[0].keys() == {"message", "line", "column", "length"}
    assert "error" in evaluate_json({**request, "disable_check": True})


def test_checking_alone_gives_the_type() -> None:
    """Nothing is evaluated."""
    assert evaluate_json({"expr": "[1 / 0]", "check_only": True}) == {"type": "list(int)"}


BAD: list[dict[str, Any]] = [
    {},
    {"expr": 1},
    {"expr": "x", "bindings": [1]},
    {"expr": "x", "bindings": {"x": 2**64}},
    {"expr": "x", "bindings": {"x": {"int": "a"}}},
    {"expr": "x", "bindings": {"x": {"list": "a"}}},
    {"expr": "x", "bindings": {"x": {"timestamp": "now"}}},
    {"expr": "x", "bindings": {"x": 1}, "type_env": {"x": "timestamp"}},
    {"expr": "x", "type_env": "x"},
    {"expr": "x", "type_env": [{"name": "x"}]},
    {"expr": "x", "type_env": {"x": "integer"}},
    {"expr": "x", "type_env": {"x": {"set": "int"}}},
    {"expr": "x", "type_env": {"x": {"map": 5}}},
    {"expr": "x", "type_env": {"x": {"map": ["double", "int"]}}},
    {"expr": "x", "type_env": {"x": "error"}},
    {"expr": "x", "type_env": {"x": "list(never)"}},
    {"expr": "x", "type_env": {"x": "A"}},
    {"expr": "x", "bindings": {"x": {"int": float("inf")}}},
    {"expr": "x", "bindings": {"x": {"int": 1.7}}},
    {"expr": "x", "bindings": {"x": {"int": True}}},
    {"expr": "x", "bindings": {"x": {"int": "99999999999999999999"}}},
    {"expr": "x", "bindings": {"x": {"int": "1_000"}}},
    {"expr": "x", "bindings": {"x": {"uint": "-1"}}},
    {"expr": "x", "bindings": {"x": {"double": "1_0.0"}}},
    {"expr": "x", "bindings": {"x": {"type": "shoe"}}},
    {"expr": "x", "bindings": {"x": {"map": [[{"int": 1}, 1], [{"int": "1"}, 2]]}}},
    {"expr": "x", "bindings": {"x": "\ud800"}},
    {"expr": "x", "bindings": {"x": True}, "type_env": {"x": "int"}},
    {"expr": "x", "bindings": {"x": "abc"}, "type_env": {"x": "int"}},
    {"expr": "x", "bindings": {"x": [1, "a"]}, "type_env": {"x": "list(int)"}},
    {"expr": "x", "bindings": {"x": 1}, "type_env": {"x": "optional(uint)"}},
]


@pytest.mark.parametrize("request_", BAD, ids=range(len(BAD)))
def test_a_request_that_is_none_is_refused(request_: dict[str, Any]) -> None:
    """What cannot be understood raises the one documented error."""
    with pytest.raises(RequestError):
        evaluate_json(request_)
