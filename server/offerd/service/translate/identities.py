"""Identities of a request, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.admission import admit_identity
from offerd.errors import InvalidArgument, Reason
from offerd.model.identity import AuthenticationState, Identity
from offerd.model.schema import Namespace
from offerd.v1 import identity_pb2 as pb

MAXIMUM_IDENTITIES = 20

STATES: Mapping[int, AuthenticationState] = {
    pb.AUTHENTICATION_STATE_UNSPECIFIED: AuthenticationState.AMBIGUOUS,
    pb.AUTHENTICATION_STATE_AMBIGUOUS: AuthenticationState.AMBIGUOUS,
    pb.AUTHENTICATION_STATE_AUTHENTICATED: AuthenticationState.AUTHENTICATED,
    pb.AUTHENTICATION_STATE_LOGGED_OUT: AuthenticationState.LOGGED_OUT,
}
"""States by their numbers in messages."""


def identities(
    messages: Sequence[pb.Identity], namespaces: Mapping[str, Namespace], field: str
) -> list[Identity]:
    """Returns the identities of a request; raises InvalidArgument at the first wrong one."""
    if len(messages) > MAXIMUM_IDENTITIES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{len(messages)} identities, at most {MAXIMUM_IDENTITIES} expected",
            field=field,
        )
    return [
        _identity(message, namespaces, f"{field}[{position}]")
        for position, message in enumerate(messages)
    ]


def _identity(message: pb.Identity, namespaces: Mapping[str, Namespace], field: str) -> Identity:
    state = STATES.get(message.authentication_state)
    if state is None:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"`{message.authentication_state}` is no authentication state",
            field=f"{field}.authentication_state",
        )
    return admit_identity(message.namespace, message.id, state, namespaces, field)
