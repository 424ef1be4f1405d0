"""Which fences share a leaf: all of them once, close together, large ones apart from small ones."""

from __future__ import annotations

import os
import random

import pytest

from offerd.places.packing import CHILDREN, packed
from offerd.places.sphere import Vector, vector

SEED = int(os.environ.get("OFFERD_SEED", "20261206"))


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 255, 257, 1_000, 4_096, 4_100, 9_000])
def test_each_is_there_once(count: int) -> None:
    """However many there are, and of however many sizes, nothing is lost or doubled."""
    source = random.Random(SEED + count)
    centres = [vector(source.uniform(-90, 90), source.uniform(-180, 180)) for _ in range(count)]
    sizes = sorted(source.choices((0, 1, 2), (10, 3, 1), k=count))
    found = list(packed(range(count), centres.__getitem__, sizes.__getitem__))
    assert sorted(found) == list(range(count)), f"OFFERD_SEED={SEED}"
    assert [sizes[number] for number in found] == sizes, f"OFFERD_SEED={SEED}"


def test_those_in_one_spot_share_leaves() -> None:
    """Spots of sixteen, far from each other and told in any order, become a leaf each."""
    source = random.Random(SEED)
    spots = [(source.uniform(-60, 60), 3.0 * spot) for spot in range(40)]
    told = [spot for spot in range(len(spots)) for _ in range(CHILDREN)]
    source.shuffle(told)
    centres = [_beside(spots[spot], source) for spot in told]
    found = packed(range(len(told)), centres.__getitem__, lambda _: 0)
    leaves = list(_leaves(list(found)))
    whole = sum(len({told[number] for number in leaf}) == 1 for leaf in leaves)
    assert whole == len(spots), f"OFFERD_SEED={SEED}: {whole} of {len(spots)}"


def test_those_at_one_point_stay_in_order() -> None:
    """Where nothing is wider than nothing, there is still an end to halving."""
    found = packed(range(1_000), lambda _: (1.0, 0.0, 0.0), lambda _: 0)
    assert list(found) == list(range(1_000))


def _beside(spot: tuple[float, float], source: random.Random) -> Vector:
    latitude, longitude = spot
    return vector(latitude + source.gauss(0, 1e-4), longitude + source.gauss(0, 1e-4))


def _leaves(found: list[int]) -> list[list[int]]:
    return [found[start : start + CHILDREN] for start in range(0, len(found), CHILDREN)]
