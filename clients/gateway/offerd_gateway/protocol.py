"""HTTP/1.1 as uvicorn has it, with bounded heads, and with problems for what is no HTTP.

A request that may be answered at once (`answering`) is kept from uvicorn until all of it is here.
If it is answered then, uvicorn only learns that one more response is complete; else all that was
read is handed over, and goes on as if it hadn't been kept. A connection that repeats itself needs
no parser for that (`same_head`). What is used of uvicorn's protocol besides: that it is told of a
request by the parser's callbacks, `parser`, `cycle` and what it tells of its request and answer,
`pipeline`, `server_state.total_requests`, and `on_response_complete`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools

from offerd.errors import InvalidArgument, Reason
from offerd_gateway.answering import AnsweringProtocol
from offerd_gateway.answers import lines
from offerd_gateway.app import Gateway
from offerd_gateway.at_once import Head
from offerd_gateway.gathering import Gathering
from offerd_gateway.problem import Headers, Refusal
from offerd_gateway.request import CLOSE, TRIED_AT_ONCE
from offerd_gateway.same_head import SameHead
from offerd_gateway.sending import Sending

MAX_HEAD_BYTES = 64 << 10
"""How large a request's line and headers may be together.

One that doesn't end at all is noticed at most one read of the socket later.
"""
PER_HEADER_BYTES = len(": \r\n")
LINGER_S = 1.0
"""How long what still comes is thrown away after a refusal, so that it reaches the caller."""
HOLD_S = 0.01
"""How long a request is held back at most: many callers send the body right after the head."""
HOLD_BYTES = 64 << 10
"""And how much of its body."""


class _Held:
    """A request that may be answered at once, as far as it has come."""

    __slots__ = ("body", "headers", "timer")

    def __init__(self, headers: dict[bytes, bytes]) -> None:
        self.headers = headers
        self.body = b""
        self.timer: asyncio.TimerHandle | None = None


class GatewayProtocol(AnsweringProtocol):
    """One connection to a gateway; once it is leaving, it ends with the next answer."""

    def __init__(self, *arguments: Any, gateway: Gateway, **named: Any) -> None:
        super().__init__(*arguments, at_once=gateway.at_once, **named)
        self._gateway = gateway
        self._head_bytes = 0
        # Parts that the parser keeps to itself until they are whole, such as one long header.
        self._unseen_bytes = 0
        self._refused = False
        # The head that is being read, of which uvicorn isn't told before it is whole.
        self._path = b""
        self._headers_read: Headers | None = None
        self._held: _Held | None = None
        # Its head, once all of it is here, until it is known whether more comes with it.
        self._held_head: Head | None = None
        self._is_between_requests = True
        self._last_head: SameHead[Head] | None = None

    def data_received(self, data: bytes) -> None:
        """Take what came; answers what is no HTTP, or too much of it, with a problem."""
        self._settle()
        self._has_tried = False
        if not (self._refused or self._repeats_itself(data)):
            self._read(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End whatever is under way."""
        self._settle()
        self._let_go()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Answer, as the connection ends with that."""
        self._settle()
        super().eof_received()

    def shutdown(self) -> None:
        """Close the connection after the request that is under way, if one is."""
        self._settle()
        self._let_go()
        super().shutdown()

    def on_message_begin(self) -> None:
        """Count anew."""
        self._ask_held(may_wait=False)  # what was held has to be answered before this
        self._head_bytes = 0
        self._is_between_requests = False
        self._path = b""
        self._headers_read = []

    def on_url(self, url: bytes) -> None:
        """Count a part of the path."""
        self._count(len(url))
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer."""
        self._count(len(name) + len(value) + PER_HEADER_BYTES)
        # What comes after a body is no word on how to read it, nor on who asks.
        if self._headers_read is not None:
            self._headers_read.append((name, value))

    def on_headers_complete(self) -> None:
        """Wait for the body, if that may be answered at once; else begin to answer."""
        if self.parser.get_method() == b"CONNECT":
            raise httptools.HttpParserError
        if not self.parser.should_upgrade() and not self._may_be_held():
            self._begin()

    def on_body(self, body: bytes) -> None:
        """Leave the counting to who reads the body."""
        self._unseen_bytes = 0
        held = self._held
        if held is None:
            super().on_body(body)
        else:
            held.body = held.body + body if held.body else body
            if len(held.body) > HOLD_BYTES:
                self._let_go()

    def on_message_complete(self) -> None:
        """Begin to answer what can't be answered at once."""
        if self.parser.should_upgrade():
            return
        self._is_between_requests = True
        held = self._held
        if held is not None:
            self._held_head = self._at_once.head(self._path, held.headers)
        if self._held_head is None:
            self._let_go()
            super().on_message_complete()

    def _read(self, data: bytes) -> None:
        """Take what came as the parser has it, and ask what is held, if it is whole."""
        self._unset_keepalive_if_required()
        self._unseen_bytes += len(data)
        begins_here, refusal = self._is_between_requests, None
        try:
            self._parse(data)
        except httptools.HttpParserError:
            refusal = _too_large() if self._head_bytes > MAX_HEAD_BYTES else _malformed()
        else:
            if self._unseen_bytes > MAX_HEAD_BYTES:
                refusal = _too_large()
        held, head = self._held, self._held_head
        if held is not None and head is not None:
            if self._ask_held(may_wait=True) and begins_here:
                self._last_head = SameHead.of(data, len(held.body), head)
        elif held is not None and held.timer is None and refusal is None:
            held.timer = self.loop.call_later(HOLD_S, self._let_go)
        if refusal is not None:
            self._refuse(refusal)

    def _parse(self, data: bytes) -> None:
        """Have the parser tell of what came."""
        rest = memoryview(data)
        while rest:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
                self._stay()
            else:
                return

    def _stay(self) -> None:
        """Read a request again that asks for another protocol, without that: none is spoken here.

        The parser takes all that follows its head for that protocol, and so does the next one as
        soon as it is told of the wish. What follows is the body, and then further requests.
        """
        parser, headers = self.parser, self._headers_read or ()
        version = parser.get_http_version().encode()
        line = b"%b %b HTTP/%b\r\n" % (parser.get_method(), self._path, version)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        kept = [header for header in headers if header[0].lower() != b"upgrade"]
        self.parser.feed_data(line + lines(kept) + b"\r\n")

    def _repeats_itself(self, data: bytes) -> bool:
        """Ask a request with the same head as an earlier one; returns whether that is all."""
        last = self._last_head
        if last is None or not self._is_between_requests:
            return False
        body = last.body_of(data)
        return body is not None and self._ask(
            last.read, body, partial(self._end_repeated, data), may_wait=True
        )

    def _end_repeated(self, data: bytes, is_answered: bool) -> None:
        """Count a request that needed no parser, or have it read."""
        if is_answered:
            self.server_state.total_requests += 1
        else:
            self._read(data)

    def _ask_held(self, *, may_wait: bool) -> bool:
        """Ask a request that is held as a whole, if one is; returns whether it is asked."""
        held, head, self._held_head = self._held, self._held_head, None
        if held is None or head is None:
            return False
        if held.timer is not None:
            held.timer.cancel()
        if self._ask(head, held.body, self._end_held, may_wait=may_wait):
            return True
        self._end_held(is_answered=False)
        return False

    def _end_held(self, is_answered: bool) -> None:
        """Have a request that is held as a whole answered in the ordinary way, unless it is."""
        if is_answered:
            self._held = None
            self.on_response_complete()
        else:
            self._let_go()
            super().on_message_complete()

    def _begin(self) -> None:
        """Tell uvicorn of the head, which answers; says if that is the last answer."""
        headers, self._headers_read = self._headers_read, None
        self.send()  # what was answered before this comes first
        # It is set if an answer at once came before this in the same read.
        self._unset_keepalive_if_required()
        super().on_message_begin()
        super().on_url(self._path)
        for name, value in headers or ():
            super().on_header(name, value)
        if self._was_asked:
            self._was_asked = False
            self.scope["extensions"] = {TRIED_AT_ONCE: {}}
        super().on_headers_complete()
        if self._leaving.is_set() and self.cycle is not None:
            self.cycle.keep_alive = False

    def _let_go(self) -> None:
        """Have the request that is held back, if one is, answered in the ordinary way."""
        held, self._held = self._held, None
        if held is None:
            return
        if held.timer is not None:
            held.timer.cancel()
        self._begin()
        if held.body:
            super().on_body(held.body)

    def _may_be_held(self) -> bool:
        """Hold a request back, if it may be answered at once and is the only one."""
        parser = self.parser
        if (
            self._has_tried
            or not self._at_once.may_answer(parser.get_method(), self._path)
            or not self._is_idle()
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
        ):
            return False
        headers = {name.lower(): value for name, value in self._headers_read or ()}
        if b"expect" in headers or b"transfer-encoding" in headers:
            return False
        self._held = _Held(headers)
        return True

    def _count(self, size: int) -> None:
        self._unseen_bytes = 0
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise httptools.HttpParserError

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, unless others are answered first, and close the connection after that."""
        self._refused = True
        self._settle()  # what was asked before this is answered first
        self._let_go()
        client = self.client[0] if self.client else ""
        headers, body = self._gateway.unreadable(refusal, client)
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                # What is here as a whole is answered: a refusal would be taken for its answer.
                cycle.keep_alive = False
                return
            # Whoever waits for the rest of this request waits in vain.
            cycle.disconnected = True
            cycle.message_event.set()
            if self.pipeline or cycle.response_started:
                self.transport.close()
                return
        self.transport.write(self._whole(refusal.status, lines([*headers, CLOSE]), body))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)


def protocol_for(gateway: Gateway, leaving: asyncio.Event) -> Callable[..., GatewayProtocol]:
    """Makes connections to a gateway, as uvicorn asks for them."""
    gathering = Gathering(gateway.at_once, Sending())
    return partial(GatewayProtocol, gateway=gateway, leaving=leaving, gathering=gathering)


def _malformed() -> Refusal:
    return Refusal(InvalidArgument(Reason.MALFORMED, "the request is no HTTP/1.1"), 400)


def _too_large() -> Refusal:
    return Refusal(
        InvalidArgument(
            Reason.TOO_LARGE,
            f"the request's line and headers must have at most {MAX_HEAD_BYTES} bytes",
            metadata={"limit_bytes": str(MAX_HEAD_BYTES)},
        ),
        431,
    )
