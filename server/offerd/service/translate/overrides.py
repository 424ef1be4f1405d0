"""What a simulation changes of the customer, checked against what is declared."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from offerd.admission import RECORD_LIMIT_BYTES, admit_attributes
from offerd.admission.values import Budget, admit_value
from offerd.admission.wording import kind_of, quote, suggestion
from offerd.audience.environment import score_names
from offerd.errors import InvalidArgument, Reason
from offerd.model.profile import ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.service.translate.structs import struct_to_data
from offerd.v1 import decision_service_pb2 as pb

_GROUPED = {
    ValueType.MAP_INT: ValueType.INT,
    ValueType.MAP_DOUBLE: ValueType.DOUBLE,
    ValueType.MAP_STRING: ValueType.STRING,
    ValueType.MAP_TIMESTAMP: ValueType.TIMESTAMP,
}
"""The type of each group's value."""


class Overrides(NamedTuple):
    """Values in place of those that the profile has; None is in place of any."""

    attributes: Mapping[str, Any] = {}
    aggregates: Mapping[str, Any] = {}
    memberships: Mapping[str, bool] = {}
    scores: Mapping[str, float] = {}

    def over(self, view: ProfileView, defaults: Mapping[str, Any]) -> ProfileView:
        """Returns a view with them; an aggregate removed has the default of `defaults`, if any."""
        removed = {name: defaults[name] for name in self.aggregates if name in defaults}
        given = {name: value for name, value in self.aggregates.items() if value is not None}
        kept = {n: v for n, v in view.aggregates.items() if n not in self.aggregates}
        attributes = {**view.attributes, **self.attributes}
        return view._replace(
            attributes={name: value for name, value in attributes.items() if value is not None},
            aggregates={**kept, **removed, **given},
            scores={**view.scores, **self.scores},
        )


NO_OVERRIDES: Final = Overrides()
"""Nothing is changed."""


class OverrideAdmission:
    """Checks overrides against one schema and the ids of its audiences."""

    def __init__(self, schema: Schema, audiences: Collection[str]) -> None:
        self._attributes = {attribute.path: attribute for attribute in schema.profile}
        self._aggregates = {aggregate.id: aggregate.type for aggregate in schema.aggregates}
        self._scores = score_names(schema)
        self._audiences = audiences

    def admit(self, message: pb.Overrides) -> Overrides:
        """Returns the overrides of a message; raises InvalidArgument at its first mistake."""
        for audience in sorted(message.memberships):
            _check_known(audience, "audience", self._audiences, "overrides.memberships")
        return Overrides(
            self._admit_attributes(message),
            self._admit_aggregates(message),
            dict(message.memberships),
            admit_scores(message.scores, self._scores, "overrides.scores"),
        )

    def _admit_attributes(self, message: pb.Overrides) -> dict[str, Any]:
        field = "overrides.attributes"
        values = struct_to_data(message.attributes, field)
        admitted, _ = admit_attributes(values, self._attributes, field=field)
        removed = dict.fromkeys(null_paths(values, self._attributes, "", field))
        return {**removed, **admitted}

    def _admit_aggregates(self, message: pb.Overrides) -> dict[str, Any]:
        field = "overrides.aggregates"
        values = struct_to_data(message.aggregates, field)
        budget = Budget(RECORD_LIMIT_BYTES, field)
        admitted: dict[str, Any] = {}
        for name, value in values.items():
            _check_known(name, "aggregate", self._aggregates, field)
            admitted[name] = (
                None
                if value is None
                else _aggregate(value, name, self._aggregates[name], f"{field}.{name}", budget)
            )
        return admitted


def admit_scores(
    scores: Mapping[str, float], declared: Collection[str], field: str
) -> dict[str, float]:
    """Returns scores by id; raises InvalidArgument for one not declared or not finite."""
    for name in sorted(scores):
        _check_known(name, "score", declared, field)
        if not math.isfinite(scores[name]):
            raise InvalidArgument(
                Reason.OUT_OF_RANGE,
                f"`{field}.{name}` is {scores[name]:g}; expected a finite number",
                field=f"{field}.{name}",
            )
    return {name: value + 0.0 for name, value in scores.items()}


def _aggregate(value: Any, name: str, value_type: ValueType, field: str, budget: Budget) -> Any:
    element = _GROUPED.get(value_type)
    if element is None:
        return admit_value(value, Attribute(name, value_type), field, budget)
    if not isinstance(value, dict):
        raise InvalidArgument(
            Reason.WRONG_TYPE,
            f"{quote(field)} is {kind_of(value)}; expected an object with a value for each group",
            field=field,
        )
    one = Attribute(name, element)
    groups: dict[str, Any] = {}
    for group, item in value.items():
        if item is not None:
            budget.take(len(group.encode()))
            groups[group] = admit_value(item, one, f"{field}.{group}"[:256], budget)
    return groups


def null_paths(
    values: Mapping[str, Any], declared: Mapping[str, Attribute], prefix: str, field: str
) -> Iterator[str]:
    """Yields the declared paths that null stands for, itself or by what holds them."""
    for name, value in values.items():
        path = prefix + name
        if value is None:
            inside = [known for known in declared if f"{known}.".startswith(f"{path}.")]
            if not inside:
                _check_known(path, "attribute", declared, field)
            yield from inside
        elif isinstance(value, dict):
            yield from null_paths(value, declared, f"{path}.", field)


def _check_known(name: str, kind: str, known: Collection[str], field: str) -> None:
    if name not in known:
        raise InvalidArgument(
            Reason.UNKNOWN_ATTRIBUTE,
            f"no {kind} {quote(name)} is declared{suggestion(name, known)}",
            field=f"{field}.{name}"[:256],
        )
