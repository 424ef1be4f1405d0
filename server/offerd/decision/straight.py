"""The columns of a record as one function without loops, compiled when a bundle is opened.

It does what `rule_index.narrowed` does, which is the reference, for records that are plain dicts
and values of the declared types; where a value is of another type it asks the rules. Nothing of
the definitions is part of the text that is compiled: attributes, sets and bounds are defaults of
parameters, so that many indexes share few texts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Final

from offerd.decision.columns import Bits, Equal, Ordered
from offerd.decision.together import MISSING, Together, grouped

Straight = Callable[[Any, Bits, Bits], tuple[Bits, Bits]]
"""Takes the `get` of a record, the rules that may be true and those to be asked; returns both."""

_MOST_COLUMNS: Final = 200
"""More attributes than these stay a loop: one more of them is then no longer what it costs."""
_SMALL: Final = 1_024
"""Bounds from 0 to here, as of ages, days and counts, have a set for each integer below them."""
_NAMES: Final = {
    "__builtins__": {"type": type, "TypeError": TypeError},
    "bisect_right": bisect_right,
    "MISSING": MISSING,
}


def straight(equal: Sequence[Equal], ordered: Sequence[Ordered]) -> Straight | None:
    """Returns the function for some columns, None if they had better stay a loop."""
    if not 0 < len(equal) + len(ordered) <= _MOST_COLUMNS:
        return None
    if any(column.kind is object or column.few for column in equal):
        return None
    writing = _Writing()
    for group in grouped([column for column in equal if column.kind is str]):
        if len(group) > 1:
            writing.add_together(Together(group))
        else:
            writing.add_equal(*group)
    for column in equal:
        if column.kind is bool:
            writing.add_bool(column)
        elif column.kind is not str:
            writing.add_equal(column)
    for bounded in ordered:
        if bounded.kind is int and bounded.unsure is None and _is_small(bounded):
            writing.add_small(bounded)
        else:
            writing.add_ordered(bounded)
    return writing.function()


def _is_small(column: Ordered) -> bool:
    bounds = column.bounds  # none, where rules ask for what no value is
    return bool(bounds and bounds[0] >= 0 and bounds[-1] <= _SMALL)


class _Writing:
    """The text of a function, with the constants that its parameters have as defaults."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._constants: list[Any] = []

    def function(self) -> Straight:
        """Returns the function."""
        parameters = (f"c{place}" for place in range(len(self._constants)))
        head = f"def straight({', '.join(('get', 'maybe', 'asked', *parameters))}):"
        text = "\n".join((head, *self._lines, " return maybe, asked"))
        return FunctionType(_compiled(text), _NAMES, "straight", tuple(self._constants))

    def _name(self, constant: Any) -> str:
        self._constants.append(constant)
        return f"c{len(self._constants) - 1}"

    def _otherwise(self, column: Equal | Ordered) -> None:
        missing, readers = self._name(column.missing), self._name(column.readers)
        self._lines += [
            f" elif value is MISSING: maybe &= {missing}",
            f" else: asked |= {readers}",
        ]

    def _read(self, column: Equal | Ordered) -> None:
        self._lines.append(f" value = get({self._name(column.path)}, MISSING)")

    def add_together(self, group: Together) -> None:
        """Adds columns of texts by the combination of their values."""
        values = ", ".join(f"get({self._name(one.path)}, MISSING)" for one in group.columns)
        known, learn = self._name(group.known), self._name(group.learn)
        self._lines += [
            f" try: found = {known}(({values}))",
            " except TypeError: found = None",  # a value that has no hash
            f" if found is None: maybe, asked = {learn}(get, maybe, asked)",
            " else: maybe &= found",
        ]

    def add_equal(self, column: Equal) -> None:
        """Adds a column by its values."""
        self._read(column)
        kind, sets, other = map(self._name, (column.kind, column.values.get, column.other))
        self._lines.append(f" if type(value) is {kind}: maybe &= {sets}(value, {other})")
        self._otherwise(column)

    def add_bool(self, column: Equal) -> None:
        """Adds a column with two values."""
        self._read(column)
        sets, other = column.values, column.other
        for word, value in (("if", True), ("elif", False)):
            found = self._name(sets.get(value, other))
            self._lines.append(f" {word} value is {value}: maybe &= {found}")
        self._otherwise(column)

    def add_small(self, column: Ordered) -> None:
        """Adds a column of integers whose bounds are small and not negative."""
        self._read(column)
        _, kind, bounds, places, _, _, _ = column
        sets = [places[bisect_right(bounds, value)] for value in range(bounds[-1])]
        self._lines += [
            f" if type(value) is {self._name(kind)}:",
            f"  if value < {self._name(bounds[0])}: maybe &= {self._name(places[0])}",
            f"  elif value >= {self._name(bounds[-1])}: maybe &= {self._name(places[-1])}",
            f"  else: maybe &= {self._name(sets)}[value]",
        ]
        self._otherwise(column)

    def add_ordered(self, column: Ordered) -> None:
        """Adds a column by its bounds."""
        self._read(column)
        kind, bounds, places = map(self._name, (column.kind, column.bounds, column.places))
        whole = " and value == value" if column.kind is float else ""  # NaN isn't
        self._lines += [
            f" if type(value) is {kind}{whole}:",
            f"  place = bisect_right({bounds}, value)",
            f"  maybe &= {places}[place]",
        ]
        if column.unsure is not None:
            self._lines.append(f"  asked |= {self._name(column.unsure)}[place]")
        self._otherwise(column)


@lru_cache(64)
def _compiled(text: str) -> CodeType:
    module = compile(text, "<columns>", "exec", optimize=2)
    return next(code for code in module.co_consts if isinstance(code, CodeType))
