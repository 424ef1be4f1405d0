"""What workload W is compared with: a bitmap index written by hand, and numpy's arithmetic."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from workload import Customer, Workload, in_order


class BitmapIndex:
    """Matching and nothing else, as a careful programmer would write it in plain Python.

    By attribute the rules that each value, or each place among sorted bounds, doesn't violate;
    by rule the offers, numbered as they rank. Every customer must have every attribute.
    """

    def __init__(self, made: Workload) -> None:
        offers = in_order(made)
        self.ids = [offer.id for offer in offers]
        self.offers_of = [0] * len(made.rules)
        for place, offer in enumerate(offers):
            self.offers_of[offer.rule] |= 1 << place
        self.all = (1 << len(made.rules)) - 1
        self.values: dict[str, dict[Any, int]] = {}
        self.bounds: dict[str, tuple[list[Any], list[int]]] = {}
        by_attribute: dict[str, list[tuple[int, str, Any]]] = {}
        for number, rule in enumerate(made.rules):
            for name, operator, value in rule:
                by_attribute.setdefault(name, []).append((number, operator, value))
        for name, conditions in by_attribute.items():
            if conditions[0][1] in ("in", "=="):
                given = [(n, v if op == "in" else [v]) for n, op, v in conditions]
                distinct = {value for _, values in given for value in values}
                self.values[name] = {
                    value: self.all & ~sum(1 << n for n, values in given if value not in values)
                    for value in distinct
                }
            else:
                bounds = sorted({value for _, _, value in conditions})
                least = [bounds[0] - 1, *bounds]
                self.bounds[name] = (
                    bounds,
                    [
                        self.all
                        & ~sum(1 << n for n, op, v in conditions if (low >= v) is not (op == ">="))
                        for low in least
                    ],
                )

    def eligible(self, customer: Customer) -> int:
        """Returns the eligible offers as a bitset, the best in its lowest bit."""
        rules = self.all
        for name, by_value in self.values.items():
            rules &= by_value.get(customer[name], 0)
        for name, (bounds, by_place) in self.bounds.items():
            rules &= by_place[bisect_right(bounds, customer[name])]
        offers, offers_of = 0, self.offers_of
        while rules:
            low = rules & -rules
            offers |= offers_of[low.bit_length() - 1]
            rules ^= low
        return offers

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers."""
        offers, found = self.eligible(customer), []
        while offers and len(found) < count:
            low = offers & -offers
            found.append(self.ids[low.bit_length() - 1])
            offers ^= low
        return found

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        return self.best(customer, len(self.ids))

    def every_by_words(self, customer: Customer) -> list[str]:
        """Returns the same, taking the bitset apart word by word, which is several times faster."""
        offers, found, ids = self.eligible(customer), list[str](), self.ids
        octets = offers.to_bytes(-(-len(ids) // 64) * 8, "little")
        for number, word in enumerate(memoryview(octets).cast("Q")):
            first, left = (number << 6) - 1, word
            while left:
                low = left & -left
                found.append(ids[first + low.bit_length()])
                left ^= low
        return found


class Arithmetic:
    """What numpy takes for the arithmetic of a formula over some offers, and their best five."""

    def __init__(self, made: Workload) -> None:
        import numpy

        offers = in_order(made)
        self._numpy = numpy
        self._value = numpy.array([offer.value for offer in offers])
        self._margin = numpy.array([offer.margin for offer in offers])

    def best(self, eligible: Any, ltv: float, count: int) -> list[int]:
        """Returns the best places among those of an array."""
        numpy = self._numpy
        scores = self._value[eligible] * 0.7 + self._margin[eligible] * ltv - 3.0
        top = numpy.argpartition(-scores, count)[:count]
        ordered: list[int] = eligible[top[numpy.argsort(-scores[top], kind="stable")]].tolist()
        return ordered
