"""`format` and `strings.quote`: values as text for people."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from offerd.expression.functions.instants import format_duration, format_timestamp
from offerd.expression.values import (
    Duration,
    EvaluationError,
    Timestamp,
    TypeName,
    Uint,
    type_of,
)

CLAUSE: Final = re.compile(r"%(?:%|(?:\.(\d{1,3}))?(.)|$)", re.DOTALL)
MOST_DECIMALS: Final = 100
_DEFAULT_DECIMALS: Final = 6
_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(text: str) -> str:
    """The text as a string literal of the language."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def not_finite(value: float) -> str | None:
    """What stands for a double that digits can't say, in a format as in JSON; None of others."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return None


def format_text(template: str, values: list[Any]) -> str:
    """The template with its clauses replaced by the values, which are boxed, in their order."""
    used = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal used
        if match.group() == "%%":
            return "%"
        decimals, letter = match.groups()
        if letter not in _CLAUSES:
            raise EvaluationError(f"`{match.group()}` is no clause of a format")
        if used >= len(values):
            raise EvaluationError(f"the format needs more than {len(values)} values")
        value = values[used]
        used += 1
        count = _DEFAULT_DECIMALS if decimals is None else int(decimals)
        if count > MOST_DECIMALS:
            raise EvaluationError(f"a format has at most {MOST_DECIMALS} decimals")
        text: str = _CLAUSES[letter](value, count)
        return text

    return CLAUSE.sub(replaced, template)


def _misfit(letter: str, value: Any) -> EvaluationError:
    return EvaluationError(f"`%{letter}` does not take a value of type `{type_of(value).name}`")


def _unsigned(value: Any) -> Any:
    return value.value if isinstance(value, Uint) else value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positional(value: float) -> str:
    """The shortest digits that read back the same, never with an exponent."""
    text = repr(value)
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        decimals = max(0, len(mantissa.partition(".")[2]) - int(exponent))
        text = f"{value:.{decimals}f}"
    return text[:-2] if text.endswith(".0") else text


def _text(value: Any, decimals: int = 0) -> str:
    """`%s`: any value; maps in the order of their keys as text."""
    value = _unsigned(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return not_finite(value) or _positional(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Timestamp):
        return format_timestamp(value.value)
    if isinstance(value, Duration):
        return format_duration(value.value)
    if isinstance(value, TypeName):
        return value.name
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        entries = sorted((_text(key), _text(part)) for key, part in value.items())
        return f"{{{', '.join(f'{key}: {part}' for key, part in entries)}}}"
    if isinstance(value, str | int):
        return str(value)
    raise _misfit("s", value)


def _decimal(value: Any, decimals: int) -> str:
    number = _unsigned(value)
    if isinstance(number, float):
        return not_finite(number) or _positional(number)
    if not _is_int(number):
        raise _misfit("d", value)
    return str(number)


def _real(letter: str, value: Any, decimals: int) -> str:
    number = _unsigned(value)
    if not isinstance(number, float) and not _is_int(number):
        raise _misfit(letter, value)
    return not_finite(float(number)) or f"{float(number):.{decimals}{letter}}"


def _whole(letter: str, value: Any) -> str:
    number = _unsigned(value)
    if isinstance(number, bool) and letter == "b":
        return f"{int(number):b}"
    if not _is_int(number):
        raise _misfit(letter, value)
    return f"{number:{letter}}"


def _hexadecimal(letter: str, value: Any) -> str:
    octets = value.encode() if isinstance(value, str) else value
    if isinstance(octets, bytes):
        return octets.hex().upper() if letter == "X" else octets.hex()
    return _whole(letter, value)


_CLAUSES: Final[dict[str | None, Any]] = {
    "s": _text,
    "d": _decimal,
    "f": lambda value, decimals: _real("f", value, decimals),
    "e": lambda value, decimals: _real("e", value, decimals),
    "b": lambda value, decimals: _whole("b", value),
    "o": lambda value, decimals: _whole("o", value),
    "x": lambda value, decimals: _hexadecimal("x", value),
    "X": lambda value, decimals: _hexadecimal("X", value),
}
