"""The head of a request that comes again on the same connection, but for the body's length."""

from __future__ import annotations

import re
from typing import NamedTuple

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})\r\n", re.IGNORECASE)
_NAME = b"content-length"
_END = b"\r\n\r\n"


class Following(NamedTuple):
    """A request that has the same head; its headers are by their names in lower case."""

    path: bytes
    headers: dict[bytes, bytes]
    body: bytes


class SameHead:
    """What is before and after the digits of its `Content-Length`, and the headers it has.

    Bytes that are the same are the same request, so that they need no parser.
    """

    __slots__ = ("_after", "_before", "_headers", "_path")

    def __init__(
        self, before: bytes, after: bytes, path: bytes, headers: dict[bytes, bytes]
    ) -> None:
        self._before = before
        self._after = after
        self._path = path
        self._headers = headers

    @classmethod
    def of(
        cls, data: bytes, path: bytes, headers: dict[bytes, bytes], body_bytes: int
    ) -> SameHead | None:
        """Remembers the head of `data`, if that is one request; None if it isn't, or is unusual."""
        head = data[: len(data) - body_bytes]
        found = _LENGTH.search(head)
        if found is None or head.find(_END) != len(head) - len(_END):
            return None
        return cls(head[: found.start(1)], head[found.end(1) :], path, headers)

    def following(self, data: bytes) -> Following | None:
        """Reads a request; None if it isn't whole, is followed by more, or has another head."""
        begin = len(self._before)
        if not data.startswith(self._before):
            return None
        end = data.find(b"\r", begin, begin + 10)
        digits = data[begin:end]
        if not digits.isdigit() or not data.startswith(self._after, end):
            return None
        body = data[end + len(self._after) :]
        if len(body) != int(digits):
            return None
        return Following(self._path, {**self._headers, _NAME: digits}, body)
