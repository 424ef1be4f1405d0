"""A connection that has requests answered at once: alone, or with those of other connections.

What is used of uvicorn's protocol here: `cycle`, `flow.write_paused`, `server_state`, and the timer
for connections on which nothing comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from offerd_gateway.answers import lines
from offerd_gateway.at_once import AnswersAtOnce, Head, Whole
from offerd_gateway.gathering import Gathering
from offerd_gateway.problem import Headers

Then = Callable[[bool], None]
"""What is told of a request that was asked, once its answer is taken, whether there was one."""


class AnsweringProtocol(HttpToolsProtocol):
    """One connection; once `leaving` is set, nothing more is answered at once."""

    def __init__(
        self,
        *arguments: Any,
        at_once: AnswersAtOnce,
        leaving: asyncio.Event,
        gathering: Gathering,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._at_once = at_once
        self._leaving = leaving
        self._gathering = gathering
        # Of a request that is decided with others, but before anything else is done here.
        self._then: Then | None = None
        # An answer that goes out with others, likewise.
        self._unsent = b""
        # Of what comes together only one is answered at once: others have their turn, too.
        self._has_tried = False
        # Whether the service has said that it can't.
        self._was_asked = False
        self._server_headers: Headers = []
        self._server_lines = b""
        self._asked_s = 0.0

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if nothing has been asked on it for long."""
        left_s = self._asked_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left_s, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def take(self, answer: Whole | None) -> None:
        """Send the answer to what was asked; None is that it has to be asked the ordinary way."""
        then, self._then = self._then, None
        if answer is None:
            self._was_asked = True
        else:
            self._unsent = self._whole(*answer)
            if not self._gathering.sending.waits(self):
                self.send()
        if then is not None:
            then(answer is not None)

    def send(self) -> None:
        """Send the answer that is kept, if one is."""
        data, self._unsent = self._unsent, b""
        if data and not self.transport.is_closing():
            self.transport.write(data)

    def fail(self) -> None:
        """End the connection."""
        self.transport.abort()

    def _ask(self, head: Head, body: bytes, then: Then, *, may_wait: bool) -> bool:
        """Ask a request that is whole, which may end with `then`; returns whether it is asked.

        If it `may_wait` it is decided with others, but in this turn of the event loop.
        """
        if not self._is_idle():
            return False
        self._has_tried = True
        client = self.client[0] if self.client else ""
        asked = self._at_once.asked(head, body, client)
        if asked is None:
            self._was_asked = False
            return False
        self._asked_s = self.loop.time()
        self._then = then
        if not (may_wait and self._gathering.takes(self, asked)):
            self.take(self._at_once.answer(asked))
        return True

    def _settle(self) -> None:
        """Have what is asked decided, and send the answer that is kept."""
        if self._then is not None:
            self._gathering.now(self)
        if self._unsent:
            self.send()

    def _is_idle(self) -> bool:
        """Whether all requests before are answered, and answers are taken."""
        cycle = self.cycle
        return (
            (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self._leaving.is_set()
            and not self.transport.is_closing()
        )

    def _whole(self, status: int, head: bytes, body: bytes) -> bytes:
        """Returns an answer as it is sent, with the headers that all have."""
        of_server = self.server_state.default_headers
        if of_server is not self._server_headers:  # there are others each second
            self._server_headers, self._server_lines = of_server, lines(of_server)
        return b"".join((STATUS_LINE[status], self._server_lines, head, b"\r\n", body))
