"""A mistake in a JSON value, and the path at which it was met."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from offerd.errors import InvalidArgument, Reason

QUOTED_CHARACTERS = 64
PATH_CHARACTERS = 512


class Mistake(Exception):
    """What is wrong with a value; the path grows from the inside out as it is raised on.

    `text` says what is wrong in words that follow the path: `must be a string`.
    """

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self._segments: list[str] = []

    def within(self, name: str) -> Mistake:
        """Add the field that holds the value."""
        self._segments.append(f".{name}")
        return self

    def at(self, index: int) -> Mistake:
        """Add the position in the list that holds the value."""
        self._segments.append(f"[{index}]")
        return self

    @property
    def path(self) -> str:
        """Where the value is, such as `scopes[2].name`; empty for the whole."""
        path = "".join(reversed(self._segments)).removeprefix(".")
        return path if len(path) <= PATH_CHARACTERS else f"{path[:PATH_CHARACTERS]}…"

    def error(self) -> InvalidArgument:
        """Make the error that the caller is told."""
        path = self.path
        subject = f"`{path}`" if path else "the request"
        return InvalidArgument(self.reason, f"{subject} {self.text}", field=path)


def found(value: object) -> str:
    """Describe a JSON value in a few words."""
    match value:
        case None:
            return "null"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{shortened(str(value))}`"
        case str():
            return f"the string `{shortened(value)}`"
        case list():
            return "a list"
        case _:
            return "an object"


def shortened(text: str) -> str:
    """Quote user input at a length that fits a message."""
    # Half a surrogate pair can't be written as UTF-8 and would spoil the message.
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= QUOTED_CHARACTERS else f"{clean[:QUOTED_CHARACTERS]}…"


def nearest(text: str, names: Iterable[str]) -> str:
    """Say which name may have been meant; empty if none is like it."""
    known = tuple(names)
    ending = [name for name in known if text and name.endswith(f"_{text.upper()}")]
    close = ending or difflib.get_close_matches(text[:128], known, n=1, cutoff=0.6)
    return f", did you mean `{close[0]}`?" if close else ""
