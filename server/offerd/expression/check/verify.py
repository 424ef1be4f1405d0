"""Whether a tree read from an untrusted place is one that the checker could have made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from offerd.expression.check.macros import MACROS, element_type
from offerd.expression.check.resolve import AT_RUN_TIME, resolve, substitute
from offerd.expression.check.size import cost
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
    Stop,
    Variable,
    children,
    collect_references,
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
    settle,
)
from offerd.expression.functions.arithmetic import RANGES
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.limits import Limits
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


def verify(checked: Checked, limits: Limits) -> None:
    """ValueError, saying what is wrong, unless the whole is consistent and within the limits."""
    _require(len(checked.source) <= limits.source_length, "the source is too long")
    _verify_size(checked.tree, limits)
    _Verifier(len(checked.source), limits.macro_depth).node(checked.tree, ())
    worst = cost(checked.tree, limits.assumed_list_size)
    _require(worst <= limits.cost, "the tree may take too many steps")
    _require(settle(checked.tree.type) is checked.type, "the type is not that of the tree")
    found = collect_references(checked.tree)
    _require(found == checked.references, "the references are not those of the tree")


def _verify_size(tree: Node, limits: Limits) -> None:
    level: list[Node] = [tree]
    count = depth = 0
    while level:
        count += len(level)
        depth += 1
        # Every level of the source may add a box.
        _require(depth <= 2 * limits.depth + 2, "the tree is too deep")
        _require(count <= limits.nodes, "the tree has too many nodes")
        level = [child for node in level for child in _parts(node)]


def _parts(node: Node) -> Sequence[Node]:
    if isinstance(node, Entries):
        _require(len(node.keys) == len(node.values), "a map has a key without a value")
    return children(node)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


class _Verifier:
    def __init__(self, length: int, macro_depth: int) -> None:
        self.length = length
        self.macro_depth = macro_depth

    def node(self, node: Node, scope: tuple[Type, ...]) -> None:
        """Verifies a node within the macros whose variables have these types."""
        _require(0 <= node.start <= node.end <= self.length, "a part lies outside the source")
        if isinstance(node, Macro):
            self.macro(node, scope)
            return
        for child in children(node):
            self.node(child, scope)
        self.own(node, scope)

    def own(self, node: Node, scope: tuple[Type, ...]) -> None:
        match node:
            case Operation():
                _verify_operation(node)
            case Constant():
                _verify_constant(node)
            case Variable() | Attribute() | Reference():
                _require(_is_storable(node.type), "a variable has no such type")
            case Presence():
                _require(node.type is BOOL, "`has` is a bool")
            case Local():
                fits = 0 <= node.slot < len(scope) and scope[node.slot] is node.type
                _require(fits, "a macro's variable is used outside of it")
            case Chain():
                conditions = all(operand.type in _CONDITIONS for operand in node.operands)
                enough = len(node.operands) >= 2 and node.type is BOOL
                _require(conditions and enough, "a chain needs two or more bools")
            case Conditional():
                _verify_conditional(node)
            case Items():
                element = _only_type(node.items)
                _require(node.type is list_of(element), "a list has an item of another type")
            case Entries():
                type_ = map_of(_only_type(node.keys), _only_type(node.values))
                _require(node.type is type_, "a map has an entry of another type")
            case Box():
                _verify_box(node)
            case Stop():
                _require(node.type is DYN, "a stop is `dyn`")

    def macro(self, node: Macro, scope: tuple[Type, ...]) -> None:
        self.node(node.range, scope)
        _require(node.macro in MACROS.values(), "unknown macro")
        _require(node.slot == len(scope) < self.macro_depth, "a macro's variable is misplaced")
        type_ = node.range.type
        is_range = type_.kind in (Kind.LIST, Kind.MAP, Kind.DYN)
        _require(is_range, "a macro needs a list or a map")
        element = element_type(type_)
        inner = (*scope, element)
        for part in (node.condition, node.result):
            if part is not None:
                self.node(part, inner)
        _require((node.result is not None) == (node.macro == "map"), "only `map` has a result")
        _require(node.condition is not None or node.macro == "map", "a macro has no condition")
        if node.condition is not None:
            _require(node.condition.type in _CONDITIONS, "a macro's condition is no bool")
        if node.result is not None:
            expected = list_of(node.result.type)
        else:
            expected = list_of(element) if node.macro == "filter" else BOOL
        _require(node.type is expected, "a macro has another type")


def _verify_constant(node: Constant) -> None:
    class_ = _CONSTANT_CLASSES.get(node.type)
    _require(class_ is not None and type(node.value) is class_, "a constant is of another type")
    if isinstance(node.value, int) and node.type in RANGES:
        least, greatest = RANGES[node.type]
        _require(least <= node.value <= greatest, "a constant is out of range")
    if node.type is TYPE:
        _require(node.value in TYPE_NAMES, "unknown type as a value")


def _verify_operation(node: Operation) -> None:
    function = FUNCTIONS.get(node.function)
    if function is None:
        raise ValueError("unknown function")
    arguments = node.arguments
    if node.overload == AT_RUN_TIME:
        boxed = all(argument.type is DYN for argument in arguments)
        _require(boxed, "an argument is not boxed")
        results = [
            substitute(overload.result, {})
            for overload in function.overloads
            if len(overload.arguments) == len(arguments)
        ]
        fits = node.type is DYN or node.type in results
        _require(fits, "an operation has another type")
        return
    expected = resolve(function, arguments, node.start, node.end)
    fits = expected is not None and expected.overload == node.overload
    fits = fits and expected is not None and expected.type is node.type
    fits = fits and expected is not None and _same_nodes(expected.arguments, arguments)
    _require(fits, "a function does not take such arguments")


def _same_nodes(left: Sequence[Node], right: Sequence[Node]) -> bool:
    return all(a is b for a, b in zip(left, right, strict=True))


def _verify_conditional(node: Conditional) -> None:
    fits = node.condition.type in _CONDITIONS
    fits = fits and node.yes.type is node.type and node.no.type is node.type
    _require(fits, "a conditional has values of another type")


def _verify_box(node: Box) -> None:
    source, target = node.value.type, node.type
    _require(join(source, target) is target, "a box has another type")
    boxer(source, target)


def _only_type(nodes: Sequence[Node]) -> Type:
    types = {node.type for node in nodes}
    _require(len(types) <= 1, "parts of a list or map differ in type")
    return types.pop() if types else NEVER


def _is_storable(type_: Type) -> bool:
    return all(map(_is_storable, type_.parameters)) and type_.kind not in (
        Kind.NEVER,
        Kind.ERROR,
        Kind.PARAMETER,
    )
