"""Rules that run: generated functions, one compilation for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from offerd.expression.plan.exact import Exact
from offerd.expression.plan.generate import Shape, generate
from offerd.expression.values import EvaluationError, Unknown


class PlanError(Exception):
    """The expression refers to something that the environment does not declare so."""


class Rule:
    """An expression that can be evaluated.

    `evaluate(*roots)` takes the values of `environment.roots`, in that order, and returns the
    value, or an Unknown, or a Failure; it never raises. Times are ints of nanoseconds, a uint is
    an int. `exact` is the same, slower, and does not trust the data to have the declared types.
    """

    __slots__ = ("checked", "evaluate", "exact")

    def __init__(self, checked: Checked, evaluate: Callable[..., Any], exact: Exact) -> None:
        self.checked = checked
        self.evaluate = evaluate
        self.exact = exact


def plan(checked: Checked, environment: Environment) -> Rule:
    """The rule for one expression; PlanError if the environment is not the one it is for."""
    return plan_many((checked,), environment)[0]


def plan_many(expressions: Sequence[Checked], environment: Environment) -> list[Rule]:
    """The rules for many expressions, in the same order; expressions of one shape share code."""
    roots = {name: place for place, name in enumerate(environment.roots)}
    strings = _declared_strings(environment)
    shapes: list[Shape] = []
    for checked in expressions:
        _require_declared(checked.tree, environment)
        shapes.append(generate(checked.tree, roots, strings))
    makers = _compile_shapes(shapes, len(roots))
    rules = []
    for checked, shape in zip(expressions, shapes, strict=True):
        exact = Exact(checked, environment)
        make = makers[shape.lines, shape.result]
        rules.append(Rule(checked, make(exact, *shape.constants), exact))
    return rules


def fast_form(checked: Checked, environment: Environment) -> Callable[..., Any]:
    """The fast form alone, which raises where the exact form would have been asked."""

    def give_up(*roots: Any) -> Any:
        raise EvaluationError("the fast form gave up")

    roots = {name: place for place, name in enumerate(environment.roots)}
    shape = generate(checked.tree, roots, _declared_strings(environment))
    make = _compile_shapes([shape], len(roots))[shape.lines, shape.result]
    function: Callable[..., Any] = make(give_up, *shape.constants)
    return function


_Key = tuple[tuple[str, ...], str]


def _compile_shapes(shapes: Sequence[Shape], arity: int) -> dict[_Key, Callable[..., Any]]:
    """One function per distinct shape, which makes a rule from its constants."""
    parameters = ", ".join(f"r{place}" for place in range(arity))
    names: dict[_Key, str] = {}
    lines: list[str] = []
    for shape in shapes:
        key = (shape.lines, shape.result)
        if key in names:
            continue
        name = names[key] = f"make{len(names)}"
        constants = "".join(f", c{place}" for place in range(len(shape.constants)))
        lines.append(f"def {name}(exact{constants}):")
        lines.append(f" def rule({parameters}):")
        lines.append("  try:")
        lines.extend(f"   {line}" for line in shape.lines)
        lines.append(f"   return {shape.result}")
        lines.append("  except Exception:")
        lines.append(f"   return exact({parameters})")
        lines.append(" return rule")
    namespace = dict(_NAMES)
    code = compile("\n".join(lines), "<rules>", "exec", optimize=2)
    exec(code, namespace)  # noqa: S102 - the text holds no text of the tree, see generate.py
    return {key: namespace[name] for key, name in names.items()}


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


_NAMES: Final[dict[str, Any]] = {
    "__builtins__": {"len": len, "float": float, "Exception": Exception},
    "overflow": _overflow,
    "stop": _stop,
    "truth": _truth,
    "known": _known,
    "iterable": _iterable,
}
"""Everything generated code can reach besides its own constants."""
