"""How names and values are shown in messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

_IN_QUOTES = re.compile("'([^']+)'")
_SHOWN_CHARACTERS = 40
_COMPARED_NAMES = 1_000


def quoted(text: str) -> str:
    """The text in backticks, on one line and cut if long."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in text.replace("\n", " "))
    if len(line) > _SHOWN_CHARACTERS:
        line = f"{line[: _SHOWN_CHARACTERS - 1]}…"
    return f"`{line}`" if line else "empty text"


def described(value: object) -> str:
    """What a value is, in the words of the people who write definitions."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return f"the text {quoted(value)}" if value else "empty text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def with_backticks(message: str) -> str:
    """A message of a library in the way of this one: lower case, names in backticks."""
    return _IN_QUOTES.sub(r"`\1`", f"{message[:1].lower()}{message[1:]}")


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names in backticks, the first few of them."""
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"


def either(names: Iterable[str]) -> str:
    """Names in backticks, of which one is wanted."""
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} or {last}" if most else last


def nearest(name: str, valid: Collection[str]) -> str | None:
    """The valid name that is most like the given one, or None if none is like it."""
    folded = name.casefold()
    if len(valid) > _COMPARED_NAMES:
        # Among so many, one that begins otherwise is seldom the one that was meant.
        valid = [v for v in valid if v[:3] == folded[:3]]
    candidates = {v.casefold(): v for v in sorted(valid)}
    if folded in candidates:
        return candidates[folded]
    compared = list(candidates)[:_COMPARED_NAMES]
    close = difflib.get_close_matches(folded, compared, n=1, cutoff=0.6)
    return candidates[close[0]] if close else None


def hint(name: str, valid: Collection[str], *, kind: str = "") -> str:
    """`: did you mean …?`, or else the valid names if they are few; "" if there is nothing to say.

    `kind` is the plural of what is named; with it an empty set of valid names is mentioned.
    """
    near = nearest(name, valid)
    if near is not None:
        return f": did you mean `{near}`?"
    if not valid:
        return f": no {kind} are defined" if kind else ""
    if len(valid) <= 6:
        return f": expected {'one of ' if len(valid) > 1 else ''}{listed(sorted(valid))}"
    return ""
