"""Location, languages and time zone."""

from __future__ import annotations

import math
import zoneinfo

import pytest

from offerd.admission import admit_locale, admit_locales, admit_location, admit_time_zone
from offerd.errors import InvalidArgument, Reason

ZONES = frozenset(zoneinfo.available_timezones())


def test_a_location_becomes_flat_context_values() -> None:
    """Accuracy is there only if it is known."""
    assert admit_location(55.6, -180.0, None, "context.location") == {
        "location.latitude": 55.6,
        "location.longitude": -180.0,
    }
    known = admit_location(-90.0, 180.0, 12.5, "context.location")
    assert known["location.accuracy_m"] == 12.5


@pytest.mark.parametrize(
    ("latitude", "longitude", "accuracy_m", "field"),
    [
        (91.0, 0.0, None, "latitude"),
        (-90.1, 0.0, None, "latitude"),
        (math.nan, 0.0, None, "latitude"),
        (0.0, 180.5, None, "longitude"),
        (0.0, math.inf, None, "longitude"),
        (0.0, 0.0, -1.0, "accuracy_m"),
        (0.0, 0.0, math.inf, "accuracy_m"),
        (0.0, 0.0, math.nan, "accuracy_m"),
    ],
)
def test_places_off_the_earth_are_refused(
    latitude: float, longitude: float, accuracy_m: float | None, field: str
) -> None:
    """Every number has its range; not-a-number lies in none."""
    with pytest.raises(InvalidArgument) as caught:
        admit_location(latitude, longitude, accuracy_m, "context.location")
    assert caught.value.reason is Reason.OUT_OF_RANGE
    assert caught.value.field == f"context.location.{field}"


@pytest.mark.parametrize(
    ("tag", "admitted"),
    [
        ("sv", "sv"),
        ("SV-se", "sv-SE"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("en-US-u-ca-gregory", "en-US-u-ca-gregory"),
        ("en-x-staff", "en-x-staff"),
        ("zh-yue-HK", "zh-yue-HK"),
    ],
)
def test_language_tags_are_admitted_in_their_recommended_case(tag: str, admitted: str) -> None:
    """Region in capitals, script with one, the rest in lower case."""
    assert admit_locale(tag, "context.locales[0]") == admitted


@pytest.mark.parametrize(
    "tag", ["", "s", "sv_SE", "sv-", "-sv", "swedishly-SE", "sv--SE", "x" * 99]
)
def test_malformed_language_tags_are_refused(tag: str) -> None:
    """With the reason INVALID_LOCALE."""
    with pytest.raises(InvalidArgument) as caught:
        admit_locale(tag, "context.locales[0]")
    assert caught.value.reason is Reason.INVALID_LOCALE
    assert ("did you mean `sv-SE`" in caught.value.message) == (tag == "sv_SE")


def test_languages_keep_their_order_and_are_few() -> None:
    """Twenty at most; the one at fault is named by its index."""
    assert admit_locales(["sv-SE", "en"], "context.locales") == ("sv-SE", "en")
    with pytest.raises(InvalidArgument) as caught:
        admit_locales(["sv", "!"], "context.locales")
    assert caught.value.field == "context.locales[1]"
    with pytest.raises(InvalidArgument) as caught:
        admit_locales(["sv"] * 21, "context.locales")
    assert caught.value.reason is Reason.TOO_LARGE


def test_time_zones_are_those_of_the_iana_database() -> None:
    """A misspelt one is answered with the nearest."""
    assert admit_time_zone("Europe/Stockholm", "context.time_zone", ZONES) == "Europe/Stockholm"
    with pytest.raises(InvalidArgument) as caught:
        admit_time_zone("Europe/Stokholm", "context.time_zone", ZONES)
    assert caught.value.reason is Reason.INVALID_LOCALE
    assert "did you mean `Europe/Stockholm`" in caught.value.message
