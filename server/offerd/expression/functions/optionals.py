"""Optional values: what may be absent, and what becomes of it."""

from __future__ import annotations

from typing import Any, Final

from offerd.expression.check.types import BOOL, INT, NEVER, A, B, list_of, map_of, optional_of
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.mixed_map import MixedMap
from offerd.expression.values import (
    ABSENT,
    Duration,
    EvaluationError,
    Optional,
    Timestamp,
    Uint,
    has_key,
)

_TEMPLATE: Final = "Optional(True, {0})"


def _of(value: Any) -> Optional:
    return Optional(True, value)


def _none() -> Optional:
    return ABSENT


def _of_non_zero(value: Any) -> Optional:
    plain = value.value if isinstance(value, Uint | Timestamp | Duration) else value
    if isinstance(plain, Optional):
        return Optional(True, plain) if plain.present else ABSENT
    return Optional(True, value) if plain else ABSENT


def _has_value(value: Optional) -> bool:
    return value.present


def _value(value: Optional) -> Any:
    if not value.present:
        raise EvaluationError("the optional has no value")
    return value.value


def _at(container: Any, key: Any) -> Optional:
    """The element of a list or the value of a map, if it is there."""
    if isinstance(container, dict):
        return Optional(True, container[key]) if has_key(container, key) else ABSENT
    if not isinstance(container, list | tuple):
        raise EvaluationError("only a list or a map has parts")
    if isinstance(key, Uint):
        key = key.value
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    if not isinstance(key, int) or isinstance(key, bool):
        raise EvaluationError("the index of a list must be a whole number")
    return Optional(True, container[key]) if 0 <= key < len(container) else ABSENT


def _inside(container: Optional, key: Any) -> Optional:
    return _at(container.value, key) if container.present else ABSENT


def _has_inside(container: Optional, key: Any) -> bool:
    if not container.present:
        return False
    if not isinstance(container.value, dict):
        raise EvaluationError("only a map has attributes")
    return has_key(container.value, key)


def _items(parts: list[Any]) -> list[Any]:
    if not all(isinstance(part, Optional) for part in parts):
        raise EvaluationError("a part written with `?` must be optional")
    return [part.value for part in parts if part.present]


def _entries(parts: dict[Any, Any]) -> dict[Any, Any]:
    if not all(isinstance(part, Optional) for part in parts.values()):
        raise EvaluationError("a part written with `?` must be optional")
    kept = ((key, part.value) for key, part in parts.items() if part.present)
    return MixedMap(kept) if isinstance(parts, MixedMap) else dict(kept)


IN_MAP: Final = Overload((optional_of(map_of(A, B)), A), optional_of(B), _inside)
IN_LIST: Final = Overload((optional_of(list_of(A)), INT), optional_of(A), _inside)
HAS_IN_MAP: Final = Overload((optional_of(map_of(A, B)), A), BOOL, _has_inside)
"""How selection, indexing and `has` reach into an optional; overloads of the operators."""

OPTIONALS: Final = (
    Function(
        "optional.of",
        Form.FUNCTION,
        (Overload((A,), optional_of(A), _of, _TEMPLATE),),
        "An optional that has this value.",
        example="optional.of(1).hasValue()",
    ),
    Function(
        "optional.none",
        Form.FUNCTION,
        (Overload((), optional_of(NEVER), _none, "ABSENT"),),
        "The optional that has no value.",
        example="!optional.none().hasValue()",
    ),
    Function(
        "optional.ofNonZeroValue",
        Form.FUNCTION,
        (Overload((A,), optional_of(A), _of_non_zero),),
        "An optional that has this value, unless it is the zero of its type, empty or null.",
        example="!optional.ofNonZeroValue('').hasValue()",
    ),
    Function(
        "hasValue",
        Form.METHOD,
        (Overload((optional_of(A),), BOOL, _has_value, "{0}.present"),),
        "Whether an optional has a value.",
        example="optional.of(1).hasValue()",
    ),
    Function(
        "value",
        Form.METHOD,
        (Overload((optional_of(A),), A, _value),),
        "The value of an optional.",
        "It has none: `orValue` gives another instead.",
        "optional.of(1).value() == 1",
    ),
    Function(
        "_?._",
        Form.OPERATOR,
        (Overload((map_of(A, B), A), optional_of(B), _at), IN_MAP),
        "The value of a map's key, or of a record's attribute, as an optional: none if missing.",
        "What is on the left is neither a map nor an optional map.",
        "{'a': 1}.?b.orValue(0) == 0",
    ),
    Function(
        "_[?_]",
        Form.OPERATOR,
        (
            Overload((map_of(A, B), A), optional_of(B), _at),
            Overload((list_of(A), INT), optional_of(A), _at),
            IN_MAP,
            IN_LIST,
        ),
        "The value of a map's key or the element of a list, as an optional: none if missing.",
        "What is on the left has no parts.",
        "[1, 2][?5].orValue(0) == 0",
    ),
    Function(
        "[?_]",
        Form.OPERATOR,
        (Overload((list_of(optional_of(A)),), list_of(A), _items),),
        "A list whose parts written with a `?` are left out where they have no value.",
        example="[1, ?optional.none(), ?optional.of(2)] == [1, 2]",
    ),
    Function(
        "{?_}",
        Form.OPERATOR,
        (Overload((map_of(A, optional_of(B)),), map_of(A, B), _entries),),
        "A map whose entries written with a `?` are left out where they have no value.",
        example="{?'a': optional.none(), 'b': 1} == {'b': 1}",
    ),
)
