"""Values at run time.

Where a type is known, values are plain Python: bool, int (also for uint), float, str, bytes, None,
list, dict, and for timestamps and durations an int of nanoseconds (since 1970 UTC, or long).
Where it is not (`dyn`), the small classes here keep an uint, a timestamp, a duration and a type
apart from an int. `boxer` and `unboxer` lead from one form to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from offerd.expression.check.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    Kind,
    Type,
)
from offerd.expression.issues import Position
from offerd.expression.mixed_map import MixedMap


class EvaluationError(Exception):
    """An operation has no result, such as a division by zero; never leaves the package."""


def quoted(text: str) -> str:
    """A text as messages show it: in backticks, and cut when it is long."""
    return f"`{text}`" if len(text) <= _LONGEST_SHOWN else f"`{text[:_LONGEST_SHOWN]}...`"


_LONGEST_SHOWN: Final = 60


class Unknown:
    """The result could not be known: what it needs is missing.

    `names` are the full names of the missing attributes and lookups ("profile.loyalty.tier",
    `audience("x")`), without duplicates, in the order met.
    """

    __slots__ = ("names",)

    def __init__(self, names: Iterable[str]) -> None:
        self.names: tuple[str, ...] = tuple(dict.fromkeys(names))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)

    def __repr__(self) -> str:
        return f"Unknown({list(self.names)})"


class Failure:
    """The evaluation failed: why, and the place in the rule's source that failed."""

    __slots__ = ("message", "position")

    def __init__(self, message: str, position: Position) -> None:
        self.message = message
        self.position = position

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Failure) and self.message == other.message
        return same and isinstance(other, Failure) and self.position == other.position

    def __hash__(self) -> int:
        return hash((self.message, self.position))

    def __repr__(self) -> str:
        return f"Failure({self.message!r}, {self.position.line}:{self.position.column})"


class Uint:
    """An unsigned integer where the type is not known statically; equal to an equal number."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Uint):
            return self.value == other.value
        number = isinstance(other, int | float) and not isinstance(other, bool)
        return number and self.value == other

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"{self.value}u"


class Timestamp:
    """A point in time where the type is not known statically: nanoseconds since 1970 UTC."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and self.value == other.value

    def __hash__(self) -> int:
        return hash(("timestamp", self.value))

    def __repr__(self) -> str:
        return f"Timestamp({self.value})"


class Duration:
    """A length of time where the type is not known statically: nanoseconds."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and self.value == other.value

    def __hash__(self) -> int:
        return hash(("duration", self.value))

    def __repr__(self) -> str:
        return f"Duration({self.value})"


class Optional:
    """A value that may be absent; `value` is None, and says nothing, when it is."""

    __slots__ = ("present", "value")

    def __init__(self, present: bool, value: Any = None) -> None:
        self.present = present
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Optional) or self.present is not other.present:
            return False
        return not self.present or equals(self.value, other.value)

    def __hash__(self) -> int:
        return hash(("optional", self.present))

    def __repr__(self) -> str:
        return f"Optional({self.value!r})" if self.present else "Optional()"


ABSENT: Final = Optional(False)
"""What `optional.none()` gives."""


class TypeName:
    """A type as a value, such as the result of `type(1)`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeName) and self.name == other.name

    def __hash__(self) -> int:
        return hash(("type", self.name))

    def __repr__(self) -> str:
        return f"TypeName({self.name!r})"


KINDS: Final[dict[type, Kind]] = {
    bool: Kind.BOOL,
    int: Kind.INT,
    Uint: Kind.UINT,
    float: Kind.DOUBLE,
    str: Kind.STRING,
    bytes: Kind.BYTES,
    type(None): Kind.NULL,
    Timestamp: Kind.TIMESTAMP,
    Duration: Kind.DURATION,
    TypeName: Kind.TYPE,
    Optional: Kind.OPTIONAL,
    list: Kind.LIST,
    tuple: Kind.LIST,
    dict: Kind.MAP,
    MixedMap: Kind.MAP,
}
TYPE_NAMES: Final = {
    "bool": BOOL,
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "string": STRING,
    "bytes": BYTES,
    "null_type": NULL,
    "type": TYPE,
    "list": None,
    "map": None,
    "optional_type": None,
    "google.protobuf.Timestamp": TIMESTAMP,
    "google.protobuf.Duration": DURATION,
}
"""The types that can be named in an expression, as `type(x) == int`."""

