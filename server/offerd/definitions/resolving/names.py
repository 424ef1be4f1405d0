"""Tables of what has been defined, and references into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from offerd.definitions.documents.fields import Document
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Place
from offerd.definitions.wording import hint, quoted

D = TypeVar("D", bound=Document)

_HINTS = 100
"""Nearest names are worked out for so many different unknown names of a kind; it takes a while."""


class Kind:
    """What a table holds, in words."""

    def __init__(self, singular: str, plural: str) -> None:
        self.singular = singular
        self.plural = plural


class Names:
    """The names of a kind that are valid, and what is said about one that isn't."""

    def __init__(self, kind: Kind, valid: Iterable[str], findings: Findings) -> None:
        self.kind = kind
        self._valid = frozenset(valid)
        self._findings = findings
        self._messages: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._valid

    def check(self, name: str, place: Place) -> None:
        """Reports a name that isn't valid, unless it is excused or "", which stands for none."""
        if name and name not in self._valid and not self._findings.is_excused(name):
            self._findings.mistake(place, self._unknown(name))

    def _unknown(self, name: str) -> str:
        message = self._messages.get(name)
        if message is None:
            message = f"unknown {self.kind.singular} {quoted(name)}"
            if len(self._messages) < _HINTS:
                message += hint(name, self._valid, kind=self._plural())
            self._messages[name] = message
        return message

    def _plural(self) -> str:
        """The kind if nothing of it can be defined anywhere, not even in text that was lost."""
        return "" if self._findings.has_lost_text else self.kind.plural


class Table(Generic[D]):
    """The definitions of a section by id, sorted; numbers are those of the catalogue's table.

    Only the first of several definitions with one id is kept; the others are reported.
    """

    def __init__(self, kind: Kind, entries: Iterable[Entry[D]], findings: Findings) -> None:
        self.kind = kind
        found: dict[str, Entry[D]] = {}
        for entry in entries:
            first = found.setdefault(_id_of(entry), entry)
            if first is not entry:
                report_twice(kind, _id_of(entry), entry.place("id"), first.place("id"), findings)
        self.entries: Mapping[str, Entry[D]] = dict(sorted(found.items()))
        self.numbers = {name: number for number, name in enumerate(self.entries)}
        self.names = Names(kind, self.entries, findings)

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __iter__(self) -> Iterator[Entry[D]]:
        return iter(self.entries.values())

    def get(self, name: str) -> D | None:
        """The definition of that id, or None; says nothing if there is none."""
        entry = self.entries.get(name)
        return None if entry is None else entry.document

    def check(self, name: str, referrer: Entry[Any], *path: str | int) -> bool:
        """Whether there is a definition of that id; reports it at the referrer if not."""
        if name in self.entries:
            return True
        self.names.check(name, referrer.place(*path))
        return False

    def check_each(
        self, names: Iterable[str], referrer: Entry[Any], findings: Findings, *path: str | int
    ) -> tuple[int, ...]:
        """The numbers of the names that exist; reports the others, and names listed twice."""
        numbers: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in numbers:
                message = f"the {self.kind.singular} {quoted(name)} is listed twice"
                findings.mistake(referrer.place(*path, index), message)
            elif self.check(name, referrer, *path, index):
                numbers[name] = self.numbers[name]
        return tuple(numbers.values())


def report_twice(kind: Kind, name: str, place: Place, first: Place, findings: Findings) -> None:
    """Reports a second definition of a name."""
    findings.mistake(
        place, f"the {kind.singular} {quoted(name)} is defined twice: first at {first}"
    )


def _id_of(entry: Entry[Any]) -> str:
    name: str = entry.document.id
    return name
