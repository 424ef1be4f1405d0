"""What a request says of the moment: place, languages, time zone."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from offerd.admission.wording import quote, suggestion
from offerd.errors import InvalidArgument, Reason

LOCALES_LIMIT: Final = 20
_TAG_LIMIT: Final = 35

_LANGUAGE_TAG: Final = re.compile(
    r"""
    (?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})
    (?:-(?P<script>[a-z]{4}))?
    (?:-(?P<region>[a-z]{2}|[0-9]{3}))?
    (?P<rest>
        (?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*    # variants
        (?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*         # extensions
        (?:-x(?:-[a-z0-9]{1,8})+)?                  # private use
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def admit_location(
    latitude: float, longitude: float, accuracy_m: float | None, field: str
) -> dict[str, float]:
    """Returns the flat context values of a location.

    Degrees -90 to 90 and -180 to 180; `accuracy_m` in metres, 0 or more, None if not known.
    """
    values = {
        "location.latitude": _number(latitude, -90.0, 90.0, f"{field}.latitude"),
        "location.longitude": _number(longitude, -180.0, 180.0, f"{field}.longitude"),
    }
    if accuracy_m is not None:
        accuracy = _number(accuracy_m, 0.0, math.inf, f"{field}.accuracy_m")
        values["location.accuracy_m"] = accuracy
    return values


def _number(value: float, lowest: float, highest: float, field: str) -> float:
    if math.isfinite(value) and lowest <= value <= highest:
        return value + 0.0  # -0.0 becomes 0.0
    expected = (
        f"a number of {lowest:g} or more" if highest == math.inf else f"{lowest:g} to {highest:g}"
    )
    raise InvalidArgument(
        Reason.OUT_OF_RANGE, f"{quote(field)} is {value:g}; expected {expected}", field=field
    )


def admit_locale(tag: str, field: str) -> str:
    """Returns a well-formed BCP 47 tag in the case that RFC 5646 recommends (`sv-SE`).

    Covers language, script, region, variants, extensions and private use; not the tags that
    RFC 5646 keeps only for their age, such as `i-klingon`.
    """
    match = _LANGUAGE_TAG.fullmatch(tag) if len(tag) <= _TAG_LIMIT else None
    if match is None:
        hint = ""
        if "_" in tag and len(tag) <= _TAG_LIMIT:
            dashed = _LANGUAGE_TAG.fullmatch(tag.replace("_", "-"))
            hint = f"; did you mean {quote(_recommended_case(dashed))}" if dashed else ""
        raise InvalidArgument(
            Reason.INVALID_LOCALE,
            f"{quote(tag)} is no BCP 47 language tag, such as `sv-SE`{hint}",
            field=field,
        )
    return _recommended_case(match)


def _recommended_case(match: re.Match[str]) -> str:
    script, region = match["script"], match["region"]
    parts = [match["language"].lower()]
    if script:
        parts.append(script.title())
    if region:
        parts.append(region.upper())
    return "-".join(parts) + match["rest"].lower()


def admit_locales(tags: Sequence[str], field: str) -> tuple[str, ...]:
    """Returns at most 20 language tags in their order, each as `admit_locale` does."""
    if len(tags) > LOCALES_LIMIT:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{quote(field)} has {len(tags):,} entries; at most {LOCALES_LIMIT} are allowed",
            field=field,
        )
    return tuple(admit_locale(tag, f"{field}[{n}]") for n, tag in enumerate(tags))


def admit_time_zone(name: str, field: str, known_zones: frozenset[str]) -> str:
    """Returns the name of an IANA time zone that is among the known ones, case and all."""
    if name not in known_zones:
        raise InvalidArgument(
            Reason.INVALID_LOCALE,
            f"no time zone {quote(name)}, such as `Europe/Stockholm`"
            + suggestion(name, _same_initial(name, known_zones)),
            field=field,
        )
    return name


def _same_initial(name: str, known_zones: frozenset[str]) -> list[str]:
    initial = name[:1].lower()
    return sorted(zone for zone in known_zones if zone[:1].lower() == initial)
