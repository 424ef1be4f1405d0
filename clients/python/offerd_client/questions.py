"""What a client asks with: identities, scopes and events."""

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

    `item_count` is how many items are wanted; None is as the placement says.
    """

    name: str = ""
    decision: str = ""
    placement: str = ""
    item_count: int | None = None

    @property
    def label(self) -> str:
        """The name, or `decision/placement`: what answers and defaults are found by."""
        return self.name or f"{self.decision}/{self.placement}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a customer.

    `event_id` is made when absent, so that the same Event counts once however often it
    is sent. `event_time` None is now; `token` is that of the item that the event is about.
    """

    type: str
    identities: Sequence[Identity]
    token: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    event_time: datetime | None = None
    event_id: str = field(default_factory=lambda: str(uuid4()))
