"""Identifiers and selections: locals, variables, attributes of records, types, map keys."""

from __future__ import annotations

from collections.abc import Iterator

from offerd.expression.check.context import Context
from offerd.expression.check.declarations import Record
from offerd.expression.check.lints import listed
from offerd.expression.check.nearest import suggestion
from offerd.expression.check.tree import Attribute, Constant, Local, Node, Presence, Variable
from offerd.expression.check.types import BOOL, ERROR, STRING, TYPE
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.syntax import ast
from offerd.expression.values import TYPE_NAMES


def check_name(checker: Context, expr: ast.Name | ast.Select) -> Node:
    """The value that a name or a selection stands for."""
    root, selects = _unfold(expr)
    if not isinstance(root, ast.Name):
        return _select_all(checker, checker.check(root), selects)
    node, used = _resolve(checker, root, selects)
    return _select_all(checker, node, selects[used:])


def check_has(checker: Context, expr: ast.Call) -> Node:
    """`has(record.attribute)` or `has(map.key)`."""
    if len(expr.arguments) != 1 or not isinstance(expr.arguments[0], ast.Select):
        message = "`has` takes one attribute or map key, such as `has(profile.tier)`"
        return checker.reject(message, expr.start, expr.end)
    inner = expr.arguments[0]
    # A name is resolved as a whole first; anything else is checked once only, in `target`.
    if isinstance(_unfold(inner)[0], ast.Name):
        whole = check_name(checker, inner)
        if isinstance(whole, Attribute) and _spelled(inner) == f"{whole.root}.{whole.path}":
            return Presence(whole.root, whole.path, BOOL, expr.start, expr.end)
        if whole.type is ERROR:
            return whole
    target = checker.check(inner.operand)
    key = Constant(inner.field, STRING, inner.field_start, inner.end)
    result = checker.operation("has", (target, key), expr.start, expr.end)
    if result is None:
        message = f"`has` needs a map on the left of `.{inner.field}`: found `{target.type}`"
        return checker.reject(message, expr.start, expr.end)
    return result


def _spelled(expr: ast.Select) -> str:
    root, selects = _unfold(expr)
    name = root.name if isinstance(root, ast.Name) else ""
    return ".".join((name, *(select.field for select in selects)))


def _unfold(expr: ast.Expr) -> tuple[ast.Expr, list[ast.Select]]:
    """What the selections start from, and the selections from left to right."""
    selects: list[ast.Select] = []
    while isinstance(expr, ast.Select):
        selects.append(expr)
        expr = expr.operand
    return expr, selects[::-1]


def _resolve(checker: Context, root: ast.Name, selects: list[ast.Select]) -> tuple[Node, int]:
    """The node for the longest declared name, and how many selections it takes up."""
    if not root.absolute:
        for name, local in reversed(checker.locals):
            if name == root.name:
                return Local(local.slot, local.type, root.start, root.end), 0
    parts = [root.name, *(select.field for select in selects)]
    variables = checker.environment.variables
    for prefix in _prefixes("" if root.absolute else checker.environment.container):
        for count in range(len(parts), 0, -1):
            name = prefix + ".".join(parts[:count])
            end = root.end if count == 1 else selects[count - 2].end
            declared = variables.get(name)
            if isinstance(declared, Record):
                node, used = _attribute(checker, name, declared, root, selects[count - 1 :])
                return node, count - 1 + used
            if declared is not None:
                return Variable(name, declared, root.start, end), count - 1
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        if name in TYPE_NAMES:
            end = root.end if count == 1 else selects[count - 2].end
            return Constant(name, TYPE, root.start, end), count - 1
    return _undeclared(checker, root), len(selects)


def _prefixes(container: str) -> Iterator[str]:
    """The namespaces to look in, innermost first, each ending in a dot unless empty."""
    parts = container.split(".") if container else []
    for count in range(len(parts), -1, -1):
        yield "".join(f"{part}." for part in parts[:count])


def _undeclared(checker: Context, root: ast.Name) -> Node:
    name = root.name
    environment = checker.environment
    if name in environment.lookups:
        message = f'`{name}` takes a name in parentheses: write `{name}("...")`'
    elif name in FUNCTIONS:
        message = f"`{name}` is a function: call it with its arguments in parentheses"
    else:
        known = {*environment.roots, *(local for local, _ in checker.locals)}
        message = f"unknown variable `{name}`{suggestion(name, known)}"
    return checker.reject(message, root.start, root.end)


def _attribute(
    checker: Context, name: str, record: Record, root: ast.Name, selects: list[ast.Select]
) -> tuple[Node, int]:
    """The attribute with the longest declared path; the rest selects from its value."""
    fields = [select.field for select in selects]
    for count in range(len(fields), 0, -1):
        path = ".".join(fields[:count])
        declared = record.attributes.get(path)
        if declared is not None:
            end = selects[count - 1].end
            node = Attribute(name, path, declared.type, root.start, end)
            return node, count
    return _no_attribute(checker, name, record, root, selects), len(fields)


def _no_attribute(
    checker: Context, name: str, record: Record, root: ast.Name, selects: list[ast.Select]
) -> Node:
    if not selects:
        paths = listed([f"{name}.{path}" for path in sorted(record.attributes)])
        message = f"`{name}` is a record, not a value: use one of its attributes: {paths}"
        return checker.reject(message, root.start, root.end)
    path = ".".join(select.field for select in selects)
    end = selects[-1].end
    below = record.below(path)
    if below:
        paths = listed([f"{name}.{full}" for full in below])
        message = f"`{name}.{path}` is not an attribute: below it are {paths}"
        return checker.reject(message, root.start, end)
    hint = suggestion(path, record.attributes, f"{name}.")
    return checker.reject(f"unknown attribute `{name}.{path}`{hint}", root.start, end)


def _select_all(checker: Context, node: Node, selects: list[ast.Select]) -> Node:
    for select in selects:
        key = Constant(select.field, STRING, select.field_start, select.end)
        selected = checker.operation("_._", (node, key), select.start, select.end)
        if selected is None:
            message = f"`{node.type}` has no attributes: found `.{select.field}`"
            selected = checker.reject(message, select.field_start, select.end)
        node = selected
    return node
