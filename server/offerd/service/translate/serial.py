"""What was decided, as the bytes of messages: put together from parts that are bytes already.

Nearly all of an item is the same whoever it is shown to. What differs, its token and its score, is
added to what is remembered of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from offerd.bundle import Bundle
from offerd.model.decision import Item, Outcome, Proposition, ScopeQuery
from offerd.service.rendering import Customer
from offerd.service.serialized import Serialized, length_delimited, varint
from offerd.service.tokens import ItemReference
from offerd.service.translate.answers import OUTCOMES, Answers, MakeToken, scope_message
from offerd.service.translate.structs import ns_to_timestamp
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1.event_service_pb2 import EventResult

MOST_PARTS: Final = 16_384
LARGEST_PART_BYTES: Final = 4_096
"""So much is remembered at most: 64 MiB. What is larger is written anew each time."""
_MOST_SCOPES: Final = 1_024

# DecideResponse, by fields.
_REQUEST_ID, _REVISION, _DECIDE_TIME, _PROPOSITIONS, _WARNINGS, _EVENT_RESULTS = (
    b"\x0a", b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32",
)  # fmt: skip
# Proposition and Item.
_PROPOSITION_ID, _SCOPE, _OUTCOME, _ITEMS = b"\x0a", b"\x12", b"\x18", b"\x22"
_TOKEN, _SELECTION = b"\x12", b"\x32"
_SCORE: Final = Struct("<sd")
_SCORE_TAG: Final = b"\x29"

_OUTCOMES: Final = {outcome: _OUTCOME + varint(OUTCOMES[outcome]) for outcome in Outcome}


class _Parts(NamedTuple):
    """An item without its token, and its selection without the score; None without one."""

    item: bytes
    selection: bytes | None


class SerialAnswers:
    """Turns propositions of one bundle into the bytes of messages."""

    def __init__(self, bundle: Bundle, answers: Answers) -> None:
        self._answers = answers
        self._revision = length_delimited(_REVISION, bundle.revision.encode())
        self._parts: dict[tuple[object, ...], _Parts] = {}
        self._scopes: dict[ScopeQuery, bytes] = {}

    def response(
        self,
        *,
        request_id: str,
        now_ns: int,
        propositions: Sequence[bytes],
        warnings: Sequence[str],
        event_results: Sequence[EventResult],
    ) -> Serialized:
        """Returns a DecideResponse around what `proposition` gave."""
        time = ns_to_timestamp(now_ns).SerializeToString()
        parts = [
            length_delimited(_REQUEST_ID, request_id.encode()),
            self._revision,
            length_delimited(_DECIDE_TIME, time),
            *(length_delimited(_PROPOSITIONS, one) for one in propositions),
            *(length_delimited(_WARNINGS, one.encode()) for one in warnings),
            *(length_delimited(_EVENT_RESULTS, one.SerializeToString()) for one in event_results),
        ]
        return Serialized(pb.DecideResponse, b"".join(parts))

    def proposition(
        self,
        proposition: Proposition,
        proposition_id: str,
        make_token: MakeToken | None,
        customer: Customer,
    ) -> bytes:
        """Returns a Proposition; as `Answers.proposition`."""
        if proposition.explanation is not None or proposition.exposure is not None:
            message = self._answers.proposition(proposition, proposition_id, make_token, customer)
            return message.SerializeToString()
        query = proposition.scope
        parts = [
            length_delimited(_PROPOSITION_ID, proposition_id.encode()),
            self._scope(query),
            _OUTCOMES[proposition.outcome],
        ]
        for item in proposition.items:
            found = self._item(item, customer)
            if make_token is not None:
                reference = ItemReference(
                    proposition_id, query.decision, query.placement, item.offer.id
                )
                found += length_delimited(_TOKEN, make_token(reference).encode())
            parts.append(length_delimited(_ITEMS, found))
        return b"".join(parts)

    def _scope(self, query: ScopeQuery) -> bytes:
        found = self._scopes.get(query)
        if found is None:
            found = length_delimited(_SCOPE, scope_message(query).SerializeToString())
            if len(self._scopes) >= _MOST_SCOPES:
                self._scopes.clear()
            self._scopes[query] = found
        return found

    def _item(self, item: Item, customer: Customer) -> bytes:
        """Returns an Item without a token."""
        selection, representation = item.selection, item.representation
        key: tuple[object, ...] = (item.offer.id, representation.content, representation.language)
        if selection is not None:
            strategy = selection.strategy
            key += ("" if strategy is None else strategy.id, selection.method, selection.ranking)
        parts = self._parts.get(key)
        if parts is None:
            if self._answers.is_written_anew(item):
                return self._answers.item(item, customer).SerializeToString()
            parts = self._made(item, customer)
            if len(parts.item) + len(parts.selection or b"") <= LARGEST_PART_BYTES:
                if len(self._parts) >= MOST_PARTS:
                    self._parts.clear()
                self._parts[key] = parts
        if parts.selection is None or selection is None:
            return parts.item
        score = selection.score
        chosen = parts.selection + _SCORE.pack(_SCORE_TAG, score) if score else parts.selection
        return parts.item + length_delimited(_SELECTION, chosen)

    def _made(self, item: Item, customer: Customer) -> _Parts:
        message = self._answers.item(item, customer)
        if not message.HasField("selection"):
            return _Parts(message.SerializeToString(), None)
        message.selection.ClearField("score")
        selection = message.selection.SerializeToString()
        message.ClearField("selection")
        return _Parts(message.SerializeToString(), selection)
