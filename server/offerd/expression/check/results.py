"""How large the result of a function may be, by the sizes of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from offerd.expression.check.extents import (
    NUMBER,
    Size,
    larger,
    list_size,
    optional_size,
    text_size,
)
from offerd.expression.check.types import BYTES, DYN, STRING, Kind, Type
from offerd.expression.check.work import (
    BUILT,
    WORK,
    joined_length,
    pieces,
    replaced_length,
)

_NUMBER_CHARACTERS: Final = 32
"""A number, a time or a truth value as text has fewer."""
_LEAST: Final = {"_+_": 2, "format": 2, "split": 2, "replace": 3}
"""The arguments without which no result is worked out: unchecked expressions may lack some."""
_OPTIONAL_INDEXES: Final = ("_?._", "_[?_]")

Result = Callable[[Sequence[Size], Type], Size]


def result_size(function: str, arguments: Sequence[Size], type_: Type) -> Size:
    """The largest that a function may give; `type_` is the type of what it gives."""
    if not _has_size(type_):
        return NUMBER
    made = _RESULTS.get(function)
    if made is None or len(arguments) < _LEAST.get(function, 1):
        return _any(arguments, type_)
    return made(arguments, type_)


def _has_size(type_: Type) -> bool:
    return type_ in (STRING, BYTES, DYN) or bool(type_.parameters)


def _any(arguments: Sequence[Size], type_: Type) -> Size:
    """As large as all the arguments together."""
    if type_ in (STRING, BYTES):
        return text_size(_NUMBER_CHARACTERS + sum(a.length for a in arguments), type_.kind)
    found = arguments[0] if arguments else NUMBER
    for argument in arguments[1:]:
        found = larger(found, argument)
    if type_.kind is Kind.OPTIONAL:
        return optional_size(found)
    return found


def _same(arguments: Sequence[Size], type_: Type) -> Size:
    return arguments[0]._replace(text=None)


def _added(arguments: Sequence[Size], type_: Type) -> Size:
    left, right = arguments
    length = left.length + right.length
    if left.element is None and right.element is None:
        return text_size(length, type_.kind)
    return list_size(length, larger(left.inner, right.inner), type_)


def _element(arguments: Sequence[Size], type_: Type) -> Size:
    """Of a list or map its element; of an optional one, the same as an optional."""
    container = arguments[0].inner
    if type_.kind is Kind.OPTIONAL and arguments[0].kind is Kind.OPTIONAL:
        return optional_size(container.inner)
    return larger(container, container.inner) if type_ is DYN else container


def _optional_element(arguments: Sequence[Size], type_: Type) -> Size:
    container = arguments[0]
    if container.kind is Kind.OPTIONAL:
        container = container.inner
    inner = container.inner
    if arguments[0].kind is Kind.DYN:
        inner = larger(inner, inner.inner)
    return optional_size(inner)


def _flat(arguments: Sequence[Size], type_: Type) -> Size:
    outer = arguments[0]
    if type_.parameters and type_.parameters[0] is DYN:
        return list_size(outer.weight, _innermost(outer), type_)
    return list_size(outer.length * outer.inner.length, outer.inner.inner, type_)


def _innermost(size: Size) -> Size:
    """What holds the elements of every level."""
    found = size.inner
    while size.element is not None:
        size = size.element
        found = larger(found, size)
    return found


def _ranged(arguments: Sequence[Size], type_: Type) -> Size:
    return list_size(WORK["lists.range"](arguments[0]), NUMBER, type_)


def _joined(arguments: Sequence[Size], type_: Type) -> Size:
    separator = arguments[1].length if len(arguments) > 1 else 0
    return text_size(joined_length(arguments[0], separator))


def _formatted(arguments: Sequence[Size], type_: Type) -> Size:
    return text_size((WORK["format"](*arguments) + 1) * BUILT)


def _split(arguments: Sequence[Size], type_: Type) -> Size:
    text = arguments[0]
    return list_size(pieces(text, arguments[1]), text_size(text.length), type_)


def _replaced(arguments: Sequence[Size], type_: Type) -> Size:
    return text_size(replaced_length(arguments[0], arguments[1], arguments[2]))


def _quoted(arguments: Sequence[Size], type_: Type) -> Size:
    return text_size(2 * arguments[0].length + _NUMBER_CHARACTERS, type_.kind)


def _octets(arguments: Sequence[Size], type_: Type) -> Size:
    return text_size(4 * arguments[0].length, Kind.BYTES)


def _present(arguments: Sequence[Size], type_: Type) -> Size:
    """A literal without its absent parts: each of them was an optional."""
    literal = arguments[0]
    return literal._replace(element=literal.inner.inner)


_RESULTS: Final[dict[str, Result]] = {
    **dict.fromkeys(("slice", "sort", "distinct", "reverse"), _same),
    **dict.fromkeys(("lowerAscii", "upperAscii", "trim", "substring", "charAt"), _same),
    **dict.fromkeys(("_[_]", "_._"), _element),
    **dict.fromkeys(_OPTIONAL_INDEXES, _optional_element),
    **dict.fromkeys(("first", "last"), _optional_element),
    **dict.fromkeys(("strings.quote", "base64.encode"), _quoted),
    **dict.fromkeys(("[?_]", "{?_}"), _present),
    "value": _element,
    "_+_": _added,
    "flatten": _flat,
    "lists.range": _ranged,
    "join": _joined,
    "format": _formatted,
    "split": _split,
    "replace": _replaced,
    "bytes": _octets,
}
"""The results of functions that give something with a size; of others all arguments count."""
