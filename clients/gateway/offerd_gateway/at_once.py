"""Requests that needn't wait for anything, which most are: answered in the turn that reads them.

The ASGI way, `Gateway.__call__`, is the reference, and what to go where this gives no answer: where
a request is wrong, which it tells, and where it is unusual or has to wait for anything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import NamedTuple

from offerd_gateway.access import OnAccess
from offerd_gateway.answers import Answer, failed, lines, named
from offerd_gateway.backend import Found
from offerd_gateway.calls import Call
from offerd_gateway.cors import Cors
from offerd_gateway.request import Incoming

logger = logging.getLogger("offerd_gateway")


class Whole(NamedTuple):
    """An answer as it is sent; `head` are its headers, without those that all answers have."""

    status: int
    head: bytes
    body: bytes


class Head(NamedTuple):
    """A request but for its body and what tells how long that is, which many have in common.

    `request_id` is "" if it doesn't name the request; `lines` are the headers of an answer but for
    its length, and those that all answers have.
    """

    call: Call
    headers: dict[bytes, bytes]
    request_id: str
    lines: bytes

    def incoming(self, request_id: str) -> Incoming:
        """Returns a request that the service was asked to answer; it may have its name itself."""
        rpc = self.call.rpc
        return Incoming(
            "POST", rpc.template, rpc.template, b"", self.headers,
            request_id=request_id, rpc=rpc.method, asked=True,
        )  # fmt: skip


class Asked(NamedTuple):
    """A request that is whole, for the service to answer; `data` is what it takes.

    `client` is the caller's address, empty if it isn't known, and `started_s` when it was read, by
    `time.perf_counter`.
    """

    head: Head
    request_id: str
    data: bytes
    client: str
    started_s: float


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

    def head(self, url: bytes, headers: dict[bytes, bytes]) -> Head | None:
        """Reads the head of a request that `may_answer`; None if it is unusual or wrong."""
        call = self._calls[url]
        incoming = Incoming("POST", "", "", b"", headers)
        try:
            incoming.read_request_id()
            call.check_head(incoming)
        except Exception:
            return None  # the ordinary way tells what is wrong
        if headers.get(b"x-request-id") == b"":
            return None  # what goes back for that depends on the body
        more = self._cors.headers(headers.get(b"origin")) + named(incoming)
        return Head(call, headers, incoming.request_id, self._same_lines + lines(more))

    def asked(self, head: Head, body: bytes, client: str) -> Asked | None:
        """Reads a request that is whole; None if it is unusual or wrong."""
        started_s = time.perf_counter()
        try:
            question = head.call.question_at_once(head.request_id, body)
        except Exception:
            return None  # as above
        if question is None:
            return None
        request_id, data = question
        return tuple.__new__(Asked, (head, request_id, data, client, started_s))

    def answer(self, asked: Asked) -> Whole | None:
        """Returns the answer; without one the service has been asked, and nothing has changed."""
        try:
            found = asked.head.call.find_at_once(asked.data)
        except Exception as error:  # as in the ordinary way
            return self._failed(asked, error)
        return None if found is None else self._whole(asked, found)

    def answer_some(self, several: Sequence[Asked]) -> list[Whole | None]:
        """Returns as `answer` what the first of several are answered, and one at least.

        Side by side, which costs less.
        """
        call = several[0].head.call
        some = list(takewhile(lambda one: one.head.call is call, several))
        if len(some) == 1:
            return [self.answer(some[0])]
        try:
            answers = call.find_some_at_once([one.data for one in some])
        except Exception:  # the fault of one, who is told when it is asked for alone
            return [self.answer(one) for one in some]
        if not answers:
            return [self.answer(some[0])]
        return [
            None if found is None else self._whole(asked, found)
            for asked, found in zip(some, answers, strict=False)
        ]

    def _whole(self, asked: Asked, found: Found) -> Whole:
        head = asked.head
        try:
            body = head.call.written(found)
        except Exception as error:  # as in the ordinary way
            return self._failed(asked, error)
        if self._on_access is not None:
            self._tell(asked, Answer(200, body))
        return tuple.__new__(
            Whole, (200, b"content-length: %d\r\n%b" % (len(body), head.lines), body)
        )

    def _failed(self, asked: Asked, error: Exception) -> Whole:
        incoming = asked.head.incoming(asked.request_id)
        answer = failed(error, incoming)
        told = lines(answer.all_headers(incoming, self._cors))
        self._tell(asked, answer)
        return Whole(answer.status, told, answer.body)

    def _tell(self, asked: Asked, answer: Answer) -> None:
        if self._on_access is None:
            return
        head, request_id, _, client, started_s = asked
        duration_s = time.perf_counter() - started_s
        try:
            self._on_access(answer.record(head.incoming(request_id), client, duration_s))
        except Exception:  # the answer is there, and goes out
            logger.exception("what is told of requests failed")
