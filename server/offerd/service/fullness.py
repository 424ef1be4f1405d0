"""The refusal of more events for a profile that holds as many as one may."""

from __future__ import annotations

from offerd.admission import quote
from offerd.errors import FailedPrecondition, Reason
from offerd.model.profile import ProfileKey
from offerd.store.bounds import MAXIMUM_EVENT_BYTES, MAXIMUM_EVENTS


def full_profile(key: ProfileKey, field: str = "identities") -> FailedPrecondition:
    """Returns the refusal; the place in the request is for the caller."""
    return FailedPrecondition(
        Reason.PROFILE_FULL,
        f"the profile {quote(key.id)} in namespace `{key.namespace}` is full: one holds at most "
        f"{MAXIMUM_EVENTS:,} events and {MAXIMUM_EVENT_BYTES // 2**20} MiB of them",
        field=field,
    )
