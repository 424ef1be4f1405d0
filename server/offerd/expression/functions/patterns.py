"""Regular expressions, which take time in proportion to the text, and how large they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import re2

from offerd.expression.values import EvaluationError, quoted

MOST_STATES: Final = 5_000
"""No pattern has more states: a text is compared with all of them at once, at worst."""

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 2 << 20


def searcher(pattern: str) -> Callable[[str], bool]:
    """What tells whether a text has a part that matches; EvaluationError for no valid pattern."""
    search = _compiled(pattern).search
    return lambda text: search(text) is not None


def states_of(pattern: str) -> int:
    """How many states a pattern has; MOST_STATES if it is none, or none that may be used."""
    try:
        return _states(_compiled(pattern))
    except EvaluationError:
        return MOST_STATES


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> Any:
    try:
        compiled = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise EvaluationError(f"{quoted(pattern)} is not a pattern: {shown}") from None
    if _states(compiled) > MOST_STATES:
        states = f"{_states(compiled)} states: at most {MOST_STATES}"
        raise EvaluationError(f"the pattern {quoted(pattern)} has {states}; repeat fewer parts")
    return compiled


def _states(compiled: Any) -> int:
    return int(max(compiled.programsize, compiled.reverseprogramsize))
