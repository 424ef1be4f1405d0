"""PQL's syntax tree to CEL text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from offerd.audience.environment import profile_environment
from offerd.dialects.error import CannotSay, dialect_error
from offerd.dialects.pql import events
from offerd.dialects.pql.names import Names
from offerd.dialects.pql.parser import parse
from offerd.dialects.pql.syntax import (
    Array,
    Binary,
    Call,
    Chain,
    Filter,
    Literal,
    Node,
    Occurs,
    Path,
    Quantified,
    Unary,
    mentions,
)
from offerd.dialects.pql.texts import NULL_NOTE, TEXT_FUNCTIONS, like, text_test
from offerd.dialects.pql.times import TIME_FUNCTIONS, occurs, time_function, time_of
from offerd.dialects.pql.value import Scope, Value, quoted
from offerd.expression import (
    BOOL,
    DOUBLE,
    INT,
    STRING,
    ExpressionError,
    Type,
    compile_expression,
    list_of,
)
from offerd.expression.check.nearest import suggestion
from offerd.expression.check.types import Kind
from offerd.model.schema import Schema

_COMPARISONS: Final = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NUMBERS: Final = (INT, DOUBLE)
_FIGURES: Final = frozenset(("count", "sum", "min", "max"))
_SETS: Final = {
    "intersects": "{0}.exists({name}, {name} in {1})",
    "subsetOf": "{0}.all({name}, {name} in {1})",
    "supersetOf": "{1}.all({name}, {name} in {0})",
}
_VARIABLE: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
_TAKEN: Final = frozenset(("in", "true", "false", "null", "profile", "context", "aggregate", "now"))


@dataclass(frozen=True, slots=True)
class Translation:
    """A condition in CEL, and remarks on where PQL's documents leave room for another reading."""

    expression: str
    notes: tuple[str, ...]


def translate(
    source: str, schema: Schema, audience_ids: Iterable[str], names: Names | None = None
) -> Translation:
    """The condition of a PQL text as an expression that the schema's rules may be.

    `audience_ids` are the audiences that `inSegment` may name. Raises DialectError, with the
    place in the PQL text, for what has no translation with just the same meaning.
    """
    environment = profile_environment(schema, audience_ids)
    scope = Scope(source, schema, environment, names or Names())
    found = _Translator(scope).value(parse(source))
    whole = len(source)
    if found.type is not BOOL:
        raise dialect_error(source, f"a segment is a condition: found `{found.type}`", 0, whole)
    try:
        compile_expression(found.text, environment)
    except ExpressionError as error:
        raise dialect_error(
            source, f"not a rule here: {error.issues[0].message}", 0, whole
        ) from None
    return Translation(found.text, tuple(scope.notes))


