"""The engine's naive twin: the definition of a decision, without a thought for speed.

It shares the rule language with the engine (its exact form, rule by rule) and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.profile import ProfileView
from offerd.model.selection import Ranking
from unit.decision.naive_caps import Caps
from unit.decision.naive_hashes import arm_of, tie_key


class Chosen(NamedTuple):
    """An item: offer, strategy ("" for none), score, and the language shown."""

    offer: str
    strategy: str
    score: float | None
    language: str


class Result(NamedTuple):
    """What a scope shows, how, and in which experiment it is, as words."""

    outcome: str
    items: tuple[Chosen, ...]
    exposure: tuple[Any, ...] | None


class Naive:
    """Answers one request."""

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
        self.caps = Caps(catalogue, view, counts, now_ns, self.value)
        self.failures: dict[str, set[str]] = {}
        self.demands: list[tuple[Any, ...]] = []

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

        record: dict[str, Any] = {}
        if offer is not None:
            record = {"id": offer.id, "priority": offer.priority, "tags": list(offer.tags)}
            record |= {"start": offer.start_ns} if offer.start_ns is not None else {}
            record |= {"end": offer.end_ns} if offer.end_ns is not None else {}
            record |= offer.attributes
        view = self.view
        return self.rules[rule].exact(
            view.attributes, self.context.values, view.aggregates, self.now_ns, record, Members(),
            view.scores,
        )  # fmt: skip

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
                given = model.scores(offers, self.view, self.context, self.now_ns)
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

    # All scopes

    def decide(self, queries: Sequence[ScopeQuery]) -> list[Result]:
        """Answers all scopes."""
        arms = [self.arm(query) for query in queries]
        ranked = [
            self.ranked_for(query, arm[0] if arm else None)
            for query, arm in zip(queries, arms, strict=True)
        ]
        domains = [self.domain(position, query) for position, query in enumerate(queries)]
        held_out = [bool(arm and arm[1][3]) for arm in arms]
        self.taken: list[tuple[Any, int]] = []
        self.shown: list[tuple[int, int]] = []
        chosen: list[list[tuple[int, Chosen]]] = []
        for position, query in enumerate(queries):
            later = [
                [n for n, _ in ranked[p] if self.free(p, n, queries[p], domains)]
                for p in range(position + 1, len(queries))
                if domains[p] == domains[position] and not held_out[p]
            ]
            looks = self.options.arbitration.value == "avoid_fallback" and not held_out[position]
            looks = looks and self.options.deduplication.value != "scope"
            chosen.append(
                self.choose(
                    position, query, ranked[position], domains, later if looks else [],
                    held_out=held_out[position],
                )
            )  # fmt: skip
        return self.with_fallbacks(queries, arms, chosen, domains, held_out)

    def domain(self, position: int, query: ScopeQuery) -> Any:
        """Returns what scopes have in common that may not repeat each other."""
        name = self.options.deduplication.value
        return {
            "scope": position,
            "decision": query.decision,
            "placement": query.placement,
            "request": "",
        }[name]

    def decision(self, query: ScopeQuery) -> Any:
        """Returns the decision of a scope."""
        (decision,) = (d for d in self.catalogue.decisions if d.id == query.decision)
        return decision

    def arm(self, query: ScopeQuery) -> Any:
        """Returns groups and exposure of a scope in an experiment, or None."""
        decision = self.decision(query)
        if decision.status.value != "approved":
            return None
        found = arm_of(
            [e for e in self.catalogue.experiments if e.decision == query.decision],
            self.view.subject,
            self.options.arms,
        )
        if found is None:
            return None
        experiment, arm, forced, held_out = found
        groups = decision.groups if arm.groups is None else arm.groups
        return groups, (experiment.id, "" if held_out else arm.id, forced, held_out)

    def ranked_for(self, query: ScopeQuery, groups: Any) -> list[tuple[int, Chosen]]:
        """Returns what a scope may show."""
        decision = self.decision(query)
        if decision.status.value != "approved":
            return []
        return self.ranked(decision, decision.groups if groups is None else groups, query.placement)

    def full(self, number: int, position: int, shown: list[tuple[int, int]]) -> bool:
        """Whether an exclusion keeps an offer out of a scope."""
        for exclusion in self.catalogue.exclusions:
            if number not in exclusion.offers:
                continue
            if exclusion.when is not None and self.value(exclusion.when) is False:
                continue
            together = {
                n
                for p, n in shown
                if n in exclusion.offers and (exclusion.across_scopes or p == position)
            }
            if len(together | {number}) > exclusion.at_most:
                return True
        return False

    def blocked(self, number: int) -> bool:
        """Whether an exclusion that allows none of its offers keeps an offer out everywhere."""
        return any(
            exclusion.at_most == 0
            and number in exclusion.offers
            and (exclusion.when is None or self.value(exclusion.when) is not False)
            for exclusion in self.catalogue.exclusions
        )

    def free(self, position: int, number: int, query: ScopeQuery, domains: list[Any]) -> bool:
        """Whether nothing so far keeps a ranked offer out of a scope."""
        return (
            (domains[position], number) not in self.taken
            and not self.caps.reached(number, query.placement, query.decision)
            and not self.full(number, position, self.shown)
        )

    def choose(
        self,
        position: int,
        query: ScopeQuery,
        ranked: list[tuple[int, Chosen]],
        domains: list[Any],
        later: list[list[int]],
        *,
        held_out: bool,
    ) -> list[tuple[int, Chosen]]:
        """Returns what a scope takes; of one held out nothing is noted."""
        own = [n for n, _ in ranked if self.free(position, n, query, domains)]
        reachable = most_matched([own, *later])
        chosen: list[tuple[int, Chosen]] = []
        private: list[tuple[int, int]] = []
        for number, item in ranked:
            if len(chosen) == query.item_count:
                break
            if (domains[position], number) in self.taken:
                continue
            if self.caps.reached(number, query.placement, query.decision):
                continue
            if self.full(number, position, self.shown + private):
                continue
            without = most_matched([[n for n in offers if n != number] for offers in later])
            if chosen and without < most_matched(later):
                continue
            if not chosen and 1 + without < reachable:
                continue
            chosen.append((number, item))
            later = [[n for n in offers if n != number] for offers in later]
            if held_out:
                private.append((position, number))
            else:
                self.taken.append((domains[position], number))
                self.shown.append((position, number))
                demand = self.caps.demand(number, query.decision, query.placement)
                self.demands += [(position, *demand)] if demand else []
                self.caps.propose(number, query.decision, query.placement)
        return chosen

    def with_fallbacks(
        self,
        queries: Sequence[ScopeQuery],
        arms: list[Any],
        chosen: list[list[tuple[int, Chosen]]],
        domains: list[Any],
        held_out: list[bool],
    ) -> list[Result]:
        """Returns the answers, filled with fallbacks."""
        results = []
        shown_as_fallback: list[tuple[Any, str]] = []
        for position, query in enumerate(queries):
            offers = [] if held_out[position] else chosen[position]
            decision = self.decision(query)
            top_up = decision.top_up if query.top_up is None else query.top_up
            fallbacks: list[Chosen] = []
            if not offers or top_up:
                room = query.item_count - len(offers)
                fallbacks = self.fallbacks(
                    position, query, decision, offers, room, domains, shown_as_fallback
                )
            outcome = "nothing"
            if offers:
                outcome = "topped_up" if fallbacks else "proposed"
            elif fallbacks:
                outcome = "fallback"
            exposure = arms[position][1] if arms[position] else None
            if held_out[position]:
                exposure = (*exposure, tuple(item.offer for _, item in chosen[position]))
            items = (*(item for _, item in offers), *fallbacks)
            results.append(Result(outcome, items, exposure))
        return results

    def fallbacks(
        self,
        position: int,
        query: ScopeQuery,
        decision: Any,
        offers: list[tuple[int, Chosen]],
        room: int,
        domains: list[Any],
        before: list[tuple[Any, str]],
    ) -> list[Chosen]:
        """Returns the fallbacks of a scope: what isn't shown yet, then what is."""
        domain = domains[position]
        numbers = {offer.id: n for n, offer in enumerate(self.catalogue.offers)}
        own = [item.offer for _, item in offers]
        for number, _ in offers:
            own += [self.catalogue.offers[n].id for n in self.catalogue.offers[number].replaces]
        names = [
            name
            for name in decision.fallbacks
            if name not in own
            and (
                name not in numbers
                or self.catalogue.offers[numbers[name]].status.value == "approved"
            )
        ]
        old = [
            name
            for name in names
            if (domain, name) in before or (domain, numbers.get(name)) in self.taken
        ]
        found: list[Chosen] = []
        for name in [name for name in names if name not in old] + old:
            offer = next(
                o for o in (*self.catalogue.offers, *self.catalogue.fallback_offers) if o.id == name
            )
            language = self.language(offer, query.placement)
            if language is None or len(found) == room:
                continue
            if name in numbers:
                if self.full(numbers[name], position, self.shown):
                    continue
                self.shown.append((position, numbers[name]))
            found.append(Chosen(name, "", None, language))
            before.append((domain, name))
        return found


def most_matched(lists: list[list[int]]) -> int:
    """Returns how many lists can have a number each, by the theorem of König and Hall."""
    best = len(lists)
    for size in range(1, len(lists) + 1):
        for some in combinations(lists, size):
            best = min(best, len(lists) - size + len({n for numbers in some for n in numbers}))
    return best
