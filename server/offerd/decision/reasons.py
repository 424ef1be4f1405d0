"""Why a rule didn't hold, in words that name the part that decided and the values it saw."""

from __future__ import annotations

from collections.abc import Iterator

from offerd import expression as ex
from offerd.audience.membership import LOOKUP, NO_OFFER, Record
from offerd.decision.request import RequestState
from offerd.expression.narrate import Change, narrate

_MEMBERSHIPS = {True: "in audience", False: "not in audience"}
_ASKING = f'{LOOKUP}("'
_NO_MEMBERSHIP = "unknown whether in audience"


def why_not(state: RequestState, rule: int | None, number: int) -> str:
    """Returns why a rule is not true of the offer of a number; "" for no rule.

    An audience that decided is followed into its own rule, once. Where time alone will make
    the rule true, that is told with its instant. What reads no `offer` is worked out once
    per request.
    """
    if rule is None or not state.options.reasons:
        return ""
    of = number if rule in state.prepared.offer_rules else None
    told = state.reasons.get((rule, of))
    if told is None:
        record = NO_OFFER if of is None else state.prepared.record(of)
        planned = state.prepared.rules[rule]
        told = "; ".join(dict.fromkeys(_reasons(state, planned, record, set())))
        state.reasons[rule, of] = told
    return told


def _reasons(
    state: RequestState, rule: ex.Rule, offer: Record, followed_before: set[str]
) -> Iterator[str]:
    prepared = state.prepared
    explained = ex.explain(rule.checked, prepared.environment, state.memberships.roots(offer))
    hidden = state.options.hidden
    narration = narrate(explained, visible=lambda name: name not in hidden)
    for told in narration.decided:
        followed = [
            audience
            for name in told.names
            if (audience := _audience_of(name)) in prepared.audiences
            and name not in hidden
            and audience not in followed_before
            and audience not in state.options.memberships
        ]
        followed_before.update(followed)
        if not (told.is_name and followed):
            yield told.text
        for audience in followed:
            own = prepared.audiences[audience]
            inner = ", ".join(_reasons(state, own, NO_OFFER, followed_before))
            yield f"{_membership(state, audience)} `{audience}`: {inner}"
    for change in narration.changes:
        if isinstance(change, Change) and change.kind == "time":
            yield change.text


def _audience_of(name: str) -> str:
    """Returns the id of the audience that a name asks for, "" if it names other data."""
    asked = name.removeprefix(_ASKING)
    return "" if asked == name else asked.removesuffix('")')


def _membership(state: RequestState, audience: str) -> str:
    outcome = state.memberships[audience]
    return _MEMBERSHIPS[outcome] if isinstance(outcome, bool) else _NO_MEMBERSHIP
