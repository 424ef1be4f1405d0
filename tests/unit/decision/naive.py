"""The engine's naive twin: the definition of a decision, without a thought for speed.

It shares the rule language with the engine (its exact form, rule by rule) and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from offerd.model.decision import ScopeQuery
from unit.decision.naive_hashes import arm_of
from unit.decision.naive_ranking import Chosen, Ranker


class Result(NamedTuple):
    """What a scope shows, how, and in which experiment it is, as words."""

    outcome: str
    items: tuple[Chosen, ...]
    exposure: tuple[Any, ...] | None


class Naive(Ranker):
    """Answers one request."""

    def decide(self, queries: Sequence[ScopeQuery]) -> list[Result]:
        """Answers all scopes."""
        arms = [self.arm(query) for query in queries]
        ranked = [
            self.ranked_for(query, arm[0] if arm else None)
            for query, arm in zip(queries, arms, strict=True)
        ]
        domains = [self.domain(position, query) for position, query in enumerate(queries)]
        held_out = [bool(arm and arm[1][3]) for arm in arms]
        self.demands: list[tuple[Any, ...]] = []
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

    def is_live(self, decision: Any) -> bool:
        """Whether a decision shows more than fallbacks now."""
        since = -(10**30) if decision.start_ns is None else decision.start_ns
        until = 10**30 if decision.end_ns is None else decision.end_ns
        if self.options.fallbacks_only:
            return False
        return decision.status.value == "approved" and since <= self.now_ns < until

    def arm(self, query: ScopeQuery) -> Any:
        """Returns groups and exposure of a scope in an experiment, or None."""
        decision = self.decision(query)
        if not self.is_live(decision):
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
        if not self.is_live(decision):
            return []
        steps = [
            group
            for group in (decision.groups if groups is None else groups)
            if query.placement in (group.placements or (query.placement,))
        ]
        return self.ranked(decision, steps, query.placement)

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

    def free(self, position: int, number: int, query: ScopeQuery, domains: list[Any]) -> bool:
        """Whether nothing so far keeps a ranked offer out of a scope."""
        self.placement = query.placement
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
        self.placement = query.placement
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
        self.placement = query.placement
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
