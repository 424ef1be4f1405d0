"""Instants, durations and language tags as definitions write them."""

from __future__ import annotations

import pytest

from offerd.definitions.instants import NotATime, duration_ns, instant_ns
from offerd.definitions.languages import usual_spelling


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t01:00:00.5+01:00", 500_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1678-01-01", -9_214_560_000_000_000_000),
        ("2261-12-31T23:59:59Z", 9_214_646_399_000_000_000),
    ],
)
def test_instants(text: str, expected_ns: int) -> None:
    """A date is midnight UTC; an instant has an offset and up to nanoseconds."""
    assert instant_ns(text) == expected_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026",
        "2026-1-1",
        "2026-13-01",
        "2026-02-29",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "1677-12-31",
        "2262-01-01",
        "12000-01-01",
        "２０２６-01-01",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_what_is_no_instant(text: str) -> None:
    """Anything else is refused, with a reason."""
    with pytest.raises(NotATime) as refused:
        instant_ns(text)
    assert str(refused.value)


def test_durations() -> None:
    """Hours, minutes and seconds add up; there are neither days nor nothing."""
    assert duration_ns("1h30m") == 5_400_000_000_000
    for text in ("1d", "0s", "-1h", "", "h", "1"):
        with pytest.raises(NotATime):
            duration_ns(text)


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [
        ("sv", "sv"),
        ("SV-se", "sv-SE"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-ch-1996", "de-CH-1996"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("en-a-myext-b-AB", "en-a-myext-b-ab"),
        ("x-Fr-CH", "x-fr-ch"),
        ("i-klingon", "i-klingon"),
        ("zh-cmn-hans-cn", "zh-cmn-Hans-CN"),
    ],
)
def test_language_tags(tag: str, spelled: str) -> None:
    """Well-formed tags get the letter case that is usual."""
    assert usual_spelling(tag) == spelled


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "s",
        "sv_SE",
        "sv-",
        "-sv",
        "sv--SE",
        "sverigespråket",
        "sv-svenskaspråket",
        "en-a",
        "ſv",
        "sv-SE\n",
        "*",
    ],
)
def test_what_is_no_language_tag(tag: str) -> None:
    """What isn't well-formed is refused."""
    assert usual_spelling(tag) is None
