"""The nearest valid name, for messages.

Comparing two names letter by letter is slow, and there may be thousands of names in a schema and
hundreds of mistakes in a folder. So the names of one schema are prepared once, those that share
most pairs of letters are found by their bits, and only these are compared.
"""

from __future__ import annotations

import difflib
import heapq
import itertools
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

_COMPARED: Final = 24
"""So many candidates are compared letter by letter."""
_LONGEST: Final = 256
"""Longer names are nobody's misspelling."""
_LIKENESS: Final = 0.6
_BITS: Final = 509


def suggestion(name: str, candidates: Iterable[str], prefix: str = "") -> str:
    """ ": did you mean `x`?" for the nearest candidate, or "" when none is near."""
    nearest = nearest_name(name, candidates)
    return "" if nearest is None else f": did you mean `{prefix}{nearest}`?"


def nearest_name(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like the name, letter case aside; None when none is alike."""
    return _nearest(name, tuple(candidates)) if len(name) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _nearest(name: str, candidates: tuple[str, ...]) -> str | None:
    known = _prepared(candidates)
    folded = name.casefold()
    if folded in known.by_folded:
        return known.by_folded[folded]
    close = difflib.get_close_matches(folded, _sharing(folded, known), n=1, cutoff=_LIKENESS)
    if close:
        return known.by_folded[close[0]]
    if len(name) <= 2:
        return None
    longer = next((other for other in known.by_folded if other.startswith(folded)), None)
    return None if longer is None else known.by_folded[longer]


class _Known(NamedTuple):
    """Names in order, by what they are in small letters, and the pairs of letters of each."""

    by_folded: dict[str, str]
    pairs: list[tuple[int, str]]


@lru_cache(maxsize=32)
def _prepared(candidates: tuple[str, ...]) -> _Known:
    by_folded = {candidate.casefold(): candidate for candidate in sorted(candidates)}
    return _Known(by_folded, [(_pairs(folded), folded) for folded in by_folded])


def _pairs(text: str) -> int:
    """A bit for every pair of neighbouring letters, and for the first and the last one."""
    framed = f"^{text}$"
    bits = 0
    for first, second in itertools.pairwise(framed):
        bits |= 1 << (ord(first) * 31 + ord(second)) % _BITS
    return bits


def _sharing(folded: str, known: _Known) -> list[str]:
    """The names that share most pairs of letters with this one, for their number."""
    if len(known.pairs) <= _COMPARED:
        return [other for _, other in known.pairs]
    wanted = _pairs(folded)
    count = wanted.bit_count()
    scored = (
        (2 * (wanted & bits).bit_count() / (count + bits.bit_count()), other)
        for bits, other in known.pairs
    )
    return [other for _, other in heapq.nlargest(_COMPARED, scored)]
