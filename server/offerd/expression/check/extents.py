"""How large values are taken to be before there are any: sizes, by types and by how they are built.

No size says less than a value may have, given that no list, map or text of the data has more
elements or characters than was assumed. Numbers so large that nothing could have so many are cut.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from offerd.expression.check.tree import Constant
from offerd.expression.check.types import (
    BYTES,
    DOUBLE,
    DYN,
    INT,
    SCALARS,
    STRING,
    UINT,
    Kind,
    Type,
)
from offerd.expression.check.work import BUILT, COMPARED
from offerd.expression.limits import Limits

_ENDLESS: Final = 10**15
_TEXTS: Final = (STRING, BYTES)


class Assumed(NamedTuple):
    """The most elements of a list, entries of a map and characters of a text in the data."""

    elements: int
    entries: int
    characters: int


ADMITTED: Final = Assumed(1_000, 10_000, 65_536)
"""The most that requests, events and profiles may have."""


def assumed_by(limits: Limits) -> Assumed:
    """What limits take data to have."""
    elements = limits.assumed_list_size
    return Assumed(elements, elements, limits.assumed_string_length)


class Size(NamedTuple):
    """The extent of a value, and that of the largest of its elements, keys or values, if any."""

    kind: Kind
    length: int
    width: int
    weight: int
    bulk: int
    element: Size | None = None
    hashed: bool = False
    text: str | None = None
    number: int | None = None

    @property
    def inner(self) -> Size:
        """The largest element; the value itself if it is not known to have any."""
        return self if self.element is None else self.element

    def weight_within(self, most: int) -> int:
        """The weight, which costs nothing to tell."""
        return self.weight

    @property
    def fresh(self) -> bool:
        """Whether it may be another in every evaluation."""
        return self.text is None


NUMBER: Final = Size(Kind.INT, 0, 0, 1, 1)
"""Whatever has neither elements nor characters."""


def text_size(length: int, kind: Kind = Kind.STRING) -> Size:
    """A text, or bytes."""
    length = min(length, _ENDLESS)
    return Size(kind, length, length // BUILT, 1 + length // COMPARED, 1 + length // BUILT)


def list_size(length: int, element: Size, type_: Type = DYN) -> Size:
    """A list of so many elements, none of them larger."""
    return _many(Kind.LIST, length, 1, element, _is_hashed(type_))


def map_size(length: int, element: Size) -> Size:
    """A map of so many entries, no key and no value of them larger."""
    return _many(Kind.MAP, length, 2, element, hashed=False)


def optional_size(value: Size) -> Size:
    """An optional of such a value."""
    return _many(Kind.OPTIONAL, 1, 1, value, hashed=False)


def _many(kind: Kind, length: int, each: int, element: Size, hashed: bool) -> Size:
    length = min(length, _ENDLESS)
    weight = min(1 + length * each * element.weight, _ENDLESS)
    bulk = min(1 + length * each * element.bulk, _ENDLESS)
    return Size(kind, length, length, weight, bulk, element, hashed)


def _is_hashed(type_: Type) -> bool:
    element = type_.parameters[0] if type_.parameters else DYN
    return element in SCALARS and element is not DOUBLE


def larger(left: Size, right: Size) -> Size:
    """A size that holds both."""
    if left == right:
        return left
    element = _larger_element(left.element, right.element)
    return Size(
        left.kind if left.kind is right.kind else Kind.DYN,
        max(left.length, right.length),
        max(left.width, right.width),
        max(left.weight, right.weight),
        max(left.bulk, right.bulk),
        element,
        left.hashed and right.hashed,
    )


def _larger_element(left: Size | None, right: Size | None) -> Size | None:
    if left is None or right is None:
        return left or right
    return larger(left, right)


def size_of_type(type_: Type, assumed: Assumed) -> Size:
    """The size of data of a type; of unknown type it may be a list of texts."""
    if type_ in _TEXTS:
        return text_size(assumed.characters, type_.kind)
    if type_.kind is Kind.LIST:
        return list_size(assumed.elements, size_of_type(type_.parameters[0], assumed), type_)
    if type_.kind is Kind.MAP:
        key, value = (size_of_type(part, assumed) for part in type_.parameters)
        return map_size(assumed.entries, larger(key, value))
    if type_.kind is Kind.OPTIONAL:
        return optional_size(size_of_type(type_.parameters[0], assumed))
    if type_ is DYN:
        texts = list_size(assumed.elements, text_size(assumed.characters))
        return texts._replace(kind=Kind.DYN)
    return NUMBER


def constant_size(node: Constant) -> Size:
    """The size of a constant, which is known."""
    value: Any = node.value
    if isinstance(value, str) and node.type is STRING:
        return text_size(len(value))._replace(text=value)
    if isinstance(value, bytes):
        return text_size(len(value), Kind.BYTES)
    if node.type in (INT, UINT):
        return NUMBER._replace(number=value)
    return NUMBER
