"""Answers that are bytes already, for doors that send bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from google.protobuf.message import Message


class Pieces(NamedTuple):
    """A DecideResponse, for doors that speak otherwise than in messages: all that is in it.

    `now_ns` is when it was decided. `propositions` are five pieces at a time, which together are
    their bytes: what is before the name of a proposition; its name; its scope and outcome, as
    fields of it; the field of an item up to its token; the token. Of one more item the first three
    are empty, and without any the last two. Most have come before, as the same objects. Names and
    tokens are of letters, digits, `-` and `_`.
    """

    request_id: str
    revision: str
    now_ns: int
    propositions: Sequence[bytes]
    warnings: Sequence[str]


class Serialized:
    """A message of a kind as its bytes, which are put together without making the message."""

    __slots__ = ("_data", "kind")

    def __init__(self, kind: type[Message], data: bytes) -> None:
        self.kind = kind
        self._data = data

    @property
    def data(self) -> bytes:
        """The bytes."""
        return self._data

    @property
    def pieces(self) -> Pieces | None:
        """The pieces that it is made of; None if it is otherwise."""
        return None

    def message(self) -> Message:
        """Returns the message."""
        return self.kind.FromString(self.data)


class AnsweredAtOnce(NamedTuple):
    """An answer, and how the caller named the request, "" if not at all."""

    answer: Serialized
    request_id: str


Answer = Message | Serialized
"""What answers an rpc."""


def serialized(answer: Answer) -> bytes:
    """Returns the bytes of an answer."""
    return answer.data if isinstance(answer, Serialized) else answer.SerializeToString()


def as_message(answer: Answer) -> Message:
    """Returns the message of an answer."""
    return answer.message() if isinstance(answer, Serialized) else answer


def length_delimited(tag: bytes, data: bytes) -> bytes:
    """Returns a field that holds bytes, a text or a message; `tag` says which field it is."""
    return b"".join((tag, varint(len(data)), data))


def varint(number: int) -> bytes:
    """Returns a number of 0 or more as messages have it."""
    if number < KNOWN:
        return VARINTS[number]
    if not 1 << 28 <= number < 1 << 35:
        return _varint(number)
    # As most fractions of a second are: seven bits for each of five bytes.
    lower = number & 0x7F | (number & 0x3F80) << 1 | (number & 0x1FC000) << 2
    upper = (number & 0xFE00000) << 3 | (number & 0x7F0000000) << 4
    return (lower | upper | 0x80808080).to_bytes(5, "little")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


KNOWN: Final = 4_096
VARINTS: Final = [_varint(number) for number in range(KNOWN)]
"""Those of the numbers below KNOWN, for who can't spare a call."""
