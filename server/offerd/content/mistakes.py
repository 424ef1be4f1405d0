"""What is wrong with a content, and where."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""From a content's body to a text in it, through names of objects and indexes of lists."""


class Flaw(NamedTuple):
    """What is wrong with a stretch of one text; `length` is at least 1, both in characters."""

    offset: int
    length: int
    message: str


class Mistake(NamedTuple):
    """What is wrong with a content.

    `path` leads from the body to the text with the mistake; `offset` and `length`, in characters,
    are the stretch of that text that is meant, `part` what is written there.
    """

    path: Path
    offset: int
    length: int
    message: str
    part: str
