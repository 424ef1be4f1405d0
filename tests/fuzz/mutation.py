"""Rules with something done to them: the inputs that a parser meets in real life and worse."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from offerd.expression import ExpressionError, compile_expression, encode
from unit.expression.declared import ENVIRONMENT

RULES = r"""
profile.loyalty.tier == "plus" && now - profile.born > duration("2160h")
profile.tier in ["silver", 'gold'] || !(profile.age >= 18 && profile.vip)
profile.tags.exists(t, t.startsWith("yo") && profile.tags.all(u, u != t))
has(profile.loyalty.points) ? profile.loyalty.points > 100 : profile.score * 1.5e2 < .5
size(profile.tags.filter(t, t.matches(r"^[a-z]+\d*$"))) == 2
profile.address["street"].lowerAscii().contains('gatan') || "zip" in profile.address
profile.rows.map(r, r.kind).exists_one(k, k == "a\n\u00e5\x41\101")
timestamp("2026-11-02T09:00:00Z") <= now && now.getDayOfWeek("Europe/Stockholm") in [0, 6]
audience("frequent") && !audience('lapsed') // why
{"a": 1, 'b': 2u}["a"] + [1, 2, 3][0] - -9223372036854775808 == int("7") % 3
type(profile.extra) == int || dyn(profile.extra) == b"\xff" || string(profile.age) == '''x'''
profile.age / profile.visits.size() > 1 ? true : null == profile.extra
math.greatest(profile.age, 3, 5) > math.least([1, 2]) && profile.score != double("1e309")
[[1], [2]].exists(x, x.exists(y, y in [profile.age, 0xff])) && profile.address.`x-y` == "z"
cel.bind(n, profile.age, n + n > 3) && optional.of(profile.age).orValue(3) == 3
profile.?address[?"street"].hasValue() || [?profile.?age].size() == 1
profile.address.all(k, v, k != v) && profile.tags.exists(i, t, i > 0 && t == "a")
"""
CORPUS = [line for line in RULES.splitlines() if line]
_TOKENS = r"""
&& || ! == != < <= > >= + - * / % ? : , . ( ) [ ] { } in true false null 1 -1 0u 1e9 0x 9e999 . ..
" ' ''' \"\"\" r' b' \ ` // /* = & | ; # $ @ profile profile. .a .?a [?0] [0] has( exists( .map(x,
now duration('1h') audience(" \u12 9999999999999999999999 is and or not if
"""
TOKENS = _TOKENS.split()
STRANGE = "\x00\t\n\r\x0b\x85\u2028\ufeff\u200bÅß𝟙\U0010ffff\ud800\udfffé“”‘’…"
_PIECE = re.compile(r"\w+|\s+|[^\w\s]")


class Mutator:
    """A source of mutated rules; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._kinds: list[Callable[[str], str]] = [
            self._without,
            self._doubled,
            self._swapped,
            self._with_token,
            self._with_token,
            self._with_character,
            self._spliced,
            self._wrapped,
            self._repeated,
            self._cut,
        ]

    def source(self) -> str:
        """A rule with one to four things done to it."""
        text = self.random.choice(CORPUS)
        for _ in range(self.random.randint(1, 4)):
            text = self.random.choice(self._kinds)(text)
        return text[:12_000]

    def encoded(self) -> bytes:
        """An encoded rule with a few of its bytes changed, left out or doubled."""
        data = bytearray(self.random.choice(encoded_corpus()))
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(data))
            kind = self.random.randrange(4)
            if kind == 0:
                data[at] = self.random.randrange(256)
            elif kind == 1:
                data[at] = (data[at] + self.random.choice((1, -1))) % 256
            elif kind == 2 and len(data) > 1:
                del data[at]
            else:
                data[at:at] = data[at : at + self.random.randint(1, 8)]
        return bytes(data)

    def _span(self, text: str) -> tuple[int, int]:
        pieces = [found.span() for found in _PIECE.finditer(text)] or [(0, 0)]
        first = self.random.randrange(len(pieces))
        last = min(len(pieces) - 1, first + self.random.choice((0, 0, 0, 1, 2, 5)))
        return pieces[first][0], pieces[last][1]

    def _without(self, text: str) -> str:
        start, end = self._span(text)
        return text[:start] + text[end:]

    def _doubled(self, text: str) -> str:
        start, end = self._span(text)
        return text[:end] + text[start:]

    def _swapped(self, text: str) -> str:
        (a, b), (c, d) = sorted((self._span(text), self._span(text)))
        return text if b > c else text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]

    def _with_token(self, text: str) -> str:
        at, _ = self._span(text)
        return f"{text[:at]}{self.random.choice(('', ' '))}{self.random.choice(TOKENS)} {text[at:]}"

    def _with_character(self, text: str) -> str:
        at = self.random.randint(0, len(text))
        plain = chr(self.random.randint(0, 0x2FF))
        return text[:at] + self.random.choice((plain, self.random.choice(STRANGE))) + text[at:]

    def _spliced(self, text: str) -> str:
        other = self.random.choice(CORPUS)
        at, _ = self._span(text)
        _, there = self._span(other)
        return text[:at] + other[there:]

    def _wrapped(self, text: str) -> str:
        before, after = self.random.choice(
            (("(", ")"), ("[", "]"), ("!(", ")"), ("-(", ")"), ("{1: ", "}"), ("size(", ")"),
             ("[1].map(x, ", ")"), ("true ? ", " : 1"), ("a[", "]"))
        )  # fmt: skip
        count = self.random.choice((1, 1, 2, 5, 70, 500))
        return before * count + text + after * self.random.choice((count, count, 0))

    def _repeated(self, text: str) -> str:
        start, end = self._span(text)
        return text[:start] + text[start:end] * self.random.choice((3, 40, 900)) + text[end:]

    def _cut(self, text: str) -> str:
        at = self.random.randint(0, len(text))
        return text[:at] if self.random.random() < 0.5 else text[at:]


@lru_cache(maxsize=1)
def encoded_corpus() -> tuple[bytes, ...]:
    """Those of the corpus that are right for the environment, encoded."""
    encoded = []
    for source in CORPUS:
        with suppress(ExpressionError):
            encoded.append(encode(compile_expression(source, ENVIRONMENT, expected=None)))
    assert len(encoded) > len(CORPUS) // 2
    return tuple(encoded)
