"""Questions that a record answers, such as `places.nearest("studio").name`, and their mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from offerd.expression.check.context import Context
from offerd.expression.check.declarations import AnsweringRecord, Misasked, Question, Record
from offerd.expression.check.tree import Attribute, Constant, Node
from offerd.expression.check.types import DURATION, ERROR, STRING, Type
from offerd.expression.syntax import ast
from offerd.expression.values import quoted


def is_question(checker: Context, expr: ast.Expr) -> bool:
    """Whether a part is a call of a record that answers questions."""
    return isinstance(expr, ast.Call) and answering(checker, expr.target) is not None


def answering(checker: Context, target: ast.Expr | None) -> AnsweringRecord | None:
    """The record that a name stands for, if it answers questions."""
    if not isinstance(target, ast.Name):
        return None
    if not target.absolute and any(name == target.name for name, _ in checker.locals):
        return None
    declared = checker.environment.variables.get(target.name)
    return declared if isinstance(declared, AnsweringRecord) else None


def check_question(
    checker: Context, expr: ast.Call, selects: Sequence[ast.Select]
) -> tuple[Node, int]:
    """The answer to a question, and how many of the selections after it it takes up."""
    record, target = answering(checker, expr.target), expr.target
    if record is None or not isinstance(target, ast.Name):
        raise ValueError("it is no question")
    question = record.questions.get(expr.function)
    end = expr.name_start + len(expr.function)
    if question is None:
        message = _unknown(checker, record, target.name, expr.function)
        return checker.reject(message, expr.name_start, end), len(selects)
    if question.indexed:
        message = f"`{target.name}.{expr.function}` is no call: write {quoted(question.example)}"
        return checker.reject(message, expr.start, expr.end), len(selects)
    found = _arguments(checker, expr, question)
    field = _field(checker, expr, question, selects)
    if found is None or field is None:
        return Constant(None, ERROR, expr.start, expr.end), len(selects)
    used = 1 if question.fields else 0
    whole = replace(expr, end=selects[0].end) if used else expr
    return _answered(checker, whole, record, found, field), used


def check_indexed(checker: Context, expr: ast.Expr) -> Node | None:
    """The map that is asked for an entry, as `places.distances`; None if it is none."""
    if not isinstance(expr, ast.Select):
        return None
    record = answering(checker, expr.operand)
    question = None if record is None else record.questions.get(expr.field)
    if record is None or question is None or not question.indexed:
        return None
    call = ast.Call(expr.field, expr.operand, (), expr.field_start, expr.start, expr.end)
    return _answered(checker, call, record, [], "")


def _answered(
    checker: Context,
    expr: ast.Call,
    record: AnsweringRecord,
    arguments: Sequence[Constant],
    field: str,
) -> Node:
    answer = record.resolve(expr.function, tuple(one.value for one in arguments), field)
    if isinstance(answer, Misasked):
        blamed = arguments[answer.argument] if answer.argument < len(arguments) else expr
        return checker.reject(answer.message, blamed.start, blamed.end)
    holder = checker.environment.variables.get(answer.root)
    if isinstance(holder, Record):
        holder.learn(answer.path, answer.attribute)
    return Attribute(answer.root, answer.path, answer.attribute.type, expr.start, expr.end)


def no_value(checker: Context, record: AnsweringRecord, name: str, path: str) -> str:
    """The message for a record, or a function of it, that is used as if it were a value."""
    if not path:
        examples = [quoted(question.example) for question in record.questions.values()]
        return f"`{name}` is no value: ask it something, such as {examples[0]} or {examples[1]}"
    function = path.partition(".")[0]
    question = record.questions.get(function)
    if question is None:
        return _unknown(checker, record, name, function)
    if question.indexed:
        return f"`{name}.{path}` is asked for one entry: write {quoted(question.example)}"
    return f"`{name}.{function}` is a function: write {quoted(question.example)}"


def _unknown(checker: Context, record: AnsweringRecord, name: str, function: str) -> str:
    hint = checker.nearest(function, record.questions)
    if not hint:
        known = ", ".join(f"`{one}`" for one in record.questions)
        hint = f": there are {known}"
    return f"unknown function `{name}.{function}`{hint}"


def _arguments(checker: Context, expr: ast.Call, question: Question) -> list[Constant] | None:
    """The arguments, if each is a constant of the type that is wanted and none is missing."""
    name = f"{_written(checker, expr.target)}.{expr.function}"
    wanted, count = question.parameters, len(expr.arguments)
    if count > len(wanted):
        most = "one argument" if len(wanted) == 1 else f"{len(wanted)} arguments"
        message = f"`{name}` takes {most}: write {quoted(question.example)}"
        checker.reject(message, expr.arguments[len(wanted)].start, expr.end)
        return None
    found: list[Constant] = []
    for argument, type_ in zip(expr.arguments, wanted, strict=False):
        constant = _constant(checker, argument, type_, name, question)
        if constant is None:
            return None
        found.append(constant)
    if count < question.required:
        missing = _NOUNS.get(wanted[count], f"a `{wanted[count]}`")
        message = f"`{name}` lacks {missing}: write {quoted(question.example)}"
        checker.reject(message, expr.start, expr.end)
        return None
    return found


_NOUNS: Final = {
    DURATION: 'a duration such as `duration("720h")`',
    STRING: 'a text in quotes, such as `"studio"`',
}


def _constant(
    checker: Context, argument: ast.Expr, type_: Type, name: str, question: Question
) -> Constant | None:
    before = len(checker.issues)
    if isinstance(argument, ast.Name | ast.Select) and type_ is STRING:
        text = _written(checker, argument)
        hint = f': a text is written in quotes: `"{text}"`' if "." not in text else ""
        message = f"`{name}` takes a constant, as it is worked out beforehand{hint}"
        checker.reject(message, argument.start, argument.end)
        return None
    node = checker.check(argument)
    if isinstance(node, Constant) and node.type is type_:
        return node
    if node.type is ERROR or len(checker.issues) > before:
        return None
    noun = _NOUNS.get(type_, f"a `{type_}`")
    if isinstance(node, Constant) or node.type is not type_:
        message = f"`{name}` takes {noun}: found `{node.type}`"
    else:
        message = f"`{name}` takes {noun}, which must be constant: write {quoted(question.example)}"
    checker.reject(message, argument.start, argument.end)
    return None


def _field(
    checker: Context, expr: ast.Call, question: Question, selects: Sequence[ast.Select]
) -> str | None:
    """The field that is asked for, "" where there are none; None if it is a mistake."""
    if not question.fields:
        return ""
    text = _written(checker, expr)
    if not selects:
        known = ", ".join(f"`.{field}`" for field in question.fields)
        message = f"`{text}` is a place, not a value: ask for one of {known}"
        checker.reject(message, expr.start, expr.end)
        return None
    select = selects[0]
    if select.field in question.fields:
        return select.field
    hint = checker.nearest(select.field, question.fields)
    if not hint:
        hint = ": there are " + ", ".join(f"`{field}`" for field in question.fields)
    message = f"unknown field `{select.field}` of `{text}`{hint}"
    checker.reject(message, select.field_start, select.end)
    return None


def _written(checker: Context, expr: ast.Expr | None) -> str:
    return "" if expr is None else checker.source[expr.start : expr.end]
