"""Answers to decide from their bytes to JSON: what has come before is known by its bytes.

Nearly all of an item is the same whoever it is shown to, and so is what a proposition answers.
Only what differs, names, tokens and the instant, is written anew. Most propositions have one item,
and are known as a whole. Fields are taken as encoders write them, by their numbers; an answer that
isn't so is written as a message, which is the reference.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.json.instants import Instants
from offerd_gateway.json.writer import MessageWriter, to_json

MOST: Final = 16_384
LARGEST_BYTES: Final = 4_096
"""So much of each kind is remembered at most; what is larger is written anew each time."""
MOST_BYTES: Final = 16 << 20
"""And what may be written for one caller, such as items, has so many bytes together."""

# The fields of DecideResponse, Proposition and Item: number and kind.
_REQUEST_ID, _REVISION, _DECIDE_TIME, _PROPOSITIONS, _WARNINGS = 0x0A, 0x12, 0x1A, 0x22, 0x2A
_PROPOSITION_ID, _SCOPE, _OUTCOME, _ITEMS, _EXPOSURE = 0x0A, 0x12, 0x18, 0x22, 0x32
_TOKEN, _SELECTION = 0x12, 0x32

_TOKEN_TAG: Final = bytes((_TOKEN,))

_VARINT, _LENGTH = 0, 2
_MORE: Final = 0x80
"""Set in all bytes of a number but the last."""

Field = tuple[int, int, int, int]
"""A field: number and kind, where it begins, where its value does, and where both end."""


class Unusual(Exception):
    """Bytes aren't as they are expected."""


class _Item(NamedTuple):
    """The JSON of an item: what is before its token, that, if it has one, and what is after it.

    `last_token_bytes` is how long the token is if it is the last field, else 0.
    """

    before: bytes
    token: bytes
    after: bytes
    last_token_bytes: int

    def written(self) -> bytes:
        token = b',"token":' + self.token if self.token else b""
        return b"".join((self.before, token, self.after, b"}"))


