"""Why a rule didn't hold, in words that name the part that decided and the values it saw."""

from __future__ import annotations

from collections.abc import Iterator

from offerd import expression as ex
from offerd.audience.membership import NO_OFFER, Record
from offerd.decision.request import RequestState
from offerd.expression.narrate import Change, narrate

_MEMBERSHIPS = {True: "in audience", False: "not in audience"}
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
        told = "; ".join(dict.fromkeys(_reasons(state, rule, record, set())))
        state.reasons[rule, of] = told
    return told


def _reasons(
    state: RequestState, rule: int, offer: Record, followed_before: set[str]
) -> Iterator[str]:
    prepared = state.prepared
    explained = ex.explain(
        prepared.rules[rule].checked, prepared.environment, state.memberships.roots(offer)
    )
    hidden = state.options.hidden
    narration = narrate(explained, visible=lambda name: name not in hidden)
    for told in narration.decided:
        followed = [
            audience
            for audience in prepared.catalogue.audiences
            if f'audience("{audience.id}")' in told.names
            and audience.id not in followed_before
            and audience.id not in state.options.memberships
            and f'audience("{audience.id}")' not in hidden
        ]
        followed_before.update(audience.id for audience in followed)
        if not (told.is_name and followed):
            yield told.text
        for audience in followed:
            inner = ", ".join(_reasons(state, audience.rule, NO_OFFER, followed_before))
            yield f"{_membership(state, audience.id)} `{audience.id}`: {inner}"
    for change in narration.changes:
        if isinstance(change, Change) and change.kind == "time":
            yield change.text


def _membership(state: RequestState, audience: str) -> str:
    outcome = state.memberships[audience]
    return _MEMBERSHIPS[outcome] if isinstance(outcome, bool) else _NO_MEMBERSHIP
