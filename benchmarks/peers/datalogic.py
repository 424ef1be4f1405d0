"""datalogic-py: JSON logic in Rust. Rules are compiled once, and a customer is parsed once."""

from __future__ import annotations

import json
from typing import Any

import datalogic_py

from peers.world import Customer, OffersOfRules, Way, World


class OfferByOffer:
    """Offers are asked in the order in which they rank, until enough are found."""

    def __init__(self, world: World) -> None:
        engine = datalogic_py.Engine()
        self._session = engine.session()
        rules = _compiled(engine, world)
        self._offers = [(offer, rules[rule]) for offer, rule in world.offers]

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers."""
        data = datalogic_py.DataHandle(json.dumps(customer))
        evaluate, found = self._session.evaluate_data, list[str]()
        for offer, rule in self._offers:
            if evaluate(rule, data) is True:
                found.append(offer)
                if len(found) == count:
                    break
        return found

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        return self.best(customer, len(self._offers))


class RuleByRule:
    """No rule is asked twice: for the best, when first an offer needs it."""

    def __init__(self, world: World) -> None:
        engine = datalogic_py.Engine()
        self._session = engine.session()
        self._rules = _compiled(engine, world)
        self._offers = world.offers
        self._of_rules = OffersOfRules(world)

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers."""
        data = datalogic_py.DataHandle(json.dumps(customer))
        evaluate, rules, found = self._session.evaluate_data, self._rules, list[str]()
        known: list[bool | None] = [None] * len(rules)
        for offer, rule in self._offers:
            holds = known[rule]
            if holds is None:
                holds = known[rule] = evaluate(rules[rule], data) is True
            if holds:
                found.append(offer)
                if len(found) == count:
                    break
        return found

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        data = datalogic_py.DataHandle(json.dumps(customer))
        evaluate = self._session.evaluate_data
        holding = [n for n, rule in enumerate(self._rules) if evaluate(rule, data) is True]
        return self._of_rules.every(holding)


def _compiled(engine: Any, world: World) -> list[Any]:
    return [
        engine.compile(
            {"and": [{operator: [{"var": name}, value]} for name, operator, value in rule]}
        )
        for rule in world.rules
    ]


def ways(world: World) -> dict[str, Way]:
    """Returns the ways of asking it."""
    return {"offer by offer": OfferByOffer(world), "rule by rule": RuleByRule(world)}