_NAME_OF_KIND: Final = {
    Kind.NULL: "null_type",
    Kind.TIMESTAMP: "google.protobuf.Timestamp",
    Kind.DURATION: "google.protobuf.Duration",
    Kind.OPTIONAL: "optional_type",
}
_CLASSES: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.UINT: Uint,
    Kind.TIMESTAMP: Timestamp,
    Kind.DURATION: Duration,
}
_NUMBERS: Final = (int, float, Uint)


def kind_of(value: object) -> Kind:
    """The kind of a boxed value; EvaluationError for a Python value the language does not have."""
    kind = KINDS.get(type(value))
    if kind is None:
        raise EvaluationError("the data holds a value of no known type")
    return kind


def type_of(value: object) -> TypeName:
    """What `type(x)` gives for a boxed value."""
    kind = kind_of(value)
    return TypeName(_NAME_OF_KIND.get(kind, kind.value))


def equals(left: Any, right: Any) -> bool:
    """Equality: numbers by value across types, NaN unequal to all, other types never equal.

    Against a double an integer is first made a double, so large ones may lose digits.
    """
    if isinstance(left, list | tuple):
        return (
            isinstance(right, list | tuple)
            and len(left) == len(right)
            and all(map(equals, left, right))
        )
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        return all(has_key(right, key) and equals(left[key], right[key]) for key in left)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) and isinstance(right, int | Uint):
        return left == float(right if isinstance(right, int) else right.value)
    if isinstance(right, float) and isinstance(left, int | Uint):
        return right == float(left if isinstance(left, int) else left.value)
    return bool(left == right)


def contains_element(container: Iterable[Any], value: Any) -> bool:
    """Whether a list holds an equal element."""
    return any(equals(value, element) for element in container)


def has_key(mapping: dict[Any, Any], key: Any) -> bool:
    """Whether a map has the key; Python takes True for 1, the language does not."""
    try:
        if key not in mapping:
            return False
    except TypeError:
        return False
    if isinstance(mapping, MixedMap):
        return True
    if key is True or key is False:
        return any(k is key for k in mapping)
    if isinstance(key, _NUMBERS) and key in (0, 1):
        return any(k == key and not isinstance(k, bool) for k in mapping)
    return True


def _identity(value: Any) -> Any:
    return value


def _box_list(element: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: [element(value) for value in values]


def _box_map(key: Callable[[Any], Any], value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def box(mapping: dict[Any, Any]) -> dict[Any, Any]:
        entries = ((key(k), value(v)) for k, v in mapping.items())
        return MixedMap(entries) if isinstance(mapping, MixedMap) else dict(entries)

    return box


def _box_optional(part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: Optional(True, part(value.value)) if value.present else ABSENT


@lru_cache(maxsize=1024)
def boxer(source: Type, target: Type) -> Callable[[Any], Any] | None:
    """What makes a value of type `source` one of type `target`, None when nothing is to do.

    `target` is `source` with some parts replaced by `dyn`.
    """
    if source is target or source is DYN:
        return None
    if source.parameters:
        targets = target.parameters if target.parameters else (DYN,) * len(source.parameters)
        parts = [boxer(s, t) for s, t in zip(source.parameters, targets, strict=True)]
        if not any(parts):
            return None
        known = [part or _identity for part in parts]
        if source.kind is Kind.MAP:
            return _box_map(known[0], known[1])
        return _box_list(known[0]) if source.kind is Kind.LIST else _box_optional(known[0])
    return _CLASSES.get(source.kind)


def unboxer(target: Type) -> Callable[[Any], Any] | None:
    """What makes a boxed value one of the scalar type `target`, None when nothing is to do."""
    return _unwrap if target.kind in _CLASSES else None


def _unwrap(value: Any) -> Any:
    return value.value
