"""Offers whose caps are simple: each with a limit of its own, always and everywhere.

What such a cap allows depends on counts alone, so that what would be worked out for each request
is worked out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from offerd.model.capping import DECISION_EVENT, Cap, CapSubject, Counter, Limit
from offerd.model.catalogue import Offer

MOST_KEPT: Final = 16_384


class Asked(NamedTuple):
    """A cap, and what of its counter it asks: `within_ns` before now, None being ever."""

    cap: Cap
    counter: Counter
    limit: int
    within_ns: int | None
    of_all: bool
    is_proposed: bool


class Simple(NamedTuple):
    """The caps of an offer, and what each proposition of it demands.

    `is_counted` says whether any counter counts that it is proposed.
    """

    asked: tuple[Asked, ...]
    limits: tuple[Limit, ...]
    is_counted: bool


class SimpleCaps:
    """The simple caps of offers, each worked out when it is first asked for. For any thread."""

    def __init__(self, counters: Sequence[Counter]) -> None:
        self._counters = counters
        self.known: dict[str, Simple | None] = {}
        """What was worked out, by offer."""

    def of(self, offer: Offer, proposed: Sequence[int]) -> Simple | None:
        """Returns those of an offer, None if it has others.

        `proposed` are the numbers of the counters that count that it is proposed.
        """
        try:
            return self.known[offer.id]
        except KeyError:
            found = self._made(offer, proposed)
        if len(self.known) >= MOST_KEPT:
            self.known.clear()
        self.known[offer.id] = found
        return found

    def _made(self, offer: Offer, proposed: Sequence[int]) -> Simple | None:
        counters = self._counters
        if any(counters[number].placements for number in proposed):
            return None
        if not all(map(_is_simple, offer.caps)):
            return None
        asked = tuple(_asked(cap, counters[cap.counter]) for cap in offer.caps)
        limits = tuple(Limit(one.counter, one.cap, one.limit) for one in asked if one.is_proposed)
        return Simple(asked, limits, bool(proposed))


def _is_simple(cap: Cap) -> bool:
    """Whether what it allows, and over which time, is the same for every request."""
    return (
        cap.limit_rule is None
        and cap.calendar is None
        and not cap.placements
        and cap.start_ns is None
        and cap.end_ns is None
        and cap.visit is None
    )


def _asked(cap: Cap, counter: Counter) -> Asked:
    of_all = counter.subject is CapSubject.TOTAL
    return Asked(cap, counter, cap.limit, cap.within_ns, of_all, counter.event == DECISION_EVENT)
