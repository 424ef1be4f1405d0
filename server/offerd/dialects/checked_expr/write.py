"""Checked tree to cel.expr.CheckedExpr: macros expanded, every part with its type and place.

A record is a map from the dotted paths of its attributes, which need not be nested: the
attribute `profile.loyalty.tier` is the field `loyalty.tier` of the variable `profile`. So `has`
asks for what it asks for here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf import any_pb2

from offerd.dialects.checked_expr.browser import Evaluator, require_same_answer
from offerd.dialects.checked_expr.expansions import ACCUMULATOR, EXPANSIONS
from offerd.dialects.checked_expr.messages import CheckedExpr, Expr
from offerd.dialects.checked_expr.overloads import overload_ids
from offerd.dialects.checked_expr.types import write_type
from offerd.dialects.error import CannotSay, DialectError, dialect_error
from offerd.dialects.questions import require_no_question
from offerd.expression import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    Checked,
    Type,
    map_of,
)
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Conditional,
    Constant,
    Entries,
    Items,
    Local,
    Macro,
    Node,
    Operation,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.functions.instants import format_duration, format_timestamp

_TYPE_URL: Final = "type.googleapis.com/cel.expr.CheckedExpr"
_RECORD: Final = map_of(STRING, DYN)
_METHODS: Final = frozenset(
    ("contains", "startsWith", "endsWith", "matches", "lowerAscii", "upperAscii", "trim", "split",
     "replace", "join", "substring", "getFullYear", "getMonth", "getDate", "getDayOfMonth",
     "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds")
)  # fmt: skip
_STANDARD_NAMES: Final = {"_in_": "@in"}
"""Where the name in a checked expression is another; `-_` and `!_` are the same."""


def to_checked_expr(
    checked: Checked,
    evaluator: Evaluator = Evaluator.STANDARD,
    *,
    audiences: Mapping[str, Checked] | None = None,
) -> bytes:
    """The expression as a serialised cel.expr.CheckedExpr.

    `audiences` holds the rules that `audience("...")` stands for; they are put in its place.
    Raises DialectError for what isn't standard CEL, and for what the evaluator is known to
    answer otherwise.
    """
    writer = _TreeExporter(checked, evaluator, audiences or {})
    data: bytes = writer.message().SerializeToString(deterministic=True)
    return data


def to_any(
    checked: Checked,
    evaluator: Evaluator = Evaluator.STANDARD,
    *,
    audiences: Mapping[str, Checked] | None = None,
) -> bytes:
    """The same within a serialised google.protobuf.Any."""
    data = to_checked_expr(checked, evaluator, audiences=audiences)
    wrapped = any_pb2.Any(type_url=_TYPE_URL, value=data)
    return wrapped.SerializeToString(deterministic=True)


class _TreeExporter:
    """The state of writing one expression; every part gets the next number."""

    def __init__(
        self, checked: Checked, evaluator: Evaluator, audiences: Mapping[str, Checked]
    ) -> None:
        self.checked = checked
        self.evaluator = evaluator
        self.audiences = audiences
        self.result = CheckedExpr()
        self.sources = [checked.source]
        self.within: list[str] = []
        self.base = 0
        self.number = 0
        self.bound: dict[int, Node] = {}

    def message(self) -> Any:
        """The whole message."""
        self.result.expr.CopyFrom(self.write(self.checked.tree))
        source = self.checked.source
        self.result.source_info.syntax_version = "cel1"
        offsets = [n + 1 for n, character in enumerate(source) if character == "\n"]
        self.result.source_info.line_offsets.extend((*offsets, len(source) + 1))
        return self.result

    def refuse(self, node: Node, message: str) -> DialectError:
        """The error about a node."""
        return dialect_error(self.sources[-1], message, node.start, node.end)

    def expr(self, type_: Type, node: Node | None = None) -> Any:
        """A new part; its place is known if it stands for a node of the exported source."""
        self.number += 1
        if self.number > MAXIMUM_PARTS:
            raise CannotSay(f"the exported expression has more than {MAXIMUM_PARTS} parts")
        self.result.type_map[self.number].CopyFrom(write_type(type_))
        if node is not None and len(self.sources) == 1:
            self.result.source_info.positions[self.number] = node.start
        return Expr(id=self.number)

    def write(self, node: Node) -> Any:
        """A node and all below it."""
        try:
            return self._write(node)
        except CannotSay as reason:
            raise self.refuse(node, str(reason)) from None

    def _write(self, node: Node) -> Any:
        match node:
            case Constant():
                return self._constant(node)
            case Variable():
                return self.ident(node.name, node.type, node)
            case Local():
                if node.slot in self.bound:
                    return self._bound(node.slot)
                return self.ident(self.local(node.slot), node.type, node)
            case Attribute() | Presence():
                return self._attribute(node)
            case Reference():
                return self._reference(node)
            case Operation():
                return self._operation(node)
            case Chain():
                return self._chain(node)
            case Conditional():
                parts = [self.write(part) for part in (node.condition, node.yes, node.no)]
                return self.call("_?_:_", parts, node.type, ["conditional"], node)
            case Items():
                made = self.expr(node.type, node)
                made.list_expr.elements.extend(self.write(item) for item in node.items)
                made.list_expr.SetInParent()
                return made
            case Entries():
                return self._entries(node)
            case Macro():
                return self._macro(node)
            case Box():
                return self.write(node.value)
            case _:
                raise CannotSay("a part of this kind is no standard CEL")

    def ident(self, name: str, type_: Type, node: Node | None = None) -> Any:
        """A name."""
        made = self.expr(type_, node)
        made.ident_expr.name = name
        self.result.reference_map[made.id].name = name
        return made

    def local(self, slot: int) -> str:
        """The name of a macro's variable; no declared name begins like this."""
        return f"@x{self.base + slot}"

    def constant(self, kind: str, value: Any, type_: Type, node: Node | None = None) -> Any:
        """A constant, by the name of its field."""
        made = self.expr(type_, node)
        setattr(made.const_expr, kind, value)
        return made

    def call(
        self,
        function: str,
        arguments: Sequence[Any],
        type_: Type,
        overloads: Sequence[str],
        node: Node | None = None,
    ) -> Any:
        """A function applied."""
        made = self.expr(type_, node)
        made.call_expr.function = function
        made.call_expr.args.extend(arguments)
        self.result.reference_map[made.id].overload_id.extend(overloads)
        return made

    def _constant(self, node: Constant) -> Any:
        if node.type in _FIELDS:
            return self.constant(_FIELDS[node.type], node.value, node.type, node)
        if node.type is NULL:
            return self.constant("null_value", 0, NULL, node)
        if node.type is TYPE:
            return self.ident(node.value, TYPE, node)
        if node.type in (TIMESTAMP, DURATION):
            is_time = node.type is TIMESTAMP
            text = format_timestamp(node.value) if is_time else format_duration(node.value)
            name = "timestamp" if is_time else "duration"
            argument = self.constant("string_value", text, STRING, node)
            return self.call(name, [argument], node.type, [f"string_to_{name}"], node)
        raise CannotSay(f"a constant of type `{node.type}` has no form in CheckedExpr")

    def _attribute(self, node: Attribute | Presence) -> Any:
        require_no_question(node)
        made = self.expr(node.type, node)
        made.select_expr.operand.CopyFrom(self.ident(node.root, _RECORD, node))
        made.select_expr.field = node.path
        made.select_expr.test_only = isinstance(node, Presence)
        return made

    def _reference(self, node: Reference) -> Any:
        if node.lookup != "audience":
            raise CannotSay(f'`{node.lookup}("...")` is no standard CEL')
        rule = self.audiences.get(node.name)
        if rule is None:
            raise CannotSay(f"the rule of audience `{node.name}` is not given")
        if node.name in self.within:
            raise CannotSay(f"audience `{node.name}` depends on itself")
        self.sources.append(rule.source)
        self.within.append(node.name)
        # The variables of the audience's macros are others than those around the reference.
        self.base += _MANY
        bound, self.bound = self.bound, {}
        made = self.write(rule.tree)
        self.bound = bound
        self.base -= _MANY
        self.within.pop()
        self.sources.pop()
        return made

    def _operation(self, node: Operation) -> Any:
        if self.evaluator is Evaluator.BROWSER:
            require_same_answer(node)
        if node.function in ("_._", "has"):
            return self._select(node)
        types = [_inner(argument).type for argument in node.arguments]
        arguments = [self.write(argument) for argument in node.arguments]
        if set(types) in ({INT, DOUBLE}, {UINT, DOUBLE}):
            arguments = [self._doubled(*pair) for pair in zip(arguments, types, strict=True)]
            types = [DOUBLE, DOUBLE]
        overloads = overload_ids(node.function, types)
        name = _STANDARD_NAMES.get(node.function, node.function)
        if node.function not in _METHODS:
            return self.call(name, arguments, node.type, overloads, node)
        made = self.call(name, arguments[1:], node.type, overloads, node)
        made.call_expr.target.CopyFrom(arguments[0])
        return made

    def _doubled(self, argument: Any, type_: Type) -> Any:
        """Here an integer compared with a double becomes one; others compare exactly."""
        if type_ is DOUBLE:
            return argument
        overload = "int64_to_double" if type_ is INT else "uint64_to_double"
        return self.call("double", [argument], DOUBLE, [overload])

    def _select(self, node: Operation) -> Any:
        mapping, key = node.arguments
        name = _inner(key)
        if not isinstance(name, Constant) or name.type is not STRING:
            raise CannotSay("a selection has a name")
        made = self.expr(node.type, node)
        made.select_expr.operand.CopyFrom(self.write(mapping))
        made.select_expr.field = name.value
        made.select_expr.test_only = node.function == "has"
        return made

    def _chain(self, node: Chain) -> Any:
        function, overload = ("_&&_", "logical_and") if node.all else ("_||_", "logical_or")
        return self.balanced(function, overload, [self.write(part) for part in node.operands])

    def balanced(self, function: str, overload: str, parts: Sequence[Any]) -> Any:
        """A chain as a tree that isn't deep, as parsers of CEL make it."""
        if len(parts) == 1:
            return parts[0]
        half = (len(parts) + 1) // 2
        sides = [
            self.balanced(function, overload, parts[:half]),
            self.balanced(function, overload, parts[half:]),
        ]
        return self.call(function, sides, BOOL, [overload])

    def _entries(self, node: Entries) -> Any:
        made = self.expr(node.type, node)
        made.struct_expr.SetInParent()
        for key, value in zip(node.keys, node.values, strict=True):
            self.number += 1
            entry = made.struct_expr.entries.add(id=self.number)
            entry.map_key.CopyFrom(self.write(key))
            entry.value.CopyFrom(self.write(value))
        return made

    def _bound(self, slot: int) -> Any:
        """What `cel.bind` gave a name to, once more: only so an error in it stays where it is."""
        bound = self.bound
        # The value was checked outside of the name's scope, where its place was another's.
        self.bound = {place: node for place, node in bound.items() if place < slot}
        made = self.write(bound[slot])
        self.bound = bound
        return made

    def _macro(self, node: Macro) -> Any:
        if node.macro == "bind" and node.result is not None:
            self.bound[node.slot] = node.range
            made = self.write(node.result)
            del self.bound[node.slot]
            return made
        expand = EXPANSIONS.get(node.macro)
        if expand is None:
            raise CannotSay(f"the macro `{node.macro}` has no standard expansion")
        return expand(self, node)

    def fold(self, node: Macro, start: Any, condition: Any, step: Any, result: Any) -> Any:
        """A comprehension over the macro's range."""
        made = self.expr(node.type, node)
        loop = made.comprehension_expr
        loop.iter_range.CopyFrom(self.write(node.range))
        loop.iter_var = self.local(node.slot)
        loop.accu_var = ACCUMULATOR
        loop.accu_init.CopyFrom(start)
        loop.loop_condition.CopyFrom(condition)
        loop.loop_step.CopyFrom(step)
        loop.result.CopyFrom(result)
        return made

    def accumulated(self, type_: Type) -> Any:
        """What has been found so far."""
        return self.ident(ACCUMULATOR, type_)

    def truth(self, value: bool) -> Any:
        """A constant bool."""
        return self.constant("bool_value", value, BOOL)


_MANY: Final = 100
MAXIMUM_PARTS: Final = 100_000
"""No exported expression has more parts; audiences and names within each other can multiply."""
_FIELDS: Final = {
    BOOL: "bool_value",
    INT: "int64_value",
    UINT: "uint64_value",
    DOUBLE: "double_value",
    STRING: "string_value",
    BYTES: "bytes_value",
}


def _inner(node: Node) -> Node:
    return node.value if isinstance(node, Box) else node
