"""Requests to decide, taken apart as bytes: what comes again and again is checked once.

A request is its name, who it is about, and the rest, its *head*: scopes, context and options, which
many requests have in common. Encoders write fields in the order of their numbers, so that the head
is the end of the bytes. Whatever is unusual, and whatever is wrong, isn't taken apart: the message
as a whole is read then, and tells.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from offerd.errors import InvalidArgument
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.identity import AuthenticationState
from offerd.service.translate.identities import MAXIMUM_IDENTITIES, STATES
from offerd.service.translate.options import options
from offerd.service.translate.remembered import LARGEST_BYTES, MOST, Remembered
from offerd.v1 import decision_service_pb2 as pb

# The fields of DecideRequest and of Identity that are read here: number and kind.
_REQUEST_ID, _IDENTITIES = 0x0A, 0x12
_NAMESPACE, _ID, _STATE = 0x0A, 0x12, 0x18
_AMBIGUOUS: Final = AuthenticationState.AMBIGUOUS
_LONG: Final = 0x80
"""Lengths from here on take more than a byte."""

_PLAIN: Final = frozenset(("scopes", "context", "deduplication", "arbitration"))
"""The fields of a head that is read here; `dry_run` and the like need more than reading."""


class Named(NamedTuple):
    """An identity, of which nothing is checked but that its id is a text that may be one."""

    namespace: str
    id: str
    state: AuthenticationState


class Parts(NamedTuple):
    """A request to decide: its name, "" without one, who it is about, and its head."""

    request_id: str
    identities: list[Named]
    head: bytes


class Head(NamedTuple):
    """What is asked, and how. It isn't to be changed."""

    queries: list[ScopeQuery]
    context: DecisionContext
    options: Options
    warnings: list[str]


def parts(data: bytes) -> Parts | None:
    """Takes a DecideRequest apart; None if it is unusual or wrong."""
    identities: list[Named] = []
    request_id, position = "", 0
    try:
        if data[0] == _REQUEST_ID:
            position = 2 + data[1]
            request_id = data[2:position].decode()
            if data[1] >= _LONG or not request_id.isprintable():
                return None
        while data[position] == _IDENTITIES:
            begin = position + 2
            position = begin + data[position + 1]
            named = _named(data[begin:position])
            if named is None or data[begin - 1] >= _LONG:
                return None
            identities.append(named)
        if len(identities) > MAXIMUM_IDENTITIES:
            return None
    except (IndexError, UnicodeDecodeError):
        return None  # also of one that asks nothing
    # As `Parts(...)`, which takes twice as long.
    return tuple.__new__(Parts, (request_id, identities, data[position:]))


def _named(data: bytes) -> Named | None:
    """Returns an identity; may raise IndexError and UnicodeDecodeError."""
    between = 2 + data[1]
    end = between + 2 + data[between + 1]
    state = _AMBIGUOUS
    if len(data) != end:
        if len(data) != end + 2 or data[end] != _STATE:
            return None
        found = STATES.get(data[end + 1])
        if found is None:
            return None
        state = found
    if data[0] != _NAMESPACE or data[between] != _ID:
        return None
    identity = data[between + 2 : end].decode()
    if not identity.isprintable() or not identity.strip():
        return None
    return tuple.__new__(Named, (data[2:between].decode(), identity, state))


class Heads:
    """The heads of requests, by one bundle. `hidden` is as in Options."""

    def __init__(self, remembered: Remembered, hidden: frozenset[str]) -> None:
        self._remembered = remembered
        self._hidden = hidden
        self._heads: dict[bytes, Head | None] = {}

    def of(self, data: bytes) -> Head | None:
        """Returns what a head asks; None if it is unusual or wrong."""
        try:
            return self._heads[data]
        except KeyError:
            head, may_come_again = self._read(data)
        if may_come_again and len(data) <= LARGEST_BYTES:
            if len(self._heads) >= MOST:
                self._heads.clear()
            self._heads[data] = head
        return head

    def _read(self, data: bytes) -> tuple[Head | None, bool]:
        """Returns a head, and whether it is worth remembering."""
        try:
            message = pb.DecideRequest.FromString(data)
        except DecodeError:
            return None, False
        if any(field.name not in _PLAIN for field, _ in message.ListFields()):
            # Events and the like are of one request, and would drive out what does come again.
            return None, False
        # Where somebody is, is hardly the same twice.
        may_come_again = not message.context.HasField("location")
        try:
            queries = self._remembered.scopes(message)
            context, warnings = self._remembered.context(message)
            chosen = options(message, {}, {})._replace(hidden=self._hidden)
        except InvalidArgument:
            return None, may_come_again
        return Head(queries, context, chosen, warnings), may_come_again
