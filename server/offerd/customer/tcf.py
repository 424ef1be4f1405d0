"""Consent strings of the IAB Transparency and Consent Framework, version 2.

Only the core segment is read, and of it what says something about purposes independent of
vendors: it comes first, before the first dot, in base64url without padding. A string that was
made by a later version of the policies is read all the same: the places of these fields are those
of version 2 whatever the policies are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from offerd.customer.consent import COLLECT, PERSONALIZE, PRECISE_LOCATION
from offerd.model.consent import ConsentValue

VERSION: Final = 2
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_LETTER_BITS: Final = 6
_DECISECOND_NS: Final = 10**8
_DAY_NS: Final = 86_400 * 10**9
_PRECISE_LOCATION_FEATURE: Final = 1

_CREATED: Final = (6, 36)
_UPDATED: Final = (42, 36)
_POLICY_VERSION: Final = (132, 6)
_SPECIAL_FEATURES: Final = (140, 12)
_CONSENTS: Final = (152, 24)
_INTERESTS: Final = (176, 24)
_PURPOSE_ONE_TREATMENT: Final = (200, 1)
_READ_LETTERS: Final = 36
"""What comes before the vendors: 213 bits."""

_ONLY_CONSENT_SINCE: Final = 4
"""Since this version of the policies purposes 3 to 6 need consent, whatever a string says."""

_LONGEST_LETTERS: Final = 20_000


class InvalidConsentStringError(Exception):
    """Why a string is no consent string, in words, with the place."""


class ConsentString(NamedTuple):
    """What a consent string says. Purposes are numbered from 1.

    `consents` are those that the customer agreed to, `interests` those that somebody claims a
    legitimate interest in and the customer didn't object to. `purpose_one_asked` is False where
    the law lets purpose 1 be without asking, and then nothing is said about it.
    `special_features` are those that the customer opted in to, numbered from 1 too.
    """

    created_ns: int
    updated_ns: int
    policy_version: int
    consents: frozenset[int]
    interests: frozenset[int]
    purpose_one_asked: bool
    special_features: frozenset[int]

    @property
    def latest_ns(self) -> int:
        """The latest instant at which it can have been last changed.

        Since TCF 2.2 strings tell the day alone, as its midnight UTC.
        """
        return self.updated_ns + (0 if self.updated_ns % _DAY_NS else _DAY_NS - 1)


def decode(text: str) -> ConsentString:
    """Returns what a consent string says; raises InvalidConsentStringError."""
    if len(text) > _LONGEST_LETTERS:
        raise InvalidConsentStringError(
            f"{len(text)} characters, at most {_LONGEST_LETTERS} expected"
        )
    core, _, _ = text.partition(".")
    if not core:
        raise InvalidConsentStringError("nothing before the first `.`, where the core segment is")
    strange = next((place for place, letter in enumerate(core) if letter not in _VALUES), None)
    if strange is not None:
        raise InvalidConsentStringError(
            f"character {strange + 1} is {core[strange]!a}, which base64url doesn't have"
        )
    version = _VALUES[core[0]]
    if version != VERSION:
        raise InvalidConsentStringError(
            f"character 1 says version {version}, {VERSION} expected (`{_ALPHABET[VERSION]}`)"
        )
    if len(core) < _READ_LETTERS:
        raise InvalidConsentStringError(
            f"the core segment ends after character {len(core)}, "
            f"before the vendors: at least {_READ_LETTERS} expected"
        )
    bits = 0
    for letter in core[:_READ_LETTERS]:
        bits = bits << _LETTER_BITS | _VALUES[letter]
    length = _READ_LETTERS * _LETTER_BITS

    def field(place: tuple[int, int]) -> int:
        start, width = place
        return bits >> (length - start - width) & ((1 << width) - 1)

    return ConsentString(
        field(_CREATED) * _DECISECOND_NS,
        field(_UPDATED) * _DECISECOND_NS,
        field(_POLICY_VERSION),
        _numbers(field(_CONSENTS), _CONSENTS),
        _numbers(field(_INTERESTS), _INTERESTS),
        not field(_PURPOSE_ONE_TREATMENT),
        _numbers(field(_SPECIAL_FEATURES), _SPECIAL_FEATURES),
    )


def answers(said: ConsentString) -> dict[str, ConsentValue]:
    """Returns what a consent string answers, by question.

    Purpose 1 (storing on the device) is `collect`; 5 and 6 (profiles for content, and choosing it)
    together are `personalize`. A purpose that rests on a legitimate interest counts, but for
    purpose 1, and under policies that don't allow it. The answer rests on consent only if all of
    its purposes do. 3 and 4 are about advertisements on pages: whoever allows those hasn't asked
    for mail, and whoever doesn't may have, so that they answer nothing about contact. Special
    feature 1 is `precise_location`: it needs to be opted in to.
    """
    locates = _PRECISE_LOCATION_FEATURE in said.special_features
    found = {
        PERSONALIZE: _together(said, (5, 6)),
        PRECISE_LOCATION: ConsentValue.YES if locates else ConsentValue.NO,
    }
    if said.purpose_one_asked:
        found[COLLECT] = ConsentValue.YES if 1 in said.consents else ConsentValue.NO
    return found


def _together(said: ConsentString, purposes: tuple[int, ...]) -> ConsentValue:
    if all(purpose in said.consents for purpose in purposes):
        return ConsentValue.YES
    interests = said.interests if said.policy_version < _ONLY_CONSENT_SINCE else frozenset()
    if all(purpose in said.consents | interests for purpose in purposes):
        return ConsentValue.LEGITIMATE_INTEREST
    return ConsentValue.NO


def _numbers(bits: int, place: tuple[int, int]) -> frozenset[int]:
    """Returns which bits of a field are set: the first is number 1."""
    width = place[1]
    return frozenset(number for number in range(1, width + 1) if bits >> (width - number) & 1)
