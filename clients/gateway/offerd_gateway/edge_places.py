"""`GET /placesedgequery`: what mobile SDKs of Adobe's Places ask, as they read it.

They read status 200 alone, and of it lists of points of interest: `p` has exactly seven elements,
coordinates as strings and radius and weight as integers, and `x` is always there. All places are
circles to them: another fence is told as the least circle around it. See docs/http.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from offerd.errors import InvalidArgument, Reason, RequestError
from offerd.v1 import place_service_pb2 as pb
from offerd_gateway.calls import Call
from offerd_gateway.json.mistake import shortened
from offerd_gateway.json.writer import to_json
from offerd_gateway.request import Incoming, Receive
from offerd_gateway.settings import GatewaySettings

EDGE_PATHS: Final = ("/placesedgequery", "/placesedgequery/")
"""With a slash at the end, as iOS asks, and without, as Android does."""

METHOD: Final = "/offerd.v1.PlaceService/Nearby"
DEFAULT_LIMIT: Final = 100
MAXIMUM_LIMIT: Final = 1_000
"""Whoever asks for more gets so many."""
MAXIMUM_LIBRARIES: Final = 100

_MAXIMUM_PARAMETERS = 200
_LONGEST_NUMBER = 40
_ROUNDING_M = 1e-3
"""A circle of 100 m that has become a hair larger is still told as one of 100 m."""


class EdgePlaces:
    """Answers the query by way of `nearby`, the call of METHOD."""

    def __init__(self, nearby: Call, settings: GatewaySettings) -> None:
        self._nearby = nearby
        self._settings = settings

    async def answer(self, incoming: Incoming, receive: Receive) -> bytes:
        """Return the JSON of the answer.

        Raises InvalidArgument for a coordinate or a limit that is missing or wrong, and as
        `Call.answer` otherwise. Libraries that there aren't have no places; parameters of other
        names mean nothing.
        """
        timeout_s = incoming.timeout_s(self._settings.default_timeout_s)
        incoming.rpc = METHOD
        request = _request(incoming.query)
        libraries = request.filter.libraries
        while True:
            try:
                found: Any = await self._nearby.ask(incoming, request, timeout_s, receive)
                return _told(found.places)
            except RequestError as error:
                # Apps go on to ask for libraries that the definitions no longer have.
                if error.reason is not Reason.UNKNOWN_LIBRARY or not libraries:
                    raise _named_as_asked(error) from error
                _leave_out(libraries, error.field)
            if not libraries:
                return _told(())


def _named_as_asked(error: RequestError) -> RequestError:
    """Returns a refusal of the service with the parameter in place of the request's field."""
    outer = "location."
    if not error.field.startswith(outer):
        return error
    message = error.message.replace(f"`{error.field}`", f"`{error.field.removeprefix(outer)}`")
    field = error.field.removeprefix(outer)
    return type(error)(error.reason, message, field=field, metadata=error.metadata)


def _leave_out(libraries: Any, field: str) -> None:
    """Removes the library that a refusal is about, all of them if it doesn't say which."""
    place = field.removeprefix("filter.libraries[").removesuffix("]")
    if place.isdecimal() and int(place) < len(libraries):
        unknown = libraries[int(place)]
        kept = [library for library in libraries if library != unknown]
    else:
        kept = []
    del libraries[:]
    libraries.extend(kept)


def _request(query: bytes) -> pb.NearbyRequest:
    parameters = _parameters(query)
    request = pb.NearbyRequest(limit=_limit(parameters.get("limit", [])))
    request.location.latitude = _number(parameters, "latitude")
    request.location.longitude = _number(parameters, "longitude")
    libraries = [name for name in parameters.get("library", []) if name]
    if len(libraries) > MAXIMUM_LIBRARIES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{len(libraries)} libraries, at most {MAXIMUM_LIBRARIES} expected",
            field="library",
        )
    request.filter.libraries.extend(dict.fromkeys(libraries))
    return request


def _parameters(query: bytes) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAXIMUM_PARAMETERS,
        )
    except UnicodeDecodeError as error:
        raise InvalidArgument(Reason.INVALID_TEXT, "the query string is not valid UTF-8") from error
    except ValueError as error:
        raise InvalidArgument(
            Reason.TOO_LARGE, f"the query string must have at most {_MAXIMUM_PARAMETERS} parameters"
        ) from error
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return found


def _number(parameters: dict[str, list[str]], name: str) -> float:
    text = _single(parameters.get(name, []), name)
    if not text:
        raise InvalidArgument(
            Reason.MISSING_FIELD, f"query parameter `{name}` is missing", field=name
        )
    try:
        value = float(text) if len(text) <= _LONGEST_NUMBER else math.nan
    except ValueError:
        value = math.nan
    # The service says which numbers are in range.
    if not math.isfinite(value) or "_" in text:
        raise InvalidArgument(
            Reason.MALFORMED,
            f"query parameter `{name}` is `{shortened(text)}`; expected a number of degrees",
            field=name,
        )
    return value


def _limit(given: Sequence[str]) -> int:
    text = _single(given, "limit")
    if not text:
        return DEFAULT_LIMIT
    digits = text.lstrip("0") if text.isascii() and text.isdecimal() else ""
    if not digits:
        raise InvalidArgument(
            Reason.OUT_OF_RANGE,
            f"query parameter `limit` is `{shortened(text)}`; expected a whole number from 1",
            field="limit",
        )
    return (
        MAXIMUM_LIMIT if len(digits) > len(str(MAXIMUM_LIMIT)) else min(int(digits), MAXIMUM_LIMIT)
    )


def _single(given: Sequence[str], name: str) -> str:
    if len(given) > 1:
        raise InvalidArgument(
            Reason.CONFLICTING_FIELDS, f"query parameter `{name}` is given twice", field=name
        )
    return given[0].strip() if given else ""


def _told(found: Iterable[pb.FoundPlace]) -> bytes:
    """Returns the body: first those that contain the position, by rank and the smaller first.

    Others are by the distance to their edge, as the service has them.
    """
    points = [(one.inside, _point(one.place)) for one in found]
    inside = [point for is_inside, point in points if is_inside]
    # Android takes the first for the current one, iOS that of least weight and radius.
    inside.sort(key=lambda point: (point["p"][6], point["p"][4]))
    outside = [point for is_inside, point in points if not is_inside]
    return to_json({"places": {"userWithin": inside, "pois": outside}})


def _point(place: pb.Place) -> dict[str, Any]:
    more = dict(place.metadata)
    if place.category:
        more.setdefault("category", place.category)
    return {
        "p": [
            place.id,
            place.name,
            _degrees(place.latitude),
            _degrees(place.longitude),
            max(math.ceil(place.radius_m - _ROUNDING_M), 1),
            place.library,
            place.rank,
        ],
        "x": more,
    }


def _degrees(value: float) -> str:
    """Returns degrees as text, to a centimetre, never with an exponent."""
    text = f"{value:.7f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
