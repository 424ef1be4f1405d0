"""One call, from its beginning to its end: counted, its mistakes told, and one line logged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Protocol

import structlog

from offerd.errors import Code, Reason, RequestError, Unavailable
from offerd.service.answer_log import Answered
from offerd.service.soon import Claim

_LONGEST_ID = 128
_OWN_FAULTS = (Code.INTERNAL,)


class Accounts(Protocol):
    """Where calls are counted and logged: see `Dispatcher`."""

    log: structlog.typing.FilteringBoundLogger
    note: Callable[[Answered], None]

    def begin(self, call: object) -> None:
        """Counts a call as in flight; raises Unavailable once the service stops."""

    def end(self, call: object) -> None:
        """Counts it as over."""


class Accounted:
    """Counts a call as in flight, tells its mistakes from the service's own, and logs it.

    It began now unless `started_ns` says otherwise.
    """

    __slots__ = ("_accounts", "_door", "_method", "_request", "_started_ns")

    def __init__(
        self, accounts: Accounts, method: str, request: object, door: str, started_ns: int = 0
    ) -> None:
        self._accounts = accounts
        self._method = method
        self._request = request
        self._door = door
        self._started_ns = started_ns or time.perf_counter_ns()

    def __enter__(self) -> None:
        try:
            self._accounts.begin(self)
        except Unavailable as error:
            self._log_line("UNAVAILABLE", error)
            raise

    def leave(self) -> None:
        """Ends it without a word: it is begun once more."""
        self._accounts.end(self)

    def answered(self) -> None:
        """Ends it as `over`, with nothing from context variables in its line."""
        self._accounts.end(self)
        name = self._method.rpartition("/")[2]
        took_us = (time.perf_counter_ns() - self._started_ns) // 1_000
        request_id = getattr(self._request, "request_id", "")
        self._accounts.note(Answered(name, self._door, took_us, request_id))

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        refused = self.over(error)
        try:
            if refused is not None and refused is not error:
                raise refused from error
        finally:
            del refused, error  # they have this frame, which mustn't have them

    def over(self, error: BaseException | None) -> RequestError | None:
        """Ends it; returns what its caller is told if that isn't an answer."""
        self._accounts.end(self)
        if error is None:
            self._log_line("OK", None)
            return None
        if isinstance(error, RequestError):
            self._log_line(error.code.name, error)
            return error
        if not isinstance(error, Exception):
            # The caller went away or its deadline has passed: nobody gets an answer.
            self._log_line("CANCELLED", None)
            return None
        refused = RequestError(
            Reason.INTERNAL, "the service failed at this request; its log has the details"
        )
        self._accounts.log.error("failed", method=self._method, door=self._door, exc_info=error)
        self._log_line(refused.code.name, refused)
        return refused

    def _log_line(self, code: str, refused: RequestError | None) -> None:
        line: dict[str, object] = {
            "method": self._method.rpartition("/")[2],
            "door": self._door,
            "code": code,
            "duration_us": (time.perf_counter_ns() - self._started_ns) // 1_000,
        }
        request_id = getattr(self._request, "request_id", "")
        # A refused one may be anything, of any length; it has no place in a log.
        if request_id and len(request_id) <= _LONGEST_ID and request_id.isprintable():
            line["request_id"] = request_id
        log = self._accounts.log
        if refused is not None:
            line["reason"] = refused.reason.value
            line["field"] = refused.field
            line["error"] = refused.message
            if refused.code in _OWN_FAULTS:
                log.error("request", **line)
                return
        log.info("request", **line)


class Later:
    """A call whose answer waits for a write. For the thread in which that ends, whichever it is."""

    __slots__ = ("_accounted", "_answer", "_claim")

    def __init__(self, accounted: Accounted, claim: Claim, answer: bytes) -> None:
        self._accounted = accounted
        self._claim = claim
        self._answer = answer

    def end(self, done: Future[Any], give: Callable[[bytes], bool]) -> RequestError | bool:
        """Ends the call once the write is done; returns why there is no answer, if so.

        `give` says whether anybody got the answer; otherwise what was taken is given back. False
        is returned if the answer has to be asked for by `answer`: the call goes on until `leave`.
        """
        if done.cancelled():
            self._accounted.over(asyncio.CancelledError())
            return True
        # Not raised: an error that has this frame would hold itself by way of the write.
        error = done.exception()
        if error is not None:
            return self._accounted.over(error) or True
        if not self._claim.holds(done.result()):
            return False
        if give(self._answer):
            self._accounted.answered()
        else:
            self._claim.undo(done.result())
            self._accounted.over(asyncio.CancelledError())
        return True

    def leave(self, *, is_gone: bool) -> None:
        """Ends the call that is to be asked for by `answer`, unless its caller is gone."""
        if is_gone:
            self._accounted.over(asyncio.CancelledError())
        else:
            self._accounted.leave()
