"""The moment that a line of a file describes, in the shape that requests have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from offerd.admission import (
    admit_attributes,
    admit_locales,
    admit_location,
    admit_text,
    admit_time_zone,
    kind_of,
    quote,
)
from offerd.admission.wording import suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.decision import DecisionContext
from offerd.model.schema import Attribute, ValueType
from offerd.simulation.mistakes import Mistake
from offerd.simulation.nesting import Paths

_NAME_LIMIT: Final = 128
_ALIASES: Final = {"timeZone": "time_zone", "accuracyM": "accuracy_m"}
_PARTS: Final = ("channel", "locales", "time_zone", "location", "attributes")
_PLACE: Final = ("latitude", "longitude", "accuracy_m")
_TEXT_TYPES: Final = (ValueType.STRING, ValueType.TIMESTAMP)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


class ContextAdmission:
    """Reads contexts by the declarations of one catalogue."""

    def __init__(self, declared: Sequence[Attribute]) -> None:
        self._declared = {attribute.path: attribute for attribute in declared}
        self._paths = Paths(self._declared)

    def admit(
        self, layers: Sequence[Mapping[str, Any]], mistakes: list[Mistake]
    ) -> DecisionContext:
        """Returns contexts laid over one another, the last uppermost, without what is wrong."""
        parts: dict[str, Any] = {}
        attributes: dict[str, Any] = {}
        for layer in layers:
            for given, value in layer.items():
                name = _ALIASES.get(given, given)
                if name == "attributes" and isinstance(value, Mapping):
                    attributes.update(self._paths.leaves(value))
                elif (dotted := name.partition("."))[1]:
                    self._dotted(dotted[0], dotted[2], value, parts, attributes)
                else:
                    parts[name] = value
        values: dict[str, Any] = {}
        try:
            values.update(
                admit_attributes(attributes, self._declared, field="context.attributes")[0]
            )
        except InvalidArgument:
            self._one_by_one(attributes, values, mistakes)
        locales: tuple[str, ...] = ()
        for name, value in parts.items():
            if value is None:
                continue
            try:
                if name == "locales":
                    locales = _locales(value)
                    values.update({"locale": locales[0]} if locales else {})
                else:
                    values.update(_admitted(name, value))
            except InvalidArgument as error:
                mistakes.append(Mistake(error.field, error.message))
        return DecisionContext(values, locales)

    def is_text(self, path: str) -> bool:
        """Whether cells of a CSV column are text rather than JSON; LookupError names why not."""
        name, _, rest = path.partition(".")
        name = _ALIASES.get(name, name)
        if name in ("channel", "time_zone", "locales"):
            return name != "locales"
        if name == "location" and _ALIASES.get(rest, rest) in _PLACE:
            return False
        if name == "attributes" and rest in self._declared:
            return self._declared[rest].type in _TEXT_TYPES
        known = [*_PARTS[:3], *(f"location.{one}" for one in _PLACE)]
        known += [f"attributes.{one}" for one in self._declared]
        raise LookupError(f"a context has no {quote(path)}{suggestion(path, known)}")

    @staticmethod
    def _dotted(
        name: str, path: str, value: Any, parts: dict[str, Any], attributes: dict[str, Any]
    ) -> None:
        if name == "attributes":
            attributes[path] = value
        elif isinstance(parts.get(name, {}), Mapping):
            parts[name] = {**parts.get(name, {}), path: value}

    def _one_by_one(
        self, attributes: Mapping[str, Any], values: dict[str, Any], mistakes: list[Mistake]
    ) -> None:
        for path, value in attributes.items():
            field = "context.attributes"
            try:
                values.update(admit_attributes({path: value}, self._declared, field=field)[0])
            except InvalidArgument as error:
                mistakes.append(Mistake(error.field, error.message))


def _admitted(name: str, value: Any) -> Mapping[str, Any]:
    field = f"context.{name}"
    match name:
        case "channel":
            return {"channel": admit_text(_text(value, field), field, _NAME_LIMIT)}
        case "time_zone":
            return {"time_zone": admit_time_zone(_text(value, field), field, _known_zones())}
        case "location":
            return _location(value, field)
        case "attributes":
            raise _wrong(value, "an object", field)
    raise InvalidArgument(
        Reason.UNKNOWN_FIELD, f"a context has no {quote(name)}{suggestion(name, _PARTS)}",
        field=field,
    )  # fmt: skip


def _locales(value: Any) -> tuple[str, ...]:
    field = "context.locales"
    if not isinstance(value, list):
        raise _wrong(value, "a list of language tags", field)
    tags = [_text(tag, f"{field}[{place}]") for place, tag in enumerate(value)]
    return admit_locales(tags, field)


def _location(value: Any, field: str) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise _wrong(value, "an object", field)
    given: dict[str, float] = {}
    for name, degrees in value.items():
        known = _ALIASES.get(name, name)
        if known not in _PLACE:
            message = f"a location has no {quote(name)}{suggestion(name, _PLACE)}"
            raise InvalidArgument(Reason.UNKNOWN_FIELD, message, field=f"{field}.{name}")
        if isinstance(degrees, bool) or not isinstance(degrees, int | float):
            raise _wrong(degrees, "a number", f"{field}.{name}")
        given[known] = float(degrees)
    for name in _PLACE[:2]:
        if name not in given:
            message = f"a location needs its {name}"
            raise InvalidArgument(Reason.MISSING_FIELD, message, field=f"{field}.{name}")
    return admit_location(given["latitude"], given["longitude"], given.get("accuracy_m"), field)


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, "a string", field)
    return value


def _wrong(value: object, expected: str, field: str) -> InvalidArgument:
    message = f"{quote(field)} is {kind_of(value)}; expected {expected}"
    return InvalidArgument(Reason.WRONG_TYPE, message, field=field)
