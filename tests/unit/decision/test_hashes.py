"""The hashes of ties and experiments: the vectors that their modules state."""

from __future__ import annotations

import pytest

from offerd import expression as ex
from offerd.decision.candidates import PreparedExperiment, PreparedScope
from offerd.decision.experiments import assign, share
from offerd.decision.ties import DAY_NS, daily_key
from offerd.model.catalogue import Placement
from offerd.model.content import ContentType
from offerd.model.lifecycle import Status
from offerd.model.profile import ProfileKey
from offerd.model.selection import Arm, Decision, Experiment

CRM = ProfileKey("crm", "1")


@pytest.mark.parametrize(
    ("subject", "offer", "day", "expected"),
    [
        (CRM, "a", 20_000, "a2a248ba01176987"),
        (CRM, "b", 20_000, "75c8450410d2e50b"),
        (CRM, "a", 20_001, "5feb0725c9a0dbb1"),
        (None, "a", 0, "e82df63a2603b596"),
    ],
)
def test_daily_ties_have_these_vectors(
    subject: ProfileKey | None, offer: str, day: int, expected: str
) -> None:
    """The key is the hash as documented, from the first to the last nanosecond of the day."""
    for now_ns in (day * DAY_NS, (day + 1) * DAY_NS - 1):
        assert daily_key(subject, now_ns)(offer) == (bytes.fromhex(expected), offer)


@pytest.mark.parametrize(
    ("unit", "shares"),
    [
        ("crm:1", (2471, 2853, 80)),
        ("crm:2", (7241, 3148, 4)),
        ("email:a@example.com", (2040, 762, 51)),
    ],
)
def test_experiments_have_these_vectors(unit: str, shares: tuple[int, int, int]) -> None:
    """Taking part, being held out and the arm are three independent hashes, as documented."""
    found = (
        share(unit, "hero/rollout", 10_000),
        share(unit, "hero/holdout", 10_000),
        share(unit, "hero/arm", 100),
    )
    assert found == shares


@pytest.mark.parametrize(
    ("rollout", "holdout", "found"),
    [(2471, 0, "out"), (2472, 0, "c"), (2472, 2853, "c"), (2472, 2854, "held out")],
)
def test_whose_share_is_the_limit_is_beyond_it(rollout: int, holdout: int, found: str) -> None:
    """The share of `crm:1` is 2471 for taking part and 2853 for being held out."""
    experiment = Experiment("e", "d", "hero", ARMS, rollout, holdout)
    assert _arms(experiment, 2)[1] == found


def test_shares_are_the_buckets_of_rules() -> None:
    """A rule with `bucket` can name the same customers as an experiment."""
    environment = ex.Environment({"id": ex.STRING})
    rule = ex.plan(
        ex.compile_expression("bucket(id, 'hero/rollout')", environment, expected=ex.INT),
        environment,
    )
    for number in range(200):
        unit = f"crm:{number}"
        assert rule.evaluate(unit) == share(unit, "hero/rollout", 10_000)


def _scope(experiment: Experiment) -> PreparedScope:
    decision = Decision("d", ("web",), (), ())
    placement = Placement("web", "web", ContentType.TEXT)
    prepared = PreparedExperiment(experiment, {arm.id: () for arm in experiment.arms})
    return PreparedScope(decision, placement, (), (), (prepared,))


def _arms(experiment: Experiment, count: int = 4_000) -> list[str]:
    """Returns for customers 0 to `count` - 1 their arm, "out" or "held out"."""
    found = []
    for number in range(count):
        one = assign(_scope(experiment), ProfileKey("crm", str(number)), {})
        found.append("out" if one is None else "held out" if one.holdout else one.arm)
    return found


ARMS = (Arm("a", 1), Arm("b", 2), Arm("c", 1))


def test_customers_spread_by_weight() -> None:
    """Of many customers each arm gets its share, within what chance allows."""
    found = _arms(Experiment("e", "d", "e", ARMS))
    for arm, expected in (("a", 1000), ("b", 2000), ("c", 1000)):
        assert abs(found.count(arm) - expected) < 150


def test_widening_moves_nobody() -> None:
    """With more customers taking part those who did stay in their arms or held out."""
    narrow = _arms(Experiment("e", "d", "e", ARMS, rollout=3_000, holdout=1_000))
    wide = _arms(Experiment("e", "d", "e", ARMS, rollout=6_000, holdout=1_000))
    assert 1_000 < narrow.count("out") < 3_200
    assert all(
        after == before for before, after in zip(narrow, wide, strict=True) if before != "out"
    )
    more_held_out = _arms(Experiment("e", "d", "e", ARMS, rollout=3_000, holdout=5_000))
    for before, after in zip(narrow, more_held_out, strict=True):
        assert after in (before, "held out")


def test_a_forced_arm_is_for_anybody_and_any_status() -> None:
    """A preview sees an arm of a draft, even without a subject; an unknown arm forces nothing."""
    scope = _scope(Experiment("e", "d", "e", ARMS, rollout=0, status=Status.DRAFT))
    forced = assign(scope, None, {"e": "b"})
    assert forced is not None
    assert (forced.arm, forced.forced, forced.holdout) == ("b", True, False)
    assert assign(scope, None, {"e": "gone"}) is None
    assert assign(scope, CRM, {}) is None
