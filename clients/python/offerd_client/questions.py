"""What a client asks with: identities, scopes, overrides, events and items to reserve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import uuid4


class AuthenticationState(Enum):
    """How sure the caller is, for this request, that the customer is who the identity says."""

    AMBIGUOUS = 1
    AUTHENTICATED = 2
    LOGGED_OUT = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """One name that the customer goes by, in a namespace that the definitions declare."""

    namespace: str
    id: str
    authentication_state: AuthenticationState = AuthenticationState.AMBIGUOUS

    @classmethod
    def authenticated(cls, namespace: str, id: str) -> Identity:
        """An identity that the customer has proven to the caller for this request."""
        return cls(namespace, id, AuthenticationState.AUTHENTICATED)

    @classmethod
    def device(cls, namespace: str, id: str) -> Identity:
        """A cookie or device: recognised, which proves nothing about the person."""
        return cls(namespace, id, AuthenticationState.AMBIGUOUS)

    @classmethod
    def logged_out(cls, namespace: str, id: str) -> Identity:
        """An identity that was authenticated earlier."""
        return cls(namespace, id, AuthenticationState.LOGGED_OUT)


@dataclass(frozen=True, slots=True)
class Scope:
    """One question: a scope by name, or a decision at a placement.

    `item_count` is how many items are wanted, 1 to 500; None is as the placement says. `top_up`
    is whether fallbacks follow where there are fewer offers than that; None is as the decision
    says.
    """

    name: str = ""
    decision: str = ""
    placement: str = ""
    item_count: int | None = None
    top_up: bool | None = None

    @property
    def label(self) -> str:
        """The name, or `decision/placement`: what answers and defaults are found by."""
        return self.name or f"{self.decision}/{self.placement}"


class Deduplication(Enum):
    """Within what an offer is proposed at most once."""

    SCOPE = 1
    """Each scope; scopes may repeat each other."""
    DECISION = 2
    """All scopes of the request that ask the same decision."""
    PLACEMENT = 3
    """All scopes of the request that ask for the same placement."""
    REQUEST = 4
    """All scopes of the request."""


class Arbitration(Enum):
    """Which scope gets an offer that only one of several may have."""

    IN_ORDER = 1
    """The first in the request."""
    AVOID_FALLBACK = 2
    """So that as few scopes as possible are left without an offer."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a simulation changes of the customer; what isn't named stays as it is.

    `attributes` and `aggregates` are by declared name, dotted names nested, None removes one;
    `memberships` by audience id; `scores` by score id, finite numbers.
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    aggregates: Mapping[str, Any] = field(default_factory=dict)
    memberships: Mapping[str, bool] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReservedItem:
    """An offer to take room for, by the ids of offer, placement and decision.

    `decision` empty is for an offer that no decision proposed.
    """

    offer: str
    placement: str
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a customer.

    `event_id` is made when absent, so that the same Event counts once however often it
    is sent. Without `identities` it has those of the request. `event_time` None is now; `token`
    is that of the item that the event is about.
    """

    type: str
    identities: Sequence[Identity] = ()
    token: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    event_time: datetime | None = None
    event_id: str = field(default_factory=lambda: str(uuid4()))
