"""Rules that run: generated functions, one compilation for all of them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType
from typing import Any, Final, Protocol

from offerd.expression.check.declarations import Environment, Record
from offerd.expression.check.tree import (
    Attribute,
    Checked,
    Constant,
    Node,
    Presence,
    Reference,
    Variable,
    children,
)
from offerd.expression.check.types import Type
from offerd.expression.functions.collections import sort_by
from offerd.expression.functions.maps import entries_of, from_entries, merge
from offerd.expression.plan.exact import Exact
from offerd.expression.plan.generate import Shape, generate
from offerd.expression.plan.meter import Exhausted, Meter
from offerd.expression.values import ABSENT, EvaluationError, Failure, Optional, Unknown


class PlanError(Exception):
    """The expression refers to something that the environment does not declare so."""


class Rule:
    """An expression that can be evaluated.

    `evaluate(*roots)` takes the values of `environment.roots`, in that order, and returns the
    value, or an Unknown, or a Failure; it never raises. Times are ints of nanoseconds, a uint is
    an int. `exact` is the same, slower, and does not trust the data to have the declared types.

    `evaluate` is compiled when it is first asked for, and from then on is a plain attribute, so
    rules should be kept, not their `evaluate`. Threads may ask at the same time: each gets a
    function that does the same.
    """

    __slots__ = ("_workshop", "checked", "evaluate", "exact")

    evaluate: Callable[..., Any]

    def __init__(self, checked: Checked, exact: Exact, workshop: Workshop) -> None:
        self.checked = checked
        self.exact = exact
        self._workshop = workshop

    def __getattr__(self, name: str) -> Any:
        """Called only for an attribute that is not there yet."""
        if name != "evaluate":
            raise AttributeError(name)
        evaluate = self.evaluate = self._workshop.make(self.checked, self.exact)
        return evaluate


def plan(checked: Checked, environment: Environment) -> Rule:
    """The rule for one expression; PlanError if the environment is not the one it is for."""
    return plan_many((checked,), environment)[0]


def plan_many(expressions: Sequence[Checked], environment: Environment) -> list[Rule]:
    """The rules for many expressions, in the same order; expressions of one shape share code."""
    workshop = Workshop(environment)
    for checked in expressions:
        _require_declared(checked.tree, environment)
    return [Rule(checked, Exact(checked, environment), workshop) for checked in expressions]


def prepare(rules: Iterable[Rule]) -> None:
    """Compiles what has not been yet: some tenths of a millisecond for every new shape of rule."""
    for rule in rules:
        _ = rule.evaluate


def fast_form(checked: Checked, environment: Environment) -> Callable[..., Any]:
    """The fast form alone, which raises where the exact form would have been asked."""

    return Workshop(environment).make(checked, _GivingUp())


class ExactForm(Protocol):
    """What a fast form asks when it cannot tell."""

    def __call__(self, *roots: Any) -> Any:
        """The outcome."""

    def exhausted(self) -> Failure:
        """The outcome when too many steps were taken."""


class _GivingUp:
    def __call__(self, *roots: Any) -> Any:
        raise EvaluationError("the fast form gave up")

    def exhausted(self) -> Failure:
        raise EvaluationError("the fast form took too many steps")


class Workshop:
    """Makes functions for the expressions of one environment; those of one shape share code."""

    __slots__ = ("_codes", "_parameters", "_roots", "_strings")

    def __init__(self, environment: Environment) -> None:
        self._roots = {name: place for place, name in enumerate(environment.roots)}
        self._strings = _declared_strings(environment)
        self._parameters = ", ".join(f"r{place}" for place in self._roots.values())
        self._codes: dict[tuple[tuple[str, ...], str, bool], CodeType] = {}

    def make(self, checked: Checked, exact: ExactForm) -> Callable[..., Any]:
        """The function that evaluates an expression, and asks its exact form where it gives up."""
        shape = generate(checked.tree, self._roots, self._strings)
        key = (shape.lines, shape.result, shape.metered)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = self._compiled(shape)
        return FunctionType(code, _NAMES, "rule", (exact, *shape.constants))

    def _compiled(self, shape: Shape) -> CodeType:
        """The code of a rule; its exact form and its constants are defaults of its parameters.

        As parameters they are reached faster than as names of a function around it, and there is
        no such function to compile.
        """
        constants = (f"c{place}" for place in range(len(shape.constants)))
        parameters = ", ".join(filter(None, (self._parameters, "exact", *constants)))
        lines = [
            f"def rule({parameters}):",
            *((" m = Meter()",) if shape.metered else ()),
            " try:",
            *(f"  {line}" for line in shape.lines),
            f"  return {shape.result}",
            *((" except Exhausted:", "  return exact.exhausted()") if shape.metered else ()),
            " except Exception:",
            f"  return exact({self._parameters})",
        ]
        # The text holds no text of the tree, see generate.py.
        module = compile("\n".join(lines), "<rules>", "exec", optimize=2)
        return next(code for code in module.co_consts if isinstance(code, CodeType))


def _declared_strings(environment: Environment) -> dict[str, str]:
    """The strings of the declarations, each mapped to the object that is declared."""
    declared: list[str] = [name for lookup in environment.lookups.values() for name in lookup.names]
    for record in environment.variables.values():
        if isinstance(record, Record):
            for path, attribute in record.attributes.items():
                declared.extend((path, *attribute.values))
    return {string: string for string in declared}


def _require_declared(tree: Node, environment: Environment) -> None:
    pending = [tree]
    while pending:
        node = pending.pop()
        require = _REQUIRED.get(type(node))
        if require is None:
            pending.extend(children(node))
        else:
            require(environment, node)


def _require_variable(environment: Environment, node: Variable) -> None:
    _require(environment.variables.get(node.name) is node.type, node.name)


def _require_attribute(environment: Environment, node: Attribute | Presence) -> None:
    declared = _attribute_type(environment, node)
    fits = declared is node.type or isinstance(node, Presence)
    _require(declared is not None and fits, f"{node.root}.{node.path}")


def _require_reference(environment: Environment, node: Reference) -> None:
    lookup = environment.lookups.get(node.lookup)
    fits = lookup is not None and node.name in lookup.names and lookup.type is node.type
    _require(fits, f'{node.lookup}("{node.name}")')


def _nothing_required(environment: Environment, node: Constant) -> None:
    """A constant is declared by nobody."""


_REQUIRED: Final[dict[type, Callable[[Environment, Any], None]]] = {
    Variable: _require_variable,
    Attribute: _require_attribute,
    Presence: _require_attribute,
    Reference: _require_reference,
    Constant: _nothing_required,
}
"""What the environment must have for the nodes without parts."""


def _attribute_type(environment: Environment, node: Attribute | Presence) -> Type | None:
    record = environment.variables.get(node.root)
    if not isinstance(record, Record) or node.path not in record.attributes:
        return None
    return record.attributes[node.path].type


def _require(fits: bool, name: str) -> None:
    if not fits:
        raise PlanError(f"`{name}` is not declared as the expression uses it")


def _overflow() -> Any:
    raise EvaluationError("out of range")


def _stop() -> Any:
    raise EvaluationError("no value")


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise EvaluationError("not a bool")


def _known(value: Any) -> Any:
    if isinstance(value, Unknown | Failure):
        raise EvaluationError("no value")
    return value


def _iterable(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        return value
    raise EvaluationError("not a list or map")


def _items(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return value
    raise EvaluationError("not a list")


def _pairs(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else enumerate(_items(value))


def _optional(value: Any) -> Any:
    if isinstance(value, Optional):
        return value
    raise EvaluationError("not optional")


_NAMES: Final[dict[str, Any]] = {
    "__builtins__": {"len": len, "float": float, "enumerate": enumerate, "Exception": Exception},
    "fromordinal": datetime.date.fromordinal,
    "overflow": _overflow,
    "stop": _stop,
    "truth": _truth,
    "known": _known,
    "iterable": _iterable,
    "items": _items,
    "pairs": _pairs,
    "optional": _optional,
    "merge": merge,
    "entries_of": entries_of,
    "from_entries": from_entries,
    "Meter": Meter,
    "Exhausted": Exhausted,
    "sort_by": sort_by,
    "Optional": Optional,
    "ABSENT": ABSENT,
}
"""Everything generated code can reach besides its own constants."""
