"""The candidates of a strategy by the rule that decides about them, for walking best first.

Candidates are named by their place in the strategy's order. Each rule has a shelf, on which its
candidates stand in that order; from the shelves of the rules that may be true they are merged as
far as anybody looks. What it costs follows the rules that hold and the offers that are looked at,
not the offers that there are. Where rules are few the best candidates are found in `blocks`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import chain, islice
from typing import Final, NamedTuple

from offerd.decision import blocks
from offerd.decision.blocks import Blocks, Dates, window
from offerd.decision.columns import Bits, bits, places_in
from offerd.decision.rule_index import Survivors

_BEYOND: Final = 1 << 62
"""Greater than any candidate."""
BLOCKS_FIRST: Final = 8
"""So many blocks are looked into before candidates are merged: those of a rule may be far down."""
SORTED_FROM: Final = 24
"""Of rules that aren't more than are wanted, so many candidates or more are sorted sooner than
merged or found in blocks."""

_MOST_TOPS: Final = 1_024
"""Of more shelves each is looked at for itself: whenever one changes, all would be."""
_MARGIN: Final = 64
"""So much farther down is looked than candidates ought to be."""


class Live(NamedTuple):
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

    def look(self, now_ns: int) -> Live:
        """Finds what is live at an instant, and keeps it."""
        dates = self._dates
        own = [dates[candidate] for candidate in self._candidates]
        from_ns, until_ns = window(own, now_ns)
        pairs = zip(self._candidates, own, strict=True)
        live = tuple(place for place, one in pairs if one.from_ns <= now_ns < one.until_ns)
        if len(live) == len(self._candidates):
            live = self._candidates
        # Not read back: another thread may be about another instant.
        found = self.live = Live(from_ns, until_ns, live)
        return found


class Shelves:
    """The shelves of a strategy. `rules` is the set of the rules that have one."""

    __slots__ = ("_blocks", "_by_rule", "_dates", "_rule_of", "_tops", "rules")

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
        self._blocks = self.blocks_in(None)
        self._tops: tuple[int, int, Mapping[int, tuple[int, ...]]] = 0, 0, {}
        """From when until before when which candidates of each rule are live."""

    def blocks_in(self, order: Sequence[int] | None) -> Blocks | None:
        """Returns the candidates in another order, None being theirs; None if rules are many."""
        if max(self._by_rule, default=0) >= blocks.MOST_RULES:
            return None
        return Blocks(self._rule_of, self._dates, order)

    def __len__(self) -> int:
        """Counts candidates."""
        return len(self._rule_of)

    def top(self, count: int) -> tuple[Sequence[int], Sequence[Dates]]:
        """Returns the places of the rules, and the dates, of so many of the first candidates."""
        return self._rule_of[:count], self._dates[:count]

    def look(self, now_ns: int) -> None:
        """Finds what is live at an instant, before anybody asks."""
        for shelf in self._by_rule.values():
            shelf.look(now_ns)
        if len(self._by_rule) <= _MOST_TOPS:
            self._look_at_tops(now_ns)
        if self._blocks is not None:
            self._blocks.look(now_ns)

    def best_first(
        self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool]
    ) -> Iterator[int]:
        """Yields the live candidates of the rules that hold, best first.

        `holds` says whether a rule that must be asked holds; it is asked once one of its
        candidates is next, and again for each that follows.
        """
        maybe, asked = survivors
        maybe &= self.rules
        if self._blocks is None or not maybe:
            return self._merged(maybe, asked, now_ns, holds, 0)
        best = self._blocks.positions(maybe, asked, now_ns, holds, BLOCKS_FIRST)
        start = BLOCKS_FIRST * blocks.SIZE
        if len(self._rule_of) <= start:
            return best
        return chain(best, self._merged(maybe, asked, now_ns, holds, start))

    def best(
        self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool], count: int
    ) -> list[int]:
        """Returns as many of the first that `best_first` would yield, or fewer."""
        maybe, asked = survivors
        if asked & maybe & self.rules:
            return list(islice(self.best_first(survivors, now_ns, holds), count))
        return self.sure(maybe, now_ns, count)

    def sure(self, maybe: Bits, now_ns: int, count: int) -> list[int]:
        """Returns as `best` where no rule that may be true has to be asked."""
        maybe &= self.rules
        if not maybe:
            return []
        if count == 1:
            return self._first(maybe, now_ns)
        if count >= SORTED_FROM and maybe.bit_count() <= count:
            return self._sorted(maybe, now_ns, count)
        if self._blocks is None:
            return list(islice(self._merged(maybe, 0, now_ns, _holds, 0), count))
        found = self._blocks.first(maybe, now_ns, count, BLOCKS_FIRST)
        start = BLOCKS_FIRST * blocks.SIZE
        if len(found) < count and start < len(self._rule_of):
            rest = self._merged(maybe, 0, now_ns, _holds, start)
            found += islice(rest, count - len(found))
        return found

    def _first(self, rules: Bits, now_ns: int) -> list[int]:
        """Returns the first of the live candidates of some rules, or nothing."""
        by_rule, best = self._by_rule, _BEYOND
        while rules:
            low = rules & -rules
            rules ^= low
            shelf = by_rule[low.bit_length() - 1]
            if best < shelf.least:
                break
            from_ns, until_ns, candidates = shelf.live
            if not from_ns <= now_ns < until_ns:
                candidates = shelf.look(now_ns).candidates
            if candidates and candidates[0] < best:
                best = candidates[0]
        return [] if best == _BEYOND else [best]

    def _sorted(self, rules: Bits, now_ns: int, count: int) -> list[int]:
        """Returns the first of the live candidates of some rules, from the tops of their shelves.

        As far down as there ought to be enough, were they spread evenly, and then farther.
        """
        if len(self._by_rule) > _MOST_TOPS:
            tops = [self.live(rule, now_ns).candidates for rule in places_in(rules)]
        else:
            from_ns, until_ns, shelves = self._tops
            if not from_ns <= now_ns < until_ns:
                shelves = self._look_at_tops(now_ns)
            tops = [shelves[rule] for rule in places_in(rules)]
        total = sum(map(len, tops))
        size = bound = len(self._rule_of)
        if total > count:
            bound = size * count // total * 5 // 4 + _MARGIN
        while True:
            found: list[int] = []
            for top in tops:
                found += top if bound >= size else top[: bisect_left(top, bound)]
            if len(found) >= count or bound >= size:
                found.sort()
                return found[:count]
            bound *= 2

    def _look_at_tops(self, now_ns: int) -> Mapping[int, tuple[int, ...]]:
        """Returns what is live of each rule at an instant, and keeps it."""
        from_ns, until_ns = -(1 << 90), 1 << 90
        shelves: dict[int, tuple[int, ...]] = {}  # a strategy may have few of the rules
        for rule in self._by_rule:
            live = self.live(rule, now_ns)
            from_ns, until_ns = max(from_ns, live.from_ns), min(until_ns, live.until_ns)
            shelves[rule] = live.candidates
        # Not read back: another thread may be about another instant.
        self._tops = from_ns, until_ns, shelves
        return shelves

    def _merged(
        self, rules: Bits, asked: Bits, now_ns: int, holds: Callable[[int], bool], start: int
    ) -> Iterator[int]:
        """Yields as `best_first` what comes from a candidate on."""
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
            first = bisect_left(candidates, start) if start else 0
            if first < len(candidates):
                heappush(heads, (candidates[first], rule, first + 1, candidates))

    def along(
        self,
        order: Sequence[int],
        ordered: Blocks | None,
        survivors: Survivors,
        now_ns: int,
        holds: Callable[[int], bool],
    ) -> Iterator[int]:
        """Yields the positions of what `best_first` would yield in an order, and in that order.

        `ordered` are the candidates in it, from `blocks_in`.
        """
        maybe, asked = survivors
        if ordered is not None:
            return ordered.positions(maybe & self.rules, asked, now_ns, holds)
        return self._one_by_one(order, survivors, now_ns, holds)

    def first_in(
        self,
        ordered: Blocks,
        survivors: Survivors,
        now_ns: int,
        holds: Callable[[int], bool],
        count: int,
    ) -> list[int]:
        """Returns as many of the first that `along` would yield, or fewer."""
        maybe, asked = survivors
        maybe &= self.rules
        if asked & maybe:
            return list(islice(ordered.positions(maybe, asked, now_ns, holds), count))
        return ordered.first(maybe, now_ns, count)

    def _one_by_one(
        self,
        order: Sequence[int],
        survivors: Survivors,
        now_ns: int,
        holds: Callable[[int], bool],
    ) -> Iterator[int]:
        maybe, asked = survivors
        octets = maybe.to_bytes(maybe.bit_length() // 8 + 1, "little")
        end = len(octets) << 3
        rule_of, dates = self._rule_of, self._dates
        for position, place in enumerate(order):
            rule = rule_of[place]
            if rule >= end or not octets[rule >> 3] >> (rule & 7) & 1:
                continue
            from_ns, until_ns = dates[place]
            if not from_ns <= now_ns < until_ns:
                continue
            if not asked or not asked >> rule & 1 or holds(rule):
                yield position

    def every(self, survivors: Survivors, now_ns: int, holds: Callable[[int], bool]) -> list[int]:
        """Returns all that `best_first` would yield."""
        rules = places_in(self.true_rules(survivors, holds))
        return sorted(chain.from_iterable([self.live(rule, now_ns).candidates for rule in rules]))

    def true_rules(self, survivors: Survivors, holds: Callable[[int], bool]) -> Bits:
        """Returns the rules with a shelf that hold, as a set."""
        rules, asked = survivors
        rules &= self.rules
        for rule in places_in(asked & self.rules) if asked else ():
            if not holds(rule):
                rules ^= 1 << rule
        return rules

    def live(self, rule: int, now_ns: int) -> Live:
        """Returns the live candidates of a rule."""
        found = self._by_rule[rule].live
        if not found.from_ns <= now_ns < found.until_ns:
            found = self._by_rule[rule].look(now_ns)
        return found


def _holds(_rule: int) -> bool:
    """Says so of a rule that is known to be true."""
    return True
