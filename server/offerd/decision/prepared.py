"""A catalogue made ready to decide: names resolved, candidates in order.

Built once when a bundle is opened, so that a request only walks and compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from offerd.audience.environment import decision_environment
from offerd.audience.membership import LOOKUP
from offerd.audience.place_questions import ROOT, answers
from offerd.decision.candidates import MOST_KEPT, PlainScope
from offerd.decision.capping import CapRules
from offerd.decision.heads import Heads
from offerd.decision.outline import Outline
from offerd.decision.preparing import Preparing, plain_scopes
from offerd.decision.ranking_model import NO_MODELS, RankingModel
from offerd.decision.rule_index import RuleIndex
from offerd.decision.withholding import Rules, Withholdings
from offerd.errors import BundleError
from offerd.expression import Rule
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.selection import (
    RankingMethod,
    Scope,
)
from offerd.places.index import Places
from offerd.places.record import PlaceQuestions


class Prepared:
    """The catalogue with its planned rules and, for each decision and placement, candidates.

    `rules` are the planned rules by number, `environment` what they read, `places` those of the
    definitions and `place_questions` what rules ask of them, None if nothing; `audiences` the
    planned rule of each audience that has one. `offer_rules` are the numbers of the rules that read
    `offer`, and in `rules_without_offer` these are None. Of the constraints of strategies and the
    segments of tables `bare_rules` read neither offers nor places nor audiences, by number.
    `withheld` says by placement what policies keep from deciding there, `withholdings` what they
    keep from other uses. `is_shared` says whether what one scope shows may matter to another, even
    if scopes may repeat each other; `counts_decisions` whether caps can count what is proposed. By
    the number of an offer, `replacers` are those that replace it and `exclusions_of` the numbers of
    its exclusions; `index` is over the rules of offers, and `heads` over the first offers of
    strategies. Raises BundleError if a ranking asks for a
    model that isn't among `models`. `programs` keeps what `vectors` made of formulas, `plans` what
    `outright` made of scopes. `plain` are those of `scopes` of which rules alone decide, `capped`
    those of which rules, priorities and caps do.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rules: Sequence[Rule],
        models: Mapping[str, RankingModel] = NO_MODELS,
        places: Places | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.places = places
        self.place_questions = (
            PlaceQuestions(catalogue.place_reads, places, catalogue.location)
            if places is not None and catalogue.place_reads
            else None
        )
        self.rules = tuple(rules)
        self.models = models
        _verify_models(catalogue, models)
        self.environment = decision_environment(
            catalogue.schema,
            (audience.id for audience in catalogue.audiences),
            answers(catalogue.place_reads),
        )
        self.cap_rules = CapRules(catalogue, places)
        self.audiences = {
            a.id: self.rules[a.rule] for a in catalogue.audiences if a.rule is not None
        }
        self.named_scopes: dict[str, Scope] = {s.id: s for s in catalogue.scopes}
        self.offer_rules = frozenset(
            number
            for number, rule in enumerate(self.rules)
            if "offer" in rule.checked.references.attributes
        )
        self.rules_without_offer = tuple(
            None if number in self.offer_rules else rule for number, rule in enumerate(self.rules)
        )
        single = {strategy.constraint for strategy in catalogue.strategies}
        single.update(table.segment for table in catalogue.score_tables)
        self.bare_rules = {
            number: self.rules[number]
            for number in single
            if number is not None and _is_bare(self.rules[number])
        }
        self.withholdings = Withholdings(
            catalogue, Rules(self.rules, self.offer_rules, self.audiences)
        )
        self.withheld = self.withholdings.by_placement
        self.counts_decisions = self.cap_rules.counts_decisions
        self.is_shared = self.counts_decisions or bool(catalogue.exclusions)
        outline = Outline(catalogue, self.cap_rules)
        self.replacers = _inverted(outline.replaces.items())
        self.exclusions_of = _inverted(
            enumerate(exclusion.offers for exclusion in catalogue.exclusions)
        )
        self.programs: dict[str, Any] = {}
        self.plans: dict[tuple[Any, ...], Any] = {}
        self._records: dict[int, dict[str, Any]] = {}
        self.index = RuleIndex(outline.by_best(), self.rules, self.audiences)
        self.heads = Heads(self.index, self.rules, self.audiences)
        self.scopes = Preparing(catalogue, self.offer_rules, self.index, outline).scopes()
        is_alone = not self.is_shared and not self.replacers
        self.plain = plain_scopes(self.scopes, self.withheld) if is_alone else {}
        self.capped: dict[tuple[str, str], PlainScope] = {}
        if catalogue.counters and not catalogue.exclusions and not self.replacers:
            self.capped = plain_scopes(self.scopes, self.withheld, capped=True)

    def record(self, number: int) -> dict[str, Any]:
        """Returns what rules read as `offer` of the offer of a number."""
        record = self._records.get(number)
        if record is None:
            record = record_of(self.catalogue.offers[number])
            if len(self._records) >= MOST_KEPT:
                self._records.clear()
            self._records[number] = record
        return record


def _is_bare(rule: Rule) -> bool:
    references = rule.checked.references
    return LOOKUP not in references.lookups and references.attributes.keys().isdisjoint(
        ("offer", ROOT)
    )


def record_of(offer: Offer) -> dict[str, Any]:
    """Returns what rules read as `offer`."""
    built_in = {
        "id": offer.id,
        "priority": offer.priority,
        "start": offer.start_ns,
        "end": offer.end_ns,
        "tags": list(offer.tags),
    }
    present = {name: value for name, value in built_in.items() if value is not None}
    return {**offer.attributes, **present}


def _inverted(lists: Iterable[tuple[int, Iterable[int]]]) -> dict[int, tuple[int, ...]]:
    """Returns for each number the places of the lists that hold it, given with their places."""
    found: dict[int, list[int]] = {}
    for place, numbers in lists:
        for number in numbers:
            found.setdefault(number, []).append(place)
    return {number: tuple(places) for number, places in found.items()}


def _verify_models(catalogue: Catalogue, models: Mapping[str, RankingModel]) -> None:
    for ranking in catalogue.rankings:
        if ranking.method is RankingMethod.MODEL and ranking.model not in models:
            known = ", ".join(f"`{name}`" for name in sorted(models)) or "none"
            raise BundleError(
                f"ranking `{ranking.id}` asks for model `{ranking.model}`, which isn't "
                f"registered; registered: {known}"
            )
