"""Identifiers and selections: locals, variables, attributes of records, types, map keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec.structs import replace as replace_node

from offerd.expression.check.context import Context
from offerd.expression.check.declarations import AnsweringRecord, Record
from offerd.expression.check.lints import listed
from offerd.expression.check.nearest import nearest_name
from offerd.expression.check.questions import check_question, is_question, no_value
from offerd.expression.check.resolve import coerce
from offerd.expression.check.tree import (
    Attribute,
    Conditional,
    Constant,
    Local,
    Node,
    Presence,
    Variable,
)
from offerd.expression.check.types import BOOL, ERROR, STRING, TYPE
from offerd.expression.check.undeclared import field_hint, undeclared
from offerd.expression.syntax import ast
from offerd.expression.values import TYPE_NAMES


def check_name(checker: Context, expr: ast.Name | ast.Select) -> Node:
    """The value that a name or a selection stands for."""
    root, selects = _unfold(expr)
    if isinstance(root, ast.Call) and is_question(checker, root):
        node, used = check_question(checker, root, selects)
        return _select_all(checker, node, selects[used:])
    if not isinstance(root, ast.Name):
        optional = _optional_path(checker, expr)
        return optional or _select_all(checker, checker.check(root), selects)
    node, used = _resolve(checker, root, selects)
    return _select_all(checker, node, selects[used:])


def check_has(checker: Context, expr: ast.Call) -> Node:
    """`has(record.attribute)` or `has(map.key)`."""
    if len(expr.arguments) == 1 and is_question(checker, expr.arguments[0]):
        return _presence(checker.check(expr.arguments[0]), expr)
    if len(expr.arguments) != 1 or not isinstance(expr.arguments[0], ast.Select):
        message = "`has` takes one attribute or map key, such as `has(profile.tier)`"
        return checker.reject(message, expr.start, expr.end)
    inner = expr.arguments[0]
    root = _unfold(inner)[0]
    # A name is resolved as a whole first; anything else is checked once only, in `target`.
    if isinstance(root, ast.Name) or is_question(checker, root):
        whole = check_name(checker, inner)
        if isinstance(whole, Attribute) and _is_all_of(whole, inner):
            return _presence(whole, expr)
        if whole.type is ERROR:
            return whole
    target = checker.check(inner.operand)
    key = Constant(inner.field, STRING, inner.field_start, inner.end)
    result = checker.operation("has", (target, key), expr.start, expr.end)
    if result is None:
        message = f"`has` needs a map on the left of `.{inner.field}`: found `{target.type}`"
        return checker.reject(message, expr.start, expr.end)
    return result


def _presence(node: Node, expr: ast.Call) -> Node:
    """Whether there is what an attribute stands for."""
    if not isinstance(node, Attribute):
        return node
    return Presence(node.root, node.path, BOOL, expr.start, expr.end)


def check_optional_select(checker: Context, expr: ast.Call) -> Node:
    """`a.?b`: an attribute of a record that may be missing, or a key of a map that may be."""
    operand, field = expr.arguments
    optional = _optional_path(checker, expr)
    if optional is not None:
        return optional
    target = checker.check(operand)
    key = checker.check(field)
    result = checker.operation("_?._", (target, key), expr.start, expr.end)
    if result is None:
        name = checker.source[field.start : field.end]
        message = f"`{target.type}` has no attributes: found `.?{name}`"
        return checker.reject(message, field.start, field.end)
    return result


def _optional_path(checker: Context, expr: ast.Expr) -> Node | None:
    """`record.?path` as an optional attribute; None when it is something else."""
    whole = _as_selection(checker, expr)
    if not isinstance(whole, ast.Name | ast.Select) or not _is_of_record(checker, whole):
        return None
    attribute = check_name(checker, whole)
    start, end = expr.start, expr.end
    if not isinstance(attribute, Attribute) or attribute.end != whole.end:
        return attribute if attribute.type is ERROR else None
    has = Presence(attribute.root, attribute.path, BOOL, start, end)
    value = checker.operation("optional.of", (attribute,), start, end)
    none = checker.operation("optional.none", (), start, end)
    if value is None or none is None:
        return None
    return Conditional(has, value, coerce(none, value.type), value.type, start, end)


def _as_selection(checker: Context, expr: ast.Expr) -> ast.Expr | None:
    """`a.b.?c` as the selection `a.b.c`; None when it starts from something else than a name, or
    a question that a record answers."""
    if isinstance(expr, ast.Name) or is_question(checker, expr):
        return expr
    if isinstance(expr, ast.Select):
        inner = _as_selection(checker, expr.operand)
        return None if inner is None else replace(expr, operand=inner)
    if isinstance(expr, ast.Call) and expr.function == "_?._":
        operand, field = expr.arguments
        inner = _as_selection(checker, operand)
        if inner is not None and isinstance(field, ast.Literal):
            return ast.Select(inner, str(field.value), field.start, expr.start, expr.end)
    return None


def _is_of_record(checker: Context, expr: ast.Select | ast.Name) -> bool:
    """Whether the whole begins with a declared record."""
    root, selects = _unfold(expr)
    if is_question(checker, root):
        return True
    if not isinstance(root, ast.Name) or any(name == root.name for name, _ in checker.locals):
        return False
    parts = [root.name, *(select.field for select in selects)]
    for prefix in _prefixes("" if root.absolute else checker.environment.container):
        for count in range(len(parts) - 1, 0, -1):
            declared = checker.environment.variables.get(prefix + ".".join(parts[:count]))
            if isinstance(declared, Record):
                return True
            if declared is not None:
                return False
    return False


def _is_all_of(whole: Attribute, expr: ast.Select) -> bool:
    """Whether an attribute takes up all that is written, rather than a map of which that is an
    entry."""
    root, selects = _unfold(expr)
    if not isinstance(root, ast.Name):
        return whole.end == expr.end
    return ".".join((root.name, *(one.field for one in selects))) == f"{whole.root}.{whole.path}"


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
                meant = checker.meanings[local.slot]
                if checker.is_rule and isinstance(meant, Constant) and meant.type is not ERROR:
                    return replace_node(meant, start=root.start, end=root.end), 0
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
    return undeclared(checker, root, selects), len(selects)


def _prefixes(container: str) -> Iterator[str]:
    """The namespaces to look in, innermost first, each ending in a dot unless empty."""
    parts = container.split(".") if container else []
    for count in range(len(parts), -1, -1):
        yield "".join(f"{part}." for part in parts[:count])


def lone_names(expr: ast.Expr) -> bool:
    """Whether it is a single name, or a list with one in it."""
    if isinstance(expr, ast.ListLiteral):
        return any(isinstance(item, ast.Name) for item in expr.items)
    return isinstance(expr, ast.Name)


def check_beside(checker: Context, expr: ast.Expr, other: Node) -> Node:
    """A part compared with `other`: where that is a text, unknown names are texts unquoted."""
    outer = checker.beside
    items = expr.items if isinstance(expr, ast.ListLiteral) else (expr,)
    lone = frozenset(id(item) for item in items if isinstance(item, ast.Name))
    checker.beside = (other, lone)
    node = checker.check(expr)
    checker.beside = outer
    return node


def check_record_index(checker: Context, expr: ast.Call) -> Node | None:
    """The mistake of `profile["age"]`; None for an index of anything but a record."""
    operand, index = expr.arguments
    root, selects = _unfold(operand)
    if not isinstance(root, ast.Name) or any(name == root.name for name, _ in checker.locals):
        return None
    record = checker.environment.variables.get(root.name)
    if not isinstance(record, Record):
        return None
    if isinstance(record, AnsweringRecord):
        path = ".".join(select.field for select in selects)
        return checker.reject(no_value(checker, record, root.name, path), expr.start, expr.end)
    fields = [select.field for select in selects]
    if any(".".join(fields[: count + 1]) in record.attributes for count in range(len(fields))):
        return None
    field = index.value if isinstance(index, ast.Literal) else getattr(index, "name", None)
    path = ".".join((*fields, str(field)))
    name = nearest_name(path, record.attributes) if isinstance(field, str) else None
    text = checker.source[root.start : operand.end]
    message = f"`{text}` is a record, which has no index: write `{root.name}.{name or 'name'}`"
    return checker.reject(message, expr.start, expr.end)


def _attribute(
    checker: Context, name: str, record: Record, root: ast.Name, selects: list[ast.Select]
) -> tuple[Node, int]:
    """The attribute with the longest declared path; the rest selects from its value."""
    fields = [select.field for select in selects]
    # What was answered has no name: it has to be asked each time.
    named = () if isinstance(record, AnsweringRecord) else range(len(fields), 0, -1)
    for count in named:
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
    if isinstance(record, AnsweringRecord):
        path = ".".join(select.field for select in selects)
        end = selects[-1].end if selects else root.end
        return checker.reject(no_value(checker, record, name, path), root.start, end)
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
    hint = checker.nearest(path, record.attributes, f"{name}.")
    return checker.reject(f"unknown attribute `{name}.{path}`{hint}", root.start, end)


def _select_all(checker: Context, node: Node, selects: list[ast.Select]) -> Node:
    for select in selects:
        key = Constant(select.field, STRING, select.field_start, select.end)
        selected = checker.operation("_._", (node, key), select.start, select.end)
        if selected is None:
            message = f"`{node.type}` has no attributes: found `.{select.field}`"
            message += field_hint(select.field, node, checker.source)
            selected = checker.reject(message, select.field_start, select.end)
        node = selected
    return node