class _Translator:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def value(self, node: Node) -> Value:
        """The value that a node stands for."""
        try:
            return self._value(node)
        except CannotSay as reason:
            raise self.scope.refuse(node, str(reason)) from None

    def _value(self, node: Node) -> Value:
        match node:
            case Literal():
                return _literal(node)
            case Path():
                return self._path(node)
            case Unary():
                self.scope.note(NULL_NOTE)
                operand = self.condition(node.operand)
                return Value(f"!{operand.closed}", BOOL, is_closed=False)
            case Binary():
                return self._binary(node)
            case Array():
                return self._array(node, None)
            case Call():
                return self._call(node)
            case Occurs():
                return occurs(self.scope, self.value(node.timestamp), node.when, self.value)
            case Quantified():
                return self._quantified(node)
            case Chain():
                return self._chain(node)
            case Filter():
                raise CannotSay("a filter is translated only with `count`, `sum`, `min` or `max`")

    def condition(self, node: Node) -> Value:
        """A node that must be a bool."""
        found = self.value(node)
        if found.type is not BOOL:
            raise self.scope.refuse(node, f"expected a condition: found `{found.type}`")
        return found

    def _path(self, node: Path) -> Value:
        if node.text in self.scope.variables:
            return Value(node.text, self.scope.variables[node.text])
        found = time_of(self.scope, node) or self.scope.attribute(node)
        if found is not None:
            return found
        if node.parts[0] == "xEvent":
            raise CannotSay("events are read through `exists`, `CHAIN` and filters with figures")
        if node.text == "null":
            raise CannotSay("`null` is not compared with: ask `isNull()` or `isNotNull()`")
        hint = suggestion(node.text, self._attribute_paths())
        raise CannotSay(f"unknown attribute `{node.text}`{hint or ': declare it, or map its name'}")

    def _attribute_paths(self) -> list[str]:
        return [attribute.path for attribute in self.scope.schema.profile]

    def _binary(self, node: Binary) -> Value:
        if node.operator in ("and", "or"):
            return self._chained(node)
        if node.operator == "like":
            return like(self.value(node.left), self.value(node.right))
        if node.operator in ("in", "notIn"):
            return self._membership(node)
        left, right = self.value(node.left), self.value(node.right)
        if node.operator not in _COMPARISONS:
            return _arithmetic(node.operator, left, right)
        comparable = left.type is right.type or {left.type, right.type} == set(_NUMBERS)
        if not comparable or left.type.kind in (Kind.LIST, Kind.MAP):
            raise CannotSay(f"`{left.type}` and `{right.type}` can't be compared")
        if node.operator == "!=":
            self.scope.note(NULL_NOTE)
        text = f"{left.closed} {_COMPARISONS[node.operator]} {right.closed}"
        return Value(text, BOOL, is_closed=False)

    def _chained(self, node: Binary) -> Value:
        sides: list[Node] = []
        left: Node = node
        while isinstance(left, Binary) and left.operator == node.operator:
            sides.append(left.right)
            left = left.left
        texts = [self.condition(side).operand for side in (left, *reversed(sides))]
        return Value(
            (" && " if node.operator == "and" else " || ").join(texts), BOOL, is_closed=False
        )

    def _membership(self, node: Binary) -> Value:
        value = self.value(node.left)
        is_written = isinstance(node.right, Array)
        items = self._array(node.right, value.type) if isinstance(node.right, Array) else None
        items = items or self.value(node.right)
        if items.type is not list_of(value.type):
            raise CannotSay(
                f"`{node.operator}` needs a list of `{value.type}`: found `{items.type}`"
            )
        found = f"{value.closed} in {items.closed}"
        if node.operator == "in":
            return Value(found, BOOL, is_closed=False)
        known = [_known(value)] if value.attribute else []
        known += [] if is_written else [_known(items)]
        if not value.attribute and value.literal is None:
            raise CannotSay("`notIn` also asks for a value: only an attribute can be asked so")
        return Value(" && ".join((*known, f"!({found})")), BOOL, is_closed=False)

    def _array(self, node: Array, wanted: Type | None) -> Value:
        items = [self.value(item) for item in node.items]
        if not items:
            raise CannotSay("an empty list is not translated")
        if wanted is DOUBLE:
            items = [_as_double(item) for item in items]
        types = {item.type for item in items}
        if len(types) != 1:
            raise CannotSay("a list of values of several types is not translated")
        return Value(f"[{', '.join(item.text for item in items)}]", list_of(types.pop()))

    def _call(self, node: Call) -> Value:
        if node.name in _FIGURES and node.arguments and isinstance(node.arguments[0], Filter):
            return self._figure(node, node.arguments[0])
        if node.name == "inSegment":
            return self._segment(node)
        if node.name in ("isNull", "isNotNull"):
            return self._presence(node)
        if node.name in TIME_FUNCTIONS:
            arguments = [] if node.name == "date" else [self.value(a) for a in node.arguments]
            return time_function(self.scope, node, arguments)
        if node.name in ("not", "if"):
            return self._conditional(node)
        known = node.name in TEXT_FUNCTIONS or node.name in _SETS
        if not known and node.name not in ("includes", "count"):
            raise CannotSay(f"`{node.name}` is not translated")
        arguments = [self.value(argument) for argument in node.arguments]
        if node.name in TEXT_FUNCTIONS:
            return text_test(self.scope, node, arguments)
        return _set_function(node, arguments, self.scope.variables)

    def _conditional(self, node: Call) -> Value:
        if node.name == "not" or len(node.arguments) != 3:
            raise CannotSay(f"`{node.name}` is not written so")
        test = self.condition(node.arguments[0])
        yes, no = (self.value(argument) for argument in node.arguments[1:])
        if {yes.type, no.type} == set(_NUMBERS):
            yes, no = _as_double(yes), _as_double(no)
        if yes.type is not no.type:
            raise CannotSay(f"`if` needs values of one type: found `{yes.type}` and `{no.type}`")
        text = f"{test.closed} ? {yes.closed} : {no.closed}"
        return Value(text, yes.type, is_closed=False)

    def _segment(self, node: Call) -> Value:
        argument = node.arguments[0] if len(node.arguments) == 1 else None
        if not isinstance(argument, Literal) or not isinstance(argument.value, str):
            raise CannotSay("`inSegment` takes the id of a segment in quotes")
        name = self.scope.names.audiences.get(argument.value, argument.value)
        if name not in self.scope.environment.lookups["audience"].names:
            raise self.scope.refuse(
                argument, f"unknown audience `{name}`: declare it, or map its name"
            )
        return Value(f"audience({quoted(name)})", BOOL)

    def _presence(self, node: Call) -> Value:
        value = self.value(node.arguments[0]) if len(node.arguments) == 1 else None
        if value is None or not value.attribute:
            raise CannotSay(f"`{node.name}` is asked of an attribute")
        if node.name == "isNotNull":
            return Value(_known(value), BOOL)
        return Value(f"!{_known(value)}", BOOL, is_closed=False)

    def _figure(self, node: Call, filter_: Filter) -> Value:
        if filter_.array.text != "xEvent":
            raise CannotSay("only events are filtered: attributes hold no objects here")
        wanted = events.wanted_events(self.scope, list(events.conjuncts(filter_.condition)), "")
        paths = [argument.text for argument in node.arguments[1:] if isinstance(argument, Path)]
        needed = int(node.name != "count")
        if len(paths) != needed or len(node.arguments) != needed + 1:
            raise CannotSay(f"`{node.name}` takes {'a path' if needed else 'nothing'}")
        return events.figure(self.scope, node, wanted, paths[0] if paths else None)

    def _quantified(self, node: Quantified) -> Value:
        if node.array.text == "xEvent":
            if node.is_all:
                raise CannotSay("`forall` events is answered by no aggregate")
            return self._happened(node)
        values = self.value(node.array)
        if values.type.kind is not Kind.LIST or node.condition is None:
            raise CannotSay("`exists` and `forall` need a list and a condition")
        if not _VARIABLE.fullmatch(node.variable) or node.variable in _TAKEN:
            raise CannotSay(f"`{node.variable}` can't be a variable here: give it another name")
        if node.variable in self.scope.variables:
            raise CannotSay(f"`{node.variable}` is a variable already: give it another name")
        self.scope.variables[node.variable] = values.type.parameters[0]
        condition = self.condition(node.condition)
        del self.scope.variables[node.variable]
        macro = "all" if node.is_all else "exists"
        return Value(f"{values.closed}.{macro}({node.variable}, {condition.text})", BOOL)

    def _happened(self, node: Quantified) -> Value:
        """What doesn't speak of the event holds for all of them or for none: it stands beside."""
        parts = list(events.conjuncts(node.condition))
        about = [part for part in parts if mentions(part, node.variable)]
        wanted = events.wanted_events(self.scope, about, node.variable)
        found = events.happened(self.scope, wanted)
        beside = [self.condition(part) for part in parts if part not in about]
        if not beside:
            return found
        text = " && ".join((found.text, *(part.operand for part in beside)))
        return Value(text, BOOL, is_closed=False)

    def _chain(self, node: Chain) -> Value:
        if len(node.steps) != 1:
            raise CannotSay("the order of several events is in no aggregate")
        (step,) = node.steps
        wanted = events.wanted_events(self.scope, list(events.conjuncts(step.what)), "")
        if step.when is not None:
            if wanted.when is not None:
                raise CannotSay("only one time of an event is translated")
            when = events.require_recent(self.scope, node, step.when)
            wanted = events.Wanted(wanted.events, wanted.group_by, wanted.group, when)
        return events.happened(self.scope, wanted)


