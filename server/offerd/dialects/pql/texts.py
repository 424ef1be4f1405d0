"""PQL's functions on text, and what negation and letter case come to."""

from __future__ import annotations

import re
from typing import Final

from offerd.dialects.error import CannotSay
from offerd.dialects.patterns import portable_pattern
from offerd.dialects.pql.syntax import Call
from offerd.dialects.pql.value import Scope, Value, quoted
from offerd.expression import BOOL, STRING

CASE_NOTE: Final = "where case doesn't matter, letters are compared by the case folding of Unicode"
NULL_NOTE: Final = (
    "a comparison with a missing attribute is unknown, also when negated, and unknown is no member"
)
PATTERN_NOTE: Final = "a pattern is looked for anywhere in the text unless it has `^` and `$`"

_POSITIVE: Final = {
    "equals": "equals",
    "contains": "contains",
    "startsWith": "startsWith",
    "endsWith": "endsWith",
}
_NEGATIVE: Final = {
    "notEqualTo": "equals",
    "doesNotContain": "contains",
    "doesNotStartWith": "startsWith",
    "doesNotEndWith": "endsWith",
}
TEXT_FUNCTIONS: Final = frozenset((*_POSITIVE, *_NEGATIVE, "matches"))


def text_test(scope: Scope, node: Call, arguments: list[Value]) -> Value:
    """A test of one text against another; CannotSay with the reason if it can't be translated."""
    if node.name == "matches":
        return _matches(scope, arguments)
    exact = _is_exact(node, arguments)
    subject, part = arguments[:2]
    if subject.type is not STRING or part.type is not STRING:
        raise CannotSay(f"`{node.name}` needs two texts: found `{subject.type}` and `{part.type}`")
    kind = _POSITIVE.get(node.name) or _NEGATIVE[node.name]
    found = _exact(kind, subject, part) if exact else _folded(scope, kind, subject, part)
    if node.name in _POSITIVE:
        return found
    scope.note(NULL_NOTE)
    if kind == "equals" and exact:
        return Value(f"{subject.closed} != {part.closed}", BOOL, is_closed=False)
    return Value(f"!{found.closed}", BOOL, is_closed=False)


def _is_exact(node: Call, arguments: list[Value]) -> bool:
    if not 2 <= len(arguments) <= 3:
        raise CannotSay(f"`{node.name}` takes a text and, if need be, whether case matters")
    if len(arguments) == 2:
        return True
    flag = arguments[2].text
    if flag not in ("true", "false"):
        raise CannotSay("whether case matters must be written as `true` or `false`")
    return flag == "true"


def _exact(kind: str, subject: Value, part: Value) -> Value:
    if kind == "equals":
        return Value(f"{subject.closed} == {part.closed}", BOOL, is_closed=False)
    return Value(f"{subject.closed}.{kind}({part.text})", BOOL)


def _folded(scope: Scope, kind: str, subject: Value, part: Value) -> Value:
    scope.note(CASE_NOTE)
    if kind in ("equals", "contains"):
        name = f"{kind}IgnoreCase"
        return Value(f"{subject.closed}.{name}({part.text})", BOOL)
    if part.literal is None:
        raise CannotSay("without regard to case, a beginning or end must be a text in quotes")
    escaped = re.escape(part.literal)
    if re.search(r"[^\x20-\x7e]", part.literal):
        raise CannotSay("without regard to case, a beginning or end must be of ASCII characters")
    pattern = f"(?i)^{escaped}" if kind == "startsWith" else rf"(?i){escaped}\z"
    return Value(f"{subject.closed}.matches({quoted(pattern)})", BOOL)


def _matches(scope: Scope, arguments: list[Value]) -> Value:
    if len(arguments) != 2 or arguments[0].type is not STRING:
        raise CannotSay("`matches` takes a text and a pattern")
    pattern = arguments[1].literal
    if pattern is None:
        raise CannotSay("a pattern must be a text in quotes")
    flags = "(?i)" if pattern.startswith("(?i)") else ""
    if flags:
        scope.note(CASE_NOTE)
    portable = portable_pattern(pattern[len(flags) :], end="$", any_character=".")
    scope.note(PATTERN_NOTE)
    return Value(f"{arguments[0].closed}.matches({quoted(flags + portable)})", BOOL)


def like(subject: Value, pattern: Value) -> Value:
    """`like`: `%` is any text, `_` any character, and the whole text must fit."""
    if subject.type is not STRING or pattern.literal is None:
        raise CannotSay("`like` needs a text and a pattern in quotes")
    wild = {"%": ".*", "_": "."}
    parts = [wild.get(c) or re.escape(c) for c in pattern.literal]
    expression = rf"(?s)^{''.join(parts)}\z"
    return Value(f"{subject.closed}.matches({quoted(expression)})", BOOL)
