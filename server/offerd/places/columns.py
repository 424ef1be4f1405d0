"""Which columns of a row a circle on the sphere touches."""

from __future__ import annotations

import math
from typing import NamedTuple

from offerd.places.grid import SLACK_DEG
from offerd.places.sphere import AXES_SQUARED, Vector

SLACK = math.radians(SLACK_DEG)
_UNSURE = 1e-7
"""How far off an angle may be that was taken of a sine near 1."""


class Cap(NamedTuple):
    """A circle on the sphere, of any radius up to half the way around, in radians."""

    latitude: float
    longitude_deg: float
    radius: float


def cap(centre: Vector, radius: float) -> Cap:
    """Returns the circle around a unit vector; a little is added to the radius."""
    x, y, z = centre
    return Cap(
        math.atan2(z, math.hypot(x, y)),
        math.degrees(math.atan2(y, x)),
        min(radius + SLACK, math.pi),
    )


def opposite(of: Cap) -> Cap:
    """Returns the circle of all that isn't in another, and a little of what is."""
    return Cap(-of.latitude, of.longitude_deg + 180, min(math.pi - of.radius + 3 * SLACK, math.pi))


def geocentric(latitude: float) -> float:
    """Returns the geocentric latitude in radians of a geodetic one in degrees."""
    phi = math.radians(min(max(latitude, -90.0), 90.0))
    return math.atan2(AXES_SQUARED * math.sin(phi), math.cos(phi))


def geodetic_deg(psi: float) -> float:
    """Returns the geodetic latitude in degrees of a geocentric one in radians."""
    psi = min(max(psi, -math.pi / 2), math.pi / 2)
    return math.degrees(math.atan2(math.sin(psi), AXES_SQUARED * math.cos(psi)))


def span(of: Cap) -> tuple[float, float]:
    """Returns the southernmost and northernmost latitude of a circle in degrees."""
    return geodetic_deg(of.latitude - of.radius), geodetic_deg(of.latitude + of.radius)


def half_width_deg(of: Cap, south: float, north: float) -> float:
    """Returns how far east and west of its middle a circle reaches between two latitudes.

    Latitudes in degrees. 180 is all around, below 0 not at all. It is never too little.
    """
    low, high = geocentric(south - SLACK_DEG), geocentric(north + SLACK_DEG)
    if of.latitude + of.radius < low or of.latitude - of.radius > high:
        return -1.0
    widest = max(_half_width(of, low), _half_width(of, high))
    edge = math.cos(of.radius)
    sine = math.sin(of.latitude)
    if edge > abs(sine) and low - _UNSURE < math.asin(sine / edge) < high + _UNSURE:
        # Where meridians touch the circle.
        widest = math.asin(min(1.0, math.sin(of.radius) / math.cos(of.latitude)))
    return math.degrees(widest) + SLACK_DEG if widest >= 0.0 else -1.0


def _half_width(of: Cap, latitude: float) -> float:
    """Returns half the width of a circle on a parallel, below 0 if it isn't reached.

    By half angles, since cosines of small ones have no digits left.
    """
    square = math.sin(of.radius / 2) ** 2 - math.sin((latitude - of.latitude) / 2) ** 2
    across = math.cos(of.latitude) * math.cos(latitude)
    if square < 0.0:
        return -1.0
    if square >= across:
        return math.pi
    return 2 * math.asin(math.sqrt(square / across))
