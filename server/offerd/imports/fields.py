"""One declared attribute, filled from one column: admission, a column at a time.

Admission of single values is remembered, since most columns repeat themselves: what a value
becomes is admission's answer in any case, only it is asked once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from offerd.admission import EARLIEST_NS, LATEST_NS, format_instant
from offerd.admission.values import Budget, admit_value
from offerd.errors import InvalidArgument
from offerd.imports.columns import Kind
from offerd.imports.texts import Reader
from offerd.model.schema import Attribute, ValueType

_REMEMBERED: Final = 200_000
_UNREPEATED: Final = (Kind.LIST, Kind.INSTANT)


class Field:
    """Where an attribute's values come from.

    `share_bytes` is what the attribute may take of a record's limit for the fast way; `reader`
    reads text and local times. None is absent.
    """

    def __init__(
        self, attribute: Attribute, kind: Kind, reader: Reader | None, share_bytes: int
    ) -> None:
        self.attribute = attribute
        self._kind = kind
        self._reader = reader
        self._share_bytes = share_bytes
        self._repeats = kind not in _UNREPEATED and attribute.type is not ValueType.TIMESTAMP
        self._remembered: dict[Any, Any] = {None: None}

    def plain(self, value: Any) -> object:
        """Returns a fetched value as admission takes it."""
        if value is None:
            return None
        if self._reader is not None:
            value = self._reader(value)
        if self.attribute.type is ValueType.TIMESTAMP and isinstance(value, int):
            return _written_instant(value)
        return value

    def admitted(self, values: Sequence[Any]) -> Sequence[Any] | None:
        """Returns the run-time values of a whole column, or None if any might be refused."""
        if self._kind is Kind.INSTANT:
            return self._instants(values)
        try:
            if not self._repeats:
                return [None if value is None else self._admit(value) for value in values]
            remembered = self._remembered
            for value in set(values) - remembered.keys():
                remembered[value] = self._admit(value)
            converted = list(map(remembered.__getitem__, values))
        except InvalidArgument:
            return None
        if len(remembered) > _REMEMBERED:
            self._remembered = {None: None}
        return converted

    def _instants(self, values: Sequence[Any]) -> Sequence[Any] | None:
        reader = self._reader
        if reader is not None:
            values = [None if value is None else reader(value) for value in values]
        return values if all_keepable(values) else None

    def _admit(self, value: Any) -> Any:
        if self._reader is not None:
            value = self._reader(value)
            if self.attribute.type is ValueType.TIMESTAMP and isinstance(value, int):
                return value  # the reader has just parsed it, within the years that are kept
        path = self.attribute.path
        budget = Budget(self._share_bytes - len(path.encode()), path)
        return admit_value(value, self.attribute, path, budget)


def all_keepable(instants: Sequence[int | None], earliest_ns: int = EARLIEST_NS) -> bool:
    """Whether all instants that are there lie in the years that can be kept."""
    present = [instant for instant in instants if instant is not None]
    return not present or (min(present) >= earliest_ns and max(present) <= LATEST_NS)


def _written_instant(instant_ns: int) -> str:
    try:
        return format_instant(instant_ns)
    except (ValueError, OverflowError):
        return "a time beyond the year 9999" if instant_ns > 0 else "a time before the year 1"
