"""Conditions on past events, said with the aggregates that are declared.

Aggregates keep figures, not the events: what they can't answer is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from offerd.dialects.error import CannotSay
from offerd.dialects.pql.syntax import (
    Array,
    Between,
    Binary,
    Call,
    Literal,
    Node,
    Occurs,
    Path,
    Period,
)
from offerd.dialects.pql.times import length, length_text, milliseconds
from offerd.dialects.pql.value import Scope, Value, quoted
from offerd.expression import BOOL, DOUBLE, INT, TIMESTAMP, Type
from offerd.model.figures import LONGEST_WINDOW_NS, SHORTEST_WINDOW_NS
from offerd.model.schema import Aggregate, ValueType, event_types

FUTURE_NOTE: Final = "events of the future are taken to be none"
TYPE_NOTE: Final = "event types are compared exactly"

_MILLISECOND_NS: Final = 1_000_000

_TYPES: Final[dict[ValueType, Type]] = {
    ValueType.INT: INT,
    ValueType.DOUBLE: DOUBLE,
    ValueType.TIMESTAMP: TIMESTAMP,
    ValueType.MAP_INT: INT,
    ValueType.MAP_DOUBLE: DOUBLE,
    ValueType.MAP_TIMESTAMP: TIMESTAMP,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events of these types, with a property of this value if one is named, in this period."""

    events: tuple[str, ...]
    group_by: str | None
    group: str | None
    when: Period | None


def wanted_events(scope: Scope, parts: Sequence[Node], variable: str) -> Wanted:
    """What conditions on an event ask for; `variable` is its name in them, if it has one."""
    events: tuple[str, ...] | None = None
    group: tuple[str, str] | None = None
    when: Period | None = None
    for part in parts:
        types = _event_types(scope, part, variable)
        if types is not None and events is None:
            events = types
            continue
        if isinstance(part, Occurs) and when is None:
            when = _period(scope, part, variable)
            continue
        if types is None and group is None:
            group = _property(scope, part, variable)
            continue
        raise scope.refuse(part, "only one condition of each kind on events is translated")
    if events is None:
        raise CannotSay("events without a condition on `eventType` are not translated")
    group_by, value = group or (None, None)
    return Wanted(events, group_by, value, when)


def conjuncts(node: Node | None) -> Iterator[Node]:
    """The conditions that are joined with `and`."""
    if isinstance(node, Binary) and node.operator == "and":
        yield from conjuncts(node.left)
        yield from conjuncts(node.right)
    elif node is not None:
        yield node


def _field(node: Node, variable: str) -> str:
    """The path below an event, "" for anything else."""
    if not isinstance(node, Path):
        return ""
    if not variable:
        return node.text
    return ".".join(node.parts[1:]) if node.parts[0] == variable else ""


def _event_types(scope: Scope, node: Node, variable: str) -> tuple[str, ...] | None:
    """The event types that a condition allows, None if it is about something else."""
    if isinstance(node, Call) and node.name == "equals" and len(node.arguments) in (2, 3):
        subject, value = node.arguments[:2]
        if _field(subject, variable) == "eventType" and len(node.arguments) == 3:
            scope.note(TYPE_NOTE)
        values: tuple[Node, ...] = (value,)
    elif isinstance(node, Binary) and node.operator == "=":
        subject, values = node.left, (node.right,)
    elif isinstance(node, Binary) and node.operator == "in" and isinstance(node.right, Array):
        subject, values = node.left, node.right.items
    else:
        return None
    if _field(subject, variable) != "eventType":
        return None
    return tuple(_event_type(scope, value) for value in values)


def _event_type(scope: Scope, node: Node) -> str:
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        raise scope.refuse(node, "an event type must be a text in quotes")
    name = scope.names.events.get(node.value, node.value)
    if name not in event_types(scope.schema):
        raise scope.refuse(node, f"unknown event type `{name}`: declare it, or map its name")
    return name


def _period(scope: Scope, node: Occurs, variable: str) -> Period:
    if _field(node.timestamp, variable) != "timestamp":
        raise scope.refuse(node, "only the `timestamp` of an event is set against a time")
    return require_recent(scope, node, node.when)


def require_recent(scope: Scope, node: Node, when: Period | Between) -> Period:
    """A period that ends or begins now; refused for any other."""
    is_now = isinstance(when, Period) and isinstance(when.time, Path) and when.time.text == "now"
    if not isinstance(when, Period) or not is_now or when.direction != "before":
        raise scope.refuse(node, "of events only a time `before now` is translated")
    if not when.comparison:
        raise scope.refuse(node, "all events occur before now: leave the condition out")
    return when


