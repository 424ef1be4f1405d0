"""From an offset in a text's value to where that character is written in the file.

Folding, quoting, escaping and indentation change white space and the length of what is
written, but never the order of the other characters. So the n-th character that is no
white space in the value is the n-th such character in the file, escapes taken as what
they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_BLOCK_HEADER = re.compile(r"[|>][^\n\r]*")
_DOUBLE_QUOTED = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|\r\n|(.))|(\S)", re.DOTALL
)
_SINGLE_QUOTED = re.compile(r"''|[^\s']")
_PLAIN = re.compile(r"\S")
_WHITE_ESCAPES = frozenset("tnrvfNLP_ \t\n\r")


def index_inside(raw: str, style: str, value: str, offset: int) -> int:
    """The index in `raw` of the character of `value` at the offset.

    `raw` is the scalar as written; `style` is one of `|`, `>`, `'`, `"`, or "" if it is plain.
    Where the offset is at white space or past the end: right after the character before it.
    """
    before = sum(1 for c in value[:offset] if not c.isspace())
    wanted = before if offset < len(value) and not value[offset].isspace() else before - 1
    start = end = 0
    for count, (start, end) in enumerate(_written(raw, style)):  # noqa: B007 - read below
        if count == wanted:
            break
    return start if wanted == before else end


def _written(raw: str, style: str) -> Iterator[tuple[int, int]]:
    """Start and end of all that is written for characters other than white space."""
    found = _PROPERTIES.match(raw)
    begin = found.end() if found else 0
    if style in ("|", ">"):
        header = _BLOCK_HEADER.match(raw, begin)
        yield from _spans(_PLAIN, raw, header.end() if header else begin, len(raw))
    elif style == "'":
        yield from _spans(_SINGLE_QUOTED, raw, begin + 1, len(raw) - 1)
    elif style == '"':
        yield from _escaped(raw, begin + 1, len(raw) - 1)
    else:
        yield from _spans(_PLAIN, raw, begin, len(raw))


def _spans(pattern: re.Pattern[str], raw: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    for found in pattern.finditer(raw, begin, end):
        yield found.span()


def _escaped(raw: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    for found in _DOUBLE_QUOTED.finditer(raw, begin, end):
        code = found[1] or found[2] or found[3]
        if code is not None:
            white = chr(int(code, 16)).isspace()
        elif found[5] is not None:
            white = False
        else:
            white = found[4] is None or found[4] in _WHITE_ESCAPES
        if not white:
            yield found.span()
