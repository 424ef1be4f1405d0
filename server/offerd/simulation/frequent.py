"""The most frequent reason among any number of them, in bounded memory."""

from __future__ import annotations

from collections import Counter
from typing import Final

KEPT: Final = 64
"""So many different reasons are told apart; of the rest only how many there were."""


class Reasons:
    """Counts reasons. Those that differ only in the values that rules saw count as one."""

    __slots__ = ("_counts", "_worded", "told")

    def __init__(self) -> None:
        self._worded: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self.told = 0
        """How many were taken, those beyond what is told apart too."""

    def add(self, reason: str) -> None:
        """Takes one more; "" is none."""
        if not reason:
            return
        self.told += 1
        key = without_values(reason)
        if key in self._worded or len(self._worded) < KEPT:
            self._worded.setdefault(key, reason)
            self._counts[key] += 1

    @property
    def most(self) -> tuple[str, int] | None:
        """The most frequent, as first worded, and how often; None if there is none."""
        if not self._counts:
            return None
        key, count = self._counts.most_common(1)[0]
        return self._worded[key], count


def without_values(reason: str) -> str:
    """Returns a reason without the values in parentheses that follow what decided."""
    kept: list[str] = []
    place = 0
    while (opened := reason.find(" (`", place)) >= 0:
        kept.append(reason[place:opened])
        place = _closed(reason, opened + 2)
    kept.append(reason[place:])
    return "".join(kept)


def _closed(reason: str, place: int) -> int:
    """Returns the place after the parenthesis that closes; quoted text may hold others."""
    depth = 1
    quote = ""
    while place < len(reason):
        character = reason[place]
        place += 1
        if quote:
            if character == "\\":
                place += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                break
    return place
