"""Functions on text, bytes and collections that are not operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import re2

from offerd.expression.check.types import BOOL, BYTES, INT, STRING, A, B, list_of, map_of
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.values import EvaluationError, quoted

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_LONGEST: Final = 1_000_000
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def _compiled(pattern: str) -> Callable[[str], bool]:
    try:
        search = re2.compile(pattern, _OPTIONS).search
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        shown = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise EvaluationError(f"{quoted(pattern)} is not a pattern: {shown}") from None
    return lambda text: search(text) is not None


def _matches(text: str, pattern: str) -> bool:
    return _compiled(pattern)(text)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator == "":
        if limit < 0 or limit >= len(text):
            return list(text)
        return [*text[: limit - 1], text[limit - 1 :]]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    if len(text) + (len(text) + 1) * len(new) > _LONGEST:
        count = len(text) + 1 if old == "" else text.count(old)
        if len(text) + count * len(new) > _LONGEST:
            raise EvaluationError("the replaced string would be too long")
    return text.replace(old, new, limit if limit >= 0 else -1)


def _join(parts: list[Any], separator: str = "") -> str:
    if not all(isinstance(part, str) for part in parts):
        raise EvaluationError("only strings can be joined")
    return separator.join(parts)


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise EvaluationError(f"the range {start} to {stop} is outside a string of {len(text)}")
    return text[start:stop]


def _on_text(name: str, method: str) -> Function:
    template = f"{{0}}.{method}({{1}})" if method != "__contains__" else "({1} in {0})"
    implementation = getattr(str, method)
    return Function(
        name, Form.METHOD, (Overload((STRING, STRING), BOOL, implementation, template),)
    )


STRINGS: Final = (
    _on_text("contains", "__contains__"),
    _on_text("startsWith", "startswith"),
    _on_text("endsWith", "endswith"),
    Function(
        "matches",
        Form.EITHER,
        (Overload((STRING, STRING), BOOL, _matches, specialise=_compiled),),
    ),
    Function(
        "size",
        Form.EITHER,
        tuple(
            Overload((type_,), INT, len, "len({0})")
            for type_ in (STRING, BYTES, list_of(A), map_of(A, B))
        ),
    ),
    Function(
        "lowerAscii",
        Form.METHOD,
        (Overload((STRING,), STRING, lambda text: text.translate(_LOWER)),),
    ),
    Function(
        "upperAscii",
        Form.METHOD,
        (Overload((STRING,), STRING, lambda text: text.translate(_UPPER)),),
    ),
    Function("trim", Form.METHOD, (Overload((STRING,), STRING, str.strip),)),
    Function(
        "split",
        Form.METHOD,
        (
            Overload((STRING, STRING), list_of(STRING), _split),
            Overload((STRING, STRING, INT), list_of(STRING), _split),
        ),
    ),
    Function(
        "replace",
        Form.METHOD,
        (
            Overload((STRING, STRING, STRING), STRING, _replace),
            Overload((STRING, STRING, STRING, INT), STRING, _replace),
        ),
    ),
    Function(
        "join",
        Form.METHOD,
        (
            Overload((list_of(STRING),), STRING, _join),
            Overload((list_of(STRING), STRING), STRING, _join),
        ),
    ),
    Function(
        "substring",
        Form.METHOD,
        (
            Overload((STRING, INT), STRING, _substring),
            Overload((STRING, INT, INT), STRING, _substring),
        ),
    ),
)
