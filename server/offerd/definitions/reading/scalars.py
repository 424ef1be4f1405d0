"""What a plain scalar means: the core schema of YAML 1.2.

So `yes`, `no`, `on`, `off` and dates are text, and `0o17` is a number.
"""

from __future__ import annotations

import re

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TAG = "tag:yaml.org,2002:"
_TAGGED = {
    f"{_TAG}str": str,
    f"{_TAG}int": int,
    f"{_TAG}float": float,
    f"{_TAG}bool": bool,
    f"{_TAG}null": type(None),
}

INT_MINIMUM = -(2**63)
INT_MAXIMUM = 2**63 - 1


class ScalarProblem(ValueError):
    """A scalar has no value that definitions can hold; the text is the message."""


def plain_scalar(text: str) -> bool | int | float | str | None:
    """The value of an unquoted scalar; ScalarProblem for a number that can't be kept."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INT.fullmatch(text):
        return bounded(text, 10)
    if _OCTAL.fullmatch(text):
        return bounded(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return bounded(text, 16)
    if _FLOAT.fullmatch(text):
        return finite(float(text), text)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarProblem(f"`{text}` is not a finite number")
    return text


def tagged_scalar(text: str, tag: str) -> bool | int | float | str | None:
    """The value of a scalar with an explicit tag; ScalarProblem if the tag isn't right for it."""
    wanted = _TAGGED.get(tag)
    if tag == "!" or wanted is str:
        return text
    if wanted is None:
        shown = tag.replace(_TAG, "!!")
        raise ScalarProblem(f"the tag `{shown}` can't be used in definitions")
    value = plain_scalar(text)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        shown = tag.replace(_TAG, "!!")
        raise ScalarProblem(f"`{text}` is not what its tag `{shown}` says")
    return value


def bounded(text: str, base: int) -> int:
    """The integer that a text is in a base; ScalarProblem if it doesn't fit into 64 bits."""
    # Python refuses to convert thousands of digits; nothing near that fits anyway.
    value = int(text, 0 if base != 10 else 10) if len(text.lstrip("+-0")) <= 64 else None
    if value is None or not INT_MINIMUM <= value <= INT_MAXIMUM:
        raise ScalarProblem(f"the integer `{_short(text)}` doesn't fit into 64 bits")
    return value


def finite(value: float, text: str) -> float:
    """The number itself; ScalarProblem if it is too large to be finite."""
    if value - value != 0.0:
        raise ScalarProblem(f"the number `{_short(text)}` is too large")
    return value


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
