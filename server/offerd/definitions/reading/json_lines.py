"""JSON Lines: one offer a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from offerd.definitions.findings import Findings
from offerd.definitions.place import Path, Place
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.json_values import decode_json, json_problem
from offerd.definitions.reading.scalars import ScalarProblem
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Plain, Scalar, TreeOrigin, plain


class LineOrigin:
    """A definition on one line; the line is parsed again, with places, once there is a mistake."""

    __slots__ = ("_file", "_line", "_number", "_tree")

    def __init__(self, file: str, number: int, line: str) -> None:
        self._file = file
        self._number = number
        self._line = line
        self._tree: TreeOrigin | None = None

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of the value at the path, or of its key; of the nearest part that exists."""
        return self._placed().place(path, of_key=of_key)

    def place_in_text(self, path: Path, offset: int) -> Place:
        """The place of the character at an offset in the text that is the value at the path."""
        return self._placed().place_in_text(path, offset)

    def _placed(self) -> TreeOrigin:
        if self._tree is None:
            text = Text(self._file, self._line, first_line=self._number)
            # Its mistakes of form, if any, were reported when the line was read.
            root = compose(text, Findings()) or Scalar(None, 0, 0, "")
            self._tree = TreeOrigin(text, root)
        return self._tree


class ReadLine(NamedTuple):
    """What a line holds, and where it is."""

    data: Plain
    origin: LineOrigin


def read_json_lines(text: Text, findings: Findings) -> Iterator[ReadLine]:
    """The values of all lines that aren't blank; lines that aren't JSON are reported."""
    for number, line in enumerate(text.original.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            data = decode_json(line)
        except json.JSONDecodeError as error:
            place = Place(text.file, number, error.pos + 1)
            findings.mistake(place, json_problem(error))
            findings.lose(line)
        except ScalarProblem as problem:
            yield from _placed(text.file, number, line, str(problem), findings)
        else:
            yield ReadLine(data, LineOrigin(text.file, number, line))


def _placed(
    file: str, number: int, line: str, problem: str, findings: Findings
) -> Iterator[ReadLine]:
    """Reads a line again in a way that is slow but knows where the problem is."""
    before = findings.count
    root = compose(Text(file, line, first_line=number), findings)
    if findings.count == before:
        findings.mistake(Place(file, number, 1), problem)
    if root is not None:
        yield ReadLine(plain(root), LineOrigin(file, number, line))
