"""Attributes and properties against what is declared: nested as sent → flat as rules read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from offerd.admission.values import Budget, admit_value, utf8_size
from offerd.admission.wording import kind_of, quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.schema import Attribute

RECORD_LIMIT_BYTES: Final = 64 * 1024
"""The most that the keys and values of one record may take together."""

_OVERHEAD_BYTES: Final = 2


def admit_attributes(
    values: Mapping[str, object],
    declared: Mapping[str, Attribute],
    *,
    field: str,
    unknown: Literal["refuse", "collect"] = "refuse",
) -> tuple[dict[str, object], list[str]]:
    """Returns the flat record by dotted path, and the paths that nobody declared.

    `values` is nested (`{"loyalty": {"tier": "plus"}}`), `declared` is by path; a dotted key
    (`{"loyalty.tier": "plus"}`) says the same. None, at any depth, is the same as absent.
    `field` is the path of `values` in the request. An undeclared path is refused, or with
    `unknown="collect"` left out and returned by name. Raises InvalidArgument.
    """
    admitting = _Admitting(declared, field, collect=unknown == "collect")
    admitting.take(values, "")
    return admitting.record, admitting.undeclared


class _Admitting:
    """One record on its way in."""

    def __init__(self, declared: Mapping[str, Attribute], field: str, *, collect: bool) -> None:
        self.record: dict[str, object] = {}
        self.undeclared: list[str] = []
        self._declared = declared
        self._field = field
        self._collect = collect
        self._budget = Budget(RECORD_LIMIT_BYTES, field)
        self._groups: frozenset[str] | None = None

    def take(self, values: Mapping[str, object], prefix: str) -> None:
        for name, value in values.items():
            if value is None:
                continue
            path = prefix + name
            attribute = self._declared.get(path)
            if attribute is not None:
                self._admit(value, attribute)
            elif isinstance(value, Mapping) and path in self.groups:
                self.take(value, path + ".")
            else:
                self._unknown(path, value)

    @property
    def groups(self) -> frozenset[str]:
        """Every path under which something is declared; descent goes no deeper than these."""
        if self._groups is None:
            self._groups = frozenset(
                path[:dot]
                for path in self._declared
                for dot, character in enumerate(path)
                if character == "."
            )
        return self._groups

    def _admit(self, value: object, attribute: Attribute) -> None:
        path = attribute.path
        if path in self.record:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                f"{quote(path)} is given twice, nested and with dots",
                field=f"{self._field}.{path}",
            )
        self._budget.take(len(path) + _OVERHEAD_BYTES)
        self.record[path] = admit_value(value, attribute, f"{self._field}.{path}", self._budget)

    def _unknown(self, path: str, value: object) -> None:
        size = utf8_size(path, self._field)
        if not self._collect:
            raise self._refusal(path, value)
        self._budget.take(size + _OVERHEAD_BYTES)
        _measure(value, self._budget, self._field)
        self.undeclared.append(path)

    def _refusal(self, path: str, value: object) -> InvalidArgument:
        if path in self.groups:
            inside = next(name for name in self._declared if name.startswith(path + "."))
            return InvalidArgument(
                Reason.WRONG_TYPE,
                f"{quote(path)} is {kind_of(value)}; expected an object that holds attributes "
                f"such as {quote(inside[len(path) + 1 :])}",
                field=f"{self._field}.{path}",
            )
        return InvalidArgument(
            Reason.UNKNOWN_ATTRIBUTE,
            f"no attribute {quote(path)} is declared{suggestion(path, self._declared)}",
            field=f"{self._field}.{path}"[:256],
        )


def _measure(value: object, budget: Budget, field: str) -> None:
    """Takes the size of a value that nobody reads, so that it can't be large unseen."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        budget.take(_OVERHEAD_BYTES)
        if isinstance(item, str):
            budget.take(utf8_size(item, field))
        elif isinstance(item, Mapping):
            for key in item:
                budget.take(len(key))
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
