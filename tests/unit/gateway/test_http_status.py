"""Every error of the service as an HTTP problem."""

from __future__ import annotations

import json

import pytest

from offerd.errors import (
    Code,
    DeadlineExceeded,
    Exhausted,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Reason,
    RequestError,
    Unavailable,
)
from offerd_gateway.problem import http_status, problem
from unit.client.canned_service import CannedService
from unit.gateway.conftest import Door

R = Reason
TABLE: list[tuple[type[RequestError], str, int, tuple[Reason, ...]]] = [
    (
        InvalidArgument,
        "INVALID_ARGUMENT",
        400,
        (
            R.MALFORMED,
            R.UNKNOWN_FIELD,
            R.MISSING_FIELD,
            R.CONFLICTING_FIELDS,
            R.INVALID_TEXT,
            R.TOO_LARGE,
            R.OUT_OF_RANGE,
            R.INVALID_TIME,
            R.INVALID_LOCALE,
            R.UNKNOWN_SCOPE,
            R.UNKNOWN_NAMESPACE,
            R.UNKNOWN_ATTRIBUTE,
            R.UNKNOWN_EVENT_TYPE,
            R.WRONG_TYPE,
            R.VALUE_NOT_ALLOWED,
            R.PERSON_DATA_ON_DEVICE,
            R.NOT_AUTHENTICATED,
            R.INVALID_TOKEN,
            R.EVENT_ID_REUSED,
            R.UNKNOWN_CHANNEL,
            R.UNKNOWN_PLACE,
            R.UNKNOWN_LIBRARY,
            R.UNKNOWN_MARKETING_ACTION,
            R.INVALID_CONSENT_STRING,
        ),
    ),
    (
        NotFound,
        "NOT_FOUND",
        404,
        (R.PROFILE_NOT_FOUND, R.PLACE_NOT_FOUND, R.NO_SUCH_METHOD, R.RESERVATION_NOT_FOUND),
    ),
    (
        FailedPrecondition,
        "FAILED_PRECONDITION",
        409,
        (
            R.RESERVATION_COMMITTED,
            R.CONSENT_NOT_GRANTED,
            R.SUBJECT_DELETED,
            R.PROFILE_FULL,
            R.LOAD_OUTDATED,
            R.LOAD_IN_PROGRESS,
        ),
    ),
    (Unavailable, "UNAVAILABLE", 503, (R.NOT_SERVING,)),
    (Exhausted, "RESOURCE_EXHAUSTED", 429, (R.OVERLOADED,)),
    (Exhausted, "RESOURCE_EXHAUSTED", 507, (R.STORE_FULL,)),
    (DeadlineExceeded, "DEADLINE_EXCEEDED", 504, (R.DEADLINE_EXCEEDED,)),
    (RequestError, "INTERNAL", 500, (R.INTERNAL,)),
]
ROWS = [(kind, code, status, reason) for kind, code, status, rs in TABLE for reason in rs]


def test_the_table_is_complete() -> None:
    """Every reason and every code has its row."""
    assert {reason for *_, reason in ROWS} == set(Reason)
    assert {code for _, code, _, _ in ROWS} == {code.name for code in Code}


@pytest.mark.parametrize(
    ("kind", "code", "status", "reason"), ROWS, ids=[reason.value for *_, reason in ROWS]
)
def test_status_and_problem(
    kind: type[RequestError], code: str, status: int, reason: Reason
) -> None:
    """Each reason has its HTTP status and says all that gRPC's ErrorInfo says."""
    error = kind(reason, "what was found", field="scopes[0]", metadata={"limit": "3"})
    assert http_status(error) == status
    assert json.loads(problem(error, status, "r")) == {
        "type": f"urn:offerd:error:{reason.value}",
        "title": reason.value.replace("_", " ").lower(),
        "status": status,
        "detail": "what was found",
        "code": code,
        "reason": reason.value,
        "field": "scopes[0]",
        "metadata": {"limit": "3"},
        "requestId": "r",
    }


@pytest.mark.parametrize("kind", [row[0] for row in TABLE], ids=lambda kind: kind.__name__)
async def test_errors_of_the_service_over_http(
    door: Door, service: CannedService, kind: type[RequestError]
) -> None:
    """An error crosses both doors with its facts; some say when to come back."""
    reason = next(row[3][0] for row in TABLE if row[0] is kind)
    error = kind(reason, "no", field="scopes[0].name", metadata={"near": "home-hero"})
    service.failures.append(error)
    answer = await door.http.post(
        "/v1/decisions:decide", json={"scopes": [{"name": "s"}], "requestId": "r9"}
    )
    assert answer.status_code == http_status(error)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in answer.headers) is (answer.status_code in {429, 503})
    body = answer.json()
    assert (body["reason"], body["detail"]) == (reason.value, "no")
    assert (body["field"], body["metadata"]) == ("scopes[0].name", {"near": "home-hero"})
    assert body["requestId"] == "r9"
    assert door.records[-1].error.reason is reason
