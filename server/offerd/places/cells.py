"""Geohashes: cells of a map, for callers that may not tell where exactly a customer is.

Each letter halves the cell five times, longitude first and then by turns, in the alphabet below.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from offerd.places.sphere import distance_m

LONGEST: Final = 12
"""Letters of the finest cell, of 3.7 by 1.9 cm at the equator."""

_ALPHABET: Final = "0123456789bcdefghjkmnpqrstuvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_LETTER_BITS: Final = 5


class InvalidCellError(Exception):
    """Why a text is no geohash, in words."""


class Cell(NamedTuple):
    """A cell: its middle, in degrees, and how far its farthest corner is from there, in metres."""

    latitude: float
    longitude: float
    accuracy_m: float


def decode(text: str) -> Cell:
    """Returns the cell of a geohash of 1 to 12 letters, in either case.

    Raises InvalidCellError.
    """
    if not 1 <= len(text) <= LONGEST:
        raise InvalidCellError(f"{len(text)} characters, 1 to {LONGEST} expected")
    bits, count = 0, _LETTER_BITS * len(text)
    for place, letter in enumerate(text.lower()):
        value = _VALUES.get(letter)
        if value is None:
            raise InvalidCellError(
                f"character {place + 1} is {letter!a}, which geohashes don't have: "
                f"the digits, and the letters but for a, i, l and o"
            )
        bits = bits << _LETTER_BITS | value
    east, east_bits = _every_other(bits, count, 0)
    north, north_bits = _every_other(bits, count, 1)
    half_width_deg, half_height_deg = 180.0 / (1 << east_bits), 90.0 / (1 << north_bits)
    latitude = (2 * north + 1) * half_height_deg - 90.0
    longitude = (2 * east + 1) * half_width_deg - 180.0
    corners = (latitude - half_height_deg, latitude + half_height_deg)
    # Nothing of a cell is farther from its middle than its corners.
    accuracy_m = max(
        distance_m(latitude, longitude, corner, longitude + half_width_deg) for corner in corners
    )
    return Cell(latitude, longitude, accuracy_m)


def encode(latitude: float, longitude: float, length: int) -> str:
    """Returns the geohash, of so many letters, of the cell that a point lies in.

    A point between two cells is of the one to the north or east; the North Pole and the
    antimeridian are of the last one.
    """
    count = _LETTER_BITS * length
    east_bits, north_bits = (count + 1) // 2, count // 2
    east = _nth((longitude + 180.0) / 360.0, east_bits)
    north = _nth((latitude + 90.0) / 180.0, north_bits)
    bits = 0
    for place in range(count):
        if place % 2 == 0:
            east_bits -= 1
            bits = bits << 1 | (east >> east_bits & 1)
        else:
            north_bits -= 1
            bits = bits << 1 | (north >> north_bits & 1)
    return "".join(
        _ALPHABET[bits >> shift & 31] for shift in range(count - _LETTER_BITS, -1, -_LETTER_BITS)
    )


def _every_other(bits: int, count: int, first: int) -> tuple[int, int]:
    """Returns the bits at every other place from `first` on, and how many they are."""
    value, taken = 0, 0
    for place in range(first, count, 2):
        value = value << 1 | (bits >> (count - 1 - place) & 1)
        taken += 1
    return value, taken


def _nth(share: float, bits: int) -> int:
    """Returns which of so many equal parts a share of the whole lies in."""
    return min(max(int(share * (1 << bits)), 0), (1 << bits) - 1)
