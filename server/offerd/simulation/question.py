"""What is asked for every profile: which scopes, together or each alone, when, and how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from offerd.admission import quote
from offerd.admission.wording import suggestion
from offerd.decision.capping import Counts
from offerd.decision.engine import Answer, decide
from offerd.decision.prepared import Prepared
from offerd.errors import DataError
from offerd.model.capping import Cap
from offerd.model.decision import Options, ScopeQuery
from offerd.model.profile import ProfileKey
from offerd.simulation.profiles import Subject


class NothingCounted(Counts):
    """Counts of all profiles before anything happened: every profile is decided for by itself."""

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """No event of anybody."""
        return 0

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """No reservation."""
        return 0

    def reached(self, offer: str, cap: Cap) -> bool:
        """Nothing is known but the counts."""
        return False


_NOTHING = NothingCounted()


class Question(NamedTuple):
    """Requests made for every profile, each of scopes that are decided together."""

    requests: tuple[tuple[ScopeQuery, ...], ...]
    now_ns: int
    options: Options = Options()

    @property
    def scopes(self) -> tuple[ScopeQuery, ...]:
        """All scopes, in the order of their answers."""
        return tuple(query for request in self.requests for query in request)


def ask(
    prepared: Prepared,
    question: Question,
    subject: Subject,
    *,
    explain: bool,
    reasons: bool = True,
) -> list[Answer]:
    """Returns the answers to each request of a question for a profile.

    Without `reasons` an explanation tells the stage at which each candidate fell, and no more.
    """
    memberships = {**question.options.memberships, **subject.memberships}
    options = question.options._replace(explain=explain, reasons=reasons, memberships=memberships)
    return [
        decide(
            prepared,
            subject.view,
            subject.context,
            question.now_ns,
            request,
            options,
            counts=_NOTHING,
        )
        for request in question.requests
    ]


def named_requests(
    prepared: Prepared, names: Sequence[str], item_count: int | None = None
) -> tuple[tuple[ScopeQuery, ...], ...]:
    """Returns scopes asked by name, in one request; of no names, every named scope on its own.

    `item_count` is for each of them, None as the scope says. Raises DataError for a name that
    no scope has.
    """
    if names:
        return (tuple(_named(prepared, name, item_count) for name in names),)
    return tuple((_named(prepared, name, item_count),) for name in prepared.named_scopes)


def paired_request(
    prepared: Prepared, decision: str, placement: str, item_count: int | None = None
) -> tuple[tuple[ScopeQuery, ...], ...]:
    """Returns a request for a decision at a placement; raises DataError if it isn't served."""
    served = [place for known, place in prepared.scopes if known == decision]
    if not served:
        raise _unknown("decision", decision, sorted({d for d, _ in prepared.scopes}))
    if placement not in served:
        raise DataError(
            f"decision `{decision}` doesn't serve placement {quote(placement)}; "
            f"it serves {', '.join(f'`{one}`' for one in sorted(served))}"
        )
    return ((_query(prepared, "", decision, placement, item_count),),)


def label(query: ScopeQuery) -> str:
    """Returns what people call a scope."""
    return query.name or f"{query.decision} at {query.placement}"


def _named(prepared: Prepared, name: str, item_count: int | None) -> ScopeQuery:
    scope = prepared.named_scopes.get(name)
    if scope is None:
        raise _unknown("scope", name, prepared.named_scopes)
    wanted = scope.item_count if item_count is None else item_count
    return _query(prepared, name, scope.decision, scope.placement, wanted)


def _query(
    prepared: Prepared, name: str, decision: str, placement: str, item_count: int | None
) -> ScopeQuery:
    usual = prepared.scopes[decision, placement].placement.item_count
    return ScopeQuery(name, decision, placement, usual if item_count is None else item_count)


def _unknown(kind: str, name: str, known: Iterable[str]) -> DataError:
    return DataError(f"no {kind} {quote(name)}{suggestion(name, known)}")
