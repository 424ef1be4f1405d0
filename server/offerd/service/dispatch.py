"""Where every call passes, whichever door it came through.

A call is answered, its mistakes are told from the service's own, and one line is logged.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from google.protobuf.message import Message

from offerd.errors import Code, InvalidArgument, NotFound, Reason, RequestError

Handler = Callable[[Any], Awaitable[Message]]
"""Answers one rpc: from its request message to its response message."""

_OWN_FAULTS = (Code.INTERNAL,)


class Dispatcher:
    """Answers rpcs by their full name (`/offerd.v1.DecisionService/Decide`)."""

    def __init__(
        self, handlers: Mapping[str, Handler], log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self._handlers = dict(handlers)
        self._log = log

    async def call(self, method: str, request: Message | InvalidArgument, door: str) -> Message:
        """Returns the answer of an rpc; raises RequestError and nothing else.

        A door that couldn't read the request passes the refusal in its stead. `door` is the
        name that the log gives to where the call came from.
        """
        started = time.perf_counter_ns()
        refused: RequestError | None = None
        try:
            if isinstance(request, InvalidArgument):
                raise request
            handler = self._handlers.get(method)
            if handler is None:
                raise NotFound(Reason.NO_SUCH_METHOD, f"no method `{method}`")
            return await handler(request)
        except RequestError as error:
            refused = error
            raise
        except Exception as error:
            refused = RequestError(
                Reason.INTERNAL, "the service failed at this request; its log has the details"
            )
            self._log.exception("failed", method=method, door=door)
            raise refused from error
        finally:
            self._log_line(method, door, request, refused, time.perf_counter_ns() - started)

    def _log_line(
        self, method: str, door: str, request: object, refused: RequestError | None, spent_ns: int
    ) -> None:
        line: dict[str, object] = {
            "method": method.rpartition("/")[2],
            "door": door,
            "code": "OK" if refused is None else refused.code.name,
            "duration_us": spent_ns // 1_000,
        }
        request_id = getattr(request, "request_id", "")
        if request_id:
            line["request_id"] = request_id
        if refused is not None:
            line["reason"] = refused.reason.value
            line["field"] = refused.field
            line["error"] = refused.message
        level = self._log.error if refused and refused.code in _OWN_FAULTS else self._log.info
        level("request", **line)
