"""Hashes by their definition, spelt out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from offerd.model.profile import ProfileKey
from offerd.model.selection import Arm, Experiment


def hashed(*parts: str) -> bytes:
    """Returns BLAKE2b with 8 octets of texts with zero octets between."""
    return blake2b(b"\x00".join(part.encode("utf-8") for part in parts), digest_size=8).digest()


def tie_key(subject: ProfileKey | None, offer: str, now_ns: int) -> tuple[bytes, str]:
    """Returns what orders tied offers on a day."""
    whose = ("", "") if subject is None else (subject.namespace, subject.id)
    return hashed(*whose, offer, str(now_ns // (24 * 3600 * 10**9))), offer


def part(unit: str, salt: str, of: int) -> int:
    """Returns the share of a unit."""
    return int.from_bytes(hashed(salt, unit), "big") * of // 2**64


def arm_of(
    experiments: Sequence[Experiment], subject: ProfileKey | None, forced: Mapping[str, str]
) -> tuple[Experiment, Arm, bool, bool] | None:
    """Returns experiment, arm, whether it is forced, whether the customer is held out."""
    for experiment in experiments:
        for arm in experiment.arms:
            wanted = forced.get(experiment.id) == arm.id
            if wanted and experiment.status.value != "archived":
                return experiment, arm, True, False
    approved = [experiment for experiment in experiments if experiment.status.value == "approved"]
    if subject is None or not approved:
        return None
    experiment: Any = approved[0]
    unit = subject.namespace + ":" + subject.id
    if part(unit, experiment.salt + "/rollout", 10_000) >= experiment.rollout:
        return None
    by_weight = [arm for arm in experiment.arms for _ in range(arm.weight)]
    arm = by_weight[part(unit, experiment.salt + "/arm", len(by_weight))]
    held_out = part(unit, experiment.salt + "/holdout", 10_000) < experiment.holdout
    return experiment, arm, False, held_out
