"""Rules that run: generated functions, one compilation for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from offerd.expression.check.declarations import Environment, Record
from offerd.expression.check.tree import (
    Attribute,
    Checked,
    Node,
    Presence,
    Reference,
    Variable,
    children,
)
from offerd.expression.check.types import Type
from offerd.expression.functions.collections import merge, sort_by
from offerd.expression.plan.exact import Exact
from offerd.expression.plan.generate import Shape, generate
from offerd.expression.values import ABSENT, EvaluationError, Optional, Unknown


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

    def give_up(*roots: Any) -> Any:
        raise EvaluationError("the fast form gave up")

    return Workshop(environment).make(checked, give_up)


class Workshop:
    """Makes functions for the expressions of one environment; those of one shape share code."""

    __slots__ = ("_makers", "_parameters", "_roots", "_strings")

    def __init__(self, environment: Environment) -> None:
        self._roots = {name: place for place, name in enumerate(environment.roots)}
        self._strings = _declared_strings(environment)
        self._parameters = ", ".join(f"r{place}" for place in self._roots.values())
        self._makers: dict[tuple[tuple[str, ...], str], Callable[..., Any]] = {}

    def make(self, checked: Checked, exact: Callable[..., Any]) -> Callable[..., Any]:
        """The function that evaluates an expression, and asks its exact form where it gives up."""
        shape = generate(checked.tree, self._roots, self._strings)
        key = (shape.lines, shape.result)
        maker = self._makers.get(key)
        if maker is None:
            maker = self._makers[key] = self._compiled(shape)
        made: Callable[..., Any] = maker(exact, *shape.constants)
        return made

    def _compiled(self, shape: Shape) -> Callable[..., Any]:
        """A function that makes a rule's function from its exact form and its constants."""
        constants = "".join(f", c{place}" for place in range(len(shape.constants)))
        lines = [
            f"def make(exact{constants}):",
            f" def rule({self._parameters}):",
            "  try:",
            *(f"   {line}" for line in shape.lines),
            f"   return {shape.result}",
            "  except Exception:",
            f"   return exact({self._parameters})",
            " return rule",
        ]
        # Its own dict for the name `make`: another thread may be here at the same time.
        made: dict[str, Any] = {}
        code = compile("\n".join(lines), "<rules>", "exec", optimize=2)
        exec(code, _NAMES, made)  # noqa: S102 - the text holds no text of the tree, see generate.py
        maker: Callable[..., Any] = made["make"]
        return maker


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
        if isinstance(node, Variable):
            _require(environment.variables.get(node.name) is node.type, node.name)
        elif isinstance(node, Attribute | Presence):
            declared = _attribute_type(environment, node)
            fits = declared is node.type or isinstance(node, Presence)
            _require(declared is not None and fits, f"{node.root}.{node.path}")
        elif isinstance(node, Reference):
            lookup = environment.lookups.get(node.lookup)
            fits = lookup is not None and node.name in lookup.names and lookup.type is node.type
            _require(fits, f'{node.lookup}("{node.name}")')
        else:
            pending.extend(children(node))


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
    if isinstance(value, Unknown):
        raise EvaluationError("unknown")
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
    "overflow": _overflow,
    "stop": _stop,
    "truth": _truth,
    "known": _known,
    "iterable": _iterable,
    "items": _items,
    "pairs": _pairs,
    "optional": _optional,
    "merge": merge,
    "sort_by": sort_by,
    "Optional": Optional,
    "ABSENT": ABSENT,
}
"""Everything generated code can reach besides its own constants."""
