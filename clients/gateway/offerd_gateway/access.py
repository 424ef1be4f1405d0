"""What is known of a request once it is answered, for a log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from offerd.errors import RequestError


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One answered request.

    `rpc` is the full name of the rpc, empty for a path that is none; `asked` is whether
    the request came as far as the service, whose own log then has it. `status` is the
    HTTP status, 499 if the caller went away before the request was complete. `error`
    says why it was refused, None if it wasn't. `request_id` is empty if none is known;
    `client` is the caller's address, empty if it isn't known.
    """

    http_method: str
    path: str
    rpc: str
    asked: bool
    status: int
    error: RequestError | None
    request_id: str
    client: str
    answer_bytes: int
    duration_s: float


OnAccess = Callable[[AccessRecord], None]
