"""Candidates in some order, some hundreds at a time, each as an octet that stands for its rule.

Translated by a table of the rules that may be true, the octets of a block become ones where a
candidate comes into question: past all others it goes as fast as memory is read. That works for
as many rules as an octet has values; with more of them candidates are merged from `shelves`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

MOST_RULES: Final = 255
"""So many rules octets can stand for; one value is for candidates that aren't live."""
SIZE: Final = 256
"""Candidates in a block."""

_NOT_LIVE: Final = 0


class Dates(NamedTuple):
    """When a candidate is live: from an instant, until before another."""

    from_ns: int
    until_ns: int


class _Block(NamedTuple):
    """The octets of a block, right from an instant until before another."""

    from_ns: int
    until_ns: int
    octets: bytes


def window(dates: Sequence[Dates], now_ns: int) -> tuple[int, int]:
    """Returns from when until before when what is live of some dates is what is live at an
    instant."""
    instants = {instant for one in dates for instant in one}
    from_ns = max((one for one in instants if one <= now_ns), default=-(1 << 90))
    return from_ns, min((one for one in instants if one > now_ns), default=1 << 90)


class Blocks:
    """The blocks of some candidates. `rules` and `dates` are by candidate, in their order."""

    __slots__ = ("_blocks", "_dates", "_order", "_rules")

    def __init__(
        self, rules: Sequence[int], dates: Sequence[Dates], order: Sequence[int] | None = None
    ) -> None:
        """Takes the place of each candidate's rule, at most MOST_RULES; `order` None is theirs."""
        self._rules = rules
        self._dates = dates
        self._order = order
        count = len(rules) if order is None else len(order)
        self._blocks = [_Block(0, 0, b"") for _ in range(0, count, SIZE)]

    def positions(
        self,
        maybe: int,
        asked: int,
        now_ns: int,
        holds: Callable[[int], bool],
        most: int | None = None,
    ) -> Iterator[int]:
        """Yields the positions in the order of the live candidates of the rules that hold.

        Of the first so many blocks. `holds` is asked about each rule that must be asked, once,
        when a candidate of it is next.
        """
        table = _table(maybe)
        first = 0
        for number, (from_ns, until_ns, kept) in enumerate(islice(self._blocks, most)):
            is_right = from_ns <= now_ns < until_ns
            octets = kept if is_right else self._look(number, now_ns).octets
            find = octets.translate(table).find
            found = find(b"1")
            while found >= 0:
                if asked and asked >> (rule := MOST_RULES - octets[found]) & 1:
                    asked ^= 1 << rule
                    if not holds(rule):
                        maybe ^= 1 << rule
                        table = _table(maybe)
                        find = octets.translate(table).find
                        found = find(b"1", found)
                        continue
                yield first + found
                found = find(b"1", found + 1)
            first += len(octets)

    def first(self, maybe: int, now_ns: int, count: int, most: int | None = None) -> list[int]:
        """Returns as many of the first of `positions`, or fewer, where no rule must be asked."""
        table = _table(maybe)
        positions: list[int] = []
        first = 0
        for number, (from_ns, until_ns, kept) in enumerate(islice(self._blocks, most)):
            is_right = from_ns <= now_ns < until_ns
            octets = kept if is_right else self._look(number, now_ns).octets
            find = octets.translate(table).find
            found = find(b"1")
            while found >= 0 and len(positions) < count:
                positions.append(first + found)
                found = find(b"1", found + 1)
            if len(positions) == count:
                return positions
            first += len(octets)
        return positions

    def look(self, now_ns: int) -> None:
        """Finds what is live at an instant, before anybody asks."""
        for number in range(len(self._blocks)):
            self._look(number, now_ns)

    def _look(self, number: int, now_ns: int) -> _Block:
        """Finds what is live at an instant, and keeps it."""
        own: Sequence[int] = range(len(self._rules)) if self._order is None else self._order
        own = own[number * SIZE : (number + 1) * SIZE]
        rules, dates = self._rules, [self._dates[candidate] for candidate in own]
        octets = bytes(
            MOST_RULES - rules[candidate] if one.from_ns <= now_ns < one.until_ns else _NOT_LIVE
            for candidate, one in zip(own, dates, strict=True)
        )
        # Not read back: another thread may be about another instant.
        found = self._blocks[number] = _Block(*window(dates, now_ns), octets)
        return found


def _table(rules: int) -> bytes:
    """Returns what translates the octets of a block to ones and zeros, in digits."""
    return f"{rules:0256b}".encode()  # the first rule last
