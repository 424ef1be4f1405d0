"""Functions beyond the common language: versions, languages, buckets, letter case, days."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from offerd.expression import INT, TIMESTAMP, ExpressionError, Failure, compile_expression
from offerd.expression.check.declarations import Environment
from offerd.expression.functions.instants import parse_timestamp
from unit.expression.declared import value_of

VERSIONS = [
    "0.0.1-alpha", "0.0.1", "0.9.0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha",
    "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
    "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0", "2.0.0", "10.0.0",
]  # fmt: skip


def test_versions_are_in_the_order_of_their_precedence() -> None:
    """Numbers by size, words after numbers, a pre-release before its release."""
    for lower, higher in pairwise(VERSIONS):
        for left, right, sign in ((lower, higher, -1), (higher, lower, 1), (lower, lower, 0)):
            both = {"tier": left, "loyalty.tier": right}
            source = "semver.compare(profile.tier, profile.loyalty.tier)"
            assert value_of(source, both) == sign, (left, right)
            fixed = f"semver.compare(profile.loyalty.tier, '{left}')"
            assert value_of(fixed, both) == -sign, (left, right)


def test_build_metadata_does_not_count() -> None:
    """What follows a plus sign is no part of the precedence."""
    assert value_of("semver.compare(profile.tier, '1.0.0+b.2')", {"tier": "1.0.0+a"}) == 0


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "a.b.c"]
)
def test_what_is_no_version_fails(text: str) -> None:
    """Only the form of Semantic Versioning 2.0.0 is a version."""
    assert value_of("semver.isValid(profile.tier)", {"tier": text}) is False
    outcome = value_of("semver.compare(profile.tier, '1.0.0')", {"tier": text})
    assert isinstance(outcome, Failure)
    assert "is not a version" in outcome.message


def test_a_constant_that_is_no_version_is_found_at_once() -> None:
    """A mistyped version does not wait for a customer."""
    with pytest.raises(ExpressionError, match=r"`1\.2` is not a version: write it as `1\.2\.3`"):
        value_of("semver.compare(profile.tier, '1.2') > 0")


LANGUAGES = [
    ("sv-SE", "sv", True),
    ("sv", "sv", True),
    ("SV-se", "sV-Se", True),
    ("sv", "sv-SE", False),
    ("svx", "sv", False),
    ("de-Latn-DE", "de-DE", False),
    ("de-Latn-DE", "de-latn", True),
    ("en", "*", True),
    ("", "*", False),
    ("en", "", False),
]


@pytest.mark.parametrize(("tag", "range_", "outcome"), LANGUAGES)
def test_a_language_is_in_a_range(tag: str, range_: str, outcome: bool) -> None:
    """Basic filtering: the range is the tag's beginning, up to a hyphen."""
    assert value_of(f"language.matches(profile.tier, '{range_}')", {"tier": tag}) is outcome


LOOKUPS = [
    ("sv-SE", ["en", "sv"], "sv"),
    ("zh-Hant-CN-x-private1", ["zh-Hant", "zh"], "zh-Hant"),
    ("zh-Hant-CN-x-private1", ["zh-hant-cn"], "zh-hant-cn"),
    ("de-x-a", ["de-x", "de"], "de"),
    ("fr", ["en"], None),
    ("", [""], None),
]


@pytest.mark.parametrize(("wanted", "tags", "found"), LOOKUPS)
def test_the_language_that_suits_best_is_found(wanted: str, tags: list[str], found: Any) -> None:
    """Lookup: the wanted tag is shortened until it is there; a lone letter goes with its tail."""
    profile = {"tier": wanted, "tags": tags}
    outcome = value_of("language.lookup(profile.tags, profile.tier).orValue('-')", profile)
    assert outcome == (found or "-")


BUCKETS = [
    ("a", "spring", 5724),
    ("", "", 5818),
    ("anna@example.se", "spring", 2990),
    ("å", "s", 4243),
]


@pytest.mark.parametrize(("identifier", "salt", "bucket"), BUCKETS)
def test_a_bucket_is_the_stated_hash(identifier: str, salt: str, bucket: int) -> None:
    """The numbers never change, and follow from the hash that is documented."""
    digest = hashlib.blake2b(f"{salt}\0{identifier}".encode(), digest_size=8).digest()
    assert int.from_bytes(digest, "big") * 10_000 // 2**64 == bucket
    profile = {"tier": identifier, "loyalty.tier": salt}
    assert value_of("bucket(profile.tier, profile.loyalty.tier)", profile) == bucket
    assert value_of(f"bucket(profile.tier, '{salt}')", profile) == bucket


