"""The head of a request that comes again on the same connection, but for the body's length."""

from __future__ import annotations

import re
from typing import Final, Generic, TypeVar

LARGEST_BYTES: Final = 8 << 10
"""Each connection remembers a head of its own; one that is larger is read each time."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"

T = TypeVar("T")


class SameHead(Generic[T]):
    """What is before and after the digits of its `Content-Length`, and what was `read` of it.

    Bytes that are the same are the same request, so that they need no parser.
    """

    __slots__ = ("_after", "_before", "_body_bytes", "_whole", "read")

    def __init__(self, before: bytes, digits: bytes, after: bytes, read: T) -> None:
        self._before = before
        self._after = after
        self.read = read
        # As it was last: often the length is the same, too.
        self._whole = before + digits + after
        self._body_bytes = int(digits)

    @classmethod
    def of(cls, data: bytes, body_bytes: int, read: T) -> SameHead[T] | None:
        """Remembers the head of `data`, if that is one request; None if it isn't, or is unusual."""
        head = data[: len(data) - body_bytes]
        found = _LENGTH.search(head)
        if found is None or head.find(_END) != len(head) - len(_END) or len(head) > LARGEST_BYTES:
            return None
        return cls(head[: found.start(1)], found[1], head[found.end(1) :], read)

    def body_of(self, data: bytes) -> bytes | None:
        """Returns the body of a request that has the same head.

        None if it isn't whole, or is followed by more.
        """
        begin = len(self._whole)
        if len(data) == begin + self._body_bytes and data.startswith(self._whole):
            return data[begin:]
        begin = len(self._before)
        if not data.startswith(self._before):
            return None
        end = data.find(b"\r", begin, begin + 10)
        digits = data[begin:end]
        if not digits.isdigit() or not data.startswith(self._after, end):
            return None
        begin = end + len(self._after)
        if len(data) != begin + int(digits):
            return None
        self._whole, self._body_bytes = data[:begin], len(data) - begin
        return data[begin:]
