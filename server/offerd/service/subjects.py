"""Whom a request is about, and over whom the caps of one customer count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.admission import quote
from offerd.customer.subject import resolve
from offerd.decision.capping import Counts
from offerd.errors import FailedPrecondition, Reason
from offerd.model.identity import Identity, Subject
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.store import State

Pairs = Sequence[tuple[ProfileKey, ProfileKey]]


def subject_in(
    state: State,
    who: Sequence[Identity],
    namespaces: Mapping[str, Namespace],
    *,
    assumed: Pairs = (),
    now_ns: int = 0,
) -> Subject | None:
    """Returns the subject of a request by its identities, None if it may use nobody's data.

    The graph is read for an identity that the request has authenticated, or not at all. `assumed`
    are identities taken as linked at `now_ns` though they aren't.
    """
    identities = state.identities

    def graph_of(authenticated: ProfileKey) -> set[ProfileKey]:
        return identities.graph(authenticated, assumed, now_ns)

    return resolve(who, namespaces, graph_of)


def deleted_subject(key: ProfileKey, field: str) -> FailedPrecondition:
    """Returns the refusal of what is from before a customer was deleted."""
    return FailedPrecondition(
        Reason.SUBJECT_DELETED,
        f"{quote(key.id)} in `{key.namespace}` was deleted, and this is from before",
        field=field,
    )


class MemberCounts:
    """Counts as caps ask for them, where those of a profile are those of all of a customer."""

    def __init__(self, counts: Counts, subject: Subject | None) -> None:
        self._counts = counts
        self._members = () if subject is None else subject.members
        self.total = counts.total
        self.reached = counts.reached

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """As decision.capping.Counts, over all identities if `subject` is a profile."""
        if subject is None:
            return self._counts.pending(counter, None, now_ns)
        if len(self._members) == 1:
            return self._counts.pending(counter, self._members[0], now_ns)
        return sum(self._counts.pending(counter, one, now_ns) for one in self._members)
