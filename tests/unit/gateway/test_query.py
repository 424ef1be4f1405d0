"""Query parameters as the annotations of the contract have them."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.v1 import decision_service_pb2 as decisions
from offerd_gateway.json.reader import MessageReader
from offerd_gateway.query import read_query

REQUEST = decisions.DecideRequest.DESCRIPTOR
NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"requestId=a%20b", {"request_id": "a b"}),
        (b"request_id=a+b", {"request_id": "a b"}),
        (b"dryRun=true&explain=false", {"dry_run": True, "explain": False}),
        (b"context.locales=sv&context.locales=en", {"context": {"locales": ["sv", "en"]}}),
        (
            b"context.location.latitude=59.3&context.location.accuracyM=5",
            {"context": {"location": {"latitude": 59.3, "accuracy_m": 5}}},
        ),
        (b"requestId=", {}),
    ],
)
def test_parameters_are_fields(query: bytes, expected: dict[str, Any]) -> None:
    """Nested fields are dotted, repeated ones repeated, and both spellings are taken."""
    request = decisions.DecideRequest()
    MessageReader(REQUEST).read(read_query(query, REQUEST, NOTHING), request)
    assert request == decisions.DecideRequest(**expected)


def test_a_time_is_a_parameter() -> None:
    """A time is one value although the contract has a message for it."""
    request = decisions.DecideRequest()
    values = read_query(b"decideTime=1970-01-01T00:00:05Z", REQUEST, NOTHING)
    MessageReader(REQUEST).read(values, request)
    assert request.decide_time.seconds == 5


@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        (b"x=1", Reason.UNKNOWN_FIELD, "x"),
        (b"reqestId=1", Reason.UNKNOWN_FIELD, "reqestId"),
        (b"scopes=1", Reason.UNKNOWN_FIELD, "scopes"),
        (b"scopes.name=1", Reason.UNKNOWN_FIELD, "scopes.name"),
        (b"context=1", Reason.UNKNOWN_FIELD, "context"),
        (b"requestId.x=1", Reason.UNKNOWN_FIELD, "requestId.x"),
        (b"requestId=1&request_id=2", Reason.CONFLICTING_FIELDS, "request_id"),
        (b"requestId=%FF", Reason.INVALID_TEXT, ""),
        (b"requestId=\xff", Reason.INVALID_TEXT, ""),
        (b"&".join([b"requestId=1"] * 1001), Reason.TOO_LARGE, ""),
    ],
    ids=range(10),
)
def test_a_wrong_parameter_is_named(query: bytes, reason: Reason, field: str) -> None:
    """A parameter that is no field of one value is refused by its name."""
    with pytest.raises(InvalidArgument) as caught:
        read_query(query, REQUEST, NOTHING)
    assert (caught.value.reason, caught.value.field) == (reason, field)


def test_fields_of_the_path_are_no_parameters() -> None:
    """What the path gives can't be given again."""
    with pytest.raises(InvalidArgument, match="no query parameter"):
        read_query(b"requestId=1", REQUEST, frozenset({"request_id"}))
