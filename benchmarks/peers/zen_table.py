"""GoRules zen: a decision table in Rust, which collects all rows that match in their order."""

from __future__ import annotations

import json
from typing import Any

import zen

from peers.world import Customer, OffersOfRules, Rule, Way, World


class Table:
    """A decision table of some rules; the number of each is what a row puts out."""

    def __init__(self, rules: list[Rule]) -> None:
        names = sorted({name for rule in rules for name, _, _ in rule})
        rows = [
            {"_id": str(number), "number": str(number)}
            | {name: _cell(operator, value) for name, operator, value in rule}
            for number, rule in enumerate(rules)
        ]
        for row in rows:
            for name in names:
                row.setdefault(name, "")
        table = {
            "hitPolicy": "collect",
            "inputs": [{"id": name, "name": name, "field": name} for name in names],
            "outputs": [{"id": "number", "name": "number", "field": "number"}],
            "rules": rows,
        }
        nodes: list[dict[str, Any]] = [
            {"id": "in", "name": "in", "type": "inputNode"},
            {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
            {"id": "out", "name": "out", "type": "outputNode"},
        ]
        edges = [
            {"id": "first", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "second", "sourceId": "table", "targetId": "out", "type": "edge"},
        ]
        # Content that is made beforehand is compiled once; from text it would be every time.
        content = zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": edges}))
        self._decision = zen.ZenEngine().create_decision(content)

    def matching(self, customer: Customer) -> list[int]:
        """Returns the numbers of the rules that hold."""
        result: Any = self._decision.evaluate(customer)["result"]
        return [int(row["number"]) for row in result]


class OfferByOffer:
    """A row for each offer, best first."""

    def __init__(self, world: World) -> None:
        self._ids = [offer for offer, _ in world.offers]
        self._table = Table([world.rules[rule] for _, rule in world.offers])

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers: all rows are asked, by want of a limit."""
        return [self._ids[place] for place in self._table.matching(customer)[:count]]

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        return [self._ids[place] for place in self._table.matching(customer)]


class RuleByRule:
    """A row for each distinct rule, offers looked up by hand."""

    def __init__(self, world: World) -> None:
        self._table = Table(world.rules)
        self._of_rules = OffersOfRules(world)

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers."""
        return self._of_rules.best(self._table.matching(customer), count)

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        return self._of_rules.every(self._table.matching(customer))


def _cell(operator: str, value: Any) -> str:
    if operator == "in":
        return ", ".join(json.dumps(one) for one in value)
    return json.dumps(value) if operator == "==" else f"{operator} {json.dumps(value)}"


def ways(world: World) -> dict[str, Way]:
    """Returns the ways of asking it."""
    return {"offer by offer": OfferByOffer(world), "rule by rule": RuleByRule(world)}
