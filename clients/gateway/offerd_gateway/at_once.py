"""Requests that needn't wait for anything, which most are: answered as soon as they are read.

The ASGI way, `Gateway.__call__`, is the reference, and what to go where this gives no answer: where
a request is wrong, which it tells, and where it is unusual or has to wait for anything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import NamedTuple

from offerd_gateway.access import AccessRecord, OnAccess
from offerd_gateway.answers import Answer, failed, lines, named
from offerd_gateway.calls import Call
from offerd_gateway.cors import Cors
from offerd_gateway.request import Incoming

logger = logging.getLogger("offerd_gateway")


class Whole(NamedTuple):
    """An answer as it is sent; `head` are its headers, without those that all answers have."""

    status: int
    head: bytes
    body: bytes


class AnswersAtOnce:
    """Answers by those calls that may need no waiting; `on_access` is told of each answer."""

    def __init__(self, calls: Iterable[Call], cors: Cors, on_access: OnAccess | None) -> None:
        self._calls = {
            call.rpc.template.encode(): call for call in calls if call.may_answer_at_once
        }
        self._cors = cors
        self._on_access = on_access
        # All of them but the first one, the length.
        self._same_lines = lines(Answer(200, b"").own_headers()[1:])

    def may_answer(self, method: bytes, url: bytes) -> bool:
        """Whether there may be an answer at once to a request like this."""
        return url in self._calls and method == b"POST"

    def answer(
        self, url: bytes, headers: dict[bytes, bytes], body: bytes, client: str
    ) -> Whole | bool:
        """Returns the answer to a request that `may_answer`, and that is all there is of it.

        Without one it returns whether the service has been asked for one, and nothing has changed.
        """
        started = time.perf_counter()
        call = self._calls[url]
        path = call.rpc.template
        incoming = Incoming("POST", path, path, b"", headers, rpc=call.rpc.method)
        try:
            incoming.read_request_id()
            request = call.request_at_once(incoming, body)
        except Exception:
            return False  # the ordinary way tells what is wrong
        if request is None:
            return False
        try:
            found = call.answer_at_once(incoming, request)
            if found is None:
                return True
            answer = Answer(200, found)
            head = self._head(incoming, len(found))
        except Exception as error:  # as in the ordinary way
            answer = failed(error, incoming)
            head = lines(answer.all_headers(incoming, self._cors))
        self._tell(answer.record(incoming, client, time.perf_counter() - started))
        return Whole(answer.status, head, answer.body)

    def _head(self, incoming: Incoming, body_bytes: int) -> bytes:
        """As `Answer.all_headers` of an answer that is no problem."""
        head = b"content-length: %d\r\n%b" % (body_bytes, self._same_lines)
        more = self._cors.headers(incoming.headers.get(b"origin")) + named(incoming)
        return head + lines(more) if more else head

    def _tell(self, record: AccessRecord) -> None:
        if self._on_access is None:
            return
        try:
            self._on_access(record)
        except Exception:  # the answer is there, and goes out
            logger.exception("what is told of requests failed")
