"""How many steps a function takes, by the sizes of what it is given: the one table of that.

The checker asks it with the sizes it takes data to have, an evaluation with those that it meets.
A step is a part evaluated, an element gone through or built, or so many characters: 16 built or
changed one by one, 256 searched, 1,024 compared. A look-up of a text in a map is one step, however
large the map is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from offerd.expression.check.types import Kind
from offerd.expression.functions.collections import LONGEST_RANGE
from offerd.expression.functions.patterns import MOST_STATES, states_of
from offerd.expression.functions.strings import LONGEST_TEXT
from offerd.expression.functions.table import FUNCTIONS

BUILT: Final = 16
"""Characters built or changed in a step."""
SEARCHED: Final = 256
COMPARED: Final = 1_024
_STATES: Final = 50
"""Characters times states of a pattern that are matched in a step."""
_FORMATTED: Final = 20
"""Steps of writing a number: it may take some 320 characters."""


class Extent(Protocol):
    """How large a value is.

    `length` is in characters or elements. `width` is the steps of copying it without what its
    elements hold, `weight` of comparing all that is in it, `bulk` of writing it all out.
    """

    @property
    def kind(self) -> Kind:
        """The kind of value; DYN if that is not known."""

    @property
    def length(self) -> int:
        """Characters or elements; 0 for what has neither."""

    @property
    def width(self) -> int:
        """Steps of a copy."""

    @property
    def weight(self) -> int:
        """Steps of comparing all of it; at least 1."""

    @property
    def bulk(self) -> int:
        """Steps of writing all of it; at least 1."""

    def weight_within(self, most: int) -> int:
        """The weight, or anything from `most` on if it is at least that."""

    @property
    def hashed(self) -> bool:
        """Whether its elements are compared by hash."""

    @property
    def text(self) -> str | None:
        """The very text, if it is known."""

    @property
    def fresh(self) -> bool:
        """Whether it may be another in every evaluation."""

    @property
    def number(self) -> int | None:
        """The very number, if it is known and whole."""


Work = Callable[..., int]


def _copied(*parts: Extent) -> int:
    return sum(part.width for part in parts)


def _written(*parts: Extent) -> int:
    return sum(part.bulk for part in parts)


def _searched(text: Extent, part: Extent, *_: Extent) -> int:
    return text.length // SEARCHED + part.length // SEARCHED


def _searched_backwards(text: Extent, part: Extent, *_: Extent) -> int:
    """Python looks for a long part at every place."""
    return _searched(text, part) + text.length * part.length // 4_096


def _at_an_end(text: Extent, part: Extent) -> int:
    return min(text.length, part.length) // COMPARED


def _compared(left: Extent, right: Extent) -> int:
    small, large = (left, right) if left.length <= right.length else (right, left)
    weight = small.weight
    return min(weight, large.weight_within(weight)) - 1


def _member(value: Extent, container: Extent) -> int:
    if container.kind is Kind.MAP:
        return _looked_up(container, value)
    most = container.length * value.weight
    return min(most, container.weight_within(most + 1) - 1)


def _looked_up(container: Extent, key: Extent) -> int:
    """Of a key that may be taken for another by Python all have to be looked at."""
    certain = key.kind is Kind.STRING or container.kind is Kind.LIST
    return 0 if certain else container.width


def _pairs(left: Extent, right: Extent) -> int:
    return min(left.length * (right.weight - 1), right.length * (left.weight - 1))


def _sorted(values: Extent) -> int:
    return values.weight * values.length.bit_length()


def _distinct(values: Extent) -> int:
    """What has no hash is compared each with each."""
    return values.weight if values.hashed else values.length * values.weight


def _ranged(count: Extent) -> int:
    known = LONGEST_RANGE if count.number is None else count.number
    return min(max(known, 0), LONGEST_RANGE)


def joined_length(parts: Extent, separator: int) -> int:
    """The characters of a list of texts joined, at most."""
    return parts.bulk * BUILT + parts.length * separator


def _joined(parts: Extent, separator: Extent | None = None) -> int:
    return joined_length(parts, 0 if separator is None else separator.length) // BUILT


def _formatted(template: Extent, values: Extent) -> int:
    return template.width + _FORMATTED * values.bulk


def _matched(text: Extent, pattern: Extent) -> int:
    """A pattern that is not written in the rule is compiled first."""
    states = MOST_STATES if pattern.text is None else states_of(pattern.text)
    compiling = states + pattern.length if pattern.fresh else 0
    return compiling + text.length * states // _STATES


def _split(text: Extent, separator: Extent, *_: Extent) -> int:
    return text.width + pieces(text, separator)


def pieces(text: Extent, separator: Extent) -> int:
    """How many parts a text may be split into."""
    if text.text is not None and separator.text:
        return text.text.count(separator.text) + 1
    return text.length // len(separator.text or " ") + 1


def _replaced(text: Extent, old: Extent, new: Extent, *_: Extent) -> int:
    return text.width + replaced_length(text, old, new) // BUILT


def replaced_length(text: Extent, old: Extent, new: Extent) -> int:
    """The characters after replacing, at most."""
    if text.text is not None and old.text:
        places = text.text.count(old.text)
    else:
        places = text.length // len(old.text or " ") + 1
    return min(text.length + places * new.length, LONGEST_TEXT)


WORK: Final[dict[str, Work]] = {
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"), _compared),
    **dict.fromkeys(("_+_", "slice", "reverse", "[?_]", "{?_}", "charAt", "substring"), _copied),
    **dict.fromkeys(
        ("lowerAscii", "upperAscii", "trim", "base64.encode", "base64.decode"), _copied
    ),
    **dict.fromkeys(("strings.quote", "string", "bytes", "bucket", "semver.isValid"), _copied),
    **dict.fromkeys(("int", "uint", "double", "bool", "timestamp", "duration"), _copied),
    **dict.fromkeys(("equalsIgnoreCase", "containsIgnoreCase", "semver.compare"), _copied),
    **dict.fromkeys(("language.matches", "language.lookup"), _written),
    **dict.fromkeys(("math.greatest", "math.least"), _copied),
    **dict.fromkeys(("_[_]", "_._", "has", "_?._", "_[?_]"), _looked_up),
    **dict.fromkeys(("startsWith", "endsWith"), _at_an_end),
    **dict.fromkeys(("contains", "indexOf"), _searched),
    **dict.fromkeys(("sets.contains", "sets.intersects"), _pairs),
    "sets.equivalent": lambda left, right: 2 * _pairs(left, right),
    "lastIndexOf": _searched_backwards,
    "_in_": _member,
    "sort": _sorted,
    "distinct": _distinct,
    "flatten": lambda values, *_: values.weight,
    "lists.range": _ranged,
    "join": _joined,
    "format": _formatted,
    "matches": _matched,
    "split": _split,
    "replace": _replaced,
}
"""The steps of a function besides its own one; of those that are not here there are none."""

_COUNTS: Final = {
    name: frozenset(len(overload.arguments) for overload in FUNCTIONS[name].overloads)
    for name in WORK
}


def steps_of(function: str, arguments: Sequence[Extent]) -> int:
    """The steps of a function besides its own one; 0 if it never takes so many arguments."""
    if len(arguments) not in _COUNTS.get(function, ()):
        return 0
    return WORK[function](*arguments)
