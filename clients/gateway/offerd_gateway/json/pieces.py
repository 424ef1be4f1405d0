"""Answers to decide from their bytes to JSON: what has come before is known by its bytes.

Nearly all of an item is the same whoever it is shown to, and so is what a proposition answers.
Only what differs, names, tokens and the instant, is written anew. Fields are taken as encoders
write them, by their numbers; an answer that isn't so is written as a message, which is the
reference.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.json.writer import MessageWriter, to_json

MOST: Final = 16_384
LARGEST_BYTES: Final = 4_096
"""So much of each kind is remembered at most; what is larger is written anew each time."""

# The fields of DecideResponse, Proposition and Item: number and kind.
_REQUEST_ID, _REVISION, _DECIDE_TIME, _PROPOSITIONS, _WARNINGS = 0x0A, 0x12, 0x1A, 0x22, 0x2A
_PROPOSITION_ID, _SCOPE, _OUTCOME, _ITEMS, _EXPOSURE = 0x0A, 0x12, 0x18, 0x22, 0x32
_TOKEN, _SELECTION = 0x12, 0x32

_REPEATED: Final = (_PROPOSITIONS, _WARNINGS)
"""Of DecideResponse and, as `_ITEMS` is the same number, of Proposition."""

_VARINT, _LENGTH = 0, 2
_MORE: Final = 0x80
"""Set in all bytes of a number but the last."""

Field = tuple[int, int, int, int]
"""A field: number and kind, where it begins, where its value does, and where both end."""


class _Unusual(Exception):
    """Bytes aren't as they are expected."""


class AnswerPieces:
    """Writes answers to decide. For one event loop."""

    def __init__(self) -> None:
        types: Any = pb.DESCRIPTOR.message_types_by_name
        self._whole = MessageWriter(types["DecideResponse"])
        self._writers: dict[type[Message], MessageWriter] = {
            kind: MessageWriter(types[kind.__name__])
            for kind in (pb.Scope, pb.Proposition, pb.Item, pb.Selection, pb.Exposure)
        }
        self._known: dict[type[Message], dict[bytes, bytes]] = {one: {} for one in self._writers}
        self._items: dict[bytes, tuple[bytes, bytes]] = {}

    def write(self, data: bytes) -> bytes:
        """Returns the JSON of a DecideResponse."""
        try:
            return self._response(data)
        except (_Unusual, IndexError):
            return to_json(self._whole.write(pb.DecideResponse.FromString(data)))

    def _response(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        propositions: list[bytes] = []
        warnings: list[str] = []
        for tag, _, begin, end in _in_order(_fields(data)):
            if tag == _PROPOSITIONS:
                propositions.append(self._proposition(data[begin:end]))
            elif tag == _REQUEST_ID:
                parts.append(b'"requestId":' + _text(data[begin:end]))
            elif tag == _REVISION:
                parts.append(b'"revision":' + _text(data[begin:end]))
            elif tag == _DECIDE_TIME:
                time = Timestamp.FromString(data[begin:end]).ToJsonString()
                parts.append(b'"decideTime":"' + time.encode() + b'"')
            elif tag == _WARNINGS:
                warnings.append(data[begin:end].decode())
            else:
                raise _Unusual
        if propositions:
            parts.append(b'"propositions":[' + b",".join(propositions) + b"]")
        if warnings:
            parts.append(b'"warnings":' + to_json(warnings))
        return b"{" + b",".join(parts) + b"}"

    def _proposition(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        items: list[bytes] = []
        exposure: list[bytes] = []
        for tag, field, begin, end in _in_order(_fields(data)):
            if tag == _ITEMS:
                items.append(self._item(data[begin:end]))
            elif tag == _PROPOSITION_ID:
                parts.append(b'"propositionId":' + _text(data[begin:end]))
            elif tag == _SCOPE:
                parts.append(b'"scope":' + self._same(pb.Scope, data[begin:end]))
            elif tag == _OUTCOME:
                parts.append(self._member(data[field:end]))
            elif tag == _EXPOSURE:
                exposure.append(b'"exposure":' + self._same(pb.Exposure, data[begin:end]))
            else:
                raise _Unusual
        if items:
            parts.append(b'"items":[' + b",".join(items) + b"]")
        return b"{" + b",".join(parts + exposure) + b"}"

    def _item(self, data: bytes) -> bytes:
        token = selection = b""
        rest = data
        # From the last one on, so that what is left keeps its places.
        for tag, field, begin, end in reversed(_fields(data)):
            if tag == _TOKEN:
                if token:
                    raise _Unusual
                token = b',"token":' + _text(data[begin:end])
                rest = rest[:field] + rest[end:]
            elif tag == _SELECTION:
                if selection:
                    raise _Unusual
                selection = b',"selection":' + self._same(pb.Selection, data[begin:end])
                rest = rest[:field] + rest[end:]
        known = self._items.get(rest)
        if known is None:
            known = self._made(rest)
            if len(rest) <= LARGEST_BYTES:
                if len(self._items) >= MOST:
                    self._items.clear()
                self._items[rest] = known
        return b"".join((known[0], token, known[1], selection, b"}"))

    def _made(self, data: bytes) -> tuple[bytes, bytes]:
        """Returns the JSON of an item before its token, and from there to its selection."""
        written = self._writers[pb.Item].write(pb.Item.FromString(data))
        offer: Any = written.pop("offer", None)
        if offer is None:
            raise _Unusual  # the token would come first
        before = b'{"offer":' + to_json(offer)
        return before, b"," + to_json(written)[1:-1] if written else b""

    def _member(self, data: bytes) -> bytes:
        """Returns the JSON of a field of a proposition, with its name."""
        found = self._same(pb.Proposition, data)[1:-1]
        if not found:
            raise _Unusual  # it is 0, which is left out
        return found

    def _same(self, kind: type[Message], data: bytes) -> bytes:
        """Returns the JSON of a message that has mostly come before."""
        known = self._known[kind]
        found = known.get(data)
        if found is None:
            found = to_json(self._writers[kind].write(kind.FromString(data)))
            if len(data) <= LARGEST_BYTES:
                if len(known) >= MOST:
                    known.clear()
                known[data] = found
        return found


def _text(data: bytes) -> bytes:
    """Returns the JSON of a text that is there."""
    if not data:
        raise _Unusual  # it would be left out
    return to_json(data.decode())


def _in_order(fields: list[Field]) -> list[Field]:
    """Returns fields that come by their numbers: JSON has them so."""
    last = 0
    for tag, *_ in fields:
        if tag < last or (tag == last and tag not in _REPEATED):
            raise _Unusual
        last = tag
    return fields


def _fields(data: bytes) -> list[Field]:
    """Returns the fields of a message; may raise IndexError."""
    found: list[Field] = []
    position, size = 0, len(data)
    while position < size:
        tag = data[position]
        if tag >= _MORE:
            raise _Unusual
        end = begin = position + 1
        number = data[end]
        shift = 0
        while data[end] >= _MORE:
            end += 1
            shift += 7
            number = (number & (1 << shift) - 1) | data[end] << shift
        end += 1
        if tag & 7 == _LENGTH:
            begin = end
            end += number
        elif tag & 7 != _VARINT:
            raise _Unusual
        found.append((tag, position, begin, end))
        position = end
    if position != size:
        raise _Unusual
    return found
