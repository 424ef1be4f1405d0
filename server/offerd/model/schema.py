"""What the definitions declare of data: types, attributes, namespaces, events, figures, scores."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ValueType(StrEnum):
    """The type of an attribute or property.

    At run time: bool, int (64 bits, signed), float, str, int nanoseconds since
    1970-01-01T00:00:00Z for timestamps, and list or dict of those.
    """

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    TIMESTAMP = "timestamp"
    LIST_STRING = "list(string)"
    LIST_INT = "list(int)"
    LIST_DOUBLE = "list(double)"
    MAP_INT = "map(string, int)"
    MAP_DOUBLE = "map(string, double)"
    MAP_TIMESTAMP = "map(string, timestamp)"


class Attribute(msgspec.Struct, frozen=True, array_like=True):
    """One declared attribute, property or context value.

    `path` is its full dotted name (`loyalty.tier`). `values`, if not empty, are the only
    strings allowed. `labels` are data usage labels such as `C4` or `I1`. `person` marks
    person data, which can be kept only under a person namespace.
    """

    path: str
    type: ValueType
    values: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    person: bool = False


class NamespaceType(StrEnum):
    """What an identity of a namespace names."""

    COOKIE = "cookie"
    DEVICE = "device"
    CROSS_DEVICE = "cross_device"
    EMAIL = "email"
    PHONE = "phone"

    @property
    def names_person(self) -> bool:
        """Whether an identity of this type names a person rather than a device."""
        return self not in (NamespaceType.COOKIE, NamespaceType.DEVICE)


class Normalization(StrEnum):
    """How ids of a namespace are made comparable."""

    NONE = "none"
    LOWERCASE = "lowercase"


class Namespace(msgspec.Struct, frozen=True, array_like=True):
    """An identity namespace, such as `email` or `ecid`."""

    id: str
    type: NamespaceType
    normalize: Normalization = Normalization.NONE


class EventType(msgspec.Struct, frozen=True, array_like=True):
    """A type of event and the properties that it may carry."""

    id: str
    properties: tuple[Attribute, ...] = ()


class AggregateFunction(StrEnum):
    """What an aggregate keeps of the events that it takes in.

    count and sum start at 0; the others are absent before the first event. All of them
    give the same answer in whatever order events arrive.
    """

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    FIRST_TIME = "first_time"
    LAST_TIME = "last_time"

    @property
    def needs_value(self) -> bool:
        """Whether the aggregate must name a property to take the value of."""
        return self in (AggregateFunction.SUM, AggregateFunction.MIN, AggregateFunction.MAX)


class Aggregate(msgspec.Struct, frozen=True, array_like=True):
    """A figure kept per profile over the events of given types, over its whole life.

    `value` names the property that is summed or compared; `group_by` a string property: the
    aggregate is then a map from that property's value. `where` is the number of a rule over
    `event`, or None for all events of the types. `type` is the type that rules see.
    """

    id: str
    events: tuple[str, ...]
    function: AggregateFunction
    type: ValueType
    value: str | None = None
    group_by: str | None = None
    where: int | None = None


class ScoreModel(msgspec.Struct, frozen=True, array_like=True):
    """A score that is loaded per profile, such as a propensity; rules read it as `score("id")`."""

    id: str


class Schema(msgspec.Struct, frozen=True, array_like=True):
    """Everything declared about data; tuples are in the order of declaration.

    The order of namespaces is their priority: the first authenticated person namespace of
    a request, or else the first device namespace, says whose profile is used.
    """

    namespaces: tuple[Namespace, ...] = ()
    profile: tuple[Attribute, ...] = ()
    context: tuple[Attribute, ...] = ()
    offer: tuple[Attribute, ...] = ()
    events: tuple[EventType, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    scores: tuple[ScoreModel, ...] = ()


BUILT_IN_EVENTS = ("display", "click", "conversion", "purchase")
"""Event types that exist without being declared; a declaration adds properties to them."""

BUILT_IN_CONTEXT = (
    Attribute("channel", ValueType.STRING),
    Attribute("locale", ValueType.STRING),
    Attribute("time_zone", ValueType.STRING),
    Attribute("location.latitude", ValueType.DOUBLE),
    Attribute("location.longitude", ValueType.DOUBLE),
    Attribute("location.accuracy_m", ValueType.DOUBLE),
)
"""What rules can read of every request's context; absent where the caller didn't say."""

BUILT_IN_OFFER = (
    Attribute("id", ValueType.STRING),
    Attribute("priority", ValueType.INT),
    Attribute("start", ValueType.TIMESTAMP),
    Attribute("end", ValueType.TIMESTAMP),
    Attribute("tags", ValueType.LIST_STRING),
)
"""What rules can read of every offer; `start` and `end` are absent where the offer has none."""
