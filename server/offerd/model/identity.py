"""Who a request is about, and whose data it may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace, Normalization


class AuthenticationState(Enum):
    """How sure the caller is, in this very request."""

    AMBIGUOUS = "ambiguous"
    AUTHENTICATED = "authenticated"
    LOGGED_OUT = "logged_out"


class Identity(NamedTuple):
    """One name that the customer goes by, checked: the namespace exists."""

    namespace: str
    id: str
    state: AuthenticationState


class Subject(NamedTuple):
    """Who a request is about, and whose data it may use.

    What happens is kept under `key`: the best identity that the request itself names. `members`
    are all keys whose data may be used, best first, `key` among them: of a request that
    authenticates a person those of the person's identity graph, of any other `key` alone.
    """

    key: ProfileKey
    members: tuple[ProfileKey, ...]

    @property
    def unit(self) -> ProfileKey:
        """Who is assigned to experiments and counted as one: the best of all keys."""
        return self.members[0]


def profile_key(namespace: Namespace, identity_id: str) -> ProfileKey:
    """Returns where the profile of an identity is kept, its id normalised."""
    if namespace.normalize is Normalization.LOWERCASE:
        identity_id = identity_id.strip().lower()
    elif namespace.normalize is Normalization.PHONE:
        kept = "".join(one for one in identity_id if one.isdecimal())
        identity_id = f"+{kept}" if identity_id.strip().startswith("+") else kept
    return ProfileKey(namespace.id, identity_id)


def subject_of(
    identities: Iterable[Identity], namespaces: Mapping[str, Namespace]
) -> ProfileKey | None:
    """Returns whose profile a request uses, or None if it may use nobody's.

    A person's, if the request itself has authenticated a person identity; otherwise the
    device's. A person identity that is merely recognised is never used. Among several the
    namespace declared first wins (`namespaces` is in the order of declaration).
    """
    order = {name: rank for rank, name in enumerate(namespaces)}
    best: tuple[bool, int] | None = None
    chosen: Identity | None = None
    for identity in identities:
        person = namespaces[identity.namespace].type.names_person
        if person and identity.state is not AuthenticationState.AUTHENTICATED:
            continue
        key = (not person, order[identity.namespace])
        if best is None or key < best:
            best, chosen = key, identity
    if chosen is None:
        return None
    return profile_key(namespaces[chosen.namespace], chosen.id)
