"""What the definitions declare of data: types, attributes, namespaces, events, figures, scores."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from offerd.model.capping import Calendar


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
    MAP_STRING = "map(string, string)"
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
    """How ids of a namespace are made comparable.

    LOWERCASE folds case and drops spaces around; PHONE keeps the digits, and a `+` before them.
    """

    NONE = "none"
    LOWERCASE = "lowercase"
    PHONE = "phone"


class Namespace(msgspec.Struct, frozen=True, array_like=True):
    """An identity namespace, such as `email` or `ecid`.

    `unique` says that a customer has at most one id in it: of two links that would give them
    more, the older is cut. `limit` is the most ids of it that a customer may have, None for no
    limit of its own.
    """

    id: str
    type: NamespaceType
    normalize: Normalization = Normalization.NONE
    unique: bool = False
    limit: int | None = None


class EventType(msgspec.Struct, frozen=True, array_like=True):
    """A type of event and the properties that it may carry."""

    id: str
    properties: tuple[Attribute, ...] = ()


class AggregateFunction(StrEnum):
    """What an aggregate keeps of the events that it takes in.

    count, sum and distinct start at 0, grouped ones, top and affinity empty, steps at 0; the
    others are absent before the first event. All of them give the same answer in whatever order
    events arrive.

    first and last are the value of the first and the last event; average is a double; distinct
    counts different values; top lists the groups with most weight, most first; affinity weighs
    groups by touches (see events.affinity); steps is how far a sequence has come.
    """

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVERAGE = "average"
    FIRST = "first"
    LAST = "last"
    FIRST_TIME = "first_time"
    LAST_TIME = "last_time"
    DISTINCT = "distinct"
    TOP = "top"
    AFFINITY = "affinity"
    STEPS = "steps"

    @property
    def needs_value(self) -> bool:
        """Whether the aggregate must name a property to take the value of."""
        return self in _OF_VALUES


_OF_VALUES = frozenset(
    {
        AggregateFunction.SUM,
        AggregateFunction.MIN,
        AggregateFunction.MAX,
        AggregateFunction.AVERAGE,
        AggregateFunction.FIRST,
        AggregateFunction.LAST,
        AggregateFunction.DISTINCT,
    }
)


class SequenceStep(msgspec.Struct, frozen=True, array_like=True):
    """One step of a sequence: an event of one of the types, for which `where` is true.

    `negated` asks that there is no such event between the steps around it; after the last step
    it needs `within_ns`, and is reached when that much time has passed without one; before the
    first step too, and looks that far back. `after_ns` is the least and `within_ns` the most time
    since the step before, inclusive. `where` is the number of an event filter, or None.
    """

    events: tuple[str, ...]
    where: int | None = None
    negated: bool = False
    after_ns: int | None = None
    within_ns: int | None = None


class Sequence(msgspec.Struct, frozen=True, array_like=True):
    """Steps that follow one another in time, whatever else happens between them.

    `within_ns` is the most time from the first step to the last. `session_gap_ns`, if given,
    asks that no step follows the one before it after a pause longer than that in the events that
    any step takes.
    """

    steps: tuple[SequenceStep, ...]
    within_ns: int | None = None
    session_gap_ns: int | None = None


class Aggregate(msgspec.Struct, frozen=True, array_like=True):
    """A figure kept per profile over the events of given types.

    `value` names the property that is summed, compared or counted; `group_by` a string property:
    the aggregate is then a map from that property's value (of top, a list of its values). `where`
    is the number of a rule over `event`, or None for all events of the types. `type` is the type
    that rules see.

    It looks back over `within_ns` nanoseconds, or over the present piece of `calendar`, or over
    the profile's whole life. With `sequence` it takes in the moments at which the sequence was
    completed instead of events; then `events` are those of its steps.

    `count` is how many groups top and affinity keep. `half_life_ns` halves an event's weight in
    top with every such time since. `session_gap_ns` ends a session for affinity. `labels` are
    those of the properties that it reads.
    """

    id: str
    events: tuple[str, ...]
    function: AggregateFunction
    type: ValueType
    value: str | None = None
    group_by: str | None = None
    where: int | None = None
    within_ns: int | None = None
    calendar: Calendar | None = None
    sequence: Sequence | None = None
    count: int | None = None
    half_life_ns: int | None = None
    session_gap_ns: int | None = None
    labels: tuple[str, ...] = ()


class ScoreModel(msgspec.Struct, frozen=True, array_like=True):
    """A score that is loaded per profile, such as a propensity.

    Rules read it as `score("id")`, its probability and its percentile as `score("id.probability")`
    and `score("id.percentile")`. One older than `maximum_age_ns` is unknown.
    """

    id: str
    maximum_age_ns: int | None = None
    labels: tuple[str, ...] = ()


class Schema(msgspec.Struct, frozen=True, array_like=True):
    """Everything declared about data; tuples are in the order of declaration.

    The order of namespaces is their priority: the first authenticated person namespace of
    a request, or else the first device namespace, says whose profile is used.
    `marketing_actions` are uses of data beyond the core ones.
    """

    namespaces: tuple[Namespace, ...] = ()
    profile: tuple[Attribute, ...] = ()
    context: tuple[Attribute, ...] = ()
    offer: tuple[Attribute, ...] = ()
    events: tuple[EventType, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    scores: tuple[ScoreModel, ...] = ()
    marketing_actions: tuple[str, ...] = ()


_PLACE = (
    Attribute("place", ValueType.STRING, labels=("S2",)),
    Attribute("category", ValueType.STRING, labels=("S2",)),
    Attribute("library", ValueType.STRING, labels=("S2",)),
    Attribute("source", ValueType.STRING, ("location", "device"), labels=("S2",)),
)
_DWELL = Attribute("dwell_s", ValueType.DOUBLE, labels=("S2",))
_DISTANCE = Attribute("distance_m", ValueType.DOUBLE, labels=("S2",))

BUILT_IN_EVENT_TYPES = (
    EventType("display"),
    EventType("click"),
    EventType("conversion"),
    EventType("purchase"),
    EventType(
        "location",
        (
            Attribute("latitude", ValueType.DOUBLE, labels=("S1", "S2")),
            Attribute("longitude", ValueType.DOUBLE, labels=("S1", "S2")),
            Attribute("accuracy_m", ValueType.DOUBLE, labels=("S2",)),
            Attribute("speed_mps", ValueType.DOUBLE, labels=("S2",)),
            Attribute("course_deg", ValueType.DOUBLE, labels=("S2",)),
        ),
    ),
    EventType("place_entry", _PLACE),
    EventType("place_exit", (*_PLACE, _DWELL)),
    EventType("place_dwell", (*_PLACE, _DWELL)),
    EventType("place_approach", (*_PLACE, _DISTANCE)),
    EventType("place_pass_by", (*_PLACE, _DISTANCE)),
)
"""Event types that exist without being declared; a declaration adds properties to them.

