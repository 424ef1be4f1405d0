"""Comparisons, read: what is compared with what, and where its outcome would turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from offerd.expression.check.tree import Operation
from offerd.expression.check.types import DURATION, INT, TIMESTAMP, Type
from offerd.expression.explain import Explanation
from offerd.expression.functions.arithmetic import RANGES
from offerd.expression.narration.parts import depends_on_data, text_of
from offerd.expression.values import Failure, Unknown

REVERSED: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
"""The comparison that holds exactly when the other doesn't; NaN aside."""
_MIRRORED: Final = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_EXACT: Final = (INT, TIMESTAMP, DURATION)

NOW: Final = "now"
"""The variable that moves by itself."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`subject operator other`, the subject being a side that depends on data."""

    subject: Explanation
    operator: str
    other: Explanation

    def turned(self, wanted: bool) -> Comparison:
        """The comparison that must hold for this one to be as wanted."""
        operator = self.operator if wanted else REVERSED[self.operator]
        return Comparison(self.subject, operator, self.other)


def comparison(part: Explanation) -> Comparison | None:
    """The comparison that a part is, evaluated to an end; None if it isn't one."""
    node = part.node
    if not isinstance(node, Operation):
        return None
    operator = node.function.strip("_")
    if operator not in REVERSED or not all(map(has_value, part.parts)):
        return None
    left, right = part.parts
    if depends_on_data(left):
        return Comparison(left, operator, right)
    return Comparison(right, _MIRRORED[operator], left)


def has_value(part: Explanation) -> bool:
    """Whether the part was evaluated and came to a value."""
    return part.evaluated and not isinstance(part.outcome, Unknown | Failure)


class Turn(NamedTuple):
    """`name operator value`: the same as a comparison, solved for one piece of data in it."""

    name: str
    operator: str
    value: int
    type: Type


class _Term(NamedTuple):
    sign: int
    part: Explanation


class Sum:
    """A comparison of whole numbers or times as terms that add up to less, equal or more than 0."""

    def __init__(self, found: Comparison) -> None:
        self._operator = found.operator
        terms = [*_terms(found.subject, 1), *_terms(found.other, -1)]
        self._constant = sum(t.sign * t.part.outcome for t in terms if not _is_data(t))
        self._signs: dict[str, int] = {}
        self._parts: dict[str, Explanation] = {}
        for term in filter(_is_data, terms):
            name = text_of(term.part)
            self._signs[name] = self._signs.get(name, 0) + term.sign
            self._parts[name] = term.part

    @property
    def names(self) -> tuple[str, ...]:
        """The pieces of data that the comparison can be solved for, in source order."""
        return tuple(name for name, sign in self._signs.items() if sign in (1, -1))

    def turn(self, name: str) -> Turn | None:
        """The comparison solved for one of `names`; None if the value is none of its type."""
        sign = self._signs[name]
        rest = self._constant + sum(
            s * self._parts[other].outcome for other, s in self._signs.items() if other != name
        )
        operator = self._operator if sign == 1 else _MIRRORED[self._operator]
        type_ = self._parts[name].type
        least, greatest = RANGES[type_]
        value = -rest * sign
        return Turn(name, operator, value, type_) if least <= value <= greatest else None


def sum_of(found: Comparison) -> Sum | None:
    """The comparison as a sum; None if it isn't one of whole numbers or of times."""
    return Sum(found) if _is_exact(found.subject) and _is_exact(found.other) else None


def _is_exact(part: Explanation) -> bool:
    return part.type in _EXACT and all(type(t.part.outcome) is int for t in _terms(part, 1))


def _terms(part: Explanation, sign: int) -> Iterator[_Term]:
    node = part.node
    is_sum = isinstance(node, Operation) and node.function in ("_+_", "_-_")
    if is_sum and all(inner.type in _EXACT for inner in part.parts):
        left, right = part.parts
        yield from _terms(left, sign)
        yield from _terms(right, sign if part.node.function == "_+_" else -sign)  # type: ignore[union-attr]
    else:
        yield _Term(sign, part)


def _is_data(term: _Term) -> bool:
    return depends_on_data(term.part)


def constant_value(part: Explanation) -> Any:
    """The value of a part that depends on nothing, or None."""
    return None if depends_on_data(part) else part.outcome