class Around(dict[bytes, tuple[bytes, bytes]]):
    """The JSON before a token's text and after it, by the bytes that they are written for."""

    __slots__ = ("_size_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._size_bytes = 0

    def remember(self, data: bytes, found: tuple[bytes, bytes], most: int) -> None:
        """Remembers one, and forgets all others if there are `most`, or too many bytes."""
        if len(data) > LARGEST_BYTES:
            return
        size_bytes = len(data) + len(found[0]) + len(found[1])
        if len(self) >= most or self._size_bytes + size_bytes > MOST_BYTES:
            self.clear()
            self._size_bytes = 0
        self[data] = found
        self._size_bytes += size_bytes


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
        self._items = Around()
        self._propositions = Around()
        self._instants = Instants()

    def write(self, data: bytes) -> bytes:
        """Returns the JSON of a DecideResponse."""
        try:
            return self._response(data)
        except (Unusual, IndexError):
            return to_json(self._whole.write(pb.DecideResponse.FromString(data)))

    def item(self, field: bytes) -> tuple[bytes, bytes]:
        """Returns the JSON of an item before the text of its token, and after it.

        It is given as a field of a proposition, with the token last. May raise Unusual.
        """
        _, begin = _number(field, 1)
        found = self._item(field[begin:])
        return found.before + b',"token":"', b'"' + found.after + b"}"

    def member(self, data: bytes) -> bytes:
        """Returns the JSON of a field of a proposition, or several, with their names."""
        found = self._same(pb.Proposition, data)[1:-1]
        if not found:
            raise Unusual  # it is 0, which is left out
        return found

    def _response(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        propositions: list[bytes] = []
        warnings: list[str] = []
        position = last = 0
        while position < len(data):
            tag, begin, end = data[position], position + 2, data[position + 1]
            if end >= _MORE:
                end, begin = _number(data, position + 1)
            end += begin
            value = data[begin:end]
            if tag == _PROPOSITIONS:
                propositions.append(self._proposition(value))
            elif tag <= last and tag != _WARNINGS:
                raise Unusual  # in JSON members are in the order of their numbers
            elif tag == _REQUEST_ID:
                parts.append(b'"requestId":' + _text(value))
            elif tag == _REVISION:
                parts.append(b'"revision":' + _text(value))
            elif tag == _DECIDE_TIME:
                parts.append(self._decide_time(value))
            elif tag == _WARNINGS:
                warnings.append(value.decode())
            else:
                raise Unusual
            position, last = end, max(tag, last)
        if position != len(data):
            raise Unusual
        if propositions:
            parts.append(b'"propositions":[' + b",".join(propositions) + b"]")
        if warnings:
            parts.append(b'"warnings":' + to_json(warnings))
        return b"{" + b",".join(parts) + b"}"

    def _decide_time(self, data: bytes) -> bytes:
        time = Timestamp.FromString(data)
        return b'"decideTime":"%b"' % self._instants.text(time.seconds, time.nanos).encode()

    def _proposition(self, data: bytes) -> bytes:
        """Returns the JSON of a proposition.

        Of one item, the token of which comes last, all between its name and the token's text is
        known by its bytes. As the lengths are among them, what fits is made of the same fields.
        """
        name_end = data[1] + 2
        token = data.rfind(_TOKEN_TAG, -_MORE) + 2
        known = self._propositions.get(data[name_end:token])
        if (
            known is None
            or data[0] != _PROPOSITION_ID
            or not 2 < name_end < _MORE
            or data[token - 1] != len(data) - token
        ):
            return self._walked(data, name_end, token)
        name, text = to_json(data[2:name_end].decode()), to_json(data[token:].decode())
        return b"".join((b'{"propositionId":', name, known[0], text, known[1]))

    def _walked(self, data: bytes, name_end: int, token_begin: int) -> bytes:
        """Returns the JSON of any proposition, and remembers it if that is worth it."""
        parts: list[bytes] = []
        items: list[_Item] = []
        name = exposure = b""
        fields = _in_order(_fields(data))
        for tag, field, begin, end in fields:
            if tag == _ITEMS:
                items.append(self._item(data[begin:end]))
            elif tag == _PROPOSITION_ID:
                name = b'"propositionId":' + _text(data[begin:end])
            elif tag == _SCOPE:
                parts.append(b'"scope":' + self._same(pb.Scope, data[begin:end]))
            elif tag == _OUTCOME:
                parts.append(self.member(data[field:end]))
            elif tag == _EXPOSURE:
                exposure = b'"exposure":' + self._same(pb.Exposure, data[begin:end])
            else:
                raise Unusual
        if name and fields[0][3] == name_end and len(items) == 1 and fields[-1][0] == _ITEMS:
            self._remember(data[name_end:token_begin], len(data) - token_begin, parts, items[0])
        if items:
            parts.append(b'"items":[' + b",".join([one.written() for one in items]) + b"]")
        if name:
            parts.insert(0, name)
        if exposure:
            parts.append(exposure)
        return b"{" + b",".join(parts) + b"}"

    def _item(self, data: bytes) -> _Item:
        token = selection = b""
        rest = data
        fields = _fields(data)
        # From the last one on, so that what is left keeps its places.
        for tag, field, begin, end in reversed(fields):
            if tag == _TOKEN:
                if token:
                    raise Unusual
                token = _text(data[begin:end])
                rest = rest[:field] + rest[end:]
            elif tag == _SELECTION:
                if selection:
                    raise Unusual
                selection = b',"selection":' + self._same(pb.Selection, data[begin:end])
                rest = rest[:field] + rest[end:]
        known = self._items.get(rest)
        if known is None:
            known = self._made(rest)
            self._items.remember(rest, known, MOST)
        *_, (tag, _, begin, end) = fields
        last_bytes = end - begin if tag == _TOKEN else 0
        return _Item(known[0], token, known[1] + selection, last_bytes)

    def _remember(self, between: bytes, token_bytes: int, parts: list[bytes], item: _Item) -> None:
        """Remembers a proposition of one item by what is between its name and its token's text."""
        if (
            between.endswith(bytes((_TOKEN, token_bytes & 0xFF)))
            and 0 < item.last_token_bytes == token_bytes < _MORE
        ):
            before = b"".join([b"," + part for part in parts])
            before += b',"items":[' + item.before + b',"token":'
            self._propositions.remember(between, (before, item.after + b"}]}"), MOST)

    def _made(self, data: bytes) -> tuple[bytes, bytes]:
        """Returns the JSON of an item before its token, and from there to its selection."""
        written = self._writers[pb.Item].write(pb.Item.FromString(data))
        offer: Any = written.pop("offer", None)
        if offer is None:
            raise Unusual  # the token would come first
        before = b'{"offer":' + to_json(offer)
        return before, b"," + to_json(written)[1:-1] if written else b""

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
        raise Unusual  # it would be left out
    return to_json(data.decode())


def _in_order(fields: list[Field]) -> list[Field]:
    """Returns the fields of a proposition, which come by their numbers: JSON has them so."""
    last = 0
    for tag, *_ in fields:
        if tag < last or (tag == last and tag != _ITEMS):
            raise Unusual
        last = tag
    return fields


def _fields(data: bytes) -> list[Field]:
    """Returns the fields of a message; may raise IndexError."""
    found: list[Field] = []
    position, size = 0, len(data)
    while position < size:
        tag = data[position]
        if tag >= _MORE:
            raise Unusual
        number, end = _number(data, position + 1)
        begin = position + 1
        if tag & 7 == _LENGTH:
            begin = end
            end += number
        elif tag & 7 != _VARINT:
            raise Unusual
        found.append((tag, position, begin, end))
        position = end
    if position != size:
        raise Unusual
    return found


def _number(data: bytes, position: int) -> tuple[int, int]:
    """Returns a number, and where it ends; may raise IndexError."""
    number = data[position]
    shift = 0
    while data[position] >= _MORE:
        position += 1
        shift += 7
        number = (number & (1 << shift) - 1) | data[position] << shift
    return number, position + 1
