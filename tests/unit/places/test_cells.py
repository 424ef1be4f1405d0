"""Geohashes, and positions that are made coarse."""

from __future__ import annotations

import random

import pytest

from offerd.model.place import Point
from offerd.places.cells import LONGEST, InvalidCellError, decode, encode
from offerd.places.coarse import ACCURACY_M, coarse_accuracy_m, rounded
from offerd.places.sphere import distance_m
from seeds import random_seed

ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"


def halved(latitude: float, longitude: float, length: int) -> tuple[str, list[list[float]]]:
    """The twin: halves the world, longitude first, as often as it takes."""
    bounds, bits = [[-90.0, 90.0], [-180.0, 180.0]], ""
    for turn in range(5 * length):
        axis, value = (0, latitude) if turn % 2 else (1, longitude)
        low, high = bounds[axis]
        middle = (low + high) / 2
        upper = value >= middle
        bounds[axis] = [middle, high] if upper else [low, middle]
        bits += "1" if upper else "0"
    letters = (ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))
    return "".join(letters), bounds


@pytest.mark.parametrize(
    ("latitude", "longitude", "cell"),
    [
        (57.64911, 10.40744, "u4pruydqqvj"),
        (42.605, -5.603, "ezs42"),
        (59.3293, 18.0686, "u6sce"),
        (0.0, 0.0, "s0000"),
        (-90.0, -180.0, "00000"),
        (90.0, 180.0, "zzzzz"),
        (-25.382708, -49.265506, "6gkzwgjzn820"),
    ],
)
def test_cells_are_those_that_everybody_knows(latitude: float, longitude: float, cell: str) -> None:
    """Known geohashes, and the corners of the world."""
    assert encode(latitude, longitude, len(cell)) == cell


def test_a_cell_is_what_is_left_of_the_world_halved_over_and_over() -> None:
    """Its middle is that of the halves; all of it is as near as its accuracy says."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(2_000):
        latitude = source.choice([source.uniform(-90, 90), source.uniform(89, 90), -90.0, 0.0])
        longitude = source.choice([source.uniform(-180, 180), 179.99999, -180.0, 0.0])
        length = source.randint(1, LONGEST)
        expected, ((south, north), (west, east)) = halved(latitude, longitude, length)
        assert encode(latitude, longitude, length) == expected
        cell = decode(source.choice([expected, expected.upper()]))
        assert cell.latitude == pytest.approx((south + north) / 2, abs=1e-9)
        assert cell.longitude == pytest.approx((west + east) / 2, abs=1e-9)
        farthest_m = 0.0
        for _ in range(20):
            to = source.uniform(south, north), source.uniform(west, east)
            farthest_m = max(farthest_m, distance_m(cell.latitude, cell.longitude, *to))
        for to in ((a, b) for a in (south, north) for b in (west, east)):
            farthest_m = max(farthest_m, distance_m(cell.latitude, cell.longitude, *to))
        assert farthest_m == pytest.approx(cell.accuracy_m, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 characters, 1 to 12 expected"),
        ("u6sceu6sceu6s", "13 characters, 1 to 12 expected"),
        (
            "u6a",
            "character 3 is 'a', which geohashes don't have: "
            "the digits, and the letters but for a, i, l and o",
        ),
        (
            "u6 s",
            "character 3 is ' ', which geohashes don't have: "
            "the digits, and the letters but for a, i, l and o",
        ),
    ],
)
def test_what_is_no_cell_is_told_with_the_place(text: str, message: str) -> None:
    """What was found, and what was expected."""
    with pytest.raises(InvalidCellError) as raised:
        decode(text)
    assert str(raised.value) == message


def test_a_rounded_position_is_no_farther_than_its_accuracy_says() -> None:
    """At most 0.79 km from what it was, anywhere; and it is rounded once and for all."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(2_000):
        latitude, longitude = source.uniform(-90, 90), source.uniform(-180, 180)
        coarse = rounded(latitude, longitude)
        assert distance_m(latitude, longitude, *_pair(coarse)) < min(790.0, ACCURACY_M)
        assert rounded(*_pair(coarse)) == coarse
        assert f"{coarse.latitude:.2f}" == f"{float(f'{coarse.latitude:.2f}'):.2f}"
    assert str(rounded(-0.001, -0.004)) == str(rounded(0.0, 0.0))


def test_a_rounded_position_is_at_best_as_accurate_as_a_kilometre() -> None:
    """Whatever the device said; nothing makes it more accurate."""
    assert coarse_accuracy_m(None) == 1_000.0
    assert coarse_accuracy_m(5.0) == 1_000.0
    assert coarse_accuracy_m(3_000.0) == 3_000.0


def _pair(point: Point) -> tuple[float, float]:
    return point.latitude, point.longitude
