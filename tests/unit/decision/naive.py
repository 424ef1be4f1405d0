"""The engine's naive twin: the definition of a decision, without a thought for speed."""

from __future__ import annotations

from typing import Any

from offerd import expression as ex
from offerd.audience.environment import profile_environment
from offerd.model.catalogue import CapSubject, Catalogue
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView

Chosen = tuple[str, str, str, str]
"""Offer, strategy ("" for a fallback), placement and language of a representation."""


def decide(
    catalogue: Catalogue,
    view: ProfileView,
    context: DecisionContext,
    now_ns: int,
    scope: tuple[str, str, int],
    totals: dict[tuple[str, str], int],
) -> list[Chosen]:
    """Answers one scope (decision, placement, item count)."""
    decision_id, placement, wanted = scope
    environment = profile_environment(catalogue.schema, [a.id for a in catalogue.audiences])
    audiences = {a.id: a for a in catalogue.audiences}

    class Members(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return evaluate(audiences[name].rule)

    def evaluate(number: int) -> Any:
        rule = ex.plan(ex.decode(catalogue.rules[number].tree), environment)
        return rule.exact(view.attributes, context.values, view.aggregates, now_ns, Members())

    def holds(number: int | None) -> bool:
        return number is None or evaluate(number) is True

    def language_of(offer: Any) -> str | None:
        present = [r.language for r in offer.representations if r.placement == placement]
        for locale in context.locales:
            parts = locale.split("-")
            for length in range(len(parts), 0, -1):
                for language in present:
                    if language.lower() == "-".join(parts[:length]).lower():
                        return language
        return "" if "" in present else None

    def capped(offer: Any) -> bool:
        for cap in offer.caps:
            if cap.subject is CapSubject.TOTAL:
                count = totals.get((offer.id, cap.event), 0)
            else:
                since = -(2**80) if cap.within_ns is None else now_ns - cap.within_ns
                times = view.cap_events.get(offer.id, {}).get(cap.event, [])
                count = sum(1 for time in times if since < time <= now_ns)
            if count >= cap.limit:
                return True
        return False

    def eligible(offer: Any, strategy: Any) -> bool:
        return (
            (offer.start_ns is None or offer.start_ns <= now_ns)
            and (offer.end_ns is None or now_ns < offer.end_ns)
            and language_of(offer) is not None
            and holds(strategy.constraint)
            and holds(offer.eligibility)
            and not capped(offer)
        )

    (decision,) = (d for d in catalogue.decisions if d.id == decision_id)
    chosen: list[Chosen] = []
    for number in decision.strategies:
        strategy = catalogue.strategies[number]
        found = [catalogue.offers[n] for n in catalogue.collections[strategy.collection].offers]
        for offer in sorted(found, key=lambda o: (-o.priority, o.id)):
            if offer.id not in [c[0] for c in chosen] and eligible(offer, strategy):
                chosen.append((offer.id, strategy.id, placement, str(language_of(offer))))
    if chosen:
        return chosen[:wanted]
    fallbacks = [catalogue.fallback_offers[n] for n in decision.fallbacks]
    return [
        (offer.id, "", placement, str(language_of(offer)))
        for offer in fallbacks
        if language_of(offer) is not None
    ][:wanted]
