"""Deciding an entry of the journal again, by the same definitions or others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.model.decision import Candidate, Options, Proposition, ScopeQuery, Stage
from offerd.model.journal import DecisionEntry, JournalScope, journal_scope
from offerd.model.profile import ProfileView
from offerd.model.selection import RankingMethod
from offerd.replay.counts import RecordedCounts
from offerd.replay.fitting import fitting_context, fitting_view


class Difference(NamedTuple):
    """A scope that comes out otherwise: what was answered, and what would be now.

    `now` is None if the definitions don't have the scope any more. `position` is its place in
    the request, from 0.
    """

    position: int
    then: JournalScope
    now: JournalScope | None


class Because(NamedTuple):
    """Why an offer was shown on one side only.

    `missing` is the side without it, "then" or "now", and `reason` why, "" if nobody kept that;
    `stage` is where it fell there, None if it was no candidate or nobody kept it.
    """

    offer: str
    missing: str
    stage: Stage | None
    reason: str


class Definitions(NamedTuple):
    """What decides now. `defaults` are its aggregates before any event.

    `absent_models` are models that it asks for and that aren't here.
    """

    prepared: Prepared
    revision: str
    defaults: Mapping[str, Any]
    absent_models: Collection[str] = ()
    hidden: frozenset[str] = frozenset()


def decide_again(
    entry: DecisionEntry, view: ProfileView, definitions: Definitions
) -> tuple[Difference, ...]:
    """Returns the scopes of a decision that these definitions answer otherwise.

    `view` is what was known of the customer then. By the revision that decided, with the models
    that it had, nothing differs.
    """
    again = _decided(entry, view, definitions, explain=False)
    scopes = {place: journal_scope(one, with_reasons=False) for place, one in again.items()}
    return tuple(
        Difference(position, then, scopes.get(position))
        for position, then in enumerate(entry.scopes)
        if (now := scopes.get(position)) is None or _shown(now) != _shown(then)
    )


def explain_difference(
    entry: DecisionEntry, view: ProfileView, definitions: Definitions, difference: Difference
) -> tuple[Because, ...]:
    """Returns why offers were shown then and aren't now, and the other way round.

    What keeps an offer from being shown now is worked out; what kept it then is known only of
    decisions that were journalled with reasons.
    """
    proposition = _decided(entry, view, definitions, explain=True).get(difference.position)
    if proposition is None or proposition.explanation is None or difference.now is None:
        return ()
    then = _offers(difference.then)
    now = _offers(difference.now)
    candidates = {one.offer.id: one for one in proposition.explanation.candidates}
    lost = (_now(offer, candidates.get(offer)) for offer in then if offer not in now)
    gained = (_then(offer, difference.then) for offer in now if offer not in then)
    return (*lost, *gained)


def scopes_without_model(definitions: Definitions) -> frozenset[tuple[str, str]]:
    """Returns the decisions and placements that ask for a model that isn't here."""
    if not definitions.absent_models:
        return frozenset()
    found: set[tuple[str, str]] = set()
    for key, scope in definitions.prepared.scopes.items():
        groups = [*scope.groups]
        for experiment in scope.experiments:
            for arm in experiment.arms.values():
                groups.extend(arm)
        rankings = (one.ranking for group in groups for one in group.strategies)
        if any(
            ranking is not None
            and ranking.method is RankingMethod.MODEL
            and ranking.model in definitions.absent_models
            for ranking in rankings
        ):
            found.add(key)
    return frozenset(found)


def _decided(
    entry: DecisionEntry, view: ProfileView, definitions: Definitions, *, explain: bool
) -> dict[int, Proposition]:
    """Decides the scopes that are still there; by place in the request."""
    prepared = definitions.prepared
    queries, context, options = entry.question()
    asked = [(place, query) for place, query in enumerate(queries) if _is_there(query, prepared)]
    if entry.revision != definitions.revision:
        schema = prepared.catalogue.schema
        view = fitting_view(view, schema, definitions.defaults)
        context = fitting_context(context, schema)
    answer = decide(
        prepared,
        view,
        context,
        entry.time_ns,
        [query for _, query in asked],
        _explaining(options, definitions) if explain else options,
        counts=RecordedCounts(entry.counts, entry.lost, prepared.catalogue.counters),
    )
    return {
        place: proposition
        for (place, _), proposition in zip(asked, answer.propositions, strict=True)
    }


def _explaining(options: Options, definitions: Definitions) -> Options:
    return options._replace(explain=True, hidden=definitions.hidden)


def _is_there(query: ScopeQuery, prepared: Prepared) -> bool:
    return (query.decision, query.placement) in prepared.scopes


def _shown(scope: JournalScope) -> tuple[object, ...]:
    """What the customer saw, and why the experiment says so."""
    return (
        scope.outcome,
        scope.items,
        scope.experiment,
        scope.arm,
        scope.holdout,
        scope.withheld,
    )


def _offers(scope: JournalScope) -> list[str]:
    return [item.offer for item in scope.items if not item.fallback]


def _now(offer: str, candidate: Candidate | None) -> Because:
    if candidate is None:
        return Because(offer, "now", None, "it is no candidate")
    return Because(offer, "now", candidate.fell_at, candidate.reason)


def _then(offer: str, scope: JournalScope) -> Because:
    if scope.reasons is None:
        return Because(offer, "then", None, "")
    for reason in scope.reasons:
        if reason.offer == offer:
            stage = Stage(reason.stage) if reason.stage else None
            return Because(offer, "then", stage, reason.reason)
    return Because(offer, "then", None, "it was no candidate")
