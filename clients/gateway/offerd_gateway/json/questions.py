"""Requests to decide from JSON to their bytes: what has come before is known by its bytes.

Most requests have scopes and a context in common with many others. Only who asks, and how the
request is named, is read anew. What is unusual or wrong isn't read here: the reader of messages,
which is the reference, tells.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
from google.protobuf.message import Message

from offerd.errors import InvalidArgument
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import identity_pb2
from offerd_gateway.json.mistake import Mistake
from offerd_gateway.json.reader import MessageReader
from offerd_gateway.json.text import parse

MOST: Final = 16_384
MOST_BYTES: Final = 8 << 20
LARGEST_BYTES: Final = 2_048
"""So much of each member is remembered at most, whoever sends it; what is larger is read anew."""

_COMMON: Final = ("scopes", "context", "deduplication", "arbitration")
"""The members that many requests have in common, which are remembered."""

_QUOTE, _ESCAPE, _LOCATION = b'"', b"\\", b'"location"'
_REQUEST_ID, _IDENTITIES = b"\x0a", b"\x12"
_NAMESPACE, _ID, _STATE = b"\x0a", b"\x12", b"\x18"
_STATES: Final = {
    name: b"" if number == 0 else _STATE + bytes((number,))
    for name, number in identity_pb2.AuthenticationState.items()
}
_LONG: Final = 0x80
"""Lengths from here on take more than a byte."""
_LENGTHS: Final = [bytes((size,)) for size in range(_LONG)]


_ABSENT: Final = msgspec.Raw()


class Question(NamedTuple):
    """A request to decide: its name, "" if it has none, and the bytes of all else of it."""

    request_id: str
    data: bytes


class _Identity(msgspec.Struct, forbid_unknown_fields=True):
    namespace: str
    id: str
    state: str = msgspec.field(default="", name="authenticationState")


class _Members(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A request: what is read anew, and what is in common as it stands there, or empty."""

    request_id: str | msgspec.UnsetType = msgspec.UNSET
    identities: list[_Identity] | msgspec.UnsetType = msgspec.UNSET
    scopes: msgspec.Raw = _ABSENT
    context: msgspec.Raw = _ABSENT
    deduplication: msgspec.Raw = _ABSENT
    arbitration: msgspec.Raw = _ABSENT


class _Piece(NamedTuple):
    """The bytes of a member, and how many quotes and escapes it has, with its name."""

    data: bytes
    quotes: int
    escapes: int


class _Unusual(Exception):
    """A request isn't as it is expected."""


class Questions:
    """Reads requests to decide. For one event loop."""

    def __init__(self) -> None:
        descriptor: Any = pb.DecideRequest.DESCRIPTOR
        self._reader = MessageReader(descriptor)
        self._known: dict[str, dict[bytes, _Piece]] = {name: {} for name in _COMMON}
        self._known_bytes = dict.fromkeys(_COMMON, 0)
        self._decode = msgspec.json.Decoder(_Members).decode

    def read(self, body: bytes) -> Question | None:
        """Returns what is asked; None if it is unusual or wrong.

        JSON lets a member be given twice, of which `msgspec` keeps one. Each has quotes around its
        name, so that there are more of them than those of the members that are there.
        """
        try:
            return self._read(body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return None
        except (_Unusual, Mistake, InvalidArgument):
            return None

    def _read(self, body: bytes) -> Question:
        members = self._decode(body)
        parts: list[bytes] = []
        quotes = escapes = 0
        identities, request_id = members.identities, members.request_id
        if identities is not msgspec.UNSET:
            quotes = 2 + _add(parts, identities)
        if request_id is msgspec.UNSET:
            request_id = ""
        else:
            quotes += 4
        # In the order of their numbers, as encoders write them.
        for name, raw in (
            ("scopes", members.scopes), ("context", members.context),
            ("deduplication", members.deduplication), ("arbitration", members.arbitration),
        ):  # fmt: skip
            if raw is not _ABSENT:
                value = bytes(raw)
                piece = self._known[name].get(value) or self._piece(name, value)
                parts.append(piece.data)
                quotes += piece.quotes
                escapes += piece.escapes
        if quotes != body.count(_QUOTE) or escapes != body.count(_ESCAPE):
            raise _Unusual
        return Question(request_id, b"".join(parts))

    def _piece(self, name: str, value: bytes) -> _Piece:
        """Returns a member, which it reads, and remembers if it may come again."""
        message: Message = pb.DecideRequest()
        self._reader.read({name: parse(value)}, message)
        piece = _Piece(message.SerializeToString(), value.count(_QUOTE) + 2, value.count(_ESCAPE))
        # Where somebody is, is hardly the same twice.
        if len(value) <= LARGEST_BYTES and _LOCATION not in value:
            known = self._known[name]
            known_bytes = self._known_bytes[name] + len(value) + len(piece.data)
            if len(known) >= MOST or known_bytes > MOST_BYTES:
                known.clear()
                known_bytes = len(value) + len(piece.data)
            known[value] = piece
            self._known_bytes[name] = known_bytes
        return piece


def _add(parts: list[bytes], identities: list[_Identity]) -> int:
    """Adds the field of identities; returns how many quotes their text has."""
    quotes = 0
    for one in identities:
        namespace, name = one.namespace.encode(), one.id.encode()
        quotes += 8
        state = b""
        if one.state:
            state = _STATES.get(one.state, b"")
            quotes += 4
            if not state:
                raise _Unusual
        size = 4 + len(namespace) + len(name) + len(state)
        if not namespace or not name or size >= _LONG:
            raise _Unusual
        parts += (
            _IDENTITIES, _LENGTHS[size],
            _NAMESPACE, _LENGTHS[len(namespace)], namespace,
            _ID, _LENGTHS[len(name)], name, state,
        )  # fmt: skip
    return quotes


def with_name(request_id: str, data: bytes) -> bytes | None:
    """Returns a request with its name; None if that is unusually long."""
    encoded = request_id.encode()
    if not encoded:
        return data
    if len(encoded) >= _LONG:
        return None
    return b"".join((_REQUEST_ID, _LENGTHS[len(encoded)], encoded, data))
