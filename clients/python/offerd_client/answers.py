"""What a client gets: decisions, results of events, profiles, reservations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from offerd.errors import RequestError
from offerd_client.consents import Consent
from offerd_client.questions import Identity, Scope


class Outcome(StrEnum):
    """What became of a scope."""

    UNSPECIFIED = "UNSPECIFIED"
    """Something that a newer service says and this client doesn't know."""
    PROPOSED = "PROPOSED"
    """Eligible offers were found."""
    TOPPED_UP = "TOPPED_UP"
    """Eligible offers were found, fewer than wanted; fallbacks follow them."""
    FALLBACK = "FALLBACK"
    """No offer was eligible; the items are the decision's fallback."""
    NOTHING = "NOTHING"
    """No offer was eligible and there is no fallback."""
    DEFAULT = "DEFAULT"
    """The service couldn't answer; the item is the caller's own default content."""


@dataclass(frozen=True, slots=True)
class ImageLink:
    """A picture to fetch; empty texts are for none."""

    url: str
    link_url: str = ""
    alternative_text: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What to show: exactly one of the fields but `language` is given.

    `json` may hold null, which is told from absence by `kind`. `language` empty is the
    default one.
    """

    text: str | None = None
    html: str | None = None
    json: Any = None
    image_link: ImageLink | None = None
    redirect_url: str | None = None
    key_values: Mapping[str, str] | None = None
    language: str = ""

    @property
    def kind(self) -> str:
        """Which field is given, by its name."""
        kinds = ("text", "html", "image_link", "redirect_url", "key_values")
        return next((kind for kind in kinds if getattr(self, kind) is not None), "json")


@dataclass(frozen=True, slots=True)
class Selection:
    """The rule and the ranking that chose an offer; a higher score is better.

    An offer that the decision lists by hand has the ranking method MANUAL, no strategy and the
    score 0. `ranking` is the ranking's id, empty by priority and by hand.
    """

    strategy: str
    constraint: str
    eligibility: str
    ranking_method: str
    score: float
    ranking: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One offer to show; `token` is what its display, click and conversion are reported with.

    Default content has neither offer nor token.
    """

    content: Content
    offer: str = ""
    token: str = ""
    fallback: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that was considered; `fell_at` is empty if it was chosen.

    `strategy` is empty if the decision lists it by hand; `score` None if it wasn't scored.
    """

    offer: str
    strategy: str
    chosen: bool
    fell_at: str
    reason: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a scope was answered so; `funnel` has how many candidates passed each stage."""

    funnel: Mapping[str, int]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Exposure:
    """The arm of an experiment that decided a scope.

    `arm` is empty in the holdout, where the customer is shown the fallback for comparison.
    `forced` says that the request's preview token put it there.
    """

    experiment: str
    arm: str
    forced: bool = False
    holdout: bool = False


@dataclass(frozen=True, slots=True)
class Proposition:
    """The answer to one scope, items best first.

    `exposure` is None if no experiment decided it, or the customer doesn't take part.
    """

    scope: Scope
    outcome: Outcome
    items: tuple[Item, ...] = ()
    proposition_id: str = ""
    explanation: Explanation | None = None
    exposure: Exposure | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to `decide`, one proposition for each scope, in their order.

    `error` is why the service couldn't answer, and then all propositions are DEFAULT,
    `revision` is empty and `decide_time` None; it is None whenever the service answered.
    `event_results` are those of the request's events, in their order.
    """

    propositions: tuple[Proposition, ...]
    request_id: str = ""
    revision: str = ""
    decide_time: datetime | None = None
    warnings: tuple[str, ...] = ()
    error: RequestError | None = None
    event_results: tuple[EventResult, ...] = ()

    def proposition(self, scope: str) -> Proposition:
        """The answer to a scope by its name or `decision/placement`; KeyError if not asked."""
        for proposition in self.propositions:
            if scope in {proposition.scope.name, proposition.scope.label}:
                return proposition
        raise KeyError(scope)

    def content(self, scope: str) -> Content | None:
        """What to show for a scope: its best item's content, or None for nothing."""
        items = self.proposition(scope).items
        return items[0].content if items else None


