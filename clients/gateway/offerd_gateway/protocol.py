"""HTTP/1.1 as uvicorn has it, with bounded heads, and with problems for what is no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from offerd.errors import InvalidArgument, Reason
from offerd_gateway.app import Gateway
from offerd_gateway.problem import Headers, Refusal

MAX_HEAD_BYTES = 64 << 10
"""How large a request's line and headers may be together.

One that doesn't end at all is noticed at most one read of the socket later.
"""
PER_HEADER_BYTES = len(": \r\n")
LINGER_S = 1.0
"""How long what still comes is thrown away after a refusal, so that it reaches the caller."""


class GatewayProtocol(HttpToolsProtocol):
    """One connection to a gateway; once `leaving` is set, it ends with the next answer."""

    def __init__(
        self, *arguments: Any, gateway: Gateway, leaving: asyncio.Event, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._gateway = gateway
        self._leaving = leaving
        self._head_bytes = 0
        # Parts that the parser keeps to itself until they are whole, such as one long header.
        self._unseen_bytes = 0
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Take what came; answers what is no HTTP, or too much of it, with a problem."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._unseen_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing else is spoken here: the request is answered in HTTP/1.1.
            self._unseen_bytes = 0
        except httptools.HttpParserError:
            self._refuse(_too_large() if self._head_bytes > MAX_HEAD_BYTES else _malformed())
        else:
            if self._unseen_bytes > MAX_HEAD_BYTES:
                self._refuse(_too_large())

    def on_message_begin(self) -> None:
        """Count anew."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a part of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer."""
        self._count(len(name) + len(value) + PER_HEADER_BYTES)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Answer; says with the answer that it is the last one, if it is."""
        super().on_headers_complete()
        if self._leaving.is_set() and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Leave the counting to who reads the body."""
        self._unseen_bytes = 0
        super().on_body(body)

    def _count(self, size: int) -> None:
        self._unseen_bytes = 0
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise httptools.HttpParserError

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, and close the connection once that has arrived."""
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            # Whoever waits for the rest of this request waits in vain.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        client = self.client[0] if self.client else ""
        headers, body = self._gateway.unreadable(refusal, client)
        self.transport.write(self._head(refusal.status, headers) + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def _head(self, status: int, headers: Headers) -> bytes:
        everything = [*self.server_state.default_headers, *headers, (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in everything)
        return STATUS_LINE[status] + lines + b"\r\n"


def protocol_for(gateway: Gateway, leaving: asyncio.Event) -> Callable[..., GatewayProtocol]:
    """Makes connections to a gateway, as uvicorn asks for them."""

    def connection(*arguments: Any, **named: Any) -> GatewayProtocol:
        return GatewayProtocol(*arguments, gateway=gateway, leaving=leaving, **named)

    return connection


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
