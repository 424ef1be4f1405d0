"""What the journal keeps of a decision: enough to make it again and to say what it was.

Everything is data of basic types, so that an entry written by one revision of the service can
be read by another. New fields go to the end, with defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from offerd.model.decision import (
    Arbitration,
    DecisionContext,
    Deduplication,
    Options,
    Proposition,
    ScopeQuery,
)
from offerd.model.place import Whereabouts
from offerd.model.profile import ProfileKey, ProfileView

VIEW_HASH_BYTES = 16


class CountSeen(msgspec.Struct, frozen=True, array_like=True):
    """What a decision was told of one counter of all profiles (see decision.capping.Counts).

    `pending` is room reserved by others; then the bounds are None.
    """

    counter: str
    after_ns: int | None
    until_ns: int | None
    count: int
    pending: bool = False


class JournalItem(msgspec.Struct, frozen=True, array_like=True):
    """An item that was proposed; `strategy` and `score` as in decision.Selection, "" for none."""

    offer: str
    fallback: bool
    strategy: str = ""
    score: float | None = None
    language: str = ""


class JournalReason(msgspec.Struct, frozen=True, array_like=True):
    """What became of a candidate; `stage` is 0 if it was chosen."""

    offer: str
    strategy: str
    stage: int
    reason: str


class JournalScope(msgspec.Struct, frozen=True, array_like=True):
    """One scope: the question, the answer, and, if it was sampled, why.

    `arm` is None without an experiment; `withheld` are the offers that a holdout would have
    been shown.
    """

    name: str
    decision: str
    placement: str
    item_count: int
    top_up: bool | None
    outcome: str
    items: tuple[JournalItem, ...]
    experiment: str = ""
    arm: str = ""
    forced: bool = False
    holdout: bool = False
    withheld: tuple[str, ...] = ()
    reasons: tuple[JournalReason, ...] | None = None


class DecisionEntry(msgspec.Struct, frozen=True, array_like=True, tag="decision"):
    """A decision that was made.

    `stem` begins its propositions' ids. `view` is the hash of what was known of the customer
    (`view_hash`), kept beside the journal; `counts` is what was told of counters of all
    profiles; `lost` are the offers and counters of caps whose last room another request took
    meanwhile. `deduplication`, `arbitration` and `arms` are the request's options.
    """

    time_ns: int
    subject: tuple[str, str] | None
    view: bytes
    stem: str
    request_id: str
    revision: str
    context: dict[str, Any]
    locales: tuple[str, ...]
    scopes: tuple[JournalScope, ...]
    counts: tuple[CountSeen, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    deduplication: str = Deduplication.SCOPE.value
    arbitration: str = Arbitration.IN_ORDER.value
    arms: dict[str, str] = {}

    def question(self) -> tuple[list[ScopeQuery], DecisionContext, Options]:
        """Returns what was asked, as the engine takes it."""
        queries = [
            ScopeQuery(s.name, s.decision, s.placement, s.item_count, s.top_up) for s in self.scopes
        ]
        options = Options(
            deduplication=Deduplication(self.deduplication),
            arbitration=Arbitration(self.arbitration),
            arms=self.arms,
        )
        return queries, DecisionContext(self.context, self.locales), options


class EventEntry(msgspec.Struct, frozen=True, array_like=True, tag="event"):
    """An event that was accepted: where it is, not what it says.

    `time_ns` is when it was accepted, which may be long after it happened.
    """

    time_ns: int
    subject: tuple[str, str] | None
    event_id: str


class GapEntry(msgspec.Struct, frozen=True, array_like=True, tag="gap"):
    """Decisions that were made and aren't in the journal, because it couldn't keep up.

    `time_ns` is when the first of them was left out; `subject` is always None.
    """

    time_ns: int
    subject: None
    decisions: int


class TransitionEntry(msgspec.Struct, frozen=True, array_like=True, tag="transition"):
    """Somebody entered or left an audience; as model.membership.Transition.

    `found_ns` is when the service took note of it, never before `time_ns`.
    """

    time_ns: int
    subject: tuple[str, str] | None
    audience: str
    status: str
    found_ns: int


JournalEntry = DecisionEntry | EventEntry | GapEntry | TransitionEntry


class Draft(NamedTuple):
    """A decision as it was made, to become an entry where there is time for that.

    `lost` as in `DecisionEntry`; `with_reasons` says that every candidate's reason is kept,
    which the propositions must then explain.
    """

    time_ns: int
    stem: str
    request_id: str
    revision: str
    view: ProfileView
    context: DecisionContext
    options: Options
    propositions: Sequence[Proposition]
    counts: tuple[CountSeen, ...]
    lost: tuple[tuple[str, str], ...]
    with_reasons: bool

    def entry(self) -> tuple[DecisionEntry, bytes]:
        """Returns the entry, and the view that it refers to, encoded."""
        encoded = encode_view(self.view)
        subject, options = self.view.subject, self.options
        entry = DecisionEntry(
            self.time_ns,
            None if subject is None else (subject.namespace, subject.id),
            view_hash(encoded),
            self.stem,
            self.request_id,
            self.revision,
            self.context.values,
            self.context.locales,
            tuple(journal_scope(one, with_reasons=self.with_reasons) for one in self.propositions),
            self.counts,
            self.lost,
            options.deduplication.value,
            options.arbitration.value,
            dict(options.arms),
        )
        return entry, encoded


_encode = msgspec.msgpack.Encoder().encode


class _View(msgspec.Struct, array_like=True):
    subject: tuple[str, str] | None
    attributes: dict[str, Any]
    aggregates: dict[str, Any]
    counted: dict[str, list[int]]
    scores: dict[str, float] = {}
    memberships: dict[str, bool] = {}
    whereabouts: Whereabouts | None = None


_decode_view = msgspec.msgpack.Decoder(_View).decode


def encode_view(view: ProfileView) -> bytes:
    """Returns a view as bytes: the same for views that were read of the same record.

    Maps keep their order, so that a rule that walks one walks it alike when it is read again.
    """
    subject = None if view.subject is None else tuple(view.subject)
    # Aggregates may be computed as they are read: all of them are, here.
    aggregates = dict(view.aggregates)
    known = (subject, view.attributes, aggregates, view.counted, dict(view.scores))
    # What isn't known takes no bytes, so that views are written as they always were.
    if view.whereabouts is not None:
        return _encode((*known, dict(view.memberships), view.whereabouts))
    return _encode((*known, dict(view.memberships)) if view.memberships else known)


def decode_view(data: bytes) -> ProfileView:
    """Returns the view of `encode_view`; raises msgspec.DecodeError or ValidationError."""
    view = _decode_view(data)
    key = None if view.subject is None else ProfileKey(*view.subject)
    return ProfileView(
        key,
        view.attributes,
        view.aggregates,
        view.counted,
        view.scores,
        view.memberships,
        view.whereabouts,
    )


def view_hash(encoded: bytes) -> bytes:
    """Returns what an encoded view is kept under."""
    return blake2b(encoded, digest_size=VIEW_HASH_BYTES).digest()


def journal_scope(proposition: Proposition, *, with_reasons: bool) -> JournalScope:
    """Returns what is kept of one scope's answer."""
    query, exposure = proposition.scope, proposition.exposure
    items = []
    for item in proposition.items:
        selection, language = item.selection, item.representation.language
        if selection is None:
            items.append(JournalItem(item.offer.id, fallback=True, language=language))
        else:
            strategy = "" if selection.strategy is None else selection.strategy.id
            items.append(JournalItem(item.offer.id, False, strategy, selection.score, language))
    reasons = None
    if with_reasons and proposition.explanation is not None:
        reasons = tuple(
            JournalReason(
                candidate.offer.id,
                "" if candidate.strategy is None else candidate.strategy.id,
                0 if candidate.fell_at is None else int(candidate.fell_at),
                candidate.reason,
            )
            for candidate in proposition.explanation.candidates
        )
    scope = JournalScope(
        query.name,
        query.decision,
        query.placement,
        query.item_count,
        query.top_up,
        proposition.outcome.value,
        tuple(items),
        reasons=reasons,
    )
    if exposure is None:
        return scope
    return msgspec.structs.replace(
        scope,
        experiment=exposure.experiment,
        arm=exposure.arm,
        forced=exposure.forced,
        holdout=exposure.holdout,
        withheld=exposure.withheld,
    )
