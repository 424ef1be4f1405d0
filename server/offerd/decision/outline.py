"""What is asked of all offers at once, in columns: some forty bytes for each of them.

The offers themselves are decoded when they are looked at (`candidates`).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from heapq import merge
from typing import Any, Final

from offerd.decision.blocks import Dates
from offerd.decision.capping import CapRules
from offerd.model.catalogue import Catalogue
from offerd.model.lifecycle import Status

_ALWAYS_NS: Final = 1 << 80
"""Later than any instant, and negated earlier: open dates become comparable."""
_NEVER: Final = Dates(_ALWAYS_NS, _ALWAYS_NS)
_AT_ONCE: Final = 4_096
_MANY: Final = 8
"""Numbers of which there are so many times as many are sorted, not picked from all."""

Shown = tuple[tuple[str, str], ...]
"""Placements and languages, lower-cased, of an offer's representations."""


class Outline:
    """Offers by number. `order` are the numbers by priority, highest first, then by id.

    `rules` are those of eligibility, `dates` when offers are live, which is never if they aren't
    approved, and `shown` where and in which languages they have something to show; `shapes` are the
    distinct ones of these. `is_capped` says whether they have caps, and `is_settled` whether these
    count nothing but events of the profile, by limits that no rule gives. `replaces` are the
    numbers of those that replace others.
    """

    def __init__(self, catalogue: Catalogue, cap_rules: CapRules) -> None:
        count = len(catalogue.offers)
        self.rules: list[int | None] = [None] * count
        self.dates: list[Dates] = [_NEVER] * count
        self.shown: list[Shown] = [()] * count
        self.is_settled = bytearray(count)
        self.is_capped = bytearray(count)
        self.replaces: dict[int, tuple[int, ...]] = {}
        numbers: dict[int, int] = {}
        dates: dict[Dates, Dates] = {}
        shapes: dict[Shown, Shown] = {}
        priorities = array("q", bytes(8 * count))
        last, ascending = "", True
        for number, offer in enumerate(catalogue.offers):
            rule = offer.eligibility
            self.rules[number] = None if rule is None else numbers.setdefault(rule, rule)
            live = Dates(*live_between(offer.status, offer.start_ns, offer.end_ns))
            self.dates[number] = dates.setdefault(live, live)
            shown = tuple([(one.placement, one.language.lower()) for one in offer.representations])
            self.shown[number] = shapes.setdefault(shown, shown)
            self.is_settled[number] = all(map(cap_rules.is_settled, offer.caps))
            self.is_capped[number] = bool(offer.caps)
            if offer.replaces:
                self.replaces[number] = offer.replaces
            priorities[number] = -offer.priority
            ascending = ascending and last <= offer.id
            last = offer.id
        self.shapes = frozenset(shapes)
        if ascending:
            self.order = array("L", _sorted(count, priorities.__getitem__))
        else:
            ids = [offer.id for offer in catalogue.offers]
            self.order = array("L", _sorted(count, lambda n: (priorities[n], ids[n])))

    def by_best(self) -> list[int | None]:
        """Returns the rules that decide about offers, by the best offer that each decides about."""
        return list(dict.fromkeys(map(self.rules.__getitem__, self.order)))

    def best_first(self, numbers: Sequence[int]) -> Iterable[int]:
        """Returns some of the numbers, each once, in their order."""
        if _MANY * len(numbers) < len(self.rules):
            # Of many small collections none walks past all offers.
            return sorted(set(numbers), key=self._ranks.__getitem__)
        wanted = bytearray(len(self.rules))
        for number in numbers:
            wanted[number] = 1
        return (number for number in self.order if wanted[number])

    @cached_property
    def _ranks(self) -> array[int]:
        """The place of each number in the order."""
        ranks = array("L", bytes(self.order.itemsize * len(self.order)))
        for place, number in enumerate(self.order):
            ranks[number] = place
        return ranks


def live_between(status: Status, start_ns: int | None, end_ns: int | None) -> tuple[int, int]:
    """Returns from when until before when something is live, so that instants compare."""
    if status is not Status.APPROVED:
        return _NEVER
    return (
        -_ALWAYS_NS if start_ns is None else start_ns,
        _ALWAYS_NS if end_ns is None else end_ns,
    )


def _sorted(count: int, order: Callable[[int], Any]) -> Iterable[int]:
    """Returns numbers in order, in steps between which other threads get their turn."""
    runs: list[Sequence[int]] = [
        sorted(range(first, min(first + _AT_ONCE, count)), key=order)
        for first in range(0, count, _AT_ONCE)
    ]
    return merge(*runs, key=order) if len(runs) > 1 else (runs[0] if runs else ())
