"""One expression written anew inside YAML or JSON, in the style in which it stands there."""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from offerd.definitions.reading.scalars import ScalarProblem, plain_scalar
from offerd.definitions.reading.tree import Scalar
from offerd.expression.format import FormatError, format_expression

LINE_WIDTH: Final = 100
"""No line is longer, in characters, if it can be broken."""
_LEAST_WIDTH: Final = 40

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)*")
_HEADER: Final = re.compile(r"[|>]([-+0-9]*)[^\r\n]*(?:\r\n|\r|\n)")
_LINE: Final = re.compile(r"([ ]*)([^\r\n]*)(\r\n|\r|\n|$)")
_BLOCK_VALUE: Final = re.compile(r"([ ]*(?:- +)*)[A-Za-z0-9_\"']+ *: +")
_INDICATORS: Final = frozenset("!&*|>'\"%@`{}[],#")


class Rewrite(NamedTuple):
    """Put `text` in the place of source[start:end]."""

    start: int
    end: int
    text: str


def rewrite(source: str, scalar: Scalar, expression: str, *, is_json: bool) -> Rewrite | None:
    """What to change for the expression that a scalar holds; None if nothing is to be changed.

    ExpressionError if it is none; FormatError, saying why, if it can't be written anew.
    """
    found = _PROPERTIES.match(source, scalar.start, scalar.end)
    start = scalar.start if found is None else found.end()
    if scalar.style in ("|", ">"):
        change = _in_block(source, start, expression)
    elif is_json:
        written = format_expression(expression, width=0, quote="'")
        change = Rewrite(start, scalar.end, json.dumps(written, ensure_ascii=False))
    else:
        change = _in_flow(source, start, scalar, expression)
    return None if source[change.start : change.end] == change.text else change


def _in_block(source: str, start: int, expression: str) -> Rewrite:
    """Only the lines of text change: neither the header nor blank lines at the end."""
    header = _HEADER.match(source, start)
    if header is None or any(c.isdigit() for c in header[1]):
        raise FormatError("its indentation is given in numbers")
    begin = at = end = header.end()
    indent: int | None = None
    ending = "\n"
    while at < len(source):
        line = _LINE.match(source, at)
        if line is None:
            break
        spaces, text, ending_here = line.groups()
        if text.strip():
            indent = len(spaces) if indent is None else indent
            if len(spaces) < indent:
                break
            end, ending = line.end(2), ending_here or ending
        at = line.end()
    margin = " " * (indent or 0)
    width = max(_LEAST_WIDTH, LINE_WIDTH - len(margin))
    lines = format_expression(expression, width=width).split("\n")
    return Rewrite(begin, end, ending.join(f"{margin}{line}" for line in lines))


def _in_flow(source: str, start: int, scalar: Scalar, expression: str) -> Rewrite:
    raw = source[start : scalar.end]
    lines = raw.splitlines()
    one = _styled(format_expression(expression, width=0), scalar.style)
    line_start = source.rfind("\n", 0, start) + 1
    if start - line_start + len(one) <= LINE_WIDTH:
        return Rewrite(start, scalar.end, one)
    block = _as_block(source, line_start, start, scalar.end, expression)
    if block is not None:
        return Rewrite(start, scalar.end, block)
    if len(lines) > 1:
        raise FormatError("it goes over several lines: write it as a block, after `>-`")
    return Rewrite(start, scalar.end, one)


def _as_block(source: str, line_start: int, start: int, end: int, expression: str) -> str | None:
    """A long value of a block mapping as a folded block; None where there is no room for one."""
    before = _BLOCK_VALUE.fullmatch(source, line_start, start)
    rest = source[end : source.find("\n", end) if "\n" in source[end:] else len(source)]
    if before is None or rest.strip():
        return None
    margin = " " * (len(before[1]) + 2)
    written = format_expression(expression, width=max(_LEAST_WIDTH, LINE_WIDTH - len(margin)))
    if "\n" not in written:
        return None
    ending = "\r\n" if rest.endswith("\r") else "\n"
    return ending.join((">-", *(f"{margin}{line}" for line in written.split("\n"))))


def _styled(text: str, style: str) -> str:
    """The text in the style, or, where that would need escapes, in single quotes."""
    if style == "" and _may_be_plain(text):
        return text
    if style == '"' and '"' not in text and "\\" not in text:
        return f'"{text}"'
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _may_be_plain(text: str) -> bool:
    if text[0] in _INDICATORS or (text[0] in "-?:" and text[1:2] in ("", " ")):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    try:
        return isinstance(plain_scalar(text), str)
    except ScalarProblem:
        return False
