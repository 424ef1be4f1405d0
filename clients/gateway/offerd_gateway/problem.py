"""Errors as RFC 9457 problem details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from offerd.errors import Code, Reason, RequestError
from offerd_gateway.json.writer import to_json

Headers = list[tuple[bytes, bytes]]

TYPE_PREFIX = "urn:offerd:error:"
PROBLEM_TYPE = b"application/problem+json"
RETRY_AFTER_STATUSES = frozenset({429, 503})
RETRY_AFTER = (b"retry-after", b"1")
INSUFFICIENT_STORAGE = 507


@dataclass(slots=True, eq=False)
class Refusal(Exception):
    """What HTTP itself refuses: an error with its own status and headers.

    For what no gRPC code tells apart, such as 405 and 415.
    """

    error: RequestError
    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()


def http_status(error: RequestError) -> int:
    """The HTTP status that an error of the service appears as."""
    return status_of(error.code, error.reason)


def status_of(code: Code, reason: Reason) -> int:
    """The HTTP status of a code; a full store is told from too many requests."""
    if reason is Reason.STORE_FULL:
        return INSUFFICIENT_STORAGE
    return code.http_status


def problem(error: RequestError, status: int, request_id: str) -> bytes:
    """The body for an error: RFC 9457 with the facts of google.rpc.ErrorInfo.

    `requestId`, `field` and `metadata` are absent when there is nothing to say.
    """
    members: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{error.reason.value}",
        "title": error.reason.value.replace("_", " ").lower(),
        "status": status,
        "detail": error.message,
        "code": error.code.name,
        "reason": error.reason.value,
    }
    if error.field:
        members["field"] = error.field
    if error.metadata:
        members["metadata"] = error.metadata
    if request_id:
        members["requestId"] = request_id
    return to_json(members)
