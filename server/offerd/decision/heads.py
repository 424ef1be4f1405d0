"""The best candidates of a strategy, found by the customer's attributes in one go.

Most requests are answered by some of the first few hundred candidates. These have an index of
their own, in which each candidate has the place that a rule has in the index of all: what a
customer's values leave there are candidates, the best of them as the highest bit. No rule is
looked up, and what it costs follows the attributes, not the rules.

Where that can't tell, because among the first there are too few, or one before whom a rule must be
asked, candidates are looked for in `shelves`, which have all of them and are the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from offerd.decision.blocks import Dates, window
from offerd.decision.columns import Bits, bits
from offerd.decision.rule_index import Records, RuleIndex
from offerd.decision.shelves import Shelves
from offerd.expression import Rule

SIZE: Final = 512
"""So many candidates a head has: sets of so many bits cost hardly more than smaller ones."""
MOST_WANTED: Final = 16
"""Where more are wanted shelves are quicker: here each candidate takes its own step."""
MOST_HEADS: Final = 64
"""So many strategies have heads: each takes some ten milliseconds to make, and a tenth to a third
of a megabyte."""
MOST_VALUES: Final = 200_000
"""Once the heads that there are tell apart so many values, each of which takes some hundred bytes,
no further ones are made: rules may list thousands."""

_TRUSTED: Final = 32
_PAUSE: Final = 1_024
"""After so many requests it is tried again whether a head can tell."""

_BITS: Final = (0, *(1 << place for place in range(SIZE)))
"""The highest bit of a number by its length."""


class Head:
    """The first candidates of a strategy, in an index whose places are theirs, the last first.

    One that couldn't tell more often than it could isn't asked for a while, so that customers
    who rarely get anything pay for shelves alone. `_trust` says how often lately; threads may
    overtake each other in it, as nothing but speed follows from it.
    """

    __slots__ = ("_dates", "_found", "_is_whole", "_live", "_size", "_trust")

    def __init__(self, index: RuleIndex, dates: Sequence[Dates], *, is_whole: bool) -> None:
        """Takes the dates of the candidates, best first; it `is_whole` if there are no others."""
        self._found = index.found
        self._dates = dates
        self._size = len(dates)
        self._is_whole = is_whole
        self._trust = _TRUSTED
        self._live = 0, 0, 0

    def best(
        self, records: Records, members: Mapping[str, bool], now_ns: int, count: int
    ) -> list[int] | None:
        """Returns as many of the first that may be shown, or fewer, by place; None if unknown.

        `records` and `members` are as `RuleIndex.found` takes them.
        """
        trust = self._trust
        if trust < 0:
            self._trust = trust + 1
            return None
        from_ns, until_ns, live = self._live
        if not from_ns <= now_ns < until_ns:
            live = self.look(now_ns)
        maybe, asked = self._found(records, members)
        maybe &= live
        size = self._size
        places: list[int] = []
        while maybe:
            length = maybe.bit_length()
            places.append(size - length)
            if len(places) == count:
                break
            maybe ^= _BITS[length]
        else:
            if not self._is_whole:
                self.doubt()
                return None
            length = 1
        if asked and (asked & live) >> (length - 1):
            self.doubt()
            return None
        if trust < _TRUSTED:
            self._trust = trust + 1
        return places

    def doubt(self) -> None:
        """Notes that what it said was of no use."""
        self._trust = self._trust - 1 if self._trust > 0 else -_PAUSE

    def look(self, now_ns: int) -> Bits:
        """Returns what is live at an instant, and keeps it."""
        from_ns, until_ns = window(self._dates, now_ns)
        last = self._size - 1
        live = bits(
            (
                last - place
                for place, one in enumerate(self._dates)
                if one.from_ns <= now_ns < one.until_ns
            ),
            self._size,
        )
        # Not read back: another thread may be about another instant.
        self._live = from_ns, until_ns, live
        return live


class Heads:
    """The heads of strategies, by their shelves, made when they are first asked for."""

    __slots__ = ("_audiences", "_index", "_made", "_rules", "_values")

    def __init__(
        self, index: RuleIndex, rules: Sequence[Rule], audiences: Mapping[str, Rule]
    ) -> None:
        """Takes the index of all rules, and what that was made of."""
        self._index = index
        self._rules = rules
        self._audiences = audiences
        self._made: dict[int, Head] = {}
        self._values = 0

    def of(self, shelves: Shelves) -> Head | None:
        """Returns the head for shelves that stay; None if there are too many others."""
        known = self._made.get(id(shelves))
        if known is None and len(self._made) < MOST_HEADS and self._values < MOST_VALUES:
            rules, dates = shelves.top(SIZE)
            order = self._index.order
            own = RuleIndex([order[rule] for rule in reversed(rules)], self._rules, self._audiences)
            head = Head(own, dates, is_whole=len(rules) == len(shelves))
            known = self._made[id(shelves)] = head
            self._values += own.count_values()
        return known
