"""What the gateway reads of an HTTP request before it knows the rpc."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from dataclasses import dataclass
from types import coroutine
from typing import Any, TypeVar

from offerd.errors import DeadlineExceeded, InvalidArgument, Reason
from offerd_gateway.json.mistake import shortened
from offerd_gateway.problem import Refusal
from offerd_gateway.settings import GatewaySettings

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
T = TypeVar("T")

MAX_REQUEST_ID_CHARACTERS = 128
MAX_TIMEOUT_MS = 600_000
CLOSE = (b"connection", b"close")
TRIED_AT_ONCE = "offerd.tried_at_once"
"""The ASGI extension that says so; see Incoming."""


class Disconnected(Exception):
    """The caller went away before it was answered."""


@dataclass(slots=True)
class Incoming:
    """A request: its line, its headers, and what they say.

    `path` is percent-decoded, `raw_path` as it was sent. `request_id` is the caller's,
    empty if it gave none; `rpc` is the full name of the rpc once it is known, and `asked`
    whether the service has been asked to answer it; `tried` says that it isn't to be asked
    for an answer at once, as it has no such answer.
    """

    method: str
    path: str
    raw_path: str
    query: bytes
    headers: dict[bytes, bytes]
    request_id: str = ""
    rpc: str = ""
    asked: bool = False
    tried: bool = False

    @classmethod
    def of(cls, scope: Scope) -> Incoming:
        """Read an ASGI scope."""
        return cls(
            scope["method"],
            scope["path"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"],
            dict(scope["headers"]),
            tried=TRIED_AT_ONCE in scope.get("extensions", ()),
        )

    @classmethod
    def unread(cls) -> Incoming:
        """Stand in for a request that couldn't be read."""
        return cls("", "", "", b"", {})

    def read_request_id(self) -> None:
        """Take the caller's name for the request; raises InvalidArgument."""
        text = self.headers.get(b"x-request-id")
        if text is None:
            return
        name = text.decode("latin-1")
        if len(name) > MAX_REQUEST_ID_CHARACTERS:
            raise InvalidArgument(
                Reason.TOO_LARGE,
                f"header `X-Request-Id` must have at most {MAX_REQUEST_ID_CHARACTERS} characters,"
                f" found {len(name)}",
                field="X-Request-Id",
            )
        if not name.isascii() or not name.isprintable():
            raise InvalidArgument(
                Reason.INVALID_TEXT,
                "header `X-Request-Id` must be printable ASCII",
                field="X-Request-Id",
            )
        self.request_id = name

    def timeout_s(self, default_s: float | None) -> float | None:
        """How long the caller waits, in seconds; raises InvalidArgument."""
        text = self.headers.get(b"x-timeout-ms")
        if text is None:
            return default_s
        if text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_TIMEOUT_MS:
            return int(text) / 1000
        raise InvalidArgument(
            Reason.OUT_OF_RANGE,
            f"header `X-Timeout-Ms` must be a whole number from 1 to {MAX_TIMEOUT_MS},"
            f" found `{shortened(text.decode('latin-1'))}`",
            field="X-Timeout-Ms",
        )

    def check_json(self) -> None:
        """Refuse a body that doesn't say that it is JSON, with status 415.

        Said plainly it also means that a browser asks before it sends one from
        another origin.
        """
        text = self.headers.get(b"content-type", b"")
        if text == b"application/json":
            return
        media_type, _, parameters = text.decode("latin-1").lower().partition(";")
        charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
        if media_type.strip() == "application/json" and charset in {"", "utf-8", "utf8"}:
            return
        shown = f"`{shortened(text.decode('latin-1'))}`" if text else "none"
        raise Refusal(
            InvalidArgument(
                Reason.MALFORMED,
                f"header `Content-Type` must be `application/json` in UTF-8, found {shown}",
                field="Content-Type",
            ),
            415,
        )


async def read_body(incoming: Incoming, receive: Receive, settings: GatewaySettings) -> bytes:
    """Read the body; refuses one that is too large (413) or too slow (408).

    Raises Disconnected if the caller goes away.
    """
    limit = settings.body_limit_bytes
    length = incoming.headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise _too_large(limit)
    reading = _read(receive, limit)
    try:
        # Mostly all of it is here already.
        waited_for = reading.send(None)
    except StopIteration as read:
        return bytes(read.value)
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            return await _rest(reading, waited_for)
    except TimeoutError as error:
        raise Refusal(
            DeadlineExceeded(
                Reason.DEADLINE_EXCEEDED,
                f"the body did not arrive within {settings.body_timeout_s:g} seconds",
            ),
            408,
            (CLOSE,),
        ) from error


async def unless_disconnected(call: Coroutine[Any, Any, T], receive: Receive) -> T:
    """Return what a call returns; cancels it and raises Disconnected if the caller goes away.

    The body must have been read: what of it still comes is thrown away.
    """
    task = asyncio.current_task()
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if task is not None:
            task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        return await call
    except asyncio.CancelledError:
        if gone and task is not None and task.uncancel() == 0:
            raise Disconnected from None
        raise
    finally:
        watcher.cancel()


@coroutine
def _rest(begun: Coroutine[Any, Any, T], waited_for: Any) -> Generator[Any, Any, T]:
    """Awaits the rest of a coroutine that waits for something already."""
    try:
        while True:
            try:
                sent = yield waited_for
            except BaseException as error:  # it is for the coroutine, whatever it is
                waited_for = begun.throw(error)
            else:
                waited_for = begun.send(sent)
    except StopIteration as end:
        result: T = end.value
        return result


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Disconnected
        body: bytes = event.get("body", b"")
        size += len(body)
        if size > limit:
            raise _too_large(limit)
        parts.append(body)
        if not event.get("more_body", False):
            return b"".join(parts)


def _too_large(limit: int) -> Refusal:
    # The connection stays open and the server throws the rest away as it comes: closing it
    # on a caller who is still sending would lose the answer.
    return Refusal(
        InvalidArgument(
            Reason.TOO_LARGE,
            f"the body must have at most {limit} bytes",
            metadata={"limit_bytes": str(limit)},
        ),
        413,
    )
