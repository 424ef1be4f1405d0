"""What was decided, as the bytes of messages: put together from parts that are bytes already.

Nearly all of an item is the same whoever it is shown to. What differs, its token and its score, is
added to what is remembered of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Final

from offerd.bundle import Bundle
from offerd.decision.engine import Answer
from offerd.model.decision import Item, Outcome, Proposition, ScopeQuery
from offerd.service.rendering import Customer
from offerd.service.serialized import KNOWN, VARINTS, Serialized, length_delimited, varint
from offerd.service.tokens import Tokens, named, shown
from offerd.service.translate.answers import OUTCOMES, Answers, scope_message
from offerd.service.translate.structs import NANOS_PER_SECOND
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1.event_service_pb2 import EventResult

MOST_PARTS: Final = 16_384
LARGEST_PART_BYTES: Final = 4_096
"""So much is remembered at most, in parts and put together: 128 MiB. What is larger is written anew
each time."""
_MOST_SCOPES: Final = 1_024

# DecideResponse, by fields.
_REQUEST_ID, _REVISION, _DECIDE_TIME, _PROPOSITIONS, _WARNINGS, _EVENT_RESULTS = (
    b"\x0a", b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32",
)  # fmt: skip
# Proposition and Item.
_PROPOSITION_ID, _SCOPE, _OUTCOME, _ITEMS = b"\x0a", b"\x12", b"\x18", b"\x22"
_TOKEN, _SELECTION = b"\x12", b"\x32"
# Timestamp.
_SECONDS, _NANOS = b"\x08", b"\x10"
_SCORE: Final = Struct("<sd")
_SCORE_TAG: Final = b"\x29"

_OUTCOMES: Final = {outcome: _OUTCOME + varint(OUTCOMES[outcome]) for outcome in Outcome}
_PROPOSED: Final = _OUTCOMES[Outcome.PROPOSED]


class _Parts:
    """An item, at one place: its message without a token, and how its token goes on.

    `selection` is without the score; None if there is none. `chosen` is the item with the
    selection and the `score` that it had last.
    """

    __slots__ = ("chosen", "item", "score", "selection", "shown")

    def __init__(self, item: bytes, selection: bytes | None, shown: bytes) -> None:
        self.item = item
        self.selection = selection
        self.shown = shown
        self.score: float | None = None
        self.chosen = item if selection is None else item + length_delimited(_SELECTION, selection)

    def with_score(self, score: float) -> bytes:
        """Returns the item with its selection."""
        if self.selection is None:
            return self.item
        # Of what is ranked by priority it is the same each time.
        chosen = self.selection + _SCORE.pack(_SCORE_TAG, score) if score else self.selection
        found = self.item + length_delimited(_SELECTION, chosen)
        self.score, self.chosen = score, found
        return found


class SerialAnswers:
    """Turns propositions of one bundle into the bytes of messages. For one thread at a time."""

    def __init__(self, bundle: Bundle, answers: Answers) -> None:
        self._answers = answers
        self._revision = length_delimited(_REVISION, bundle.revision.encode())
        self._parts: dict[tuple[object, ...], _Parts] = {}
        self._scopes: dict[ScopeQuery, bytes] = {}
        self._second = (0, b"")

    def response(
        self,
        answer: Answer,
        customer: Customer,
        *,
        request_id: str,
        stem: str,
        now_ns: int,
        tokens: Tokens | None,
        warnings: Sequence[str],
        event_results: Sequence[EventResult] = (),
    ) -> Serialized:
        """Returns a DecideResponse, whose propositions are named by `stem` and their place.

        Without `tokens` items have none. `warnings` come before what the answer has to tell.
        """
        parts = [
            length_delimited(_REQUEST_ID, request_id.encode()),
            self._revision,
            self._decide_time(now_ns),
        ]
        begin = f"{stem}-"
        for place, proposition in enumerate(answer.propositions):
            parts += self._proposition(proposition, f"{begin}{place}", tokens, customer)
        if warnings or answer.diagnostics or customer.has_diagnostics:
            told = (*warnings, *answer.diagnostics, *customer.diagnostics)
            parts += [length_delimited(_WARNINGS, one.encode()) for one in told]
        if event_results:
            results = [one.SerializeToString() for one in event_results]
            parts += [length_delimited(_EVENT_RESULTS, one) for one in results]
        return Serialized(pb.DecideResponse, b"".join(parts))

    def _proposition(
        self,
        proposition: Proposition,
        proposition_id: str,
        tokens: Tokens | None,
        customer: Customer,
    ) -> tuple[bytes, ...]:
        """Returns the parts of a Proposition as a field; as `Answers.proposition`."""
        if proposition.explanation is not None or proposition.exposure is not None:
            make_token = None if tokens is None else tokens.make
            message = self._answers.proposition(proposition, proposition_id, make_token, customer)
            return (length_delimited(_PROPOSITIONS, message.SerializeToString()),)
        query, outcome, items = proposition[:3]
        encoded = proposition_id.encode()
        parts = [
            _PROPOSITION_ID, varint(len(encoded)), encoded,
            self._scopes.get(query) or self._scope(query),
            _PROPOSED if outcome is Outcome.PROPOSED else _OUTCOMES[outcome],
        ]  # fmt: skip
        begin = b"" if tokens is None else named(encoded)
        for item in items:
            known = self._known(item, query, customer)
            selection = item.selection
            found = known.chosen
            if selection is not None and selection.score != known.score:
                found = known.with_score(selection.score or 0.0)
            whole = len(found)
            if tokens is None:
                parts += (_ITEMS, varint(whole), found)
                continue
            token = tokens.seal(begin + known.shown)
            size = VARINTS[len(token)] if len(token) < KNOWN else varint(len(token))
            whole += len(size) + len(token) + 1
            length = VARINTS[whole] if whole < KNOWN else varint(whole)
            parts += (_ITEMS, length, found, _TOKEN, size, token)
        data = b"".join(parts)
        return (_PROPOSITIONS, varint(len(data)), data)

    def _decide_time(self, now_ns: int) -> bytes:
        seconds, nanos = divmod(now_ns, NANOS_PER_SECOND)
        known, field = self._second
        if seconds != known:
            field = _SECONDS + varint(seconds if seconds >= 0 else seconds + 2**64)
            self._second = seconds, field
        time = field + _NANOS + varint(nanos) if nanos else field
        return length_delimited(_DECIDE_TIME, time)

    def _scope(self, query: ScopeQuery) -> bytes:
        found = length_delimited(_SCOPE, scope_message(query).SerializeToString())
        if len(self._scopes) >= _MOST_SCOPES:
            self._scopes.clear()
        self._scopes[query] = found
        return found

    def _known(self, item: Item, query: ScopeQuery, customer: Customer) -> _Parts:
        selection, representation = item.selection, item.representation
        content, language = representation.content, representation.language
        key: tuple[object, ...]
        if selection is None:
            key = (item.offer.id, query.decision, query.placement, content, language)
        else:
            strategy, method, ranking, _ = selection
            # Methods are the same objects as long as the process lives.
            key = (
                item.offer.id, query.decision, query.placement, content, language,
                "" if strategy is None else strategy.id, id(method), ranking,
            )  # fmt: skip
        known = self._parts.get(key)
        if known is not None:
            return known
        made = self._made(item, query, customer)
        size = len(made.item) + len(made.selection or b"")
        if size <= LARGEST_PART_BYTES and not self._answers.is_written_anew(item):
            if len(self._parts) >= MOST_PARTS:
                self._parts.clear()
            self._parts[key] = made
        return made

    def _made(self, item: Item, query: ScopeQuery, customer: Customer) -> _Parts:
        message = self._answers.item(item, customer)
        goes_on = shown(query.decision, query.placement, item.offer.id)
        if not message.HasField("selection"):
            return _Parts(message.SerializeToString(), None, goes_on)
        message.selection.ClearField("score")
        selection = message.selection.SerializeToString()
        message.ClearField("selection")
        return _Parts(message.SerializeToString(), selection, goes_on)
