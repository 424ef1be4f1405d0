"""The nearest valid name, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggestion(name: str, candidates: Iterable[str], prefix: str = "") -> str:
    """ ": did you mean `x`?" for the nearest candidate, or "" when none is near."""
    nearest = nearest_name(name, candidates)
    return "" if nearest is None else f": did you mean `{prefix}{nearest}`?"


def nearest_name(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like the name, letter case aside; None when none is alike."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(candidates)}
    folded = name.casefold()
    if folded in by_folded:
        return by_folded[folded]
    close = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if close:
        return by_folded[close[0]]
    longer = [by_folded[known] for known in by_folded if known.startswith(folded)]
    return longer[0] if longer and len(name) > 2 else None
