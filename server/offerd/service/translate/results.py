"""Results of many requests, as bytes: put together around answers that are bytes already."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from offerd.errors import RequestError
from offerd.service.serialized import length_delimited, varint
from offerd.v1 import decision_service_pb2 as pb

# The fields of messages that are put together here: number and kind.
_RESPONSE, _ERROR = b"\x0a", b"\x12"
_RESULTS: Final = b"\x0a"
_ID, _RESULT = b"\x0a", b"\x12"


def answered(response: bytes) -> bytes:
    """Returns the DecideResult of a DecideResponse."""
    return _before_response(len(response)) + response


def refused(error: RequestError) -> bytes:
    """Returns the DecideResult of a request that is refused."""
    message = pb.DecideError(
        code=error.code.number,
        reason=f"ERROR_REASON_{error.reason.value}",
        message=error.message,
        field=error.field,
        metadata=error.metadata,
    )
    return length_delimited(_ERROR, message.SerializeToString())


def in_batch(result: bytes) -> bytes:
    """Returns a DecideResult as a field of a BatchDecideResponse."""
    return _before_result(len(result)) + result


def in_stream(name: str, result: bytes) -> bytes:
    """Returns a DecideResult as a field of a DecideStreamResponse; `name` is its request's."""
    of_whom = name.encode()
    named = b"".join((_ID, varint(len(of_whom)), of_whom, _RESULT, varint(len(result))))
    return b"".join((_RESULTS, varint(len(named) + len(result)), named, result))


# Most answers are of a few sizes.
@lru_cache(4_096)
def _before_response(size_bytes: int) -> bytes:
    return _RESPONSE + varint(size_bytes)


@lru_cache(4_096)
def _before_result(size_bytes: int) -> bytes:
    return _RESULTS + varint(size_bytes)
