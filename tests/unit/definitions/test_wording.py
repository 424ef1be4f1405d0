"""How names and values are shown to people."""

from __future__ import annotations

import pytest

from offerd.definitions.wording import described, hint, nearest, quoted


def test_long_or_strange_text_is_shown_on_one_short_line() -> None:
    """A text in a message has no line ends and no characters that can't be seen, and is cut."""
    assert quoted("a\nb\x00c") == "`a b\ufffdc`"
    assert quoted("x" * 100) == f"`{'x' * 39}…`"
    assert quoted("") == "empty text"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        (True, "`true`"),
        (3, "the number `3`"),
        ("high", "the text `high`"),
        ([1], "a list"),
        ({}, "a mapping"),
    ],
)
def test_values_are_described_in_plain_words(value: object, shown: str) -> None:
    """What was found is named without types of a programming language."""
    assert described(value) == shown


def test_nearest_name() -> None:
    """The most similar name, letter case aside; none if none is similar."""
    assert nearest("Web-Hero", {"web-hero", "web-hera"}) == "web-hero"
    assert nearest("web-hreo", {"app", "web-hero"}) == "web-hero"
    assert nearest("till", {"app", "web-hero"}) is None


def test_nearest_name_among_very_many() -> None:
    """Among a hundred thousand names the nearest with the same beginning is still found."""
    names = {f"{letter}{number:06}" for letter in "abcd" for number in range(25_000)} | {
        "offer-one"
    }
    assert nearest("offer-oen", names) == "offer-one"


def test_hint_lists_names_only_if_they_are_few() -> None:
    """Without a similar name, a handful of valid ones is listed; many are not; none is said so."""
    assert hint("zzz", {"b", "a"}) == ": expected one of `a`, `b`"
    assert hint("zzz", {"a"}) == ": expected `a`"
    assert hint("zzz", set("abcdefg")) == ""
    assert hint("zzz", set(), kind="placements") == ": no placements are defined"
