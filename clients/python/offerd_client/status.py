"""gRPC statuses back to the errors of offerd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from offerd.errors import (
    DOMAIN,
    DeadlineExceeded,
    Exhausted,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Reason,
    RequestError,
    Unavailable,
)
from offerd_client.settings import MAX_ANSWER_BYTES

FIELD_KEY = "field"
"""The key of ErrorInfo.metadata that holds the path of the request's field at fault."""

REASON_KEY = "reason"
"""Where a reason is kept that is newer than this client."""

KINDS: Mapping[grpc.StatusCode, tuple[type[RequestError], Reason]] = {
    grpc.StatusCode.INVALID_ARGUMENT: (InvalidArgument, Reason.MALFORMED),
    grpc.StatusCode.NOT_FOUND: (NotFound, Reason.PROFILE_NOT_FOUND),
    grpc.StatusCode.FAILED_PRECONDITION: (FailedPrecondition, Reason.RESERVATION_COMMITTED),
    grpc.StatusCode.UNIMPLEMENTED: (NotFound, Reason.NO_SUCH_METHOD),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Exhausted, Reason.OVERLOADED),
    grpc.StatusCode.UNAVAILABLE: (Unavailable, Reason.NOT_SERVING),
    grpc.StatusCode.CANCELLED: (Unavailable, Reason.NOT_SERVING),
    grpc.StatusCode.DEADLINE_EXCEEDED: (DeadlineExceeded, Reason.DEADLINE_EXCEEDED),
}
"""The error for each status code, and its reason if the status has no ErrorInfo."""


MESSAGE_TOO_LARGE = "message larger than max"
"""What gRPC itself says when it refuses a message; it gives no ErrorInfo with that."""
ANSWER_TOO_LARGE = "CLIENT: Received"
"""What tells an answer that this side refused from a request that the other side did."""


class FailedCall(Protocol):
    """What both kinds of gRPC error know of a call that failed."""

    def code(self) -> grpc.StatusCode: ...  # noqa: D102
    def details(self) -> str | None: ...  # noqa: D102
    def trailing_metadata(self) -> Any: ...  # noqa: D102


def error_from_call(call: FailedCall) -> RequestError:
    """The error that the service raised, as it was raised.

    A status without ErrorInfo (a connection that can't be made, a deadline that passed
    on the way, something between caller and service) gets the reason of its code.
    """
    kind, reason = KINDS.get(call.code(), (RequestError, Reason.INTERNAL))
    info = _error_info(call)
    if info is None:
        if MESSAGE_TOO_LARGE in (call.details() or ""):
            return _too_large(call.details() or "")
        return kind(reason, call.details() or reason.value.replace("_", " ").lower())
    metadata = dict(info.metadata)
    field = metadata.pop(FIELD_KEY, "")
    if info.reason in Reason.__members__:
        reason = Reason(info.reason)
    else:
        metadata[REASON_KEY] = info.reason
    return kind(reason, call.details() or "", field=field, metadata=metadata)


def _too_large(details: str) -> InvalidArgument:
    """The refusal of a message that won't get smaller however often it is sent."""
    message = (
        f"the answer is larger than {MAX_ANSWER_BYTES} bytes: ask for less at once"
        if ANSWER_TOO_LARGE in details
        else "the request is larger than the service takes: send less at once"
    )
    return InvalidArgument(Reason.TOO_LARGE, message)


def _error_info(call: FailedCall) -> error_details_pb2.ErrorInfo | None:
    try:
        status: status_pb2.Status | None = rpc_status.from_call(call)
    except ValueError:
        # Something on the way has rewritten one of the status' two forms: keep the plain one.
        return None
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return info
    return None
