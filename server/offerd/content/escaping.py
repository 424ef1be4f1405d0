"""Values made harmless for what they stand in: they can't be taken for anything but text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import quote

from offerd.model.content import Escape

_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*")


def percent_encoded(value: str) -> str:
    """All but letters, digits and `-._~` percent-encoded as UTF-8.

    ValueError for `.` and `..`, which name folders in a path however they are encoded.
    """
    if value in (".", ".."):
        raise ValueError(f"`{value}` can't stand in an address")
    return value if _UNRESERVED.fullmatch(value) else quote(value, safe="")


def _as_it_is(value: str) -> str:
    return value


ESCAPES: Final[dict[Escape, Callable[[str], str]]] = {
    Escape.NONE: _as_it_is,
    Escape.HTML: escape,
    Escape.URL: percent_encoded,
    Escape.HTML_URL: percent_encoded,
}
"""How a text is written for each escape; ValueError where it can't be.

What is percent-encoded has no character that HTML gives a meaning.
"""
