"""What an expression may refer to: variables, records with their attributes, lookups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from offerd.expression.check.types import BOOL, Type


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a record: its type, and the strings it may be if they are known.

    `values` empty means any value. At run time a timestamp is an int of nanoseconds since
    1970 UTC and a duration an int of nanoseconds.
    """

    type: Type
    values: tuple[str, ...] = ()


class Record:
    """A variable that holds a flat dict from dotted paths to values, such as "loyalty.tier".

    A path missing from the dict makes what uses it unknown.
    """

    __slots__ = ("_declared", "_groups", "attributes")

    def __init__(self, attributes: Mapping[str, Attribute]) -> None:
        self._declared = dict(attributes)
        self.attributes = MappingProxyType(self._declared)
        groups: dict[str, list[str]] = {}
        for path in self.attributes:
            parts = path.split(".")
            for count in range(1, len(parts)):
                groups.setdefault(".".join(parts[:count]), []).append(path)
        self._groups = {group: tuple(sorted(paths)) for group, paths in groups.items()}

    def below(self, path: str) -> tuple[str, ...]:
        """The attributes whose path starts with this one and a dot, sorted; () if none does."""
        return self._groups.get(path, ())

    def learn(self, path: str, attribute: Attribute) -> None:
        """Takes up the answer to a question, which from then on is an attribute like others."""
        self._declared[path] = attribute


@dataclass(frozen=True, slots=True)
class Question:
    """A function that a record answers, such as `places.inside("studio")`.

    `parameters` are the types of its arguments, all of them constants; those after the first
    `required` may be left out. `fields` are the parts of its answer, of which one is asked for at
    a time, as in `places.nearest("studio").name`; () if the answer is a value itself. One that is
    `indexed` is written `places.distances[key]` instead, and its answer is a map of which nobody
    sees more than an entry. `example` shows how it is written.
    """

    example: str
    parameters: tuple[Type, ...] = ()
    required: int = 0
    fields: tuple[str, ...] = ()
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the answer to a question is found: an attribute of a record of the environment."""

    root: str
    path: str
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Misasked:
    """Why a question has no answer; `argument` is the place of the argument that is to blame."""

    message: str
    argument: int = 0


Arguments = tuple[Any, ...]
"""Constants as rules hold them: times and durations are ints of nanoseconds."""

Resolve = Callable[[str, Arguments, str], Answer | Misasked]
"""Finds the answer to a question: by its function, its arguments and the field, "" for none."""


class AnsweringRecord(Record):
    """A record whose attributes are answers to questions.

    How a question is written doesn't matter to what is made of it: the path of an answer is the
    canonical form of the question, and the record need not be this one.
    """

    __slots__ = ("questions", "resolve")

    def __init__(self, questions: Mapping[str, Question], resolve: Resolve) -> None:
        super().__init__(_NO_ATTRIBUTES)
        self.questions = questions
        self.resolve = resolve


_NO_ATTRIBUTES: Final[Mapping[str, Attribute]] = {}


@dataclass(frozen=True, slots=True)
class Lookup:
    """A function of one literal name, such as `audience("frequent")`.

    At run time it is a mapping from name to value (which may be an Unknown). A name missing from
    the mapping makes what uses it unknown.
    """

    names: frozenset[str]
    type: Type = BOOL

    def __init__(self, names: Iterable[str], type: Type = BOOL) -> None:
        object.__setattr__(self, "names", frozenset(names))
        object.__setattr__(self, "type", type)


@dataclass(frozen=True, slots=True)
class Environment:
    """The names an expression may use.

    `roots` gives the order of the positional arguments of `Rule.evaluate`: the variables in the
    order declared, then the lookups in the order declared. `container` is the namespace in which
    names are looked for first, as a dotted prefix.
    """

    variables: Mapping[str, Type | Record]
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    container: str = ""

    def __post_init__(self) -> None:
        both = self.variables.keys() & self.lookups.keys()
        if both:
            raise ValueError(f"declared both as a variable and as a lookup: {sorted(both)}")

    @property
    def roots(self) -> tuple[str, ...]:
        """The names of the positional arguments of an evaluation."""
        return (*self.variables, *self.lookups)
