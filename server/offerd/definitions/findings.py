"""What is found while definitions are read: mistakes, warnings, names to stay silent about."""

from __future__ import annotations

import re

from offerd.definitions.issue import Issue
from offerd.definitions.place import Place

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class Findings:
    """Collects mistakes and warnings; the same one twice counts once.

    A name that may be declared in text or in a definition that couldn't be understood is
    excused: not to find it is no second mistake. A definition that was taken without its wrong
    parts is in doubt: nothing follows from what it lacks.
    """

    def __init__(self) -> None:
        self._mistakes: set[Issue] = set()
        self._warnings: set[Issue] = set()
        self._spoilt: set[tuple[str, int, int]] = set()
        self._excused: set[str] = set()
        self.has_lost_text = False
        self._doubtful: set[str] = set()

    def mistake(self, place: Place, message: str, *, spoils: bool = False) -> None:
        """Adds a mistake: the definitions can't be compiled.

        If it `spoils` the value at the place, more mistakes there would say nothing new.
        """
        point = (place.file, place.line, place.column)
        if point in self._spoilt:
            return
        if spoils:
            self._spoilt.add(point)
        self._mistakes.add(_issue(place, message))

    def warn(self, place: Place, message: str) -> None:
        """Adds a warning: legal, but probably not what was meant."""
        self._warnings.add(_issue(place, message))

    @property
    def count(self) -> int:
        """How many mistakes there are so far."""
        return len(self._mistakes)

    def is_reported(self, file: str) -> bool:
        """Whether a mistake in that file was found."""
        return any(issue.file == file for issue in self._mistakes)

    def excuse(self, name: str) -> None:
        """Remembers the name of a definition that is there but wrong."""
        self._excused.add(name)

    def lose(self, text: str) -> None:
        """Excuses all that is named in a text that couldn't be understood."""
        self.has_lost_text = True
        self._excused.update(_NAME.findall(text))

    def is_excused(self, name: str) -> bool:
        """Whether the name may be declared where nothing could be read."""
        return name in self._excused

    def doubt(self, name: str) -> None:
        """Remembers the name of a definition that was taken without its wrong parts."""
        self._doubtful.add(name)

    def is_doubtful(self, name: str) -> bool:
        """Whether the definition of that name may lack parts that are written."""
        return name in self._doubtful or name in self._excused

    @property
    def mistakes(self) -> tuple[Issue, ...]:
        """All mistakes, sorted."""
        return tuple(sorted(self._mistakes))

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """All warnings, sorted."""
        return tuple(sorted(self._warnings))


def _issue(place: Place, message: str) -> Issue:
    text = f"{place.subject}: {message}" if place.subject else message
    return Issue(place.file, place.line, place.column, text)
