"""The whole language as data: what the documentation of functions and macros is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from offerd.expression.check.macro_forms import BIND, WRITTEN, MacroForm
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.functions.table import FUNCTIONS, display_name


@dataclass(frozen=True, slots=True)
class Entry:
    """A function, operator or macro.

    `signatures` show the types it takes and gives, or for a macro how it is written. `doc` says
    what it comes to, `errors` when it fails ("" for never), `example` is an expression that holds
    ("" for a macro).
    """

    name: str
    signatures: tuple[str, ...]
    doc: str
    errors: str
    example: str


def reference() -> tuple[Entry, ...]:
    """Everything there is, functions and operators in the order of their table, then macros."""
    functions = [_of_function(function) for function in FUNCTIONS.values()]
    written = {name: forms for name, forms in WRITTEN.items() if name != "exists_one"}
    macros = [_of_macro(name, form) for name, forms in written.items() for form in forms]
    return (*functions, *macros, _of_macro("cel.bind", BIND))


def _of_function(function: Function) -> Entry:
    return Entry(
        display_name(function.name).strip("`"),
        tuple(_signature(function, o) for o in function.overloads if not o.open_only),
        function.doc,
        function.errors,
        function.example,
    )


def _of_macro(name: str, form: MacroForm) -> Entry:
    return Entry(name, (form.example.replace("exists_one", name),), form.doc, "", "")


def _signature(function: Function, overload: Overload) -> str:
    types = [str(type_) for type_ in overload.arguments]
    if function.form is Form.OPERATOR:
        written = _written(function.name, types)
    elif function.form is Form.METHOD or (function.form is Form.EITHER and types):
        written = f"{types[0]}.{function.name}({', '.join(types[1:])})"
    else:
        shown = types[1:] if function.reads_now else types
        written = f"{function.name}({', '.join(shown)})"
    return f"{written} -> {overload.result}"


def _written(name: str, types: list[str]) -> str:
    if name in _SHAPES:
        return _SHAPES[name].format(*types)
    symbol = name.strip("_")
    return f"{symbol}{types[0]}" if len(types) == 1 else f"{types[0]} {symbol} {types[1]}"


_SHAPES: Final = {
    "_[_]": "{0}[{1}]",
    "_._": "{0}.name",
    "has": "has({0}.name)",
    "_?._": "{0}.?name",
    "_[?_]": "{0}[?{1}]",
    "[?_]": "[?optional(A), ...]",
    "{?_}": "{{?A: optional(B), ...}}",
}
