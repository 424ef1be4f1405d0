"""What a client gets: decisions, results of events, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from offerd.errors import RequestError
from offerd_client.questions import Scope


class Outcome(StrEnum):
    """What became of a scope."""

    UNSPECIFIED = "UNSPECIFIED"
    """Something that a newer service says and this client doesn't know."""
    PROPOSED = "PROPOSED"
    """Eligible offers were found."""
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
    """The rule and the ranking that chose an offer; a higher score is better."""

    strategy: str
    constraint: str
    eligibility: str
    ranking_method: str
    score: float


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
    """An offer that was considered; `fell_at` is empty if it was chosen."""

    offer: str
    strategy: str
    chosen: bool
    fell_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a scope was answered so; `funnel` has how many candidates passed each stage."""

    funnel: Mapping[str, int]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Proposition:
    """The answer to one scope, items best first."""

    scope: Scope
    outcome: Outcome
    items: tuple[Item, ...] = ()
    proposition_id: str = ""
    explanation: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to `decide`, one proposition for each scope, in their order.

    `error` is why the service couldn't answer, and then all propositions are DEFAULT,
    `revision` is empty and `decide_time` None; it is None whenever the service answered.
    """

    propositions: tuple[Proposition, ...]
    request_id: str = ""
    revision: str = ""
    decide_time: datetime | None = None
    warnings: tuple[str, ...] = ()
    error: RequestError | None = None

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
class EventResult:
    """What became of one event; `refusal` is given only if it was refused."""

    event_id: str
    status: EventStatus
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What the service knows of a customer under one identity."""

    namespace: str
    id: str
    attributes: Mapping[str, Any]
    aggregates: Mapping[str, Any]
    event_count: int
    update_time: datetime | None
