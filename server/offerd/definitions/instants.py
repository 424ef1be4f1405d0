"""Instants and durations as definitions write them."""

from __future__ import annotations

import re
from functools import lru_cache

from offerd.expression.functions.instants import parse_duration, parse_timestamp
from offerd.expression.values import EvaluationError

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
_EARLIEST_YEAR, _LATEST_YEAR = 1678, 2261


class NotATime(ValueError):
    """A text is no instant, or no duration; the text of this error says why."""


@lru_cache(maxsize=4096)
def instant_ns(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 instant, or of a date (midnight UTC).

    Raises NotATime for anything else and for years outside 1678 to 2261.
    """
    if _LOCAL.fullmatch(text):
        raise NotATime(f"the instant `{text}` has no offset: add `Z` for UTC, or such as `+01:00`")
    if _DATE.match(text) and not _EARLIEST_YEAR <= int(text[:4]) <= _LATEST_YEAR:
        years = f"{_EARLIEST_YEAR} to {_LATEST_YEAR}"
        raise NotATime(f"the year of `{text}` is out of range: expected {years}")
    try:
        return parse_timestamp(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
    except EvaluationError as error:
        reason = _reason(str(error))
    example = "`2026-01-31T08:00:00Z` or `2026-01-31`"
    raise NotATime(f"`{text[:40]}` is not an instant: {reason or f'write it as {example}'}")


def _reason(message: str) -> str:
    """Why a text that looks like an instant is none, such as a month of 13; "" if it doesn't."""
    _, _, reason = message.partition(" is not a timestamp: ")
    return "" if reason.startswith("write it as") else reason


@lru_cache(maxsize=1024)
def duration_ns(text: str) -> int:
    """Nanoseconds of a duration above 0 such as `24h`; raises NotATime for anything else."""
    try:
        value = parse_duration(text)
    except EvaluationError as error:
        raise NotATime(str(error)) from None
    if value <= 0:
        raise NotATime(f"the duration `{text}` must be more than 0")
    return value
