"""What is known of a request once it is answered, and its line in a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from offerd.errors import RequestError

CALLER_WENT_AWAY = 499


class AccessRecord(NamedTuple):
    """One answered request.

    `http_method` and `path` are empty if the request couldn't be read as HTTP. `rpc` is
    the full name of the rpc, empty for a path that is none; `asked` is whether
    the request came as far as the service, whose own log then has it. `status` is the
    HTTP status, 499 if the caller went away before it was answered. `error`
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

    @property
    def is_call(self) -> bool:
        """Whether it is worth a line: a call of an rpc, or a request that was refused."""
        return bool(self.rpc) or self.error is not None

    def line(self, door: str) -> dict[str, object]:
        """The facts of the request's line; `error` has the words, which may quote the caller."""
        facts: dict[str, object] = {
            # The path of what is no rpc is the caller's own words: `error` quotes it.
            "method": self.rpc.rpartition("/")[2] or self.http_method or "unreadable",
            "door": door,
            "code": self._code(),
            "duration_us": int(self.duration_s * 1_000_000),
        }
        if self.request_id:
            facts["request_id"] = self.request_id
        if self.error is not None:
            facts["reason"] = self.error.reason.value
            facts["field"] = self.error.field
            facts["error"] = self.error.message
        return facts

    def _code(self) -> str:
        if self.error is not None:
            return self.error.code.name
        return "CANCELLED" if self.status == CALLER_WENT_AWAY else "OK"


OnAccess = Callable[[AccessRecord], None]
