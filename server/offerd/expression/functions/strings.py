"""Functions on text and bytes that are not operators."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from offerd.expression.check.types import BOOL, BYTES, DYN, INT, STRING, A, B, list_of, map_of
from offerd.expression.functions.formatting import format_text, quote
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.functions.patterns import searcher
from offerd.expression.values import EvaluationError, quoted

LONGEST_TEXT: Final = 1_000_000
"""No replacing makes a longer text, in characters."""
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


def _matches(text: str, pattern: str) -> bool:
    return searcher(pattern)(text)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator == "":
        if limit < 0 or limit >= len(text):
            return list(text)
        return [*text[: limit - 1], text[limit - 1 :]]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    if len(text) + (len(text) + 1) * len(new) > LONGEST_TEXT:
        count = len(text) + 1 if old == "" else text.count(old)
        if len(text) + count * len(new) > LONGEST_TEXT:
            raise EvaluationError("the replaced string would be too long")
    return text.replace(old, new, limit if limit >= 0 else -1)


def _join(parts: list[Any], separator: str = "") -> str:
    if not all(isinstance(part, str) for part in parts):
        raise EvaluationError("only strings can be joined")
    return separator.join(parts)


def _within(text: str, index: int) -> None:
    if not 0 <= index <= len(text):
        raise EvaluationError(f"the index {index} is outside a string of {len(text)}")


def _character_at(text: str, index: int) -> str:
    _within(text, index)
    return text[index : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    _within(text, start)
    return text.find(part, start)


def _last_index_of(text: str, part: str, last: int | None = None) -> int:
    if last is None:
        return text.rfind(part)
    _within(text, last)
    return text.rfind(part, 0, last + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise EvaluationError(f"the range {start} to {stop} is outside a string of {len(text)}")
    return text[start:stop]


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise EvaluationError(f"{quoted(text)} is not base64") from None


def _on_text(name: str, method: str, doc: str, example: str) -> Function:
    template = f"{{0}}.{method}({{1}})" if method != "__contains__" else "({1} in {0})"
    overload = Overload((STRING, STRING), BOOL, getattr(str, method), template)
    return Function(name, Form.METHOD, (overload,), doc, example=example)


def _changed(
    name: str, implementation: Callable[[str], str], doc: str, example: str, *more: Overload
) -> Function:
    overloads = (Overload((STRING,), STRING, implementation), *more)
    return Function(name, Form.METHOD, overloads, doc, example=example)


_OUTSIDE: Final = "An index is outside the string."

STRINGS: Final = (
    _on_text(
        "contains",
        "__contains__",
        "Whether the text has the other in it.",
        "'gold'.contains('ol')",
    ),
    _on_text(
        "startsWith",
        "startswith",
        "Whether the text begins with the other.",
        "'gold'.startsWith('go')",
    ),
    _on_text(
        "endsWith", "endswith", "Whether the text ends with the other.", "'gold'.endsWith('ld')"
    ),
    Function(
        "matches",
        Form.EITHER,
        (Overload((STRING, STRING), BOOL, _matches, specialise=searcher),),
        "Whether the pattern, in the syntax of RE2, is found in the text; anchor it with `^` and "
        "`$` to match the whole. It takes time in proportion to the text, whatever the pattern.",
        "The pattern is none.",
        "'gold'.matches('^g.*d$')",
    ),
    Function(
        "size",
        Form.EITHER,
        tuple(
            Overload((type_,), INT, len, "len({0})")
            for type_ in (STRING, BYTES, list_of(A), map_of(A, B))
        ),
        "The number of characters, bytes, elements or entries.",
        example="'gold'.size() == 4",
    ),
    Function(
        "charAt",
        Form.METHOD,
        (Overload((STRING, INT), STRING, _character_at),),
        "The character at an index from 0; the empty text right behind the last one.",
        _OUTSIDE,
        "'gold'.charAt(1) == 'o'",
    ),
    Function(
        "indexOf",
        Form.METHOD,
        (
            Overload((STRING, STRING), INT, _index_of),
            Overload((STRING, STRING, INT), INT, _index_of),
        ),
        "Where the other text begins, at the index given or behind it; -1 if it is not there.",
        _OUTSIDE,
        "'gold'.indexOf('l') == 2",
    ),
    Function(
        "lastIndexOf",
        Form.METHOD,
        (
            Overload((STRING, STRING), INT, _last_index_of),
            Overload((STRING, STRING, INT), INT, _last_index_of),
        ),
        "Where the other text begins for the last time, at the index given or before it; -1 if "
        "it is not there.",
        _OUTSIDE,
        "'banana'.lastIndexOf('an') == 3",
    ),
    _changed(
        "lowerAscii",
        lambda text: text.translate(_LOWER),
        "The text with A to Z made small; other letters stay.",
        "'GOLD'.lowerAscii() == 'gold'",
    ),
    _changed(
        "upperAscii",
        lambda text: text.translate(_UPPER),
        "The text with a to z made capital; other letters stay.",
        "'gold'.upperAscii() == 'GOLD'",
    ),
    _changed(
        "trim",
        lambda text: text.strip(_SPACE),
        "The text without white space at its ends.",
        "' gold '.trim() == 'gold'",
    ),
    _changed(
        "reverse",
        lambda text: text[::-1],
        "The characters, or the elements of a list, from last to first.",
        "'gold'.reverse() == 'dlog'",
        Overload((list_of(A),), list_of(A), lambda values: list(values)[::-1]),
    ),
    Function(
        "split",
        Form.METHOD,
        (
            Overload((STRING, STRING), list_of(STRING), _split),
            Overload((STRING, STRING, INT), list_of(STRING), _split),
        ),
        "The parts between the separators, or the characters if the separator is empty; with a "
        "limit at most so many, the last one holding the rest; none at all if it is 0.",
        example="'a-b'.split('-') == ['a', 'b']",
    ),
    Function(
        "replace",
        Form.METHOD,
        (
            Overload((STRING, STRING, STRING), STRING, _replace),
            Overload((STRING, STRING, STRING, INT), STRING, _replace),
        ),
        "The text with each occurrence replaced, or with a limit the first ones.",
        f"The result may be longer than {LONGEST_TEXT} characters.",
        "'gold'.replace('o', 'i') == 'gild'",
    ),
    Function(
        "join",
        Form.METHOD,
        (
            Overload((list_of(STRING),), STRING, _join),
            Overload((list_of(STRING), STRING), STRING, _join),
        ),
        "The strings of a list one after the other, with the separator between them.",
        "An element is not a string.",
        "['a', 'b'].join('-') == 'a-b'",
    ),
    Function(
        "substring",
        Form.METHOD,
        (
            Overload((STRING, INT), STRING, _substring),
            Overload((STRING, INT, INT), STRING, _substring),
        ),
        "The text from an index on, or up to, but without, a second one.",
        "An index is outside the string, or the first behind the second.",
        "'gold'.substring(1, 3) == 'ol'",
    ),
    Function(
        "format",
        Form.METHOD,
        (Overload((STRING, list_of(DYN)), STRING, format_text),),
        "The text with its clauses replaced by the values of the list: `%s` for any value, `%d` "
        "for a number, `%.2f` and `%.2e` for one with decimals, `%b`, `%o`, `%x` and `%X` for a "
        "whole number in other bases; `%%` is a percent sign.",
        "There are fewer values than clauses, or one of them is not of a type the clause takes.",
        "'%s: %.1f'.format(['a', 1.25]) == 'a: 1.2'",
    ),
    Function(
        "strings.quote",
        Form.FUNCTION,
        (Overload((STRING,), STRING, quote),),
        "The text as it is written between quotes in an expression.",
        example="strings.quote('a') == '\"a\"'",
    ),
    Function(
        "base64.encode",
        Form.FUNCTION,
        (Overload((BYTES,), STRING, lambda value: base64.b64encode(value).decode("ascii")),),
        "The bytes as base64, with padding.",
        example="base64.encode(b'hello') == 'aGVsbG8='",
    ),
    Function(
        "base64.decode",
        Form.FUNCTION,
        (Overload((STRING,), BYTES, _decode),),
        "The bytes that a base64 text, with or without padding, stands for.",
        "The text is not base64.",
        "base64.decode('aGVsbG8') == b'hello'",
    ),
)
