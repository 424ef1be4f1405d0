"""What stands after a history of releases."""

from __future__ import annotations

import random

import pytest

from offerd.errors import ReleaseError
from offerd.releases import Action, Canary, Entry, Standing, standing_after
from seeds import random_seed


def entry(action: Action, revision: str, share: int = 0) -> Entry:
    """An entry at the first nanosecond."""
    return Entry(1, action, revision, share)


A = entry(Action.PUBLISH, "a")
B = entry(Action.PUBLISH, "b")
C = entry(Action.PUBLISH, "c")


def test_nothing_is_active_before_the_first_activation() -> None:
    """Publishing alone lets nothing decide."""
    assert standing_after([A, B]).active is None


def test_rollbacks_lead_back_one_activation_each() -> None:
    """Two roll-backs in a row lead to the revision before the one before."""
    history = [A, B, C, *(entry(Action.ACTIVATE, r) for r in "abc")]
    once = standing_after([*history, entry(Action.ROLLBACK, "b")])
    twice = once.after(entry(Action.ROLLBACK, "a"))
    assert (once.active, twice.active, twice.before) == ("b", "a", ())


def test_activating_what_is_active_leaves_what_rollback_leads_to() -> None:
    """A second activation in a row isn't one to go back over."""
    history = [A, B, *(entry(Action.ACTIVATE, r) for r in "abb")]
    assert standing_after(history).before == ("a",)


@pytest.mark.parametrize("action", [Action.ACTIVATE, Action.ROLLBACK, Action.END_CANARY])
def test_a_canary_ends_with_the_next_activation(action: Action) -> None:
    """A canary compares with the active revision, so another one ends it."""
    running = standing_after(
        [A, B, C, *(entry(Action.ACTIVATE, r) for r in "ab"), entry(Action.CANARY, "c", 500)]
    )
    assert running.canary == Canary("c", 500)
    target = "a" if action is Action.ROLLBACK else "c"
    assert running.after(entry(action, target)).canary is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (entry(Action.ACTIVATE, "x"), "isn't published"),
        (entry(Action.ROLLBACK, "b"), "wasn't the active one before"),
        (entry(Action.CANARY, "a", 500), "is active for all profiles already"),
        (entry(Action.CANARY, "b", 0), "more than 0 %"),
        (entry(Action.CANARY, "b", 10_000), "less than 100 %"),
    ],
)
def test_what_can_not_be_done_is_refused(wrong: Entry, message: str) -> None:
    """An entry that makes no sense is refused with what is expected."""
    standing = standing_after([A, B, entry(Action.ACTIVATE, "a")])
    with pytest.raises(ReleaseError, match=message):
        standing.after(wrong)


def test_a_canary_needs_an_active_revision() -> None:
    """Without an active revision there would be nothing for the others."""
    with pytest.raises(ReleaseError, match="activate one first"):
        standing_after([A, entry(Action.CANARY, "a", 500)])


def test_any_sequence_of_changes_can_be_gone_back_over() -> None:
    """However releases were changed, going back ends at the first revision activated."""
    seed = random_seed()
    source = random.Random(seed)
    standing = standing_after([A, B, C])
    first: str | None = None
    for _ in range(200):
        standing, first = _changed_at_random(source, standing, first)
    while standing.before:
        standing = standing.after(entry(Action.ROLLBACK, standing.before[-1]))
    assert standing.active == first


def _changed_at_random(
    source: random.Random, standing: Standing, first: str | None
) -> tuple[Standing, str | None]:
    revision = source.choice("abc")
    if source.random() < 0.3 and standing.before:
        return standing.after(entry(Action.ROLLBACK, standing.before[-1])), first
    return standing.after(entry(Action.ACTIVATE, revision)), first or revision
