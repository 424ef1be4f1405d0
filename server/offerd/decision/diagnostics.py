"""What failed while a request was decided, in words: each thing once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from offerd.decision.request import RequestState
from offerd.decision.wording import counted, listed

_MOST_REASONS: Final = 5
"""So many different reasons of one failure are told with their offers; of the rest one."""


def diagnostics(state: RequestState) -> tuple[str, ...]:
    """Returns what failed: rules, exclusions' and caps' rules, scores.

    First of all, why only fallbacks are shown.
    """
    why = state.options.fallbacks_only
    first = (f"only fallbacks are shown: {why}",) if why else ()
    if not state.others:
        return (*first, *_of_state(state))
    told = (line for one in (state, *state.others.values()) for line in _of_state(one))
    return tuple(dict.fromkeys((*first, *told)))


def _of_state(state: RequestState) -> tuple[str, ...]:
    if not (
        state.failed_rules
        or state.exclusion_failures
        or state.limit_failures
        or state.scoring_failures
    ):
        return ()
    return (*_rules(state), *_exclusions(state), *_limits(state), *_scores(state))


def failures(state: RequestState) -> dict[str, int]:
    """Returns for how many offers each ranking could give no score, by its id."""
    if not state.scoring_failures and not state.others:
        return {}
    found: dict[str, set[str]] = {}
    for one in (state, *state.others.values()):
        for (ranking, _), failure in one.scoring_failures.items():
            found.setdefault(ranking, set()).update(failure.messages)
    return {ranking: len(offers) for ranking, offers in found.items()}


def _rules(state: RequestState) -> Iterator[str]:
    for number, failed in sorted(state.failed_rules.items()):
        rule = f"rule `{_source(state, number)}`"
        told = ((offer, state.told(number, failure)) for offer, failure in failed.items())
        for message, offers in by_reason(told):
            if "" in offers:
                yield f"{rule} failed and qualifies nobody: {message}"
            else:
                yield f"{rule} failed and doesn't qualify {_offers(offers)}: {message}"


def _exclusions(state: RequestState) -> Iterator[str]:
    for (number, when), message in sorted(state.exclusion_failures.items()):
        exclusion = state.prepared.catalogue.exclusions[number]
        rule = _source(state, when)
        yield f"rule `{rule}` failed, so exclusion `{exclusion.id}` applies: {message}"


def _limits(state: RequestState) -> Iterator[str]:
    for number, message in sorted(state.limit_failures.items()):
        rule = _source(state, number)
        yield f"rule `{rule}` gave no limit, so the caps that it limits are reached: {message}"


def _scores(state: RequestState) -> Iterator[str]:
    for (ranking, what), failure in sorted(state.scoring_failures.items()):
        for message, offers in by_reason(failure.messages.items()):
            yield (
                f"ranking `{ranking}` gave {_offers(offers)} its failed score of "
                f"{failure.score:g}, because {what} failed: {message}"
            )


def by_reason(told: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Yields reasons with the offers that have them; those after some together."""
    offersby_reason: dict[str, list[str]] = {}
    for offer, reason in told:
        offersby_reason.setdefault(reason, []).append(offer)
    reasons = list(offersby_reason.items())
    yield from reasons[:_MOST_REASONS]
    rest = reasons[_MOST_REASONS:]
    if rest:
        example, (first, *_) = rest[0]
        yield (
            f"each for its own reason, `{first}` for this: {example}",
            [offer for _, offers in rest for offer in offers],
        )


def _offers(offers: Collection[str]) -> str:
    return f"{counted(len(offers), 'offer')} ({listed(f'`{offer}`' for offer in offers)})"


def _source(state: RequestState, rule: int) -> str:
    return state.prepared.catalogue.rules[rule].source
