"""Attributes with texts that are read together: what their values leave is kept by combination.

Of the texts that conditions tell apart customers have few combinations, so that one look into
what was found before does for several attributes. Combinations of values that conditions name,
and of none, have room of their own, for all of them up to some ten thousand rules. Other values
are whatever a caller sends: they are kept as long as theirs lasts, and then are looked up one by
one as any that is met first, so that nobody can make others wait or memory grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, Final

from offerd.decision.columns import Bits, Equal


class Missing:
    """The type of MISSING, which no value has."""


MISSING: Final = Missing()

_MOST_NAMED: Final = 512
"""So many combinations of values that are named attributes may have that are read together."""
_NAMED_BYTES: Final = 1 << 20
_OTHER_BYTES: Final = 1 << 17
"""So much memory those with a value that isn't named may take."""
_ENTRY_BYTES: Final = 256
"""What keeping one takes besides its set, and values that aren't named."""
_MOST_LETTERS: Final = 64
_LETTER_BYTES: Final = 4


class Together:
    """Columns of texts, with what combinations of values leave of the rules.

    `known` gives that for a tuple of values in the order of `columns`, of which any may be
    MISSING; None if it isn't kept. Threads may learn at once: they find the same.
    """

    __slots__ = ("_kept", "_named_bytes", "_other_bytes", "columns", "known")

    def __init__(self, columns: Sequence[Equal]) -> None:
        self.columns = tuple(columns)
        self._kept: dict[tuple[Any, ...], Bits] = {}
        self.known: Callable[[tuple[Any, ...]], Bits | None] = self._kept.get
        self._named_bytes = _NAMED_BYTES
        self._other_bytes = _OTHER_BYTES

    def learn(self, get: Any, maybe: Bits, asked: Bits) -> tuple[Bits, Bits]:
        """Returns what `straight` does of each column, and keeps what the values leave.

        Nothing of values that aren't texts, whose rules are asked.
        """
        values: list[Any] = []
        found, letters, is_named = -1, 0, True
        for path, _, sets, other, missing, readers, _ in self.columns:
            value = get(path, MISSING)
            values.append(value)
            if type(value) is str:
                found &= sets.get(value, other)
                if value not in sets:
                    letters, is_named = letters + len(value), False
            elif value is MISSING:
                found &= missing
            else:
                asked |= readers
        if all(type(value) is str or value is MISSING for value in values):
            self._keep(tuple(values), found, letters, is_named=is_named)
        return maybe & found, asked

    def _keep(self, values: tuple[Any, ...], found: Bits, letters: int, *, is_named: bool) -> None:
        size = _ENTRY_BYTES + found.bit_length() // 8 + letters * _LETTER_BYTES
        if is_named and size <= self._named_bytes:
            self._named_bytes -= size
            self._kept[values] = found
        elif not is_named and letters <= _MOST_LETTERS and size <= self._other_bytes:
            self._other_bytes -= size
            self._kept[values] = found


def grouped(columns: Sequence[Equal]) -> Iterator[Sequence[Equal]]:
    """Yields the columns of texts as they are best read together, each once."""
    group: list[Equal] = []
    for column in sorted(columns, key=lambda one: len(one.values)):
        if prod(len(one.values) + 1 for one in (*group, column)) > _MOST_NAMED and group:
            yield group
            group = []
        group.append(column)
    if group:
        yield group
