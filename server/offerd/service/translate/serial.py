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
from offerd.service.serialized import VARINTS, Pieces, Serialized, length_delimited, varint
from offerd.service.tokens import Tokens, named, shown, token_size
from offerd.service.translate.answers import OUTCOMES, Answers, scope_message
from offerd.service.translate.structs import NANOS_PER_SECOND
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1.event_service_pb2 import EventResult

MOST_PARTS: Final = 16_384
LARGEST_PART_BYTES: Final = 4_096
"""So much is remembered at most, in parts and put together: 128 MiB. What is larger is written anew
each time."""
MOST_WHOLE: Final = 4_096
"""And of so many items that come again and again all but the token: 16 MiB more."""
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
_PROPOSED: Final = Outcome.PROPOSED
_TOLD: Final = _OUTCOMES[_PROPOSED]
_BEGIN: Final = 5
"""So many pieces come before the propositions."""
_NOTHING: Final = (b"",) * 5
_MOST_DIGITS: Final = 100
_DIGITS: Final = [b"%d" % number for number in range(_MOST_DIGITS)]

_Told = tuple[str, str, int, Sequence[str]]
"""The name of a request, the revision, the instant, and warnings."""

_Found = tuple[bytes, bytes]
"""The message of an item without a token, and how its token goes on."""


class _Parts:
    """An item, at one place: its message without a token, and how its token goes on.

    `selection` is without the score; None if there is none. `chosen` is the item with the
    selection and the `score` that it had last; `last` is what was asked for last.
    """

    __slots__ = ("chosen", "item", "last", "score", "selection", "shown")

    def __init__(self, item: bytes, selection: bytes | None, shown: bytes) -> None:
        self.item = item
        self.selection = selection
        self.shown = shown
        self.score: float | None = None
        self.last: Item | None = None
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


class _Whole:
    """An item as a field, all of it but the token itself, with which it ends.

    `begin` goes as far as the token and `shown` is how the token goes on, which has `name_bytes`
    of the proposition's name; -1 is that there is no token. With it they are `size_bytes`. `scope`
    is that of the proposition as a field, and `told` comes after it. Of a proposition that proposes
    nothing else `before` comes before its name.
    """

    __slots__ = (
        "before",
        "begin",
        "item",
        "name_bytes",
        "query",
        "scope",
        "shown",
        "size_bytes",
        "told",
    )

    def __init__(
        self, item: Item, query: ScopeQuery, scope: bytes, name_bytes: int, found: _Found
    ) -> None:
        chosen, shown = found
        self.item = item
        self.query = query
        self.scope = scope
        self.shown = shown
        self.name_bytes = name_bytes
        token_bytes = 0
        if name_bytes < 0:
            self.begin = length_delimited(_ITEMS, chosen)
        else:
            token_bytes = token_size(name_bytes, shown)
            size = varint(token_bytes)
            whole_bytes = len(chosen) + 1 + len(size) + token_bytes
            self.begin = b"".join((_ITEMS, varint(whole_bytes), chosen, _TOKEN, size))
        self.size_bytes = len(self.begin) + token_bytes
        self.told = scope + _TOLD
        self.before = _before(max(name_bytes, 0), len(self.told) + self.size_bytes)


def _before(name_bytes: int, after_bytes: int) -> bytes:
    """Returns what comes before the name of a proposition, by what it and the rest take."""
    name = _PROPOSITION_ID + varint(name_bytes)
    return _PROPOSITIONS + varint(len(name) + name_bytes + after_bytes) + name


class _Joinable(Serialized):
    """A DecideResponse by its parts, which are put together if they are wanted so.

    From `_BEGIN` to `end` they are propositions as Pieces has them; 0 is that they are otherwise.
    """

    __slots__ = ("_end", "_parts", "_told")

    def __init__(self, parts: list[bytes], end: int, told: _Told) -> None:
        self.kind = pb.DecideResponse
        self._data = b""
        self._parts = parts
        self._end = end
        self._told = told

    @property
    def pieces(self) -> Pieces | None:
        """As Serialized has them."""
        if not self._end:
            return None
        request_id, revision, now_ns, warnings = self._told
        propositions = self._parts[_BEGIN : self._end]
        return tuple.__new__(Pieces, (request_id, revision, now_ns, propositions, warnings))

    @property
    def data(self) -> bytes:
        """The bytes, put together when they are asked for first."""
        data = self._data
        if not data:
            data = self._data = b"".join(self._parts)
        return data


