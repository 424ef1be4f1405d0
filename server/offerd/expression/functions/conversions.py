"""Conversions between types."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from offerd.expression.check.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
)
from offerd.expression.functions.arithmetic import INT_MAXIMUM, INT_MINIMUM, UINT_MAXIMUM, within
from offerd.expression.functions.clocks import SECOND
from offerd.expression.functions.instants import format_duration, format_timestamp
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError, quoted, type_of

_INT_TEXT: Final = re.compile(r"[-+]?\d{1,25}", re.ASCII)
_DOUBLE_TEXT: Final = re.compile(
    r"[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf(?:inity)?|nan)",
    re.ASCII | re.IGNORECASE,
)
TRUE_WORDS: Final = ("1", "t", "true", "TRUE", "True")
FALSE_WORDS: Final = ("0", "f", "false", "FALSE", "False")


def _same(value: Any) -> Any:
    return value


def _no_conversion(text: str, what: str) -> EvaluationError:
    return EvaluationError(f"{quoted(text)} is not {what}")


def _int_from_double(value: float) -> int:
    # Both ends are excluded: a double near them may have been rounded from outside the range.
    if not float(INT_MINIMUM) < value < float(INT_MAXIMUM):
        raise EvaluationError("the double is out of the range of an int")
    return int(value)


def _int_from_text(text: str) -> int:
    if _INT_TEXT.fullmatch(text) is None:
        raise _no_conversion(text, "an int")
    return within(INT, int(text))


def _uint_from_double(value: float) -> int:
    if not -1.0 < value < float(UINT_MAXIMUM):
        raise EvaluationError("the double is out of the range of a uint")
    return int(value)


def _uint_from_text(text: str) -> int:
    if _INT_TEXT.fullmatch(text) is None:
        raise _no_conversion(text, "a uint")
    return within(UINT, int(text))


def _double_from_text(text: str) -> float:
    if _DOUBLE_TEXT.fullmatch(text) is None:
        raise _no_conversion(text, "a double")
    return float(text)


def _bool_from_text(text: str) -> bool:
    if text in TRUE_WORDS:
        return True
    if text in FALSE_WORDS:
        return False
    raise _no_conversion(text, "a bool")


def format_double(value: float) -> str:
    """A double as text: shortest digits that read back the same, without a needless fraction."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def _text_from_bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise EvaluationError("the bytes are not UTF-8") from None


def _bytes_from_text(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise EvaluationError("the string holds half a character") from None


def _seconds(value: int) -> int:
    return value // SECOND


CONVERSIONS: Final = (
    Function(
        "int",
        Form.FUNCTION,
        (
            Overload((INT,), INT, _same, "{0}"),
            Overload((UINT,), INT, lambda value: within(INT, value)),
            Overload((DOUBLE,), INT, _int_from_double),
            Overload((STRING,), INT, _int_from_text),
            Overload((TIMESTAMP,), INT, _seconds),
        ),
        "A number or a text as an int; a double loses its fraction, a timestamp becomes seconds "
        "since 1970.",
        "It is out of range, or the text is no whole number.",
        "int('3') == 3 && int(1.9) == 1",
    ),
    Function(
        "uint",
        Form.FUNCTION,
        (
            Overload((UINT,), UINT, _same, "{0}"),
            Overload((INT,), UINT, lambda value: within(UINT, value)),
            Overload((DOUBLE,), UINT, _uint_from_double),
            Overload((STRING,), UINT, _uint_from_text),
        ),
        "A number or a text as an unsigned int; a double loses its fraction.",
        "It is negative or out of range, or the text is no whole number.",
        "uint('3') == 3u",
    ),
    Function(
        "double",
        Form.FUNCTION,
        (
            Overload((DOUBLE,), DOUBLE, _same, "{0}"),
            Overload((INT,), DOUBLE, float),
            Overload((UINT,), DOUBLE, float),
            Overload((STRING,), DOUBLE, _double_from_text),
        ),
        "A number or a text as a double.",
        "The text is no number.",
        "double('1.5') == 1.5",
    ),
    Function(
        "bool",
        Form.FUNCTION,
        (Overload((BOOL,), BOOL, _same, "{0}"), Overload((STRING,), BOOL, _bool_from_text)),
        "A text as a bool: `true`, `t`, `1`, `false`, `f`, `0` and their usual capitals.",
        "The text is none of these.",
        "bool('true')",
    ),
    Function(
        "string",
        Form.FUNCTION,
        (
            Overload((STRING,), STRING, _same, "{0}"),
            Overload((BOOL,), STRING, lambda value: "true" if value else "false"),
            Overload((INT,), STRING, str),
            Overload((UINT,), STRING, str),
            Overload((DOUBLE,), STRING, format_double),
            Overload((BYTES,), STRING, _text_from_bytes),
            Overload((TIMESTAMP,), STRING, format_timestamp),
            Overload((DURATION,), STRING, format_duration),
        ),
        "A value as text: times as in RFC 3339, durations in seconds.",
        "Bytes are not UTF-8.",
        "string(3) == '3'",
    ),
    Function(
        "bytes",
        Form.FUNCTION,
        (Overload((BYTES,), BYTES, _same, "{0}"), Overload((STRING,), BYTES, _bytes_from_text)),
        "A text as bytes, in UTF-8.",
        "The text holds half a character.",
        "bytes('a') == b'a'",
    ),
    Function(
        "type",
        Form.FUNCTION,
        (Overload((DYN,), TYPE, type_of),),
        "The type of a value, to be compared with such as `int` or `list`.",
        example="type(1) == int",
    ),
)