Of those of places `place` is the id, and `source` what it is known from. `dwell_s` is the length of
the stay in seconds, `distance_m` the distance to the edge of the fence.
"""

BUILT_IN_EVENTS = tuple(event.id for event in BUILT_IN_EVENT_TYPES)
"""The ids of those."""


def event_types(schema: Schema) -> dict[str, EventType]:
    """Returns all types of events by id, the built-in ones first, with all their properties."""
    found = {event.id: event for event in BUILT_IN_EVENT_TYPES}
    for declared in schema.events:
        built_in = found.get(declared.id)
        own = () if built_in is None else built_in.properties
        taken = {one.path for one in own}
        more = tuple(one for one in declared.properties if one.path not in taken)
        found[declared.id] = EventType(declared.id, (*own, *more))
    return found


BUILT_IN_CONTEXT = (
    Attribute("channel", ValueType.STRING),
    Attribute("locale", ValueType.STRING),
    Attribute("time_zone", ValueType.STRING),
    Attribute("location.latitude", ValueType.DOUBLE, labels=("S1",)),
    Attribute("location.longitude", ValueType.DOUBLE, labels=("S1",)),
    Attribute("location.accuracy_m", ValueType.DOUBLE),
    Attribute("location.speed_mps", ValueType.DOUBLE),
    Attribute("location.course_deg", ValueType.DOUBLE),
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
