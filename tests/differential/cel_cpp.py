"""cel-cpp, Google's implementation, by way of cel-expr-python; and data in its terms.

A record is one variable whose dotted attributes are nested maps. `audience("a")` is written as
the entry `a` of a map: the function is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration as DurationMessage
from google.protobuf.timestamp_pb2 import Timestamp as TimestampMessage
from google.protobuf.wrappers_pb2 import UInt64Value

from offerd.expression import Duration, Timestamp, Uint

_AUDIENCE: Final = re.compile(r'audience\("([a-z]+)"\)')
_SECOND: Final = 10**9
_RECORDS: Final = ("profile", "context", "aggregate", "audience")


class NotCompiled(Exception):
    """cel-cpp does not take the expression, and why."""


class CelCpp:
    """Compiles expressions as cel-cpp does. Raises ImportError where it is not installed."""

    def __init__(self) -> None:
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_bindings, ext_math, ext_optional, ext_strings

        record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        extensions = [
            ext_bindings.ExtBindings(),
            ext_math.ExtMath(),
            ext_optional.ExtOptional(),
            ext_strings.ExtStrings(),
        ]
        self.bool = cel.Type.BOOL
        self.environment = cel.NewEnv(
            variables={**dict.fromkeys(_RECORDS, record), "now": cel.Type.TIMESTAMP},
            extensions=extensions,
        )

    def compile(self, source: str) -> CelCppRule:
        """A rule; NotCompiled if it is refused."""
        text = _AUDIENCE.sub(r"audience.\1", source)
        try:
            return CelCppRule(self.environment.compile(text), self.bool)
        except Exception as error:  # the library raises bare ones
            raise NotCompiled(str(error)) from None

    def load(self, data: bytes) -> CelCppRule:
        """A rule from a CheckedExpr within a serialised google.protobuf.Any."""
        return CelCppRule(self.environment.deserialize(data), self.bool)


class CelCppRule:
    """One compiled expression."""

    def __init__(self, expression: Any, bool_type: Any) -> None:
        self.expression = expression
        self.bool_type = bool_type

    def evaluate(self, data: Mapping[str, Any]) -> bool | None:
        """True or false, or None where there is an error."""
        found = self.expression.eval(data=data)
        return bool(found.value()) if found.type() == self.bool_type else None


def message(value: Any) -> Any:
    """A boxed value as one that cel-cpp keeps the type of."""
    if isinstance(value, Uint):
        return UInt64Value(value=value.value)
    if isinstance(value, Timestamp):
        return TimestampMessage(seconds=value.value // _SECOND, nanos=value.value % _SECOND)
    if isinstance(value, Duration):
        seconds, nanos = divmod(abs(value.value), _SECOND)
        sign = -1 if value.value < 0 else 1
        return DurationMessage(seconds=sign * seconds, nanos=sign * nanos)
    if isinstance(value, list):
        return [message(item) for item in value]
    if isinstance(value, dict):
        return {key: message(item) for key, item in value.items()}
    return value


def variables(roots: Mapping[str, Any]) -> dict[str, Any]:
    """The roots of a rule, boxed, as variables.

    The maps that dotted attributes are in are there even if nothing is in them, because here a
    record is flat.
    """
    made: dict[str, Any] = {"now": message(roots["now"])}
    for root in _RECORDS:
        record: dict[str, Any] = {"loyalty": {}} if root == "profile" else {}
        for path, value in roots.get(root, {}).items():
            *outer, last = path.split(".")
            place = record
            for name in outer:
                place = place.setdefault(name, {})
            place[last] = message(value)
        made[root] = record
    return made
