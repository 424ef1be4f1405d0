"""A line of a file of profiles as what is decided for, checked against one catalogue.

A line is an object like the answer of GetProfile, with a few more parts:

    {"namespace": "email", "id": "alma@example.com",
     "attributes": {"loyalty": {"tier": "plus"}}, "aggregates": {"purchases": 3},
     "scores": {"yoga-propensity": 0.7}, "memberships": {"lapsed-yoga": true},
     "counted": {"profile:display:offer/free-class": ["2026-01-31T09:30:00Z"]},
     "context": {"channel": "web", "locales": ["sv-SE"], "attributes": {"weather": "rain"}}}

Nothing but `id` must be there. What isn't what is declared is left out and named as a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from offerd.admission import (
    RECORD_LIMIT_BYTES,
    InvalidInstant,
    admit_attributes,
    admit_identity,
    kind_of,
    parse_instant,
    quote,
)
from offerd.admission.figures import admit_aggregate, admit_score, check_known
from offerd.admission.values import Budget
from offerd.admission.wording import suggestion
from offerd.audience.environment import score_names
from offerd.decision.prepared import Prepared
from offerd.errors import InvalidArgument
from offerd.model.decision import DecisionContext
from offerd.model.identity import AuthenticationState, profile_key
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Attribute, Namespace, ValueType
from offerd.simulation.context import ContextAdmission
from offerd.simulation.mistakes import Mistake
from offerd.simulation.nesting import Paths

PARTS: Final = (
    "namespace", "id", "attributes", "aggregates", "scores", "memberships", "counted", "context",
)  # fmt: skip
_ANSWERED: Final = frozenset({"eventCount", "event_count", "updateTime", "update_time"})
"""What GetProfile answers besides; nothing is decided by it."""

_OBJECTS: Final = frozenset(PARTS) - {"namespace", "id"}
_OVERRIDABLE: Final = tuple(part for part in PARTS if part not in ("namespace", "id"))
_TEXT_TYPES: Final = (ValueType.STRING, ValueType.TIMESTAMP)
_COUNTED_LIMIT: Final = 100_000


class Subject(NamedTuple):
    """Whom and when a line describes; `name` is the id as written."""

    line: int
    name: str
    view: ProfileView
    context: DecisionContext
    memberships: Mapping[str, bool]


class ProfileAdmission:
    """Reads lines by the declarations of one catalogue.

    `defaults` are the aggregates that rules can read before any event. `context` is what a line
    without a context of its own, or with less, has; `override` is laid over every line.
    `now_ns` is the instant of the decision. Raises DataError if `context` or `override` is wrong.
    """

    def __init__(
        self,
        prepared: Prepared,
        defaults: Mapping[str, Any],
        now_ns: int,
        *,
        context: Mapping[str, Any],
        override: Mapping[str, Any],
    ) -> None:
        catalogue = prepared.catalogue
        schema = catalogue.schema
        self._defaults = defaults
        self._now_ns = now_ns
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        self._namespace = _usual(schema.namespaces)
        self._attributes = {attribute.path: attribute for attribute in schema.profile}
        self._paths = Paths(self._attributes)
        self._aggregates = {aggregate.id: aggregate.type for aggregate in schema.aggregates}
        self._scores = score_names(schema)
        self._audiences = [audience.id for audience in catalogue.audiences]
        self._counters = [counter.key for counter in catalogue.counters]
        self._context = ContextAdmission(schema.context)
        self._usual_context = context
        self._override = override

    def admit(self, line: int, record: Mapping[str, Any]) -> tuple[Subject, list[Mistake]]:
        """Returns what a line describes, without what is wrong, and that."""
        mistakes: list[Mistake] = []
        parts = self._parts(record, mistakes)
        key, name = self._key(record, mistakes)
        attributes = self._admitted_attributes(parts["attributes"], key, mistakes)
        view = ProfileView(
            key,
            attributes,
            {**self._defaults, **self._each(parts, "aggregates", self._aggregate, mistakes)},
            self._each(parts, "counted", self._counted, mistakes),
            self._each(parts, "scores", self._score, mistakes),
        )
        context = self._context.admit(
            (self._usual_context, parts["context"], self._override.get("context", {})), mistakes
        )
        memberships = self._each(parts, "memberships", self._membership, mistakes)
        return Subject(line, name, view, context, memberships), mistakes

    def is_text(self, column: str) -> bool:
        """Whether cells of a CSV column are text rather than JSON; LookupError names why not."""
        part, _, path = column.partition(".")
        if part not in PARTS:
            raise LookupError(f"no column is called so{suggestion(part, PARTS)}")
        if bool(path) != (part in _OBJECTS):
            example = f"{part}.…" if part in _OBJECTS else part
            raise LookupError(f"expected {quote(example)}")
        match part:
            case "namespace" | "id":
                return True
            case "attributes":
                return self._declared(path, self._attributes).type in _TEXT_TYPES
            case "aggregates":
                return self._type(path) in _TEXT_TYPES
            case "context":
                return self._context.is_text(path)
        return False

    def _declared(self, path: str, declared: Mapping[str, Attribute]) -> Attribute:
        if path not in declared:
            raise LookupError(f"no attribute {quote(path)} is declared{suggestion(path, declared)}")
        return declared[path]

    def _type(self, name: str) -> ValueType:
        if name not in self._aggregates:
            known = suggestion(name, self._aggregates)
            raise LookupError(f"no aggregate {quote(name)} is declared{known}")
        return self._aggregates[name]

    def _parts(
        self, record: Mapping[str, Any], mistakes: list[Mistake]
    ) -> dict[str, Mapping[str, Any]]:
        """Returns the parts of a line that are objects, empty where absent, overridden."""
        mistakes.extend(
            Mistake(name, f"no part of a profile is called so{suggestion(name, PARTS)}")
            for name in record
            if name not in PARTS and name not in _ANSWERED
        )
        parts: dict[str, Mapping[str, Any]] = {}
        for name in _OVERRIDABLE:
            value = record.get(name)
            if value is not None and not isinstance(value, Mapping):
                mistakes.append(Mistake(name, f"{kind_of(value)}; expected an object"))
                value = None
            parts[name] = value or {}
            if name not in ("attributes", "context"):
                parts[name] = {**parts[name], **self._override.get(name, {})}
        return parts

    def _key(
        self, record: Mapping[str, Any], mistakes: list[Mistake]
    ) -> tuple[ProfileKey | None, str]:
        name = record.get("id")
        namespace = record.get("namespace")
        if not isinstance(name, str):
            mistakes.append(Mistake("id", f"{kind_of(name)}; expected a string"))
            return None, ""
        if namespace is None:
            if self._namespace is None:
                return None, name
            namespace = self._namespace.id
        if not isinstance(namespace, str):
            mistakes.append(Mistake("namespace", f"{kind_of(namespace)}; expected a string"))
            return None, name
        try:
            identity = admit_identity(
                namespace, name, AuthenticationState.AUTHENTICATED, self._namespaces, ""
            )
        except InvalidArgument as error:
            mistakes.append(Mistake(error.field, error.message))
            return None, name
        return profile_key(self._namespaces[identity.namespace], identity.id), name

    def _admitted_attributes(
        self, values: Mapping[str, Any], key: ProfileKey | None, mistakes: list[Mistake]
    ) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for path, value in self._paths.leaves(values):
            if path in flat:
                message = f"{quote(path)} is given twice, nested and with dots"
                mistakes.append(Mistake(f"attributes.{path}", message))
            flat[path] = value
        flat.update(self._paths.leaves(self._override.get("attributes", {})))
        on_device = key is not None and not self._namespaces[key.namespace].type.names_person
        for path in [p for p in flat if on_device and p in self._attributes]:
            if self._attributes[path].person and flat.pop(path) is not None:
                message = f"{quote(path)} is person data, and the namespace names no person"
                mistakes.append(Mistake(f"attributes.{path}", message))
        return admitted(flat, self._attributes, "attributes", mistakes)

    def _each(
        self,
        parts: Mapping[str, Mapping[str, Any]],
        part: str,
        admit: Callable[[str, Any], Any],
        mistakes: list[Mistake],
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in parts[part].items():
            if value is None:
                continue
            try:
                found[name] = admit(name, value)
            except InvalidArgument as error:
                mistakes.append(Mistake(error.field, error.message))
            except _Wrong as wrong:
                mistakes.append(Mistake(f"{part}.{name}", str(wrong)))
        return found

    def _aggregate(self, name: str, value: Any) -> Any:
        budget = Budget(RECORD_LIMIT_BYTES, f"aggregates.{name}")
        return admit_aggregate(value, name, self._aggregates, "aggregates", budget)

    def _score(self, name: str, value: Any) -> float:
        return admit_score(value, name, self._scores, "scores")

    def _membership(self, name: str, value: Any) -> bool:
        check_known(name, "audience", self._audiences, "memberships")
        if not isinstance(value, bool):
            raise _Wrong(f"{kind_of(value)}; expected true or false")
        return value

    def _counted(self, name: str, value: Any) -> list[int]:
        """Times of events that a cap's counter counts; a number is so many right now."""
        check_known(name, "counter", self._counters, "counted")
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 <= value <= _COUNTED_LIMIT:
                raise _Wrong(f"{value}; expected 0 to {_COUNTED_LIMIT:,}")
            return [self._now_ns] * value
        if not isinstance(value, list) or not all(isinstance(time, str) for time in value):
            raise _Wrong(f"{kind_of(value)}; expected a list of times, or how many there are now")
        try:
            return sorted(parse_instant(time) for time in value)
        except InvalidInstant as error:
            raise _Wrong(str(error)) from error


class _Wrong(ValueError):
    """A value isn't what is expected."""


def admitted(
    flat: Mapping[str, Any],
    declared: Mapping[str, Attribute],
    field: str,
    mistakes: list[Mistake],
) -> dict[str, Any]:
    """Returns a flat record as rules read it; what is wrong is left out, each told."""
    try:
        return admit_attributes(flat, declared, field=field)[0]
    except InvalidArgument as whole:
        found: dict[str, Any] = {}
        count = len(mistakes)
        for path, value in flat.items():
            try:
                found.update(admit_attributes({path: value}, declared, field=field)[0])
            except InvalidArgument as error:
                mistakes.append(Mistake(error.field, error.message))
        if len(mistakes) == count:
            mistakes.append(Mistake(whole.field, whole.message))
        return found


def _usual(namespaces: tuple[Namespace, ...]) -> Namespace | None:
    """Returns the namespace of a line that names none: the first of a person, or else the first."""

    def naming() -> Iterator[Namespace]:
        yield from (n for n in namespaces if n.type.names_person)
        yield from namespaces

    return next(naming(), None)
