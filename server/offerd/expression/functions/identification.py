"""Text compared as people mean it: versions, languages, letter case, and shares of customers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from offerd.expression.check.types import BOOL, INT, STRING, list_of, optional_of
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import ABSENT, EvaluationError, Optional, quoted

BUCKETS: Final = 10_000
_NUMBER: Final = r"(0|[1-9][0-9]{0,18})"
_PRERELEASE: Final = r"(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-({_PRERELEASE}(?:\.{_PRERELEASE})*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_Identifier = tuple[int, int, str]
_Version = tuple[int, int, int, bool, tuple[_Identifier, ...]]


@lru_cache(maxsize=4096)
def _version(text: str) -> _Version:
    """What orders versions: the numbers, then no pre-release after any, then its identifiers."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise EvaluationError(f"{quoted(text)} is not a version: write it as `1.2.3`")
    major, minor, patch, before = match.groups()
    identifiers = () if before is None else tuple(map(_identifier, before.split(".")))
    return int(major), int(minor), int(patch), before is None, identifiers


def _identifier(text: str) -> _Identifier:
    """Numbers come before words; a number of 19 digits or more is told by its length first."""
    if text.isdigit():
        return (0, len(text), text)
    return (1, 0, text)


def _compare_versions(left: str, right: str) -> int:
    a, b = _version(left), _version(right)
    return (a > b) - (a < b)


def _compared_with(text: str) -> Callable[[str], int]:
    fixed = _version(text)

    def compare(left: str) -> int:
        found = _version(left)
        return (found > fixed) - (found < fixed)

    return compare


def _is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def _matches_language(tag: str, range_: str) -> bool:
    """Basic filtering: the range is the tag, or its beginning up to a hyphen."""
    if range_ == "*":
        return tag != ""
    tag, range_ = tag.lower(), range_.lower()
    return range_ != "" and (tag == range_ or tag.startswith(f"{range_}-"))


def _look_up_language(tags: list[str], range_: str) -> Optional:
    """Lookup: the range is cut from its end until it is one of the tags."""
    known = {tag.lower(): tag for tag in reversed(tags)}
    subtags = range_.lower().split("-")
    while subtags:
        found = known.get("-".join(subtags))
        if found is not None and subtags != [""]:
            return Optional(True, found)
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return ABSENT


def _share(digest: bytes) -> int:
    return int.from_bytes(digest, "big") * BUCKETS >> 64


def _octets(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise EvaluationError("the string holds half a character") from None


def _bucket(identifier: str, salt: str) -> int:
    text = b"\0".join((_octets(salt), _octets(identifier)))
    return _share(hashlib.blake2b(text, digest_size=8).digest())


def _salted(salt: str) -> Callable[[str], int]:
    begun = hashlib.blake2b(_octets(salt) + b"\0", digest_size=8)

    def bucket(identifier: str) -> int:
        hash_ = begun.copy()
        hash_.update(_octets(identifier))
        return _share(hash_.digest())

    return bucket


def _equals_ignoring_case(left: str, right: str) -> bool:
    return left.casefold() == right.casefold()


def _contains_ignoring_case(text: str, part: str) -> bool:
    return part.casefold() in text.casefold()


def _equal_to(text: str) -> Callable[[str], bool]:
    folded = text.casefold()
    return lambda left: left.casefold() == folded


def _containing(part: str) -> Callable[[str], bool]:
    folded = part.casefold()
    return lambda text: folded in text.casefold()


IDENTIFICATION: Final = (
    Function(
        "semver.compare",
        Form.FUNCTION,
        (Overload((STRING, STRING), INT, _compare_versions, specialise=_compared_with),),
        "-1, 0 or 1 as the first version comes before the second, is as high, or comes after it, "
        "by the precedence of Semantic Versioning 2.0.0: `1.10.0` comes after `1.9.0`, `1.0.0-rc.1`"
        " before `1.0.0`, and what follows a `+` does not count.",
        "One of them is not a version of three numbers; `semver.isValid` tells.",
        "semver.compare('1.10.0', '1.9.0') > 0",
    ),
    Function(
        "semver.isValid",
        Form.FUNCTION,
        (Overload((STRING,), BOOL, _is_version),),
        "Whether a text is a version of Semantic Versioning 2.0.0, its numbers of at most "
        "19 digits.",
        example="!semver.isValid('1.2')",
    ),
    Function(
        "language.matches",
        Form.FUNCTION,
        (Overload((STRING, STRING), BOOL, _matches_language),),
        "Whether a language tag is in a range, by the basic filtering of RFC 4647: the range is "
        "the tag or its beginning up to a hyphen, in any letter case; `*` is any tag.",
        example="language.matches('sv-SE', 'sv') && !language.matches('sv', 'sv-SE')",
    ),
    Function(
        "language.lookup",
        Form.FUNCTION,
        (Overload((list_of(STRING), STRING), optional_of(STRING), _look_up_language),),
        "The tag of the list that suits a wanted one best, by the lookup of RFC 4647: the wanted "
        "one is shortened from its end until it is in the list. None if nothing suits.",
        example="language.lookup(['en', 'sv'], 'sv-SE').orValue('en') == 'sv'",
    ),
    Function(
        "bucket",
        Form.FUNCTION,
        (Overload((STRING, STRING), INT, _bucket, specialise=_salted),),
        f"A number from 0 to {BUCKETS - 1} that is the same for an identifier and a salt whenever "
        "and wherever it is asked for, and spread evenly: `bucket(id, 'spring') < 2500` is a "
        "quarter of all. It is the BLAKE2b hash with 8 octets of the salt, a zero octet and the "
        f"identifier in UTF-8, read as a big-endian number, times {BUCKETS}, divided by 2 to the "
        "64th.",
        "A string holds half a character.",
        "bucket('a', 'spring') == 5724",
    ),
    Function(
        "equalsIgnoreCase",
        Form.METHOD,
        (Overload((STRING, STRING), BOOL, _equals_ignoring_case, specialise=_equal_to),),
        "Whether two texts are the same but for the case of their letters, by the case folding of "
        "Unicode: `STRASSE` equals `straße`.",
        example="'Gold'.equalsIgnoreCase('GOLD')",
    ),
    Function(
        "containsIgnoreCase",
        Form.METHOD,
        (Overload((STRING, STRING), BOOL, _contains_ignoring_case, specialise=_containing),),
        "Whether the text has the other in it, but for the case of letters, by the case folding "
        "of Unicode.",
        example="'Gold'.containsIgnoreCase('OL')",
    ),
)
