"""How refusals speak of what was found and of what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from rapidfuzz import fuzz, process

_QUOTED = 64
_COMPARED = 500
_LISTED = 8
_ALIKE_PERCENT = 60


def quote(text: str) -> str:
    """Returns a user's text in backticks, shortened and with control characters escaped."""
    shown = text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown) + "`"


def kind_of(value: object) -> str:
    """Names the kind of a JSON value, with an article."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return "a value of another kind"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Returns the known name most like a misspelt one, or None if none is like it.

    Looks at no more than 500 names and 64 characters, so that a refusal stays cheap.
    """
    if len(name) > _QUOTED:
        return None
    found = process.extractOne(
        name,
        islice(known, _COMPARED),
        scorer=fuzz.ratio,
        processor=str.lower,
        score_cutoff=_ALIKE_PERCENT,
    )
    return None if found is None else str(found[0])


def suggestion(name: str, known: Iterable[str]) -> str:
    """Returns what to append to a refusal of an unknown name: the nearest, or all if few."""
    names = list(islice(known, _COMPARED))
    near = nearest(name, names)
    if near is not None:
        return f"; did you mean {quote(near)}"
    if 0 < len(names) <= _LISTED:
        return "; expected one of " + ", ".join(map(quote, names))
    return ""
