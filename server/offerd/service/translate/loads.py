"""Headers and rows of loads, checked, and what is told of loads."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from offerd.admission import (
    admit_attributes,
    admit_identity,
    admit_text,
    quote,
)
from offerd.admission.wording import suggestion
from offerd.customer.loaded import (
    AttributesRow,
    Factor,
    LoadKind,
    LoadTarget,
    MembershipRow,
    Row,
    ScoreDetail,
    ScoreRow,
)
from offerd.errors import InvalidArgument, Reason
from offerd.events import AttributeSchema
from offerd.model.catalogue import Catalogue
from offerd.model.identity import AuthenticationState, profile_key
from offerd.model.profile import ProfileKey
from offerd.model.schema import ValueType
from offerd.service.translate.structs import ns_to_timestamp, struct_to_data, timestamp_to_ns
from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import profile_service_pb2 as profile_pb

KINDS: Final = {
    pb.LOAD_KIND_MEMBERSHIPS: LoadKind.MEMBERSHIPS,
    pb.LOAD_KIND_SCORES: LoadKind.SCORES,
    pb.LOAD_KIND_PROFILES: LoadKind.PROFILES,
}
KIND_MESSAGES: Final = {kind: number for number, kind in KINDS.items()}

_AHEAD_NS: Final = 86_400 * 10**9
"""How far the clock of who makes a load may be ahead, as for events."""

_SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SOURCE_LIMIT: Final = 128
_FACTORS_LIMIT: Final = 100
_FACTOR_LIMIT: Final = 1_024
_IMPORTANCES: Final = ("", "low", "medium", "high")
_VALUE_OF: Final = {
    LoadKind.MEMBERSHIPS: "membership",
    LoadKind.SCORES: "score",
    LoadKind.PROFILES: "attributes",
}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}
_LISTS: Final = (ValueType.LIST_STRING, ValueType.LIST_INT, ValueType.LIST_DOUBLE)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Header(NamedTuple):
    """What a load is."""

    target: LoadTarget
    as_of_ns: int
    full: bool
    strict: bool


def admit_header(message: pb.LoadHeader, catalogue: Catalogue, now_ns: int) -> Header:
    """Returns the header of a load; raises InvalidArgument."""
    kind = KINDS.get(message.kind)
    if kind is None:
        raise _no_choice(message.kind, "kind", "memberships, scores or profiles")
    if message.mode not in (pb.LOAD_MODE_REPLACE, pb.LOAD_MODE_DELTA):
        raise _no_choice(message.mode, "mode", "replace or delta")
    if not message.HasField("as_of"):
        raise InvalidArgument(
            Reason.MISSING_FIELD, "`header.as_of` is absent", field="header.as_of"
        )
    as_of_ns = timestamp_to_ns(message.as_of, "header.as_of", 1970, 2261)
    if as_of_ns > now_ns + _AHEAD_NS:
        raise InvalidArgument(
            Reason.INVALID_TIME,
            "`header.as_of` is more than 24 hours ahead of the service's clock",
            field="header.as_of",
        )
    target = LoadTarget(kind, _target(kind, message.target, catalogue))
    return Header(target, as_of_ns, message.mode == pb.LOAD_MODE_REPLACE, message.strict)


def _no_choice(number: int, name: str, expected: str) -> InvalidArgument:
    field = f"header.{name}"
    if number == 0:
        return InvalidArgument(Reason.MISSING_FIELD, f"`{field}` is absent", field=field)
    return InvalidArgument(
        Reason.VALUE_NOT_ALLOWED, f"`{field}` is `{number}`; expected {expected}", field=field
    )


def _target(kind: LoadKind, name: str, catalogue: Catalogue) -> str:
    field = "header.target"
    admit_text(name, field, _SOURCE_LIMIT, required=True)
    if kind is LoadKind.PROFILES:
        if _SOURCE.fullmatch(name) is None:
            raise InvalidArgument(
                Reason.INVALID_TEXT,
                f"{quote(name)} names no source; expected lower case letters, digits and `._-`",
                field=field,
            )
        return name
    if kind is LoadKind.SCORES:
        noun, known = "score", [score.id for score in catalogue.schema.scores]
    else:
        noun = "external audience"
        known = [audience.id for audience in catalogue.audiences if audience.rule is None]
    if name in known:
        return name
    if kind is LoadKind.MEMBERSHIPS and any(name == one.id for one in catalogue.audiences):
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"audience {quote(name)} has a rule: only external ones are loaded",
            field=field,
        )
    raise InvalidArgument(
        Reason.UNKNOWN_ATTRIBUTE,
        f"no {noun} {quote(name)} is declared{suggestion(name, known)}",
        field=field,
    )


class RowAdmission:
    """Checks rows of one kind against what is declared."""

    def __init__(self, kind: LoadKind, catalogue: Catalogue, attributes: AttributeSchema) -> None:
        schema = catalogue.schema
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        self._persons = frozenset(n.id for n in schema.namespaces if n.type.names_person)
        self._declared = {attribute.path: attribute for attribute in schema.profile}
        self._fingerprint = attributes.fingerprint
        self._value = _VALUE_OF[kind]
        readers: dict[LoadKind, Callable[[pb.LoadRow, str], Row]] = {
            LoadKind.MEMBERSHIPS: _membership,
            LoadKind.SCORES: _score,
            LoadKind.PROFILES: self._attributes,
        }
        self._read = readers[kind]

    def admit(self, message: pb.LoadRow) -> tuple[ProfileKey, Row]:
        """Returns whom a row is about and what it says.

        Raises InvalidArgument; its field is the path within the row.
        """
        found = message.WhichOneof("value")
        if found != self._value:
            reason = Reason.MISSING_FIELD if found is None else Reason.CONFLICTING_FIELDS
            says = "it is absent" if found is None else f"found `{found}`"
            raise InvalidArgument(reason, f"expected `{self._value}`, {says}", field=self._value)
        given = message.identity
        identity = admit_identity(
            given.namespace,
            given.id,
            AuthenticationState.AMBIGUOUS,
            self._namespaces,
            "identity",
        )
        key = profile_key(self._namespaces[identity.namespace], identity.id)
        return key, self._read(message, key.namespace)

    def _attributes(self, message: pb.LoadRow, namespace: str) -> AttributesRow:
        values = struct_to_data(message.attributes, "attributes")
        attributes, _ = admit_attributes(
            self._typed(values, ""), self._declared, field="attributes"
        )
        if namespace not in self._persons:
            for path in attributes:
                if self._declared[path].person:
                    raise InvalidArgument(
                        Reason.PERSON_DATA_ON_DEVICE,
                        f"`{path}` is person data, and `{namespace}` names no person",
                        field=f"attributes.{path}",
                    )
        timestamps = sorted(
            path for path in attributes if self._declared[path].type is ValueType.TIMESTAMP
        )
        return AttributesRow(attributes, timestamps, self._fingerprint)

    def _typed(self, values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """Reads texts as what is declared where that can be told: files have them for numbers."""
        typed: dict[str, Any] = {}
        for name, value in values.items():
            path = prefix + name
            if isinstance(value, dict):
                typed[name] = self._typed(value, f"{path}.")
            elif isinstance(value, str) and path in self._declared:
                typed[name] = _from_text(value, self._declared[path].type)
            else:
                typed[name] = value
        return typed


def _from_text(text: str, declared: ValueType) -> object:
    if declared is ValueType.BOOL:
        return _BOOLEANS.get(text.lower(), text)
    if declared is ValueType.DOUBLE and _NUMBER.fullmatch(text):
        return float(text)
    if declared is ValueType.TIMESTAMP and _DAY.fullmatch(text):
        return f"{text}T00:00:00Z"
    if declared in _LISTS and text.startswith("["):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return text
    return text


def _membership(message: pb.LoadRow, _: str) -> MembershipRow:
    membership = message.membership
    if membership.status not in _STATUSES:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"`{membership.status}` is no status of a membership",
            field="membership.status",
        )
    since_ns = valid_until_ns = None
    if membership.HasField("since"):
        since_ns = timestamp_to_ns(membership.since, "membership.since", 1970, 2261)
    if membership.HasField("valid_until"):
        valid_until_ns = timestamp_to_ns(
            membership.valid_until, "membership.valid_until", 1970, 2261
        )
    return MembershipRow(_STATUSES[membership.status], since_ns, valid_until_ns)


_STATUSES: Final = {
    profile_pb.MEMBERSHIP_STATUS_UNSPECIFIED: True,
    profile_pb.MEMBERSHIP_STATUS_REALIZED: True,
    profile_pb.MEMBERSHIP_STATUS_EXITED: False,
}


def _score(message: pb.LoadRow, _: str) -> ScoreRow:
    score = message.score
    value = score.score + 0.0
    if not math.isfinite(value):
        raise _out_of_range(value, "score.score", "a finite number")
    probability = score.probability if score.HasField("probability") else None
    if probability is not None and not 0 <= probability <= 1:
        raise _out_of_range(probability, "score.probability", "0 to 1")
    percentile = score.percentile if score.HasField("percentile") else None
    if percentile is not None and not 1 <= percentile <= 100:
        raise _out_of_range(percentile, "score.percentile", "1 to 100")
    score_ns = None
    if score.HasField("score_time"):
        score_ns = timestamp_to_ns(score.score_time, "score.score_time", 1970, 2261)
    return ScoreRow(value, probability, percentile, _factors(score), score_ns)


def _out_of_range(value: float, field: str, expected: str) -> InvalidArgument:
    return InvalidArgument(
        Reason.OUT_OF_RANGE, f"`{field}` is {value:g}; expected {expected}", field=field
    )


def _factors(score: profile_pb.LoadedScore) -> tuple[Factor, ...]:
    if not score.factors:
        return ()
    if len(score.factors) > _FACTORS_LIMIT:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{len(score.factors)} factors, at most {_FACTORS_LIMIT} expected",
            field="score.factors",
        )
    factors = []
    for position, factor in enumerate(score.factors):
        field = f"score.factors[{position}]"
        admit_text(factor.code, f"{field}.code", _FACTOR_LIMIT, required=True)
        admit_text(factor.value, f"{field}.value", _FACTOR_LIMIT)
        if factor.importance not in _IMPORTANCES:
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"`{field}.importance` is {quote(factor.importance)}; "
                "expected `low`, `medium` or `high`",
                field=f"{field}.importance",
            )
        factors.append(Factor(factor.code, factor.value, factor.importance))
    return tuple(factors)


def score_messages(details: Mapping[str, ScoreDetail]) -> dict[str, profile_pb.LoadedScore]:
    """Returns what is told of loaded scores, by id."""
    return {
        name: profile_pb.LoadedScore(
            score=row.score,
            probability=row.probability,
            percentile=row.percentile,
            factors=[
                profile_pb.ScoreFactor(code=f.code, value=f.value, importance=f.importance)
                for f in row.factors
            ],
            score_time=ns_to_timestamp(score_ns),
            expired=expired,
        )
        for name, (row, score_ns, expired) in details.items()
    }