class SerialAnswers:
    """Turns propositions of one bundle into the bytes of messages. For one thread at a time."""

    def __init__(self, bundle: Bundle, answers: Answers) -> None:
        self._answers = answers
        self._revision = bundle.revision
        self._revision_field = length_delimited(_REVISION, bundle.revision.encode())
        self._parts: dict[tuple[object, ...], _Parts] = {}
        self._whole: dict[int, _Whole] = {}
        self._scopes: dict[ScopeQuery, bytes] = {}
        self._second = (0, b"")
        self._instant: tuple[int | None, bytes] = (None, b"")

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
        name = request_id.encode()
        # Names are short.
        length = VARINTS[len(name)]
        parts = [_REQUEST_ID, length, name, self._revision_field, self._decide_time(now_ns)]
        is_in_fives = self._add(parts, answer.propositions, stem, tokens, customer)
        end = len(parts) if is_in_fives else 0
        told: Sequence[str] = ()
        if warnings or answer.diagnostics or customer.has_diagnostics:
            told = (*warnings, *answer.diagnostics, *customer.diagnostics)
            parts += [length_delimited(_WARNINGS, one.encode()) for one in told]
        if event_results:
            results = [one.SerializeToString() for one in event_results]
            parts += [length_delimited(_EVENT_RESULTS, one) for one in results]
            end = 0
        return _Joinable(parts, end, (request_id, self._revision, now_ns, told))

    def _add(
        self,
        parts: list[bytes],
        propositions: Sequence[Proposition],
        stem: str,
        tokens: Tokens | None,
        customer: Customer,
    ) -> bool:
        """Adds propositions as fields; as `Answers.proposition`. All in one, for speed.

        Returns whether all are added as Pieces has them.
        """
        begin, whole, scope = f"{stem}-".encode(), self._whole, b""
        is_in_fives = tokens is not None
        one_digit = named(begin + b"0")[:-1]
        for place, proposition in enumerate(propositions):
            query, outcome, items, explanation, exposure = proposition
            digits = _DIGITS[place] if place < _MOST_DIGITS else b"%d" % place
            name = begin + digits
            if explanation is not None or exposure is not None:
                parts.append(self._in_full(proposition, name.decode(), tokens, customer))
                is_in_fives = False
                continue
            name_bytes = -1 if tokens is None else len(name)
            token_begin = one_digit + digits if place < 10 else named(name)
            if tokens is not None and len(items) == 1 and outcome is _PROPOSED:
                (item,) = items
                known = whole.get(id(item))
                if known is None or known.query is not query or known.name_bytes != name_bytes:
                    known = self._made_whole(item, query, name_bytes, customer)
                token = tokens.seal(token_begin + known.shown)
                parts += (known.before, name, known.told, known.begin, token)
                continue
            shown: list[bytes] = []
            items_bytes = 0
            for item in items:
                known = whole.get(id(item))
                if known is None or known.query is not query or known.name_bytes != name_bytes:
                    known = self._made_whole(item, query, name_bytes, customer)
                token = b"" if tokens is None else tokens.seal(token_begin + known.shown)
                shown += (b"", b"", b"", known.begin, token)
                items_bytes += known.size_bytes
                scope = known.scope
            if not items:
                scope = self._scope(query)
                shown += _NOTHING
            told = scope + _OUTCOMES[outcome]
            shown[:3] = _before(len(name), len(told) + items_bytes), name, told
            parts += shown
        return is_in_fives

    def _in_full(
        self,
        proposition: Proposition,
        proposition_id: str,
        tokens: Tokens | None,
        customer: Customer,
    ) -> bytes:
        make_token = None if tokens is None else tokens.make
        message = self._answers.proposition(proposition, proposition_id, make_token, customer)
        return length_delimited(_PROPOSITIONS, message.SerializeToString())

    def _made_whole(
        self, item: Item, query: ScopeQuery, name_bytes: int, customer: Customer
    ) -> _Whole:
        """Returns an item as a field, which is remembered if it is the very same as last time."""
        known = self._known(item, query, customer)
        selection = item.selection
        chosen = known.chosen
        if selection is not None and selection.score != known.score:
            chosen = known.with_score(selection.score or 0.0)
        made = _Whole(item, query, self._scope(query), name_bytes, (chosen, known.shown))
        if known.last is item:
            if len(self._whole) >= MOST_WHOLE:
                self._whole.clear()
            # As long as it is here its item is, too, and no other has the same identity.
            self._whole[id(item)] = made
        known.last = item
        return made

    def _decide_time(self, now_ns: int) -> bytes:
        # Those that are decided side by side are as of one instant.
        instant, whole = self._instant
        if instant == now_ns:
            return whole
        seconds, nanos = divmod(now_ns, NANOS_PER_SECOND)
        known, field = self._second
        if seconds != known:
            field = _SECONDS + varint(seconds if seconds >= 0 else seconds + 2**64)
            self._second = seconds, field
        time = field + _NANOS + varint(nanos) if nanos else field
        whole = _DECIDE_TIME + VARINTS[len(time)] + time
        self._instant = now_ns, whole
        return whole

    def _scope(self, query: ScopeQuery) -> bytes:
        known = self._scopes.get(query)
        if known is not None:
            return known
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
