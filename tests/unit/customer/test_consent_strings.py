"""Consent strings of the IAB framework: what they say, and what is wrong with others."""

from __future__ import annotations

import random

import pytest

from offerd.customer.tcf import ConsentString, InvalidConsentStringError, answers, decode
from offerd.model.consent import ConsentValue
from seeds import random_seed

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def made(
    *,
    consents: set[int] = frozenset(),  # type: ignore[assignment]
    interests: set[int] = frozenset(),  # type: ignore[assignment]
    policy: int = 4,
    version: int = 2,
    created: int = 15_800_000_000,
    purpose_one_treatment: bool = False,
    special_features: set[int] = frozenset(),  # type: ignore[assignment]
) -> str:
    """A consent string, field by field as the framework has them."""

    def purposes(chosen: set[int], count: int = 24) -> str:
        return "".join("1" if number in chosen else "0" for number in range(1, count + 1))

    fields = [
        f"{version:06b}", f"{created:036b}", f"{created + 5:036b}", f"{21:012b}", f"{7:012b}",
        f"{2:06b}", f"{4:06b}{13:06b}", f"{23:012b}", f"{policy:06b}", "0", "0",
        purposes(special_features, 12),
        purposes(consents), purposes(interests), str(int(purpose_one_treatment)),
        f"{3:06b}{4:06b}", f"{0:016b}", "0", f"{0:016b}", "0", f"{0:012b}",
    ]  # fmt: skip
    bits = "".join(fields)
    bits += "0" * (-len(bits) % 6)
    return "".join(ALPHABET[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


@pytest.mark.parametrize(
    ("text", "created_s", "policy", "consents"),
    [
        (
            "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQA",
            1_582_243_059,
            2,
            {1, 2, 3},
        ),
        ("COrVd1pOrVd1pACABCENAHCAAAAAAAAAAAAiQAAAAAAAA", 1_575_943_306, 2, set()),
        (
            "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA.argAC0g",
            1_228_644_257,
            2,
            {1, 3, 9, 10},
        ),
    ],
)
def test_strings_from_the_wild_say_what_other_readers_say(
    text: str, created_s: int, policy: int, consents: set[int]
) -> None:
    """When they were created, and which purposes were agreed to."""
    said = decode(text)
    assert said.created_ns // 10**9 == created_s
    assert said.policy_version == policy
    assert said.consents >= consents
    assert said.purpose_one_asked


def test_what_was_written_is_read() -> None:
    """Any purposes, times and policies; and further segments and vendors aren't looked at."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(300):
        consents = set(source.sample(range(1, 25), source.randrange(25)))
        interests = set(source.sample(range(1, 25), source.randrange(25)))
        created, policy = source.randrange(2**35), source.randrange(64)
        treatment = source.random() < 0.5
        features = set(source.sample(range(1, 13), source.randrange(13)))
        text = made(
            consents=consents,
            interests=interests,
            policy=policy,
            created=created,
            purpose_one_treatment=treatment,
            special_features=features,
        )
        said = decode(text + source.choice(["", "AAAA", ".YAAA", ".YAAA.QAAA"]))
        assert tuple(said) == (
            created * 10**8,
            (created + 5) * 10**8,
            policy,
            consents,
            interests,
            not treatment,
            features,
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing before the first `.`, where the core segment is"),
        (".YAAA", "nothing before the first `.`, where the core segment is"),
        ("CO vFyG", "character 3 is ' ', which base64url doesn't have"),
        ("COvFyGé", "character 7 is '\\xe9', which base64url doesn't have"),
        ("COvF+", "character 5 is '+', which base64url doesn't have"),
        ("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", "character 1 says version 1, 2 expected (`C`)"),
        (
            "COvFyGBOvFyGB",
            "the core segment ends after character 13, before the vendors: at least 36 expected",
        ),
        ("C" * 20_001, "20001 characters, at most 20000 expected"),
    ],
)
def test_what_is_no_consent_string_is_told_with_the_place(text: str, message: str) -> None:
    """What was found, and what was expected."""
    with pytest.raises(InvalidConsentStringError) as raised:
        decode(text)
    assert str(raised.value) == message


YES, NO = ConsentValue.YES, ConsentValue.NO
INTEREST = ConsentValue.LEGITIMATE_INTEREST


@pytest.mark.parametrize(
    ("consents", "interests", "policy", "expected"),
    [
        (set(), set(), 4, (NO, NO)),
        ({1}, set(), 4, (YES, NO)),
        ({5, 6}, set(), 4, (NO, YES)),
        ({5}, set(), 4, (NO, NO)),
        ({3, 4}, set(), 4, (NO, NO)),
        ({4}, set(), 4, (NO, NO)),
        (set(range(1, 11)), set(), 5, (YES, YES)),
        ({2, 7, 8, 9, 10, 11}, {2, 7, 8, 9, 10}, 4, (NO, NO)),
        ({5}, {6}, 2, (NO, INTEREST)),
        (set(), {1, 3, 4, 5, 6}, 3, (NO, INTEREST)),
        (set(), {1, 3, 4, 5, 6}, 4, (NO, NO)),
        ({3, 4}, {3, 4}, 2, (NO, NO)),
    ],
)
def test_purposes_answer_questions(
    consents: set[int], interests: set[int], policy: int, expected: tuple[ConsentValue, ...]
) -> None:
    """Purpose 1 is collect, 5 with 6 personalize; the rest says nothing."""
    found = answers(decode(made(consents=consents, interests=interests, policy=policy)))
    assert found == {
        **dict(zip(("collect", "personalize"), expected, strict=True)),
        "precise_location": NO,
    }


@pytest.mark.parametrize(
    ("features", "expected"), [(set(), NO), ({1}, YES), ({2}, NO), ({1, 2}, YES), ({12}, NO)]
)
def test_special_feature_1_is_the_precise_location(
    features: set[int], expected: ConsentValue
) -> None:
    """Whoever didn't opt in to it has denied it; the other features answer nothing."""
    found = answers(decode(made(consents={1}, special_features=features)))
    assert found["precise_location"] is expected


def test_where_purpose_one_was_not_asked_nothing_is_said_about_collecting() -> None:
    """Some laws let it be without asking."""
    found = answers(decode(made(consents={5, 6}, purpose_one_treatment=True)))
    assert set(found) == {"personalize", "precise_location"}


def test_a_string_was_made_at_the_latest_when_its_day_ends() -> None:
    """One that tells the moment is as of then; one that tells the day alone, as of its end."""
    day_ns = 86_400 * 10**9
    to_the_moment = ConsentString(0, 5 * day_ns + 1, 4, frozenset(), frozenset(), True, frozenset())
    to_the_day = ConsentString(0, 5 * day_ns, 4, frozenset(), frozenset(), True, frozenset())
    assert to_the_moment.latest_ns == 5 * day_ns + 1
    assert to_the_day.latest_ns == 6 * day_ns - 1
