"""Who is in which arm of an experiment, by hashing: the same customer always in the same.

The unit is the profile's namespace, a colon, and its normalised id: `crm:1`. Its hash under a
salt is BLAKE2b with 8 octets of the salt, a zero octet and the unit, all in UTF-8, read as a
big-endian number; its share of n is that number times n, divided by 2 to the 64th, rounded down:
0 to n - 1. For n = 10,000 that is the rule function `bucket(unit, salt)`. Three hashes, so that
widening one share moves nobody in another:

- taking part: the share of 10,000 under `<salt>/rollout` is less than `rollout`;
- held out: the share of 10,000 under `<salt>/holdout` is less than `holdout`;
- the arm: the share of the sum of all weights under `<salt>/arm`; the first arm whose weight,
  added to those before it, is more than that.

Raising `rollout` or `holdout` adds customers and moves no other. A request about nobody takes
part in nothing, and so does one about a decision without an approved experiment.

Vectors for salt `hero`, the shares for taking part, for being held out, and of 100 for the arm:
`crm:1` 2471, 2853, 80; `crm:2` 7241, 3148, 4; `email:a@example.com` 2040, 762, 51.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from offerd.decision.candidates import PreparedExperiment, PreparedGroup, PreparedScope
from offerd.model.lifecycle import Status
from offerd.model.profile import ProfileKey
from offerd.model.selection import Arm, Experiment
from offerd.model.shares import WHOLE


class Assignment(NamedTuple):
    """The arm that decides a scope; if `holdout` it is the one that would have."""

    experiment: Experiment
    arm: str
    groups: tuple[PreparedGroup, ...]
    forced: bool
    holdout: bool


def assign(
    scope: PreparedScope, subject: ProfileKey | None, forced: Mapping[str, str]
) -> Assignment | None:
    """Returns the arm that decides a scope for a customer, None for the decision's own groups.

    `forced` are arms by experiment: the first of the decision's experiments, whatever its
    status, that has an arm so named is taken, by anybody.
    """
    for prepared in scope.experiments:
        arm = forced.get(prepared.experiment.id)
        if arm is not None and arm in prepared.arms:
            return _assignment(prepared, arm, forced=True)
    if subject is None:
        return None
    for prepared in scope.experiments:
        if prepared.experiment.status is Status.APPROVED:
            return _by_hash(prepared, f"{subject.namespace}:{subject.id}")
    return None


def _by_hash(prepared: PreparedExperiment, unit: str) -> Assignment | None:
    experiment = prepared.experiment
    if share(unit, f"{experiment.salt}/rollout", WHOLE) >= experiment.rollout:
        return None
    holdout = share(unit, f"{experiment.salt}/holdout", WHOLE) < experiment.holdout
    arm = _arm(experiment.arms, unit, f"{experiment.salt}/arm")
    return _assignment(prepared, arm, holdout=holdout)


def _assignment(
    prepared: PreparedExperiment, arm: str, *, forced: bool = False, holdout: bool = False
) -> Assignment:
    return Assignment(prepared.experiment, arm, prepared.arms[arm], forced, holdout)


def _arm(arms: Sequence[Arm], unit: str, salt: str) -> str:
    ends = list(accumulate(arm.weight for arm in arms))
    return arms[bisect_right(ends, share(unit, salt, ends[-1]))].id


def share(unit: str, salt: str, size: int) -> int:
    """Returns the share, 0 to size - 1, of a unit under a salt."""
    hashed = hashlib.blake2b(f"{salt}\0{unit}".encode(), digest_size=8).digest()
    return int.from_bytes(hashed, "big") * size >> 64
