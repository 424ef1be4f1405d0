"""Audience membership at one instant, computed as rules ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offerd.expression import Rule, Unknown

Record = dict[str, Any]
"""A flat record: dotted attribute path → value; a missing key is unknown."""


NO_OFFER: Record = {}
"""What a rule that reads no offer gets for one. Never written to."""

NO_PLACES: Record = {}
"""What is known of places where the definitions have none. Never written to."""

NO_SCORES: Mapping[str, float] = {}
"""What is known where no score was loaded. Never written to."""

NOT_LOADED: Mapping[str, bool] = {}
"""What is known where no members were loaded. Never written to."""

LOOKUP = "audience"
"""The function by which rules ask for membership."""

_NESTED = 4
"""So many audiences are evaluated inside one another; Python's own stack bounds it."""


class Memberships(dict[str, Any]):
    """Audience id → True, False, Unknown or Failure, each computed when first read.

    Audiences without a rule are those whose members are loaded: `loaded` says who is in them, and
    one that isn't there is unknown.

    Holds the records that one request's rules read, so that `evaluate` asks any rule of that
    request. Unknown and Failure never qualify. Rules can't be cyclic: the compiler refuses
    audiences that depend on themselves.
    """

    __slots__ = ("_loaded", "_nesting", "_roots", "_rules")

    def __init__(  # noqa: PLR0917 - what rules read, in the order of their roots
        self,
        rules: Mapping[str, Rule],
        profile: Record,
        context: Record,
        aggregate: Record,
        now_ns: int,
        scores: Mapping[str, float] = NO_SCORES,
        loaded: Mapping[str, bool] = NOT_LOADED,
        *,
        places: Record = NO_PLACES,
    ) -> None:
        super().__init__()
        self._loaded = loaded
        self._rules = rules
        self._roots = (profile, context, aggregate, now_ns, places, scores)
        self._nesting = 0

    @property
    def loaded(self) -> Mapping[str, bool]:
        """Who is in the audiences whose members are loaded."""
        return self._loaded

    @property
    def records(self) -> tuple[Record, Record, Record, Mapping[str, float], int]:
        """What conditions on single values read: profile, context, aggregate, score, now."""
        profile, context, aggregate, now_ns, *_, scores = self._roots
        return profile, context, aggregate, scores, now_ns

    def __missing__(self, audience: str) -> Any:
        rule = self._rules.get(audience)
        if rule is None:
            return self._from_load(audience)
        if self._nesting >= _NESTED:
            return self._from_below(audience)
        self._nesting += 1
        try:
            result = self[audience] = self.evaluate(rule)
        finally:
            self._nesting -= 1
        return result

    def _from_load(self, audience: str) -> Any:
        member = self._loaded.get(audience)
        result = Unknown((f'{LOOKUP}("{audience}")',)) if member is None else member
        self[audience] = result
        return result

    def _from_below(self, audience: str) -> Any:
        """Computes an audience after all those that it asks, so that chains don't recurse.

        It may compute more than `&&` and `||` would have asked for, so it is kept for chains
        that are deeper than rules usually are.
        """
        pending = [audience]
        while pending:
            name = pending[-1]
            if name not in self._rules:
                self._from_load(pending.pop())
                continue
            asked = self._rules[name].checked.references.lookups.get(LOOKUP, ())
            below = [one for one in asked if one not in self]
            pending.extend(below)
            if not below:
                self[pending.pop()] = self.evaluate(self._rules[name])
        return self[audience]

    def roots(self, offer: Record = NO_OFFER) -> tuple[Any, ...]:
        """What a rule reads, in the order of `decision_environment`'s roots."""
        profile, context, aggregate, now_ns, places, scores = self._roots
        return (profile, context, aggregate, now_ns, places, offer, self, scores)

    def evaluate(self, rule: Rule, offer: Record = NO_OFFER) -> Any:
        """Returns what a rule says of this request, or of an offer in it."""
        profile, context, aggregate, now_ns, places, scores = self._roots
        return rule.evaluate(profile, context, aggregate, now_ns, places, offer, self, scores)