def _known(value: Value) -> str:
    return f"has({value.attribute})"


def _literal(node: Literal) -> Value:
    if isinstance(node.value, bool):
        return Value("true" if node.value else "false", BOOL)
    if isinstance(node.value, str):
        return Value(quoted(node.value), STRING, literal=node.value)
    if isinstance(node.value, int):
        if not -(2**63) <= node.value < 2**63:
            raise CannotSay("a whole number of more than 64 bits")
        return Value(str(node.value), INT)
    return Value(repr(node.value), DOUBLE)


def _as_double(value: Value) -> Value:
    if value.type is not INT:
        return value
    is_number = value.text.lstrip("-").isdigit()
    return Value(f"{value.text}.0" if is_number else f"double({value.text})", DOUBLE)


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    if left.type not in _NUMBERS or right.type not in _NUMBERS:
        raise CannotSay(f"`{operator}` needs two numbers: found `{left.type}` and `{right.type}`")
    if left.type is not right.type:
        left, right = _as_double(left), _as_double(right)
    if operator == "/" and left.type is INT:
        raise CannotSay("a quotient of whole numbers: whether it is cut is not documented")
    if operator == "%" and left.type is DOUBLE:
        raise CannotSay("a remainder of doubles is not translated")
    return Value(f"{left.closed} {operator} {right.closed}", left.type, is_closed=False)


def _set_function(node: Call, arguments: list[Value], taken: Collection[str]) -> Value:
    lists = [argument.type.kind is Kind.LIST for argument in arguments]
    if node.name == "count" and lists == [True]:
        return Value(f"{arguments[0].closed}.size()", INT)
    if node.name == "includes" and lists == [True, False]:
        text = f"{arguments[1].closed} in {arguments[0].closed}"
        return Value(text, BOOL, is_closed=False)
    if node.name in _SETS and lists == [True, True]:
        name = next(name for name in _names() if name not in taken)
        text = _SETS[node.name].format(*(argument.closed for argument in arguments), name=name)
        return Value(text, BOOL)
    raise CannotSay(f"`{node.name}` needs lists: it is not translated for other values")


def _names() -> Iterator[str]:
    """Names for a variable of a macro, without end."""
    yield "x"
    for number in itertools.count(2):
        yield f"x{number}"
