"""Scopes of a request, resolved against the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from offerd.admission.wording import quote, suggestion
from offerd.decision.prepared import Prepared
from offerd.errors import InvalidArgument, Reason
from offerd.model.decision import ScopeQuery
from offerd.v1 import decision_service_pb2 as pb

MAXIMUM_SCOPES = 200
MAXIMUM_ITEM_COUNT = 500
MAXIMUM_ITEMS = 2_000
"""Over all scopes of a request, so that a small request can't ask for a huge answer."""
MAXIMUM_CANDIDATES = 500_000
"""Of different strategies over all scopes of a request that has several."""
MAXIMUM_EXPLAINED_SCOPES = 20
"""With `explain`, because every candidate of every scope is answered."""


def scopes(messages: Sequence[pb.Scope], prepared: Prepared, *, explain: bool) -> list[ScopeQuery]:
    """Returns what is asked; raises InvalidArgument at the first scope that doesn't exist."""
    if not messages:
        raise InvalidArgument(
            Reason.MISSING_FIELD, "no scope given, 1 to 200 expected", field="scopes"
        )
    if len(messages) > MAXIMUM_SCOPES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{len(messages)} scopes, at most {MAXIMUM_SCOPES} expected",
            field="scopes",
        )
    if explain and len(messages) > MAXIMUM_EXPLAINED_SCOPES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{len(messages)} scopes to explain, at most {MAXIMUM_EXPLAINED_SCOPES} expected",
            field="scopes",
        )
    queries = [_scope(m, prepared, f"scopes[{n}]") for n, m in enumerate(messages)]
    items = sum(query.item_count for query in queries)
    if items > MAXIMUM_ITEMS:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{items:,} items asked for in all scopes together, at most {MAXIMUM_ITEMS:,} expected",
            field="scopes",
        )
    if len(queries) > 1:
        _refuse_too_many_candidates(queries, prepared)
    return queries


def _refuse_too_many_candidates(queries: Sequence[ScopeQuery], prepared: Prepared) -> None:
    """A single scope may have any number of candidates; many together share a bound."""
    per_scope: list[int] = []
    seen: set[tuple[str, str]] = set()
    for query in queries:
        scope = prepared.scopes[query.decision, query.placement]
        arms = (arm for experiment in scope.experiments for arm in experiment.arms.values())
        count = 0
        for group in (group for groups in (scope.groups, *arms) for group in groups):
            for strategy in group.strategies:
                key = strategy.strategy.id, query.placement
                if key not in seen:
                    seen.add(key)
                    count += len(strategy.candidates)
        per_scope.append(count)
    candidates = sum(per_scope)
    if candidates > max(MAXIMUM_CANDIDATES, *per_scope):
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{candidates:,} candidates in all scopes together, at most {MAXIMUM_CANDIDATES:,} "
            "expected: ask for fewer decisions at once",
            field="scopes",
        )


def _scope(message: pb.Scope, prepared: Prepared, field: str) -> ScopeQuery:
    decision, placement, item_count = message.decision, message.placement, None
    if message.name:
        if decision or placement:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                "give either `name`, or `decision` and `placement`, not both",
                field=field,
            )
        named = prepared.named_scopes.get(message.name)
        if named is None:
            raise _unknown("scope", message.name, prepared.named_scopes, f"{field}.name")
        decision, placement, item_count = named.decision, named.placement, named.item_count
    prepared_scope = prepared.scopes.get((decision, placement))
    if prepared_scope is None:
        raise _no_such_pair(decision, placement, prepared, field)
    if message.HasField("item_count"):
        item_count = message.item_count
        if not 1 <= item_count <= MAXIMUM_ITEM_COUNT:
            raise InvalidArgument(
                Reason.OUT_OF_RANGE,
                f"`{item_count}` items, 1 to {MAXIMUM_ITEM_COUNT} expected",
                field=f"{field}.item_count",
            )
    return ScopeQuery(
        message.name,
        decision,
        placement,
        prepared_scope.placement.item_count if item_count is None else item_count,
        message.top_up if message.HasField("top_up") else None,
    )


def _no_such_pair(decision: str, placement: str, prepared: Prepared, field: str) -> InvalidArgument:
    for name, value in (("decision", decision), ("placement", placement)):
        if not value:
            return InvalidArgument(
                Reason.MISSING_FIELD,
                f"`{name}` is missing: give either `name`, or `decision` and `placement`",
                field=f"{field}.{name}",
            )
    served = [p for d, p in prepared.scopes if d == decision]
    if not served:
        return _unknown("decision", decision, {d for d, _ in prepared.scopes}, f"{field}.decision")
    if all(placement != known.id for known in prepared.catalogue.placements):
        return _unknown("placement", placement, served, f"{field}.placement")
    serves = ", ".join(f"`{p}`" for p in sorted(served))
    return InvalidArgument(
        Reason.UNKNOWN_SCOPE,
        f"decision `{decision}` doesn't serve placement `{placement}`; it serves {serves}",
        field=f"{field}.placement",
    )


def _unknown(kind: str, name: str, known: Iterable[str], field: str) -> InvalidArgument:
    message = f"unknown {kind} {quote(name)}{suggestion(name, known)}"
    return InvalidArgument(Reason.UNKNOWN_SCOPE, message, field=field)
