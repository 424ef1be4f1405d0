"""Workload W as plain data, and what an engine that answers by rules needs to name offers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Customer = dict[str, Any]
Rule = list[tuple[str, str, Any]]
"""Attribute, operator and value of each condition; the operators are in, ==, >= and <."""


class World(NamedTuple):
    """Rules; of each offer, best first, its id and the number of its rule; and customers."""

    rules: list[Rule]
    offers: list[tuple[str, int]]
    customers: list[Customer]


class Way(Protocol):
    """One way of asking an engine."""

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers."""

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""


def read(path: Path) -> World:
    """Returns what the parent wrote."""
    return World(*json.loads(path.read_text()))


class OffersOfRules:
    """Offers by their rules, for engines that are asked which rules hold."""

    def __init__(self, world: World) -> None:
        self._ids = [name for name, _ in world.offers]
        self._places: list[list[int]] = [[] for _ in world.rules]
        for place, (_, rule) in enumerate(world.offers):
            self._places[rule].append(place)
        self._bits = [sum(1 << place for place in places) for places in self._places]

    def best(self, rules: Iterable[int], count: int) -> list[str]:
        """Returns the ids of the best offers under these rules."""
        offers, bits, found = 0, self._bits, list[str]()
        for rule in rules:
            offers |= bits[rule]
        while offers and len(found) < count:
            low = offers & -offers
            found.append(self._ids[low.bit_length() - 1])
            offers ^= low
        return found

    def every(self, rules: Iterable[int]) -> list[str]:
        """Returns the ids of all offers under these rules, best first."""
        places = [place for rule in rules for place in self._places[rule]]
        places.sort()
        return [self._ids[place] for place in places]
