"""The text of a file, and where in it a character is."""

from __future__ import annotations

import re
from bisect import bisect_right

from offerd.definitions.place import Place

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_SURROGATE_PAIR = re.compile(
    r"(\\\\)|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_HIDDEN = str.maketrans({"\x85": "\U0001fffe", "\u2028": "\U0002fffe", "\u2029": "\U0003fffe"})
_SHOWN = {ord(hidden): shown for shown, hidden in _HIDDEN.items()}


class Text:
    """The decoded text of a file, or of one line of it.

    `source` is what is parsed. JSON's pairs of surrogate escapes are written there as the one
    escape that YAML knows, which is shorter; places are always those of the file. Separators
    that end a line in YAML 1.1, but not in 1.2 or in an editor, are hidden from the parser.
    """

    def __init__(self, file: str, original: str, *, first_line: int = 1) -> None:
        self.file = file
        self.source = original
        self.form = "JSON" if file.lower().endswith((".json", ".jsonl", ".geojson")) else "YAML"
        self._first_line = first_line
        self._shortened: list[int] = []
        self._line_starts: list[int] | None = None
        self.original = original
        if "\\u" in original:
            self._join_surrogates()
        self._hides = not self.source.isascii() and self.source != self.source.translate(_HIDDEN)
        if self._hides:
            self.source = self.source.translate(_HIDDEN)

    def place(self, index: int) -> Place:
        """The place of the character at an index of `source`."""
        return self.place_in_original(index + 2 * bisect_right(self._shortened, index))

    def place_in_original(self, index: int) -> Place:
        """The place of the character at an index of the text as it is in the file."""
        if self._line_starts is None:
            breaks = _LINE_BREAK.finditer(self.original)
            self._line_starts = [0, *(found.end() for found in breaks)]
        line = bisect_right(self._line_starts, index)
        return Place(
            self.file, line - 1 + self._first_line, index - self._line_starts[line - 1] + 1
        )

    def shown(self, parsed: str) -> str:
        """A part of `source`, or a value read from it, with hidden separators as they were."""
        return parsed.translate(_SHOWN) if self._hides else parsed

    def _join_surrogates(self) -> None:
        removed = 0

        def join(found: re.Match[str]) -> str:
            nonlocal removed
            if found[1]:
                return found[0]
            code = 0x10000 + ((int(found[2], 16) - 0xD800) << 10) + int(found[3], 16) - 0xDC00
            # Two characters fewer; what follows the escape is further on in the file.
            self._shortened.append(found.start() - removed + 10)
            removed += 2
            return f"\\U{code:08X}"

        self.source = _SURROGATE_PAIR.sub(join, self.original)
