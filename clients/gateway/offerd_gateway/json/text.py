"""Bytes to JSON values, strictly: no duplicate keys, no half text, mistakes placed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import NoReturn

from offerd.errors import InvalidArgument, Reason
from offerd_gateway.json.mistake import shortened

INTEGER_CHARACTERS = 400
"""Longer whole numbers are beyond a double's range whatever their digits."""


class _DuplicateKey(Exception):
    """An object holds a key twice."""


class _Pairs(list[tuple[str, object]]):
    """An object as it was written, duplicates and all."""


def parse(body: bytes) -> object:
    """Parse a body; raises InvalidArgument with the line and column of a mistake.

    NaN and infinity come back as floats, so that whoever reads the value can name
    the field.
    """
    return _parse(body, _DECODER)


def _parse(body: bytes, decoder: json.JSONDecoder) -> object:
    try:
        return decoder.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        _refuse_encoding(body, error)
    except json.JSONDecodeError as error:
        _refuse_syntax(error)
    except _DuplicateKey as error:
        # What comes after the key may be no JSON, which is told first.
        _refuse_duplicate(_parse(body, _PAIRS_DECODER), str(error))
    except RecursionError as error:
        raise InvalidArgument(
            Reason.TOO_LARGE, "the body nests lists or objects too deep to be read"
        ) from error
    except ValueError:
        # A number of thousands of digits: read it as infinity, for the reader to refuse.
        return _parse(body, _PATIENT_DECODER)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    answer = dict(pairs)
    if len(answer) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKey(key)
            seen.add(key)
    return answer


def _integer(digits: str) -> int | float:
    if len(digits) > INTEGER_CHARACTERS:
        return -math.inf if digits.startswith("-") else math.inf
    return int(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
_PATIENT_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
_PAIRS_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=_integer)


def _refuse_encoding(body: bytes, error: UnicodeDecodeError) -> NoReturn:
    line = body.count(b"\n", 0, error.start) + 1
    line_start = body.rfind(b"\n", 0, error.start) + 1
    column = len(body[line_start : error.start].decode("utf-8", "replace")) + 1
    raise InvalidArgument(
        Reason.INVALID_TEXT,
        f"the body is not valid UTF-8 at line {line}, column {column}:"
        f" byte `0x{body[error.start]:02x}`",
        metadata={"line": str(line), "column": str(column)},
    ) from error


def _refuse_syntax(error: json.JSONDecodeError) -> NoReturn:
    problem = error.msg[:1].lower() + error.msg[1:]
    raise InvalidArgument(
        Reason.MALFORMED,
        f"the body is no JSON at line {error.lineno}, column {error.colno}: {problem}",
        metadata={"line": str(error.lineno), "column": str(error.colno)},
    ) from error


def _refuse_duplicate(root: object, key: str) -> NoReturn:
    path = next(_duplicates(root), shortened(key))
    raise InvalidArgument(
        Reason.MALFORMED, f"`{path}` is given twice in the same object", field=path
    )


def _duplicates(root: object) -> Iterator[str]:
    """Paths of keys that their object holds twice; without recursion, however deep."""
    open_values: list[tuple[str, object]] = [("", root)]
    while open_values:
        path, value = open_values.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for key, item in value:
                inner = f"{path}.{shortened(key)}".removeprefix(".")
                if key in seen:
                    yield inner
                seen.add(key)
                open_values.append((inner, item))
        elif isinstance(value, list):
            open_values += [(f"{path}[{index}]", item) for index, item in enumerate(value)]
