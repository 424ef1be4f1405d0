"""Which offers may be shown at a placement, best first, by the definition of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.decision import DecisionContext, Options
from offerd.model.profile import ProfileView
from offerd.model.selection import Ranking
from unit.decision.naive_caps import Caps
from unit.decision.naive_hashes import tie_key
from unit.decision.naive_policies import Kept


class Chosen(NamedTuple):
    """An item: offer, strategy ("" for none), score, and the language shown."""

    offer: str
    strategy: str
    score: float | None
    language: str


class Ranker:
    """What one request may show at a placement, and in which order."""

    def __init__(
        self,
        catalogue: Catalogue,
        models: Mapping[str, Any],
        view: ProfileView,
        context: DecisionContext,
        now_ns: int,
        options: Options,
        counts: Any,
    ) -> None:
        self.catalogue, self.models = catalogue, models
        self.view, self.context, self.now_ns, self.options = view, context, now_ns, options
        names = [audience.id for audience in catalogue.audiences]
        environment = decision_environment(catalogue.schema, names)
        checked = [ex.decode(rule.tree) for rule in catalogue.rules]
        self.rules = ex.plan_many(checked, environment)
        self.kept = {p.id: Kept(catalogue, p.id) for p in catalogue.placements}
        self.placement = ""
        self.caps = Caps(catalogue, view, counts, now_ns, self.value)
        self.failures: dict[str, set[str]] = {}

    # Rules

    def value(self, rule: int, offer: Offer | None = None) -> Any:
        """Returns what a rule says."""
        rules = {audience.id: audience.rule for audience in self.catalogue.audiences}
        outer = self

        class Members(dict[str, Any]):
            def __missing__(self, name: str) -> Any:
                if name in outer.options.memberships:
                    return outer.options.memberships[name]
                return outer.value(rules[name])

        kept = self.kept[self.placement]
        if kept.refuses(rule):
            return ex.Unknown(())
        record: dict[str, Any] = {}
        if offer is not None:
            record = {"id": offer.id, "priority": offer.priority, "tags": list(offer.tags)}
            record |= {"start": offer.start_ns} if offer.start_ns is not None else {}
            record |= {"end": offer.end_ns} if offer.end_ns is not None else {}
            record |= offer.attributes
        profile, context, aggregate, scores = kept.records(self.view, self.context)
        return self.rules[rule].exact(
            profile, context, aggregate, self.now_ns, {}, record, Members(), scores
        )

    def holds(self, rule: int | None, offer: Offer) -> bool:
        """Whether a rule is true of an offer."""
        return rule is None or self.value(rule, offer) is True

    # One offer

    def language(self, offer: Any, placement: str) -> str | None:
        """Returns the language to show an offer in."""
        present = [r.language for r in offer.representations if r.placement == placement]
        for locale in self.context.locales:
            parts = locale.split("-")
            for length in range(len(parts), 0, -1):
                for language in present:
                    if language.lower() == "-".join(parts[:length]).lower():
                        return language
        return "" if "" in present else None

    def eligible(self, number: int, constraint: int | None, placement: str) -> bool:
        """Whether an offer passes all that concerns it alone."""
        offer = self.catalogue.offers[number]
        return (
            offer.status.value == "approved"
            and (offer.start_ns is None or offer.start_ns <= self.now_ns)
            and (offer.end_ns is None or self.now_ns < offer.end_ns)
            and self.language(offer, placement) is not None
            and self.holds(constraint, offer)
            and self.holds(offer.eligibility, offer)
            and not self.caps.reached(number, placement, None)
        )

    def blocked(self, number: int) -> bool:
        """Whether an exclusion that allows none of its offers keeps an offer out everywhere."""
        return any(
            exclusion.at_most == 0
            and number in exclusion.offers
            and (exclusion.when is None or self.value(exclusion.when) is not False)
            for exclusion in self.catalogue.exclusions
        )

    # Scores

    def scores(self, ranking: Ranking | None, numbers: Sequence[int]) -> list[float]:
        """Returns the scores that a ranking gives."""
        offers = [self.catalogue.offers[number] for number in numbers]
        if ranking is None:
            return [float(offer.priority) for offer in offers]
        given: list[Any]
        if ranking.method.value == "model":
            try:
                model = self.models[ranking.model]
                view, context = self.kept[self.placement].seen(self.view, self.context)
                given = model.scores(offers, view, context, self.now_ns)
            except Exception:  # whatever a model raises, all of its offers failed
                given = []
            if len(given) != len(offers):
                given = [None] * len(offers)
        elif ranking.method.value == "table":
            given = [self.table_score(ranking, number) for number in numbers]
        else:
            given = [self.formula_score(ranking, offer) for offer in offers]
        scores = []
        for offer, value in zip(offers, given, strict=True):
            if isinstance(value, int | float) and math.isfinite(value):
                scores.append(float(value))
            else:
                self.failures.setdefault(ranking.id, set()).add(offer.id)
                scores.append(ranking.failed_score)
        return scores

    def formula_score(self, ranking: Ranking, offer: Offer) -> Any:
        """Returns the score of the first boost that holds, or else of the formula."""
        for boost in ranking.boosts:
            held = self.value(boost.when, offer)
            if isinstance(held, ex.Failure):
                return None
            if held is True:
                return self.value(boost.score, offer)
        assert ranking.formula is not None
        return self.value(ranking.formula, offer)

    def table_score(self, ranking: Ranking, number: int) -> Any:
        """Returns the score of a table."""
        assert ranking.table is not None
        table = self.catalogue.score_tables[ranking.table]
        segment = self.value(table.segment)
        if isinstance(segment, ex.Failure):
            return None
        for name, scores in table.scores.items():
            if name == segment and number in scores:
                return scores[number]
        return table.default

    # One decision at one placement: what may be shown, best first

    def ranked(self, decision: Any, groups: Any, placement: str) -> list[tuple[int, Chosen]]:
        """Returns number and item of what may be shown."""
        self.placement = placement
        catalogue = self.catalogue
        found_by: list[tuple[int, int | None]] = []
        for group in groups:
            found_by += [(number, None) for number in group.offers]
            for strategy in (catalogue.strategies[n] for n in group.strategies):
                offers = catalogue.collections[strategy.collection].offers
                found_by += [(number, strategy.constraint) for number in offers]
        replaced = {
            other
            for number, constraint in found_by
            if catalogue.offers[number].replaces
            and self.eligible(number, constraint, placement)
            and not self.blocked(number)
            for other in catalogue.offers[number].replaces
        }
        ranked: list[tuple[int, Chosen]] = []
        for group in groups:
            listed = {number for number, _ in ranked} | replaced
            ranked += [
                (number, self.chosen(number, "", None, placement))
                for number in group.offers
                if number not in listed and self.eligible(number, None, placement)
            ]
            ranked += self.competed(decision, group, placement, {n for n, _ in ranked}, replaced)
        return ranked

    def competed(
        self, decision: Any, group: Any, placement: str, listed: set[int], replaced: set[int]
    ) -> list[tuple[int, Chosen]]:
        """Returns what the strategies of a group add to what is listed."""
        best: dict[int, tuple[float, str]] = {}
        for strategy in (self.catalogue.strategies[n] for n in group.strategies):
            ranking = None
            if strategy.ranking is not None:
                ranking = self.catalogue.rankings[strategy.ranking]
            numbers = [
                n
                for n in self.catalogue.collections[strategy.collection].offers
                if n not in listed
                and n not in replaced
                and self.eligible(n, strategy.constraint, placement)
            ]
            numbers.sort(key=lambda n: self.catalogue.offers[n].id)
            numbers.sort(key=lambda n: -self.catalogue.offers[n].priority)
            for number, score in zip(numbers, self.scores(ranking, numbers), strict=True):
                too_low = (
                    ranking is not None
                    and ranking.minimum_score is not None
                    and score < ranking.minimum_score
                )
                if not too_low and (number not in best or score > best[number][0]):
                    best[number] = score, strategy.id

        def order(number: int) -> Any:
            offer = self.catalogue.offers[number]
            tie: Any = offer.id
            if decision.ties.value == "daily":
                tie = tie_key(self.view.subject, offer.id, self.now_ns)
            return -best[number][0], -offer.priority, tie

        return [
            (number, self.chosen(number, best[number][1], best[number][0], placement))
            for number in sorted(best, key=order)
        ]

    def chosen(self, number: int, strategy: str, score: float | None, placement: str) -> Chosen:
        """Returns an item."""
        offer = self.catalogue.offers[number]
        return Chosen(offer.id, strategy, score, str(self.language(offer, placement)))
