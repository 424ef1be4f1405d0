"""CEL text with what is known of it, and the state of a translation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from offerd.dialects.error import DialectError, dialect_error
from offerd.dialects.pql.names import Names, underscored
from offerd.dialects.pql.syntax import Node, Path
from offerd.expression import Environment, Record, Type
from offerd.model.schema import Aggregate, Schema


@dataclass(frozen=True, slots=True)
class Value:
    """CEL text and its type.

    `is_closed` text can stand beside any operator. `attribute` is the text of the attribute that
    the value is, "" if it is none: only then can its presence be asked for. `literal` is the
    text of a string that is written out, None for any other value.
    """

    text: str
    type: Type
    is_closed: bool = True
    attribute: str = ""
    literal: str | None = None

    @property
    def closed(self) -> str:
        """The text, in parentheses unless it can stand beside any operator."""
        return self.text if self.is_closed else f"({self.text})"

    @property
    def operand(self) -> str:
        """The text as a side of `&&` or `||`: comparisons need no parentheses there."""
        is_loose = any(symbol in self.text for symbol in (" && ", " || ", " ? "))
        return self.closed if is_loose else self.text


def quoted(text: str) -> str:
    """A string as CEL writes it."""
    return json.dumps(text, ensure_ascii=False)


class Scope:
    """What a translation knows: the declarations, the variables around, the notes so far."""

    def __init__(self, source: str, schema: Schema, environment: Environment, names: Names) -> None:
        self.source = source
        self.schema = schema
        self.names = names
        self.environment = environment
        profile = environment.variables["profile"]
        if not isinstance(profile, Record):
            raise ValueError("the environment has no profile")
        self._profile = profile
        self.variables: dict[str, Type] = {}
        self.notes: dict[str, None] = {}

    def refuse(self, node: Node, message: str) -> DialectError:
        """The error about a node."""
        return dialect_error(self.source, message, node.start, node.end)

    def note(self, text: str) -> None:
        """Adds a note, once."""
        self.notes[text] = None

    def attribute(self, path: Path) -> Value | None:
        """The profile attribute of a path, None if none is declared."""
        for name in (self.names.attributes.get(path.text, path.text), underscored(path.text)):
            declared = self._profile.attributes.get(name)
            if declared is not None:
                text = f"profile.{name}"
                return Value(text, declared.type, attribute=text)
        return None

    def aggregates(
        self,
        function: str,
        events: Iterable[str],
        value: str | None,
        group_by: str | None,
        within_ns: int | None = None,
    ) -> Aggregate | None:
        """The aggregate that is declared just so, and over all events of its types.

        `within_ns` is its sliding window; without one it looks at the whole life.
        """
        wanted = frozenset(events)
        for aggregate in self.schema.aggregates:
            same = aggregate.function.value == function and frozenset(aggregate.events) == wanted
            same = same and aggregate.value == value and aggregate.group_by == group_by
            same = same and aggregate.within_ns == within_ns
            others = (aggregate.where, aggregate.calendar, aggregate.sequence)
            if same and all(other is None for other in others):
                return aggregate
        return None
