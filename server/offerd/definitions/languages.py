"""BCP 47 language tags: whether one is well-formed, and its usual spelling."""

from __future__ import annotations

import re

from offerd.definitions.wording import quoted

_TAG = re.compile(
    r"""
    (?: (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4} | [a-z]{5,8} )   # language, extended language
        (?: -[a-z]{4} )?                                             # script
        (?: -(?:[a-z]{2}|[0-9]{3}) )?                                # region
        (?: -(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}) )*                   # variants
        (?: -[0-9a-wy-z](?:-[a-z0-9]{2,8})+ )*                       # extensions
        (?: -x(?:-[a-z0-9]{1,8})+ )?                                 # private use
      | x(?:-[a-z0-9]{1,8})+
    )
    """,
    re.VERBOSE | re.ASCII,
)
_GRANDFATHERED = frozenset(
    (
        *("en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux"),
        *("i-mingo", "i-navajo", "i-pwn", "i-tao", "i-tay", "i-tsu"),
        *("sgn-be-fr", "sgn-be-nl", "sgn-ch-de"),
    )
)


def not_a_language(tag: str) -> str:
    """What to say of a tag that isn't well-formed."""
    return (
        f"{quoted(tag)} is not a BCP 47 language tag: expected such as `en`, `sv-SE` or `zh-Hant`"
    )


def usual_spelling(tag: str) -> str | None:
    """The tag with the letter case that RFC 5646 recommends; None if it isn't well-formed."""
    folded = tag.lower()
    if not tag.isascii() or not (_TAG.fullmatch(folded) or folded in _GRANDFATHERED):
        return None
    parts = folded.split("-")
    spelled = [parts[0]]
    for part in parts[1:]:
        # After a single letter the rest is an extension or for private use: lower case.
        if any(len(before) == 1 for before in spelled):
            spelled.append(part)
        elif len(part) == 2:
            spelled.append(part.upper())
        else:
            spelled.append(part.title() if len(part) == 4 and part.isalpha() else part)
    return "-".join(spelled)
