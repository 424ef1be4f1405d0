"""Regular expressions that mean the same in RE2, Java and PQL.

The engines differ in classes such as `\\s`, in `$` before a last line end, in flags, look-around,
possessive quantifiers and set operations. What is left is small and the same everywhere:
characters, escaped punctuation, `.`, classes of plain characters and ranges, groups,
alternatives, greedy and lazy repetition, `^` and `$`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from offerd.dialects.error import CannotSay

_TOKEN: Final = re.compile(
    r"""(?P<escape>\\[!-/:-@\[-`{-~])
    |(?P<class>\[\^?(?:[A-Za-z0-9_ .,:;/@%+=#~!-]|\\[!-/:-@\[-`{-~])+\])
    |(?P<open>\((?:\?:)?(?!\?))
    |(?P<close>\))
    |(?P<repeat>(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??(?![*+?{]))
    |(?P<alternative>\|)
    |(?P<start>\^)
    |(?P<end>\$)
    |(?P<any>\.)
    |(?P<character>[^\\\[\](){}*+?|^$.\n\r\x00\x85\u2028\u2029])""",
    re.VERBOSE,
)


def tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each part, in order; CannotSay for a part that engines read differently."""
    place = 0
    while place < len(pattern):
        match = _TOKEN.match(pattern, place)
        if match is None or match.lastgroup is None:
            shown = pattern[place : place + 2]
            raise CannotSay(f"engines of regular expressions differ on `{shown}` in `{pattern}`")
        yield match.lastgroup, match.group()
        place = match.end()


def portable_pattern(pattern: str, *, end: str, any_character: str) -> str:
    """The same pattern with `$` and `.` written as given."""
    replaced = {"end": end, "any": any_character}
    return "".join(replaced.get(kind, text) for kind, text in tokens(pattern))
