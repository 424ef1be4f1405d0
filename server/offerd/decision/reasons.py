"""Why a rule didn't hold, in words that name the part that decided and the values it saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from offerd import expression as ex
from offerd.audience.membership import LOOKUP, NO_OFFER, Record
from offerd.decision.request import RequestState
from offerd.decision.withholding import UnansweredRule
from offerd.expression.narrate import Change, narrate
from offerd.expression.narration.parts import NOTHING_WITHHELD

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
        planned = state.rules[rule]
        told = "; ".join(dict.fromkeys(_reasons(state, planned, record, set())))
        state.reasons[rule, of] = told
    return told


def _reasons(
    state: RequestState, rule: ex.Rule, offer: Record, followed_before: set[str]
) -> Iterator[str]:
    if isinstance(rule, UnansweredRule):
        yield rule.why
        return
    prepared, withheld = state.prepared, state.withheld
    explained = ex.explain(rule.checked, prepared.environment, state.memberships.roots(offer))
    hidden = state.options.hidden
    narration = narrate(
        explained,
        visible=lambda name: name not in hidden,
        withheld=NOTHING_WITHHELD if withheld is None else withheld.reasons,
    )
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
        loaded = _loaded(state, told.names) if told.is_name else ""
        if loaded:
            yield loaded
        elif not (told.is_name and followed):
            yield told.text
        for audience in followed:
            own = prepared.audiences[audience] if withheld is None else withheld.audiences[audience]
            inner = ", ".join(_reasons(state, own, NO_OFFER, followed_before))
            yield f"{_membership(state, audience)} `{audience}`: {inner}"
    for change in narration.changes:
        if isinstance(change, Change) and change.kind == "time":
            yield change.text


def _audience_of(name: str) -> str:
    """Returns the id of the audience that a name asks for, "" if it names other data."""
    asked = name.removeprefix(_ASKING)
    return "" if asked == name else asked.removesuffix('")')


def _loaded(state: RequestState, names: Sequence[str]) -> str:
    """Returns what is known of an audience whose members are loaded, "" if it is none."""
    if len(names) != 1 or names[0] in state.options.hidden:
        return ""
    audience = _audience_of(names[0])
    ruled = audience in state.prepared.audiences or audience in state.options.memberships
    if not audience or ruled:
        return ""
    known = isinstance(state.memberships[audience], bool)
    why = "by its loaded members" if known else "its members aren't loaded"
    return f"{_membership(state, audience)} `{audience}`: {why}"


def _membership(state: RequestState, audience: str) -> str:
    outcome = state.memberships[audience]
    return _MEMBERSHIPS[outcome] if isinstance(outcome, bool) else _NO_MEMBERSHIP
