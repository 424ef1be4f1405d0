"""Names in the words of people who don't write rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from offerd.expression.check.tree import (
    Attribute,
    Macro,
    Operation,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.check.types import INT, UINT, Kind, optional_of
from offerd.expression.explain import Explanation
from offerd.expression.narration.conditions import NOW, has_value
from offerd.expression.narration.parts import full_name, text_of, told_name
from offerd.expression.narration.values import spoken

_QUESTION: Final = re.compile(r"\w+\.[\w.]+\(")
_TIME_PARTS: Final = {
    "getFullYear": "year",
    "getMonth": "month, counted from 0,",
    "getDate": "day of the month",
    "getDayOfMonth": "day of the month, counted from 0,",
    "getDayOfWeek": "day of the week, counted from Sunday as 0,",
    "getDayOfYear": "day of the year, counted from 0,",
    "getHours": "hour",
    "getMinutes": "minute",
    "getSeconds": "second",
    "getMilliseconds": "millisecond",
}
_SPANS: Final = {
    "yearsSince": "the number of whole years since {}",
    "daysUntilAnniversary": "the number of days until the next anniversary of {}",
}
_TRANSPARENT: Final = frozenset(("lowerAscii", "upperAscii", "trim", "int", "double", "string"))


class Words:
    """Turns names into words; `titles` gives better ones, by full name."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles

    def of(self, part: Explanation) -> str:
        """What a part is called, such as "loyalty tier" or "the number of tags"."""
        node = part.node
        name = full_name(part)
        if name is not None and not isinstance(node, Presence):
            is_count = part.type in (INT, UINT) and name not in self._titles
            return self._count(self.name(name)) if is_count else self.name(name)
        if isinstance(node, Operation):
            return self._operation(part, node)
        if isinstance(node, Macro) and node.macro == "or_value":
            return self.of(part.parts[0])
        return f"`{text_of(part)}`"

    def name(self, name: str) -> str:
        """A full name in words: "profile.loyalty.tier" as "loyalty tier"."""
        title = self._titles.get(name)
        if title is not None:
            return title
        if name == NOW:
            return "the time"
        if _QUESTION.match(name):
            return f"`{told_name(name)}`"
        _, _, path = name.partition(".")
        return (path or name).replace(".", " ").replace("_", " ")

    def _count(self, words: str) -> str:
        """A whole number with a name in the plural is how many there are."""
        last = words.rpartition(" ")[2]
        is_plural = last.endswith("s") and not last.endswith(("ss", "us", "is"))
        return f"the number of {words}" if is_plural else words

    def audience(self, node: Reference) -> str:
        """An audience by its title, or else by its id."""
        title = self._titles.get(f'{node.lookup}("{node.name}")', node.name)
        return f'"{title}"'

    def _operation(self, part: Explanation, node: Operation) -> str:
        function, parts = node.function, part.parts
        if function in _TRANSPARENT and len(parts) == 1:
            return self.of(parts[0])
        if function == "size":
            return f"the number of {self._counted(parts[0])}"
        if function == "bucket":
            return f"the bucket of {self.of(parts[0])} in {text_of(parts[1])}"
        is_entry = function in ("_[_]", "_[?_]") and isinstance(parts[0].node, Attribute)
        if is_entry and has_value(parts[1]):
            where = "for" if parts[0].type.kind is Kind.MAP else "number"
            words = self.of(parts[0])
            is_number = part.type in (INT, UINT, optional_of(INT), optional_of(UINT))
            is_count = is_number and parts[0].type.kind is Kind.MAP
            words = self._count(words) if is_count else words
            return f"{words} {where} {spoken(parts[1].outcome, parts[1].type)}"
        if function in _SPANS and len(parts) == 3:
            return _SPANS[function].format(self.of(parts[1]))
        if function in _TIME_PARTS:
            return self._time_part(part, function)
        return f"`{text_of(part)}`"

    def _counted(self, part: Explanation) -> str:
        words = self.of(part)
        return f"characters of {words}" if part.type.kind is Kind.STRING else words

    def _time_part(self, part: Explanation, function: str) -> str:
        target, *zone = part.parts
        words = f"the {_TIME_PARTS[function]}"
        if not (isinstance(target.node, Variable) and target.node.name == NOW):
            words += f" of {self.of(target)}"
        if zone and has_value(zone[0]):
            words += f" in {zone[0].outcome}"
        return words.rstrip(",")
