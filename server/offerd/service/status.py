"""RequestError as google.rpc.Status with one ErrorInfo."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from offerd.errors import DOMAIN, RequestError

FIELD = "field"
"""The ErrorInfo metadata key under which the field at fault stands."""

DETAILS_KEY = "grpc-status-details-bin"
"""The trailer that has the whole status."""


def status_of(error: RequestError) -> status_pb2.Status:
    """Returns the status of an error: code, message, and its facts as an ErrorInfo."""
    metadata = dict(error.metadata)
    if error.field:
        metadata[FIELD] = error.field
    info = error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=metadata)
    details = Any()
    details.Pack(info)
    return status_pb2.Status(code=error.code.number, message=error.message, details=[details])


def call_status(error: RequestError) -> tuple[int, str, tuple[tuple[str, str | bytes], ...]]:
    """Returns how a call ends with an error: code, words, and trailers."""
    status = status_of(error)
    return status.code, status.message, ((DETAILS_KEY, status.SerializeToString()),)