def test_buckets_are_even_and_independent_of_each_other() -> None:
    """Every tenth holds about a tenth, and one salt says nothing about another."""
    values = [
        (value_of("bucket(profile.tier, 'a')", {"tier": str(n)}) // 1000,
         value_of("bucket(profile.tier, 'b')", {"tier": str(n)}) // 5000)
        for n in range(1500)
    ]  # fmt: skip
    tenths = Counter(first for first, _ in values)
    assert set(tenths) == set(range(10))
    assert all(100 < count < 200 for count in tenths.values())
    low = sum(second for first, second in values if first < 5)
    assert 300 < low < 450


def test_letter_case_is_folded_as_unicode_says() -> None:
    """The sharp s equals two, and Greek sigmas equal each other."""
    given = {"profile": {"loyalty.tier": "ΟΔΥΣΣΕΥΣ"}, "context": {"country": "STRASSE"}}
    assert value_of("context.country.equalsIgnoreCase('straße')", **given) is True
    assert value_of("'οδυσσευς'.equalsIgnoreCase(profile.loyalty.tier)", **given) is True
    assert value_of("context.country.containsIgnoreCase('raß')", **given) is True
    assert value_of("context.country.containsIgnoreCase(profile.loyalty.tier)", **given) is False


def at(moment: str, source: str, born: str = "2004-02-29") -> Any:
    """The outcome at a moment, for a profile born on a day."""
    profile = {"born": parse_timestamp(f"{born}T00:00:00Z")}
    return value_of(source, profile, now=parse_timestamp(moment))


TODAY = [
    ("2024-05-01T22:30:00Z", "Europe/Stockholm", "2024-05-01T22:00:00Z"),
    ("2024-05-01T21:59:59.999Z", "Europe/Stockholm", "2024-04-30T22:00:00Z"),
    ("2024-05-01T00:00:00Z", "UTC", "2024-05-01T00:00:00Z"),
    ("2024-03-31T12:00:00Z", "Europe/Stockholm", "2024-03-30T23:00:00Z"),
    ("2023-03-26T12:00:00Z", "Asia/Beirut", "2023-03-25T22:00:00Z"),
    ("2024-05-01T01:00:00Z", "-03:00", "2024-04-30T03:00:00Z"),
]


@pytest.mark.parametrize(("moment", "zone", "begin"), TODAY)
def test_today_begins_at_midnight_of_the_zone(moment: str, zone: str, begin: str) -> None:
    """Also on days when clocks change, even at midnight itself."""
    assert at(moment, f"today('{zone}')") == parse_timestamp(begin)


BIRTHDAYS = [
    ("2024-02-29T12:00:00Z", True),
    ("2024-02-28T12:00:00Z", False),
    ("2023-02-28T12:00:00Z", True),
    ("2023-03-01T12:00:00Z", False),
    ("2023-02-28T23:30:00Z", False),
    ("2023-02-27T23:30:00Z", True),
]


@pytest.mark.parametrize(("moment", "outcome"), BIRTHDAYS)
def test_a_birthday_on_29_february_falls_on_the_28th_in_other_years(
    moment: str, outcome: bool
) -> None:
    """And it is the zone's day that counts."""
    assert at(moment, "isBirthday(profile.born, 'Europe/Stockholm')") is outcome
    assert at(moment, "isAnniversary(profile.born, 'Europe/Stockholm')") is outcome


YEARS = [
    ("2024-05-01T12:00:00Z", "2000-05-01", 24, 0),
    ("2024-05-01T12:00:00Z", "2000-05-02", 23, 1),
    ("2024-05-01T12:00:00Z", "2000-04-30", 24, 364),
    ("2023-02-28T12:00:00Z", "2004-02-29", 19, 0),
    ("2023-03-01T12:00:00Z", "2004-02-29", 19, 365),
    ("2022-03-01T12:00:00Z", "2004-02-29", 18, 364),
    ("2024-05-01T12:00:00Z", "2030-04-01", -5, 335),
    ("2024-05-01T12:00:00Z", "2024-06-01", 0, 31),
]


@pytest.mark.parametrize(("moment", "born", "years", "days"), YEARS)
def test_years_and_days_are_counted_by_the_calendar(
    moment: str, born: str, years: int, days: int
) -> None:
    """An age changes on the birthday; the days until the next one are 0 on it."""
    assert at(moment, "yearsSince(profile.born, 'UTC')", born) == years
    assert at(moment, "daysUntilAnniversary(profile.born, 'UTC')", born) == days


def test_a_moment_may_be_given_instead_of_now() -> None:
    """With one argument more the first is the moment."""
    assert at("2024-05-01T12:00:00Z", "yearsSince(profile.born, profile.born, 'UTC')") == 0


def test_without_now_there_is_no_today() -> None:
    """Where rules have no clock variable, the functions that need it say so."""
    with pytest.raises(ExpressionError, match="`today` needs the variable `now`"):
        compile_expression("today('UTC')", Environment({"now": INT}), expected=TIMESTAMP)


def test_an_unknown_zone_is_found_at_once() -> None:
    """A mistyped zone does not wait for a customer."""
    with pytest.raises(ExpressionError, match="unknown time zone `Mars`"):
        value_of("today('Mars') == now")


def test_the_last_year_has_no_next_one() -> None:
    """The calendar ends, and says so."""
    outcome = at("9999-12-31T12:00:00Z", "daysUntilAnniversary(profile.born, 'UTC')")
    assert isinstance(outcome, Failure)
    outcome = at("0001-01-01T00:00:00Z", "today('+02:00')")
    assert isinstance(outcome, Failure)
