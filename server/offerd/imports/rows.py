"""Rows of data as profiles and events, a batch at a time.

A batch goes the fast way, column by column. If any value in it might be refused, its rows go
one by one through admission, which says what is wrong with each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from offerd.admission import RECORD_LIMIT_BYTES, admit_attributes, admit_identity, admit_text, quote
from offerd.errors import InvalidArgument, Reason
from offerd.imports.fields import Field, all_keepable
from offerd.model.event import Event
from offerd.model.identity import AuthenticationState, profile_key
from offerd.model.profile import ProfileKey
from offerd.model.schema import Attribute, Namespace

EVENT_ID_LIMIT: Final = 128
_KEYS_REMEMBERED: Final = 200_000

Columns = Sequence[Sequence[Any]]


class BadRow(NamedTuple):
    """A row that can't be taken, and why.

    `row` counts from 1 in a file, a header aside; None for the result of a query, which is in
    no order: there `id`, of the event or else the profile, tells which row it is.
    """

    source: str
    row: int | None
    id: str
    message: str

    def __str__(self) -> str:
        which = f"row {self.row:,}" if self.row is not None else f"the row of {quote(self.id)}"
        return f"`{self.source}`, {which}: {self.message}"


def share_of(fields: int) -> int:
    """Returns how many bytes each of some fields may take, so that all fit into a record."""
    return RECORD_LIMIT_BYTES // max(1, fields) - 2


class Records:
    """The attributes or properties of rows; `constants`, by path, are the same for each."""

    def __init__(
        self,
        fields: Sequence[Field],
        constants: Mapping[str, object],
        declared: Mapping[str, Attribute],
        label: str,
    ) -> None:
        self._fields = fields
        self._paths = [field.attribute.path for field in fields]
        self._declared = declared
        self._label = label
        self._plain_constants = dict(constants)
        self._constants, _ = admit_attributes(constants, declared, field=label)

    def admitted(self, columns: Columns, count: int) -> list[dict[str, Any]] | None:
        """Returns the records of a batch, or None if any might be refused."""
        if not self._fields:
            return [dict(self._constants) for _ in range(count)]
        converted = []
        for field, values in zip(self._fields, columns, strict=True):
            column = field.admitted(values)
            if column is None:
                return None
            converted.append(column)
        paths, constants = self._paths, self._constants
        return [
            {**constants, **{p: v for p, v in zip(paths, row, strict=True) if v is not None}}
            for row in zip(*converted, strict=True)
        ]

    def admit(self, values: Sequence[Any]) -> dict[str, Any]:
        """Returns the record of one row; raises InvalidArgument."""
        plain = dict(self._plain_constants)
        for field, value in zip(self._fields, values, strict=True):
            plain[field.attribute.path] = field.plain(value)
        record, _ = admit_attributes(plain, self._declared, field=self._label)
        return record


class Keys:
    """Ids of one namespace as profile keys."""

    def __init__(self, namespace: Namespace, label: str) -> None:
        self._namespace = namespace
        self._known = {namespace.id: namespace}
        self._label = label
        self._remembered: dict[str, ProfileKey] = {}

    def admitted(self, ids: Sequence[str | None]) -> list[ProfileKey] | None:
        """Returns the keys of a column of ids, or None if any would be refused."""
        remembered = self._remembered
        if None in ids:
            return None
        distinct = {each for each in ids if each is not None}
        try:
            for each in distinct - remembered.keys():
                remembered[each] = self.admit(each)
        except InvalidArgument:
            return None
        keys = [remembered[each] for each in ids if each is not None]
        if len(remembered) > _KEYS_REMEMBERED:
            self._remembered = {}
        return keys

    def admit(self, each: str | None) -> ProfileKey:
        """Returns one key; raises InvalidArgument."""
        if each is None:
            raise missing(self._label)
        state = AuthenticationState.AUTHENTICATED
        try:
            identity = admit_identity(self._namespace.id, each, state, self._known, "")
        except InvalidArgument as error:
            message = error.message.replace("`id`", f"`{self._label}`")
            raise InvalidArgument(error.reason, message, field=self._label) from error
        return profile_key(self._namespace, identity.id)


class ProfileRows:
    """Rows whose columns are: id, then attributes."""

    def __init__(self, keys: Keys, records: Records) -> None:
        self._keys = keys
        self._records = records

    def admitted(self, columns: Columns) -> list[tuple[ProfileKey, dict[str, Any]]] | None:
        """Returns the profiles of a batch, or None if any might be refused."""
        keys = self._keys.admitted(columns[0])
        records = self._records.admitted(columns[1:], len(columns[0]))
        if keys is None or records is None:
            return None
        return list(zip(keys, records, strict=True))

    def admit(self, row: Sequence[Any]) -> tuple[ProfileKey, dict[str, Any]]:
        """Returns the profile of one row; raises InvalidArgument."""
        return self._keys.admit(row[0]), self._records.admit(row[1:])


class EventRows:
    """Rows whose columns are: profile id, event id, time, then properties."""

    def __init__(self, keys: Keys, event_type: str, time: Field, records: Records) -> None:
        self._keys = keys
        self._type = event_type
        self._time = time
        self._records = records

    def admitted(self, columns: Columns) -> list[tuple[ProfileKey, Event]] | None:
        """Returns the events of a batch, or None if any might be refused."""
        profiles, ids, instants = columns[:3]
        times = self._time.admitted(instants)
        if times is None or None in times or not all_keepable(times, earliest_ns=0):
            return None
        keys = self._keys.admitted(profiles)
        records = self._records.admitted(columns[3:], len(ids))
        if keys is None or records is None:
            return None
        if not _ids_are_plain(ids):
            return None
        event_type = self._type
        return [
            (key, Event(each, event_type, time, record))
            for key, each, time, record in zip(keys, ids, times, records, strict=True)
        ]

    def admit(self, row: Sequence[Any]) -> tuple[ProfileKey, Event]:
        """Returns the event of one row; raises InvalidArgument."""
        key = self._keys.admit(row[0])
        event_id = admit_event_id(row[1])
        time_ns = admit_time(self._time, row[2])
        return key, Event(event_id, self._type, time_ns, self._records.admit(row[3:]))


def admit_time(time: Field, value: Any) -> int:
    """Returns the time of one event; raises InvalidArgument."""
    path = time.attribute.path
    plain = {path: time.plain(value)}
    admitted, _ = admit_attributes(plain, {path: time.attribute}, field="events")
    time_ns = admitted.get(path)
    if time_ns is None:
        raise missing("events.time")
    if not isinstance(time_ns, int) or time_ns < 0:
        raise InvalidArgument(
            Reason.INVALID_TIME,
            f"`events.time` is `{plain[path]}`; years of events go from 1970 to 2261",
            field="events.time",
        )
    return time_ns


def _ids_are_plain(ids: Sequence[str | None]) -> bool:
    """Whether admission surely takes all of these ids, told without asking it for each."""
    present = [each for each in ids if each is not None]
    return (
        len(present) == len(ids)
        and max(map(len, present), default=0) <= EVENT_ID_LIMIT
        and all(map(str.strip, present))
        and "".join(present).isprintable()  # so without control characters
    )


def admit_event_id(each: str | None) -> str:
    """Returns the id of one event; raises InvalidArgument."""
    if each is None:
        raise missing("events.id")
    return admit_text(each, "events.id", EVENT_ID_LIMIT, required=True)


def missing(label: str) -> InvalidArgument:
    """Returns the refusal of a row that lacks what every row needs."""
    return InvalidArgument(Reason.MISSING_FIELD, f"`{label}` is empty", field=label)
