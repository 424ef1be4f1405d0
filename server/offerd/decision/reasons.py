"""Why a rule didn't hold, in words that name the part that decided and the values it saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from offerd import expression as ex
from offerd.admission import format_instant
from offerd.audience.environment import profile_environment
from offerd.decision.request import RequestState

_LOOKUP = "audience"
_SHOWN_ITEMS = 5


def why_not(state: RequestState, rule: int | None) -> str:
    """Returns why a rule is not true for a request; "" for no rule.

    An audience that decided is followed into its own rule.
    """
    if rule is None:
        return ""
    return "; ".join(_reasons(state, rule, frozenset()))


def _reasons(state: RequestState, rule: int, seen: frozenset[str]) -> Iterator[str]:
    catalogue = state.prepared.catalogue
    checked = ex.decode(catalogue.rules[rule].tree)
    environment = profile_environment(catalogue.schema, state.prepared.audiences)
    for decision in ex.explain(checked, environment, state.memberships.roots).deciding():
        yield _sentence(decision, environment)
        for audience in catalogue.audiences:
            name = f'{_LOOKUP}("{audience.id}")'
            if name in decision.values and audience.id not in seen:
                inner = _reasons(state, audience.rule, seen | {audience.id})
                yield f"audience `{audience.id}`: {', '.join(inner)}"


def _sentence(decision: ex.Decision, environment: ex.Environment) -> str:
    outcome = decision.outcome
    if isinstance(outcome, ex.Unknown):
        missing = ", ".join(f"`{name}`" for name in outcome.names)
        return f"`{decision.text}` is unknown: no value for {missing}"
    if isinstance(outcome, ex.Failure):
        return f"`{decision.text}` failed: {outcome.message}"
    values = [
        f"`{name}` is {_shown(_readable(name, value, environment))}"
        for name, value in decision.values.items()
        if name != decision.text
    ]
    verdict = f"`{decision.text}` is {_shown(outcome)}"
    return f"{verdict} ({', '.join(values)})" if values else verdict


def _readable(name: str, value: Any, environment: ex.Environment) -> Any:
    """Returns a value as people read it: instants, which rules hold as numbers, as RFC 3339."""
    root, _, path = name.partition(".")
    declared = environment.variables.get(root)
    if isinstance(declared, ex.Record):
        attribute = declared.attributes.get(path)
        declared = None if attribute is None else attribute.type
    if declared is ex.TIMESTAMP and isinstance(value, int):
        return format_instant(value)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, ex.Unknown):
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        shown = ", ".join(_shown(item) for item in value[:_SHOWN_ITEMS])
        return f"[{shown}{', …' if len(value) > _SHOWN_ITEMS else ''}]"
    if isinstance(value, dict):
        return f"a map of {len(value)}"
    return str(value)
