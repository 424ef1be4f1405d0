"""Whether a tree read from an untrusted place is one that the checker could have made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from offerd.expression.check.macro_forms import FORMS, Gives, MacroForm, macro_type, variable_types
from offerd.expression.check.resolve import AT_RUN_TIME, choose, substitute
from offerd.expression.check.size import LIGHT_PARTS, is_light_loop, is_light_operation, worst_steps
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Checked,
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
    References,
    Stop,
    Variable,
)
from offerd.expression.check.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NEVER,
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    Kind,
    Type,
    join,
    list_of,
    map_of,
    optional_of,
    settle,
)
from offerd.expression.functions.arithmetic import RANGES
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.limits import DEFAULT_LIMITS, Limits
from offerd.expression.values import TYPE_NAMES, boxer

_CONSTANT_CLASSES: Final[dict[Type, type]] = {
    BOOL: bool,
    INT: int,
    UINT: int,
    DOUBLE: float,
    STRING: str,
    BYTES: bytes,
    NULL: type(None),
    TIMESTAMP: int,
    DURATION: int,
    TYPE: str,
}
_CONDITIONS: Final = (BOOL, DYN, NEVER)
_NODES_PER_LEVEL: Final = 4
"""A level of the source may become so many of the tree: boxes, optionals."""


def verify(checked: Checked, limits: Limits) -> None:
    """ValueError, saying what is wrong, unless the whole is consistent and within the limits."""
    _require(len(checked.source) <= limits.source_length, "the source is too long")
    found = _Verifier(len(checked.source), limits)
    found.verify(checked.tree, (), 1)
    is_known = found.light and found.count <= LIGHT_PARTS and limits.covers(DEFAULT_LIMITS)
    worst = found.count if is_known else worst_steps(checked.tree, limits)
    _require(worst <= limits.cost, "the tree may take too many steps")
    _require(settle(checked.tree.type) is checked.type, "the type is not that of the tree")
    same = found.references() == checked.references
    _require(same, "the references are not those of the tree")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


class _Verifier:
    """One walk over a tree: everything is verified, counted and noted in passing."""

    def __init__(self, length: int, limits: Limits) -> None:
        self.length = length
        self.limits = limits
        self.deepest = _NODES_PER_LEVEL * limits.depth + 2
        self.count = 0
        self.loops = 0
        self.light = True
        self.variables: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.lookups: dict[str, set[str]] = {}

    def references(self) -> References:
        return References(
            tuple(sorted(self.variables)),
            {root: tuple(sorted(self.attributes[root])) for root in sorted(self.attributes)},
            {name: tuple(sorted(self.lookups[name])) for name in sorted(self.lookups)},
        )

    def verify(self, node: Node, scope: tuple[Type, ...], depth: int) -> None:
        """Verifies a node within the macros whose variables have these types."""
        self.count += 1
        if self.count > self.limits.nodes:
            raise ValueError("the tree has too many nodes")
        if depth > self.deepest:
            raise ValueError("the tree is too deep")
        if not 0 <= node.start <= node.end <= self.length:
            raise ValueError("a part lies outside the source")
        _OWN[type(node)](self, node, scope, depth)

    def all(self, nodes: Sequence[Node], scope: tuple[Type, ...], depth: int) -> None:
        for node in nodes:
            self.verify(node, scope, depth)

    def operation(self, node: Operation, scope: tuple[Type, ...], depth: int) -> None:
        for argument in node.arguments:
            self.verify(argument, scope, depth + 1)
        self.light = self.light and is_light_operation(node, in_loop=self.loops > 0)
        if node.overload == AT_RUN_TIME:
            _verify_at_run_time(node)
            return
        choice = choose(node.function, tuple([argument.type for argument in node.arguments]))
        if choice is None or choice.overload != node.overload or not choice.exact:
            raise ValueError("a function does not take such arguments")
        if choice.result is not node.type:
            raise ValueError("an operation has another type")

    def constant(self, node: Constant, scope: tuple[Type, ...], depth: int) -> None:
        class_ = _CONSTANT_CLASSES.get(node.type)
        if type(node.value) is not class_ or class_ is None:
            raise ValueError("a constant is of another type")
        if isinstance(node.value, int) and class_ is int:
            least, greatest = RANGES[node.type]
            _require(least <= node.value <= greatest, "a constant is out of range")
        elif node.type is TYPE:
            _require(node.value in TYPE_NAMES, "unknown type as a value")

    def variable(self, node: Variable, scope: tuple[Type, ...], depth: int) -> None:
        self.variables.add(node.name)
        _require(_is_storable(node.type), "a variable has no such type")

    def attribute(self, node: Attribute, scope: tuple[Type, ...], depth: int) -> None:
        self.attributes.setdefault(node.root, set()).add(node.path)
        _require(_is_storable(node.type), "a variable has no such type")

    def presence(self, node: Presence, scope: tuple[Type, ...], depth: int) -> None:
        self.attributes.setdefault(node.root, set()).add(node.path)
        _require(node.type is BOOL, "`has` is a bool")

    def reference(self, node: Reference, scope: tuple[Type, ...], depth: int) -> None:
        self.lookups.setdefault(node.lookup, set()).add(node.name)
        _require(_is_storable(node.type), "a variable has no such type")

    def local(self, node: Local, scope: tuple[Type, ...], depth: int) -> None:
        fits = 0 <= node.slot < len(scope) and scope[node.slot] is node.type
        _require(fits, "a macro's variable is used outside of it")

    def chain(self, node: Chain, scope: tuple[Type, ...], depth: int) -> None:
        self.all(node.operands, scope, depth + 1)
        conditions = all(operand.type in _CONDITIONS for operand in node.operands)
        enough = len(node.operands) >= 2 and node.type is BOOL
        _require(conditions and enough, "a chain needs two or more bools")

    def conditional(self, node: Conditional, scope: tuple[Type, ...], depth: int) -> None:
        self.all((node.condition, node.yes, node.no), scope, depth + 1)
        fits = node.condition.type in _CONDITIONS
        fits = fits and node.yes.type is node.type and node.no.type is node.type
        _require(fits, "a conditional has values of another type")

    def items(self, node: Items, scope: tuple[Type, ...], depth: int) -> None:
        self.all(node.items, scope, depth + 1)
        element = _only_type(node.items)
        _require(node.type is list_of(element), "a list has an item of another type")

    def entries(self, node: Entries, scope: tuple[Type, ...], depth: int) -> None:
        _require(len(node.keys) == len(node.values), "a map has a key without a value")
        self.all(node.keys, scope, depth + 1)
        self.all(node.values, scope, depth + 1)
        type_ = map_of(_only_type(node.keys), _only_type(node.values))
        _require(node.type is type_, "a map has an entry of another type")

    def box(self, node: Box, scope: tuple[Type, ...], depth: int) -> None:
        self.light = False
        self.verify(node.value, scope, depth + 1)
        source, target = node.value.type, node.type
        _require(join(source, target) is target, "a box has another type")
        boxer(source, target)

    def stop(self, node: Stop, scope: tuple[Type, ...], depth: int) -> None:
        _require(node.type is DYN, "a stop is `dyn`")

    def macro(self, node: Macro, scope: tuple[Type, ...], depth: int) -> None:
        form = FORMS.get(node.macro)
        if form is None:
            raise ValueError("unknown macro")
        self.verify(node.range, scope, depth + 1)
        _require(node.slot == len(scope), "a macro's variable is misplaced")
        variables = variable_types(form, node.range.type)
        if variables is None:
            raise ValueError("a macro is applied to a value of a wrong type")
        self.light = self.light and is_light_loop(node, in_loop=self.loops > 0)
        self.loops += form.loops
        _require(self.loops <= self.limits.macro_depth, "macros are nested too deep")
        inner = (*scope, *variables)
        if node.condition is not None:
            self.verify(node.condition, inner, depth + 1)
            _require(node.condition.type in _CONDITIONS, "a macro's condition is no bool")
        if node.result is not None:
            self.verify(node.result, inner, depth + 1)
        self.loops -= form.loops
        _verify_macro(node, form, variables)


def _verify_macro(node: Macro, form: MacroForm, variables: tuple[Type, ...]) -> None:
    condition = node.condition is not None
    _require(form.condition in (None, condition), "a macro has another number of conditions")
    _require((node.result is not None) == form.result, "a macro has another number of results")
    result = None if node.result is None else node.result.type
    expected = macro_type(form, node.range.type, variables, result)
    _require(node.type is expected, "a macro has another type")
    range_ = node.range.type
    if form.gives is Gives.EITHER:
        fits = result is node.type and range_ in (node.type, DYN)
    elif form.gives is Gives.VALUE:
        fits = result is node.type and range_ in (optional_of(node.type), DYN)
    else:
        fits = True
    _require(fits, "a macro has another type")


def _verify_at_run_time(node: Operation) -> None:
    """An operation whose overload the values decide: every argument is boxed."""
    function = FUNCTIONS.get(node.function)
    if function is None:
        raise ValueError("unknown function")
    arguments = node.arguments
    boxed = all(argument.type is DYN for argument in arguments)
    _require(boxed, "an argument is not boxed")
    results = [
        substitute(overload.result, {})
        for overload in function.overloads
        if len(overload.arguments) == len(arguments)
    ]
    fits = node.type is DYN or node.type in results
    _require(fits, "an operation has another type")


def _only_type(nodes: Sequence[Node]) -> Type:
    types = {node.type for node in nodes}
    _require(len(types) <= 1, "parts of a list or map differ in type")
    return types.pop() if types else NEVER


def _is_storable(type_: Type) -> bool:
    if type_.parameters:
        return all(map(_is_storable, type_.parameters))
    return type_.kind not in (Kind.NEVER, Kind.ERROR, Kind.PARAMETER)


_OWN: Final[dict[type, Callable[[_Verifier, Any, tuple[Type, ...], int], None]]] = {
    Operation: _Verifier.operation,
    Constant: _Verifier.constant,
    Variable: _Verifier.variable,
    Attribute: _Verifier.attribute,
    Presence: _Verifier.presence,
    Reference: _Verifier.reference,
    Local: _Verifier.local,
    Chain: _Verifier.chain,
    Conditional: _Verifier.conditional,
    Items: _Verifier.items,
    Entries: _Verifier.entries,
    Macro: _Verifier.macro,
    Box: _Verifier.box,
    Stop: _Verifier.stop,
}
"""What is required of each sort of node, besides its place."""
