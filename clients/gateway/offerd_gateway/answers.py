"""What goes back for a request, whichever way it is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

from offerd.errors import Reason, RequestError, Unavailable
from offerd_gateway.access import AccessRecord
from offerd_gateway.cors import Cors
from offerd_gateway.problem import (
    PROBLEM_TYPE,
    RETRY_AFTER,
    RETRY_AFTER_STATUSES,
    Headers,
    Refusal,
    http_status,
    problem,
)
from offerd_gateway.request import CLOSE, Incoming

logger = logging.getLogger("offerd_gateway")

JSON_TYPE = b"application/json"
LINES_TYPE = b"application/x-ndjson"
DEFAULTS: Headers = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


@dataclass(slots=True)
class Answer:
    """What goes back, and what the log is told.

    `lines`, if any, are the body, as they come; `line_bytes` is how much of them was sent.
    """

    status: int
    body: bytes
    content_type: bytes = JSON_TYPE
    headers: Headers = field(default_factory=list)
    error: RequestError | None = None
    lines: AsyncGenerator[bytes] | None = None
    line_bytes: int = 0

    def own_headers(self) -> Headers:
        """The headers that don't depend on what was asked."""
        length = (b"content-length", str(len(self.body)).encode("ascii"))
        return [
            *([length] if self.lines is None else []),
            (b"content-type", self.content_type),
            *DEFAULTS,
            *self.headers,
        ]

    def all_headers(self, incoming: Incoming, cors: Cors) -> Headers:
        """The headers that go back for a request."""
        if self.status == 204:
            headers = [*DEFAULTS, *self.headers]
        else:
            headers = self.own_headers() + cors.headers(incoming.headers.get(b"origin"))
        return headers + named(incoming)

    def record(self, incoming: Incoming, client: str, duration_s: float) -> AccessRecord:
        """What the log is told; `client` is the caller's address, empty if it isn't known."""
        return AccessRecord(
            http_method=incoming.method,
            path=incoming.path,
            rpc=incoming.rpc,
            asked=incoming.asked,
            status=self.status,
            error=self.error,
            request_id=incoming.request_id,
            client=client,
            answer_bytes=len(self.body) + self.line_bytes,
            duration_s=duration_s,
        )


def named(incoming: Incoming) -> Headers:
    """The header that tells a caller the name it gave its request."""
    if b"x-request-id" in incoming.headers and incoming.request_id:
        return [(b"x-request-id", incoming.headers[b"x-request-id"])]
    return []


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Returns headers as HTTP/1.1 has them."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def failed(error: BaseException, incoming: Incoming) -> Answer:
    """Returns the problem that a request ends with, whatever ended it."""
    if isinstance(error, Refusal):
        return refused(error.error, error.status, incoming, error.headers)
    if isinstance(error, RequestError):
        return refused(error, http_status(error), incoming)
    if isinstance(error, asyncio.CancelledError):
        # Only a server that stops, or closes its way to the service, cancels a request
        # whose caller is still there to be told.
        stopping = Unavailable(Reason.NOT_SERVING, "the gateway is stopping")
        return refused(stopping, http_status(stopping), incoming, (CLOSE,))
    # The outermost edge: a defect must answer 500, not close the connection.
    logger.error(
        "request failed by a defect: %s %s", incoming.method, incoming.path, exc_info=error
    )
    defect = RequestError(Reason.INTERNAL, "the gateway failed; its log has the details")
    return refused(defect, 500, incoming)


def refused(
    error: RequestError,
    status: int,
    incoming: Incoming,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    """Returns the problem that tells an error."""
    more = [RETRY_AFTER] if status in RETRY_AFTER_STATUSES else []
    return Answer(
        status,
        problem(error, status, incoming.request_id),
        PROBLEM_TYPE,
        [*headers, *more],
        error,
    )