def _property(scope: Scope, node: Node, variable: str) -> tuple[str, str]:
    if isinstance(node, Binary) and node.operator == "=" and isinstance(node.right, Literal):
        path = _field(node.left, variable)
        if path and isinstance(node.right.value, str):
            return scope.names.properties.get(path, path), node.right.value
    raise scope.refuse(node, "this condition on events is in no aggregate: declare one with it")


def happened(scope: Scope, wanted: Wanted) -> Value:
    """Whether there was such an event."""
    if wanted.when is not None:
        return _happened_when(scope, wanted, wanted.when)
    counted = scope.aggregates("count", wanted.events, None, wanted.group_by)
    if counted is not None:
        if wanted.group is None:
            return Value(f"aggregate.{counted.id} > 0", BOOL, is_closed=False)
        return Value(f"{quoted(wanted.group)} in aggregate.{counted.id}", BOOL, is_closed=False)
    last = scope.aggregates("last_time", wanted.events, None, wanted.group_by)
    return _present(last or _missing("count", wanted), wanted)


def _present(aggregate: Aggregate, wanted: Wanted) -> Value:
    if wanted.group is None:
        return Value(f"has(aggregate.{aggregate.id})", BOOL)
    return Value(f"{quoted(wanted.group)} in aggregate.{aggregate.id}", BOOL, is_closed=False)


def _happened_when(scope: Scope, wanted: Wanted, when: Period) -> Value:
    # The last event is the nearest to now and the first the farthest, so that each settles
    # whether there is any at most, or at least, so long ago.
    function = "last_time" if when.comparison in ("<", "<=") else "first_time"
    span = length(when)
    found = scope.aggregates(function, wanted.events, None, wanted.group_by)
    aggregate = found or _missing(function, wanted)
    scope.note(FUTURE_NOTE)
    time = _read(aggregate, wanted)
    present = _present(aggregate, wanted).text
    return Value(f"{present} && now - {time} {when.comparison} {span}", BOOL, is_closed=False)


def _read(aggregate: Aggregate, wanted: Wanted) -> str:
    text = f"aggregate.{aggregate.id}"
    return text if wanted.group is None else f"{text}[{quoted(wanted.group)}]"


def figure(scope: Scope, node: Call, wanted: Wanted, path: str | None) -> Value:
    """`count`, `sum`, `min` or `max` over events; `path` is what is summed or compared."""
    within_ns = None if wanted.when is None else _window_ns(node, wanted.when)
    function, value = node.name, scope.names.properties.get(path, path) if path else None
    if value == "timestamp" and function in ("min", "max"):
        function, value = {"min": "first_time", "max": "last_time"}[function], None
    found = scope.aggregates(function, wanted.events, value, wanted.group_by, within_ns)
    aggregate = found or _missing(function, wanted, value, within_ns)
    type_ = _TYPES[aggregate.type]
    text = _read(aggregate, wanted)
    if wanted.group is None or function not in ("count", "sum"):
        return Value(text, type_)
    zero = "0.0" if type_ is DOUBLE else "0"
    key = quoted(wanted.group)
    return Value(f"({key} in aggregate.{aggregate.id} ? {text} : {zero})", type_)


def _window_ns(node: Call, when: Period) -> int:
    """The window of an aggregate that has just the events of a period."""
    if when.comparison != "<":
        raise CannotSay(f"`{node.name}` over a period: a window is `<` some time before now")
    within_ns = milliseconds(when) * _MILLISECOND_NS
    if not SHORTEST_WINDOW_NS <= within_ns <= LONGEST_WINDOW_NS:
        raise CannotSay(f"`{node.name}` over a period: a window is from 1 minute to 731 days long")
    return within_ns


def _missing(
    function: str, wanted: Wanted, value: str | None = None, within_ns: int | None = None
) -> Aggregate:
    """Refuses, saying what would have to be declared."""
    events = ", ".join(wanted.events)
    more = f", value: {value}" if value else ""
    more += f", group_by: {wanted.group_by}" if wanted.group_by else ""
    if within_ns is not None:
        more += f", window: {length_text(within_ns // _MILLISECOND_NS)}"
    needed = f"{{events: [{events}], function: {function}{more}}}"
    raise CannotSay(f"no aggregate answers this: declare one with `{needed}`")
