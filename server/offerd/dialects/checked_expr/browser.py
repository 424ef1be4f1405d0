"""What @bufbuild/cel does otherwise than the language, as of version 0.6.1."""

from __future__ import annotations

import enum
from typing import Final

from offerd.dialects.error import CannotSay
from offerd.expression import DOUBLE, DURATION, INT, STRING, Type
from offerd.expression.check.tree import Constant, Operation


class Evaluator(enum.Enum):
    """Who is to evaluate the exported expression.

    STANDARD is any implementation of CEL with its extension for strings. BROWSER is @bufbuild/cel
    with that extension: what it is known to answer otherwise is refused.
    """

    STANDARD = "standard"
    BROWSER = "browser"


_CALENDAR: Final = frozenset(
    (
        "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
        "getHours", "getMinutes", "getSeconds", "getMilliseconds",
    )
)  # fmt: skip
_CONVERSIONS: Final[dict[tuple[str, Type], str]] = {
    ("int", STRING): "it reads an empty text as 0, and hexadecimal digits",
    ("double", STRING): "it reads an empty text as 0, and hexadecimal digits",
    ("string", DOUBLE): "it writes large and small doubles in another way",
    ("string", DURATION): "it writes decimals in another way",
    ("timestamp", INT): "it takes seconds for milliseconds",
    ("timestamp", STRING): "it reads texts that are no timestamp here",
    ("duration", STRING): "it reads texts that are no duration here",
}
_TEXT: Final = {
    "trim": "it takes other characters for white space",
    "substring": "it counts in halves of rare characters",
    "replace": "it puts what replaces an empty text at other places, and counts otherwise",
    "split": "it drops what is beyond a limit, and splits rare characters in halves",
}
_WITH_CONSTANT: Final = {"replace": 3, "split": 2}
"""Functions that are alike with so many arguments, when the second is a text in the rule."""


def require_same_answer(node: Operation) -> None:
    """CannotSay, with the reason, for a function that @bufbuild/cel computes otherwise."""
    if not node.arguments:
        return
    first = node.arguments[0].type
    reason = _CONVERSIONS.get((node.function, first))
    shown = f"`{node.function}`"
    if reason is not None:
        shown = f"{shown} of a `{first}`"
    elif node.function in _CALENDAR and first is not DURATION:
        reason = "it reads the clock of the browser's own time zone"
    elif not _is_plain(node):
        reason = _TEXT.get(node.function)
    if reason is not None:
        raise CannotSay(f"{shown} can't be left to the browser: {reason}")


def _is_plain(node: Operation) -> bool:
    if len(node.arguments) != _WITH_CONSTANT.get(node.function):
        return False
    part = node.arguments[1]
    return isinstance(part, Constant) and part.value != ""
