"""Why somebody is in an audience or isn't, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from offerd import expression as ex
from offerd.audience.membership import LOOKUP, Memberships
from offerd.expression.narrate import Change, narrate

_ASKING = f'{LOOKUP}("'


def _everything(name: str) -> bool:
    return True


def result_of(outcome: Any) -> str:
    """What a rule has come to: `true`, `false` or `unknown`."""
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    return "unknown"


class Telling:
    """Tells why, by the rules of a catalogue's audiences. `environment` is theirs.

    `visible` says of the full name of an attribute or lookup whether its value may be told.
    """

    def __init__(
        self,
        rules: Mapping[str, ex.Rule],
        environment: ex.Environment,
        visible: Callable[[str], bool] = _everything,
    ) -> None:
        self._rules = rules
        self._environment = environment
        self._visible = visible

    def why(self, audience: str, memberships: Memberships) -> str:
        """The parts that decided, with the values they saw; audiences that decided, followed."""
        rule = self._rules.get(audience)
        if rule is None:
            known = isinstance(memberships[audience], bool)
            return "by its loaded members" if known else "its members aren't loaded"
        return "; ".join(dict.fromkeys(self._reasons(rule, memberships, {audience})))

    def _reasons(
        self, rule: ex.Rule, memberships: Memberships, followed_before: set[str]
    ) -> Iterator[str]:
        explained = ex.explain(rule.checked, self._environment, memberships.roots())
        narration = narrate(explained, visible=self._visible)
        for told in narration.decided:
            asked = [name for name in map(_audience_of, told.names) if name]
            followed = [one for one in asked if one not in followed_before]
            followed_before.update(followed)
            if not (told.is_name and followed):
                yield told.text
            for one in followed:
                if self._visible(f'{_ASKING}{one}")'):
                    yield self._followed(one, memberships, followed_before)
        for change in narration.changes:
            if isinstance(change, Change) and change.kind == "time":
                yield change.text

    def _followed(self, audience: str, memberships: Memberships, before: set[str]) -> str:
        outcome = memberships[audience]
        words = "in" if outcome is True else "not in" if outcome is False else "unknown whether in"
        rule = self._rules.get(audience)
        if rule is None:
            why = self.why(audience, memberships)
        else:
            why = ", ".join(self._reasons(rule, memberships, before))
        return f"{words} audience `{audience}`: {why}"


def _audience_of(name: str) -> str:
    """The id of the audience that a name asks for, "" if it names other data."""
    asked = name.removeprefix(_ASKING)
    return "" if asked == name else asked.removesuffix('")')
