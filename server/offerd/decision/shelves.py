"""The candidates of a strategy by the rule that decides about them, for walking best first.

Candidates are named by their place in the strategy's order. Each rule has a shelf, on which its
candidates stand in that order; from the shelves of the rules that may be true they are merged as
far as anybody looks. What it costs follows the rules that hold and the offers that are looked at,
not the offers that there are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import chain
from typing import Final, NamedTuple

from offerd.decision.columns import Bits, bits, places_in
from offerd.decision.rule_index import Survivors

_BEYOND: Final = 1 << 62
"""Greater than any candidate."""
_FEW: Final = 32
"""To find more than these it is faster to sort all."""


class Dates(NamedTuple):
    """When a candidate is live: from an instant, until before another."""

    from_ns: int
    until_ns: int


class _Live(NamedTuple):
    """The candidates that are live from an instant until before another."""

    from_ns: int
    until_ns: int
    candidates: tuple[int, ...]


class Shelf:
    """The candidates of one rule, with those that are live, until that changes.

    `least` is no greater than any candidate on the shelf of any rule of the same place in the
    index or a later one.
    """

    __slots__ = ("_candidates", "_dates", "least", "live")

    def __init__(self, candidates: tuple[int, ...], dates: Sequence[Dates]) -> None:
        self._candidates = candidates
        self._dates = dates
        self.least = candidates[0]
        self.live = self.look(0)

    def look(self, now_ns: int) -> _Live:
        """Finds what is live at an instant, and keeps it."""
        dates = self._dates
        own = [dates[candidate] for candidate in self._candidates]
        instants = {instant for one in own for instant in one}
        from_ns = max((one for one in instants if one <= now_ns), default=-(1 << 90))
        until_ns = min((one for one in instants if one > now_ns), default=1 << 90)
        pairs = zip(self._candidates, own, strict=True)
        live = tuple(place for place, one in pairs if one.from_ns <= now_ns < one.until_ns)
        if len(live) == len(self._candidates):
            live = self._candidates
        # Not read back: another thread may be about another instant.
        found = self.live = _Live(from_ns, until_ns, live)
        return found


class Shelves:
    """The shelves of a strategy. `rules` is the set of the rules that have one."""

    __slots__ = ("_by_rule", "_dates", "_rule_of", "rules")

    def __init__(self, rules: Sequence[int], dates: Sequence[Dates], size: int) -> None:
        """Takes the place of the rule and the dates of each candidate, in order."""
        candidates: dict[int, list[int]] = {}
        for candidate, rule in enumerate(rules):
            candidates.setdefault(rule, []).append(candidate)
        self._by_rule = {rule: Shelf(tuple(own), dates) for rule, own in candidates.items()}
        self._dates = dates
        self._rule_of = array("L", rules)
        self.rules = bits(self._by_rule, size)
        least = len(rules)
        for rule in sorted(self._by_rule, reverse=True):
            shelf = self._by_rule[rule]
            least = shelf.least = min(least, shelf.least)

    def best_first(
        self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool], wanted: int = 0
    ) -> Iterator[int]:
        """Yields the live candidates of the rules that hold, best first.

        `holds` says whether a rule that must be asked holds; it is asked once one of its
        candidates is next, and again for each that follows. `wanted` is how many are likely to
        be taken.
        """
        if wanted <= _FEW:
            return self._merged(survivors, now_ns, holds)
        maybe, asked = survivors
        found = [places for _, places in self._live(maybe & self.rules, now_ns)]
        places = self._in_two(found, wanted)
        if not asked:
            return places
        rule_of = self._rule_of
        return (
            place for place in places if not asked >> rule_of[place] & 1 or holds(rule_of[place])
        )

    def _merged(
        self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool]
    ) -> Iterator[int]:
        rules, asked = survivors
        rules &= self.rules
        by_rule = self._by_rule
        heads: list[tuple[int, int, int, tuple[int, ...]]] = []
        while True:
            if rules:
                low = rules & -rules
                rules ^= low
                rule = low.bit_length() - 1
                shelf = by_rule[rule]
                least = shelf.least
            else:
                shelf, least = None, _BEYOND
            while heads and heads[0][0] < least:
                candidate, own, following, candidates = heads[0]
                if asked and asked >> own & 1 and not holds(own):
                    heappop(heads)
                    continue
                yield candidate
                if following < len(candidates):
                    heapreplace(heads, (candidates[following], own, following + 1, candidates))
                else:
                    heappop(heads)
            if shelf is None:
                return
            from_ns, until_ns, candidates = shelf.live
            if not from_ns <= now_ns < until_ns:
                candidates = shelf.look(now_ns).candidates
            if candidates:
                heappush(heads, (candidates[0], rule, 1, candidates))

    def _in_two(self, found: Sequence[tuple[int, ...]], wanted: int) -> Iterator[int]:
        """Yields all candidates in order, sorting as many as are likely to be taken first."""
        total = sum(map(len, found))
        if total > 4 * wanted:
            edge = len(self._rule_of) * 2 * wanted // total
            heads = [places[: bisect_left(places, edge)] for places in found]
            yield from sorted(chain.from_iterable(heads))
            found = [places[bisect_left(places, edge) :] for places in found]
        yield from sorted(chain.from_iterable(found))

    def along(
        self,
        order: Sequence[int],
        survivors: Survivors,
        now_ns: int,
        holds: Callable[[int], bool],
    ) -> Iterator[tuple[int, int]]:
        """Yields what `best_first` would, in the order given, each after its position there."""
        maybe, asked = survivors
        octets = maybe.to_bytes(maybe.bit_length() // 8 + 1, "little")
        end = len(octets) << 3
        rule_of, dates = self._rule_of, self._dates
        for position, place in enumerate(order):
            rule = rule_of[place]
            if rule >= end or not octets[rule >> 3] >> (rule & 7) & 1:
                continue
            if asked and asked >> rule & 1 and not holds(rule):
                continue
            from_ns, until_ns = dates[place]
            if from_ns <= now_ns < until_ns:
                yield position, place

    def every(self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool]) -> list[int]:
        """Returns all that `best_first` would yield."""
        found = self.holding(survivors, now_ns, holds)
        return sorted(chain.from_iterable([places for _, places in found]))

    def holding(
        self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool]
    ) -> list[tuple[int, tuple[int, ...]]]:
        """Returns the rules that hold, each with its live candidates."""
        rules, asked = survivors
        rules &= self.rules
        for rule in places_in(asked & self.rules):
            if not holds(rule):
                rules ^= 1 << rule
        return self._live(rules, now_ns)

    def _live(self, rules: Bits, now_ns: int) -> list[tuple[int, tuple[int, ...]]]:
        by_rule = self._by_rule
        found: list[tuple[int, tuple[int, ...]]] = []
        for rule in places_in(rules):
            from_ns, until_ns, candidates = by_rule[rule].live
            if not from_ns <= now_ns < until_ns:
                candidates = by_rule[rule].look(now_ns).candidates
            found.append((rule, candidates))
        return found
