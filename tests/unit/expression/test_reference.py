"""The table of functions and macros, from which documentation is made."""

from __future__ import annotations

import pytest

from offerd.expression import (
    TIMESTAMP,
    Checking,
    Entry,
    Environment,
    compile_expression,
    decode,
    encode,
    plan,
    reference,
)
from offerd.expression.check.macro_forms import FORMS
from offerd.expression.functions.table import FUNCTIONS

ENTRIES = reference()
ENVIRONMENT = Environment({"now": TIMESTAMP})


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
    made = compile_expression(example, ENVIRONMENT, checking=Checking.CEL)
    rule = plan(decode(encode(made)), ENVIRONMENT)
    assert rule.evaluate(0) is True
    assert rule.exact(0) is True


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
