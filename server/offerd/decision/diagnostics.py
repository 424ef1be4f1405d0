"""What failed while a request was decided, in words: each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from offerd.decision.request import RequestState
from offerd.decision.wording import counted, listed


def diagnostics(state: RequestState) -> tuple[str, ...]:
    """Returns what failed: rules, exclusions' and caps' rules, scores."""
    if not (
        state.verdicts.failed
        or state.exclusion_failures
        or state.limit_failures
        or state.scoring_failures
    ):
        return ()
    return (*_rules(state), *_exclusions(state), *_limits(state), *_scores(state))


def failures(state: RequestState) -> dict[str, int]:
    """Returns for how many offers each ranking could give no score, by its id."""
    if not state.scoring_failures:
        return {}
    found: dict[str, set[str]] = {}
    for (ranking, _), failure in state.scoring_failures.items():
        found.setdefault(ranking, set()).update(failure.messages)
    return {ranking: len(offers) for ranking, offers in found.items()}


def _rules(state: RequestState) -> Iterator[str]:
    for number, messages in sorted(state.verdicts.failed.items()):
        rule = f"rule `{_source(state, number)}`"
        message = state.told(number, next(iter(messages.values())))
        if "" in messages:
            yield f"{rule} failed and qualifies nobody: {message}"
        else:
            yield f"{rule} failed and doesn't qualify {_offers(messages)}: {message}"


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
        message = next(iter(failure.messages.values()))
        offers = _offers(failure.messages)
        yield (
            f"ranking `{ranking}` gave {offers} its failed score of {failure.score:g}, "
            f"because {what} failed: {message}"
        )


def _offers(messages: Iterable[str]) -> str:
    names = [f"`{offer}`" for offer in messages]
    return f"{counted(len(names), 'offer')} ({listed(names)})"


def _source(state: RequestState, rule: int) -> str:
    return state.prepared.catalogue.rules[rule].source