class EventStatus(StrEnum):
    """What became of an event."""

    UNSPECIFIED = "UNSPECIFIED"
    """Something that a newer service says and this client doesn't know."""
    ACCEPTED = "ACCEPTED"
    """Stored durably."""
    DUPLICATE = "DUPLICATE"
    """The same event is stored already."""
    REFUSED = "REFUSED"
    """Not stored; sending it again unchanged won't help."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event was refused; `reason` is the name of an offerd.errors.Reason."""

    reason: str
    message: str
    field: str


@dataclass(frozen=True, slots=True)
class CounterChange:
    """A counter of a cap, and its events in the cap's window before and after an event.

    `counter` names what is counted, `offer` is the one whose cap counts, `cap` the id of the
    cap, empty for the offer's own, and `limit` what it allows in its window.
    """

    counter: str
    offer: str
    cap: str
    before: int
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """A customer's crossing of a fence, which is an event of its own.

    `type` is that of the event, such as `place_entry`; `place` is the id of the place.
    """

    type: str
    place: str
    event_time: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event; `refusal` is given only if it was refused.

    `counters` are those that it added to: none if no cap counts it, or it is a duplicate.
    `crossings` are what a location or a region event made of places; `not_crossed` says why it
    crossed nothing.
    """

    event_id: str
    status: EventStatus
    refusal: Refusal | None = None
    counters: tuple[CounterChange, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    not_crossed: str = ""


@dataclass(frozen=True, slots=True)
class LoadedScore:
    """A score as it was loaded; `factors` are (code, value, importance), most important first.

    `expired` says that it is older than its definition allows, so that rules don't see it.
    """

    score: float
    probability: float | None = None
    percentile: float | None = None
    factors: tuple[tuple[str, str, str], ...] = ()
    score_time: datetime | None = None
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Membership:
    """An audience that a customer is in, or (with `realized` False) was in.

    `since` is None if it isn't tracked. It stays so until `until` if nothing happens, None being
    for good; with `until_exact` it changes then, otherwise it may.
    """

    audience: str
    realized: bool
    since: datetime | None = None
    until: datetime | None = None
    until_exact: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """Data that was left out, such as `profile.health.goals`, by its labels and a policy's id."""

    name: str
    labels: tuple[str, ...]
    policy: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the service knows of a customer: under one identity, or linked, under all of them.

    `scores` are those set, `loaded_scores` those that loads brought. `identities` are all names
    that the customer goes by, best first, and `memberships` audiences that they are or were in:
    both only if asked for. `withheld` is what labels kept from the marketing actions asked for.
    """

    namespace: str
    id: str
    attributes: Mapping[str, Any]
    aggregates: Mapping[str, Any]
    event_count: int
    update_time: datetime | None
    scores: Mapping[str, float] = field(default_factory=dict)
    identities: tuple[Identity, ...] = ()
    consent: Consent | None = None
    loaded_scores: Mapping[str, LoadedScore] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    approximations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReachedCap:
    """A cap without room for an item, `item` being its place in the request.

    `counter` names what is counted, `cap` is the id of the cap, empty for the offer's own;
    `count` is what is counted and reserved in the cap's window, of which `limit` is allowed.
    """

    item: int
    counter: str
    cap: str
    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """The answer to `reserve`: room for all items, or for none.

    If `granted`, it holds until `expire_time` and `tokens` has one for each item, to report
    displays and clicks with; otherwise `reached` says which caps have no room.
    """

    granted: bool
    reached: tuple[ReachedCap, ...] = ()
    expire_time: datetime | None = None
    tokens: tuple[str, ...] = ()
