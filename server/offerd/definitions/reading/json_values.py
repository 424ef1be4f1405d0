"""JSON text to plain values, as strictly as definitions need it."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from offerd.definitions.reading.compose import MAXIMUM_DEPTH
from offerd.definitions.reading.scalars import ScalarProblem, bounded, finite
from offerd.definitions.reading.tree import Plain
from offerd.definitions.wording import with_backticks

_PAIRED = re.compile(r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_LONE = re.compile(r"\\u[dD][89a-fA-F]")


_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?(?:NaN|Infinity))')


class _NotJson(Exception):
    """Python's decoder met NaN or Infinity, which JSON doesn't have."""


def json_problem(error: json.JSONDecodeError) -> str:
    """What to say of text that isn't JSON."""
    return f"not valid JSON: {with_backticks(error.msg)}"


def decode_json(text: str, *, quick: bool = False) -> Plain:
    """The value of a JSON text; if `quick`, numbers with a fraction may be infinite in it.

    Raises json.JSONDecodeError where it isn't JSON, and ScalarProblem for JSON that definitions
    can't hold: a key twice, a number too large, half a surrogate pair, nesting too deep.
    """
    try:
        data: Plain = (_QUICK if quick else _DECODER).decode(text)
    except RecursionError:
        raise ScalarProblem(_TOO_DEEP) from None
    except _NotJson:
        found = next(found for found in _CONSTANT.finditer(text) if found[1])
        raise json.JSONDecodeError(f"`{found[1]}` is no number", text, found.start()) from None
    if "\\u" in text and _LONE.search(_PAIRED.sub("", text)):
        raise ScalarProblem("found half of a surrogate pair")
    if _may_be_deep(text) and _depth(data) > MAXIMUM_DEPTH:
        raise ScalarProblem(_TOO_DEEP)
    return data


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_TOO_DEEP = f"nested deeper than {MAXIMUM_DEPTH} levels"


def _may_be_deep(text: str) -> bool:
    """Whether a text nests deeper than it may, or has brackets in its texts: a quick look."""
    if text.count("[") + text.count("{") <= MAXIMUM_DEPTH:
        return False
    brackets = text.encode("utf-8", errors="replace").translate(None, _NO_BRACKETS)
    for _ in range(MAXIMUM_DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets:
            return False
    return True


def _depth(data: Plain) -> int:
    """How many mappings and lists there are around the innermost value."""
    depth, level = 0, [data]
    while level := [part for part in level if isinstance(part, dict | list)]:
        depth += 1
        level = [inner for part in level for inner in _parts(part)]
    return depth


def _parts(value: Plain) -> list[Plain]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _distinct(pairs: list[tuple[str, Plain]]) -> dict[str, Plain]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ScalarProblem("a key is there twice")
    return mapping


def _integer(text: str) -> int:
    return bounded(text, 10)


def _float(text: str) -> float:
    return finite(float(text), text)


def _refuse(text: str) -> NoReturn:
    raise _NotJson(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_int=_integer, parse_float=_float, parse_constant=_refuse
)
_QUICK = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=_integer, parse_constant=_refuse)
