"""The syntax tree of PQL; `start` and `end` are offsets into the text."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, bool, int or double."""

    value: str | bool | int | float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name, from the profile, an event or a variable."""

    parts: tuple[str, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The name as it is written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function; a method's target is the first argument."""

    name: str
    arguments: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`not` or `-`."""

    operator: str
    operand: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two values; also `in`, `notIn`, `like`."""

    operator: str
    left: Node
    right: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Array:
    """A list."""

    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Elements of an array for which a condition holds: `xEvent[...]`."""

    array: Path
    condition: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Period:
    """`< 7 days before now`: a comparison, a number, a unit, a direction and a time.

    `unit` is in the singular; `comparison` is "" and `count` 0 for `before now` alone.
    """

    comparison: str
    count: int
    unit: str
    direction: str
    time: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Between:
    """`between A and B`."""

    first: Node
    last: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Occurs:
    """A timestamp set against a time; a time alone is a period with the direction `on`."""

    timestamp: Node
    when: Period | Between
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quantified:
    """`exists x from array where condition`, or `forall`; no condition is None."""

    is_all: bool
    variable: str
    array: Path
    condition: Node | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a sequence: what happened, and when."""

    what: Node
    when: Period | Between | None


@dataclass(frozen=True, slots=True)
class Chain:
    """`CHAIN(xEvent, timestamp, [...])`."""

    steps: tuple[Step, ...]
    start: int
    end: int


Node: TypeAlias = (
    Literal | Path | Call | Unary | Binary | Array | Filter | Occurs | Quantified | Chain
)


def mentions(node: object, variable: str) -> bool:
    """Whether a node or one below it is a path that begins with this name."""
    if isinstance(node, Path):
        return node.parts[0] == variable
    if isinstance(node, tuple):
        return any(mentions(part, variable) for part in node)
    if not is_dataclass(node):
        return False
    return any(mentions(getattr(node, field.name), variable) for field in fields(node))
