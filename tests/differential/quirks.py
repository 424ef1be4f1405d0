"""What cel-cpp is known to do otherwise, each as what it would be in the naive evaluator.

The specification (langdef, "Overflow") has an error where the *result* is out of range, and limits
durations to an int64 of nanoseconds; `reverse` of lists is another extension, and of an empty text
split by an empty one the official cases are silent. So these stay as they are here. A
difference is only explained if the naive evaluator, changed in just this way, answers as cel-cpp.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from offerd.expression import Timestamp
from unit.expression.naive import FUNCTIONS

_SECOND: Final = 10**9
_LIMIT: Final = 2**63


@dataclass(frozen=True, slots=True)
class Quirk:
    """A function that cel-cpp has otherwise: `example` is true here, and not there.

    In examples `now` is 1970 and `profile.stay` is the longest duration.
    """

    name: str
    function: str
    example: str
    make: Callable[[Callable[..., Any]], Callable[..., Any]]


def _overflowing_remainder(ours: Callable[..., Any]) -> Callable[..., Any]:
    def remainder(a: Any, b: Any) -> Any:
        if type(a) is int and type(b) is int and (a, b) == (-_LIMIT, -1):
            raise OverflowError
        return ours(a, b)

    return remainder


def _seconds_first(ours: Callable[..., Any]) -> Callable[..., Any]:
    def difference(a: Any, b: Any) -> Any:
        if isinstance(a, Timestamp) and isinstance(b, Timestamp):
            seconds = a.value // _SECOND - b.value // _SECOND
            if not -_LIMIT <= seconds * _SECOND < _LIMIT:
                raise OverflowError
        return ours(a, b)

    return difference


def _only_texts(ours: Callable[..., Any]) -> Callable[..., Any]:
    def reverse(value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError
        return ours(value)

    return reverse


def _one_empty_part(ours: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: [""] if values == ("", "") else ours(*values)


QUIRKS: Final = (
    Quirk(
        "the least int % -1 overflows, though the result is 0",
        "_%_",
        "(-9223372036854775807 - 1) % -1 == 0",
        _overflowing_remainder,
    ),
    Quirk(
        "timestamps less than a second within the longest duration apart overflow",
        "_-_",
        "now - (now - profile.stay) == profile.stay",
        _seconds_first,
    ),
    Quirk(
        "lists have no reverse",
        "reverse",
        "dyn(dyn([1, 2]).reverse()) == dyn([2, 1])",
        _only_texts,
    ),
    Quirk(
        "an empty text split by an empty text has one part",
        "split",
        "size(''.split('')) == 0",
        _one_empty_part,
    ),
)


@contextmanager
def applied(*quirks: Quirk) -> Iterator[None]:
    """The naive evaluator has these quirks meanwhile."""
    kept: Mapping[str, Callable[..., Any]] = {q.function: FUNCTIONS[q.function] for q in quirks}
    for quirk in quirks:
        FUNCTIONS[quirk.function] = quirk.make(FUNCTIONS[quirk.function])
    try:
        yield
    finally:
        FUNCTIONS.update(kept)


MIXED_UP: Final = "a macro that stops early leaves its variable to a name bound beside it"
MIXED_UP_EXAMPLE: Final = "[1, 2].exists(x, x == 1) == cel.bind(y, 1, y == 1)"
_STOPS_EARLY: Final = re.compile(r"\.(exists|all)\(")
_BINDS: Final = re.compile(r"cel\.bind\(|\.optMap\(")


def explanation(
    source: str, answer: Callable[[], bool | None], ours: bool | None, theirs: bool | None
) -> str:
    """Which quirk explains that an answer is theirs and not ours; "" if none does.

    `answer` asks the naive evaluator. It has no variables to mix up, so where it is for us and the
    rule has both kinds of macros, that is the explanation.
    """
    for quirk in QUIRKS:
        with applied(quirk):
            if answer() is theirs:
                return quirk.name
    with applied(*QUIRKS):
        if answer() is theirs:
            return "several of these together"
    is_mixed_up = _STOPS_EARLY.search(source) and _BINDS.search(source) and answer() is ours
    return MIXED_UP if is_mixed_up else ""
