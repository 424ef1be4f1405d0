"""The table of functions and macros, from which documentation is made."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.expression import (
    DYN,
    TIMESTAMP,
    Checking,
    Entry,
    Environment,
    Type,
    compile_expression,
    decode,
    encode,
    plan,
    reference,
)
from offerd.expression.check.macro_forms import FORMS
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.syntax import ast
from offerd.expression.syntax.parser import parse
from offerd.expression.values import boxer

ENTRIES = reference()


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])
def test_every_entry_says_what_it_does(entry: Entry) -> None:
    """Each has signatures and a sentence; an error is a sentence too."""
    assert entry.signatures
    assert entry.doc.endswith(".")
    assert entry.errors == "" or entry.errors.endswith(".")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_example_holds(name: str) -> None:
    """What the documentation shows as true is true, in every form, stored or not."""
    example = FUNCTIONS[name].example
    assert example
    _holds(example, {})


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "dyn"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_example_holds_of_data(name: str, typed: bool) -> None:
    """It holds as well when its constants are data, so that nothing is worked out beforehand."""
    source, values = _with_data(FUNCTIONS[name].example)
    _holds(source, values, typed=typed)


def _with_data(example: str) -> tuple[str, dict[str, tuple[Type, Any]]]:
    """The example with a variable in the place of each constant, and their types and values."""
    values: dict[str, tuple[Type, Any]] = {}
    pieces: list[str] = []
    end = 0
    for literal in _literals(parse(example)):
        name = f"v{len(values)}"
        values[name] = (literal.type, literal.value)
        pieces.extend((example[end : literal.start], name))
        end = literal.end
    return "".join((*pieces, example[end:])), values


def _literals(expr: ast.Expr) -> list[ast.Literal]:
    found: list[ast.Literal] = []
    pending = [expr]
    while pending:
        part = pending.pop()
        match part:
            case ast.Literal():
                found.append(part)
            case ast.Call() if part.function != "_?._":
                pending.extend(part.arguments)
                pending.extend([part.target] if part.target is not None else [])
            case ast.Call():
                pending.append(part.arguments[0])
            case ast.Select():
                pending.append(part.operand)
            case ast.ListLiteral():
                pending.extend(part.items)
            case ast.MapLiteral():
                pending.extend(value for _, value in part.entries)
    return sorted(found, key=lambda literal: literal.start)


def _holds(source: str, values: dict[str, tuple[Type, Any]], *, typed: bool = True) -> None:
    types = {name: type_ if typed else DYN for name, (type_, _) in values.items()}
    environment = Environment({"now": TIMESTAMP, **types})
    made = compile_expression(source, environment, checking=Checking.CEL)
    rule = plan(decode(encode(made)), environment)
    roots = []
    for type_, value in values.values():
        box = None if typed else boxer(type_, DYN)
        roots.append(value if box is None else box(value))
    assert rule.evaluate(0, *roots) is True
    assert rule.exact(0, *roots) is True


def test_every_macro_is_in_the_reference() -> None:
    """No form is left out, and each is shown as it is written."""
    shown = {signature for entry in ENTRIES for signature in entry.signatures}
    for form in FORMS.values():
        assert {form.example, form.example.replace("exists_one", "existsOne")} & shown


def test_a_signature_names_what_is_written() -> None:
    """Methods, functions, operators and what reads `now` are shown as they are called."""
    signatures = {signature for entry in ENTRIES for signature in entry.signatures}
    assert {
        "string.startsWith(string) -> bool",
        "math.abs(int) -> int",
        "A in list(A) -> bool",
        "map(A, B).?name -> optional(B)",
        "today(string) -> timestamp",
        "isBirthday(timestamp, string) -> bool",
    } <= signatures
