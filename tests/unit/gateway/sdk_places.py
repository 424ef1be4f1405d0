"""How the reference's mobile SDKs read the answer to a Places query: the twins of their parsers.

Written from what is known of them: Android wants a JSON object with `places`, elements of seven,
numbers where it takes integers, and has no metadata where `x` is missing; iOS casts, and what
doesn't fit the cast is as if it weren't there, but for coordinates, which become 999.999.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

INVALID = 999.999


class Point(NamedTuple):
    """A point of interest as an SDK has it. Metadata None makes later events fail on Android."""

    id: str
    name: str
    latitude: float
    longitude: float
    radius: int
    library: str
    weight: int
    metadata: dict[str, str] | None
    inside: bool


def android(status: int, body: str) -> list[Point]:
    """As the Android SDK; raises ValueError where that tells SERVER_RESPONSE_ERROR."""
    if status != 200:
        raise ValueError("only 200 is read")
    answer = json.loads(body)
    if not isinstance(answer, dict) or not answer or "places" not in answer:
        raise ValueError("no places")
    places = answer["places"]
    found = [_android(one, inside=True) for one in places.get("userWithin", [])]
    found += [_android(one, inside=False) for one in places.get("pois", [])]
    return [one for one in found if one is not None]


def _android(told: dict[str, Any], *, inside: bool) -> Point | None:
    p = told.get("p")
    if not isinstance(p, list) or len(p) != 7:
        return None
    metadata = None
    if "x" in told:
        metadata = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in told["x"].items()
            if not isinstance(value, dict | list)
        }
    return Point(
        str(p[0]), str(p[1]), float(str(p[2])), float(str(p[3])), _integer(p[4]), str(p[5]),
        _integer(p[6]), metadata, inside,
    )  # fmt: skip


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no integer")
    return value


def ios(status: int, body: str) -> list[Point]:
    """As the iOS SDK."""
    if status != 200:
        raise ValueError("only 200 is read")
    answer = json.loads(body)
    places = answer.get("places") or {}
    found = [_ios(one, inside=True) for one in places.get("userWithin") or []]
    found += [_ios(one, inside=False) for one in places.get("pois") or []]
    return [one for one in found if one is not None]


def _ios(told: dict[str, Any], *, inside: bool) -> Point | None:
    p = told.get("p")
    if not isinstance(p, list) or len(p) != 7:
        return None
    x = told.get("x")
    strings = isinstance(x, dict) and all(isinstance(value, str) for value in x.values())
    return Point(
        p[0] if isinstance(p[0], str) else "",
        p[1] if isinstance(p[1], str) else "",
        float(p[2]) if isinstance(p[2], str) else INVALID,
        float(p[3]) if isinstance(p[3], str) else INVALID,
        p[4] if isinstance(p[4], int) else 0,
        p[5] if isinstance(p[5], str) else "",
        p[6] if isinstance(p[6], int) else 0,
        x if strings else {},
        inside,
    )


def current(points: list[Point], *, first: bool) -> Point | None:
    """The one that counts of those that the user is within: the first (Android), or that of
    least weight and then radius (iOS)."""
    inside = [point for point in points if point.inside]
    if not inside:
        return None
    return inside[0] if first else min(inside, key=lambda point: (point.weight, point.radius))
