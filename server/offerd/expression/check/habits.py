"""Functions and macros of other languages, and how the same is written in this one."""

from __future__ import annotations

from typing import Final

from offerd.expression.check.context import Context
from offerd.expression.check.declarations import Record
from offerd.expression.check.macro_forms import WRITTEN
from offerd.expression.check.nearest import nearest_name, suggestion
from offerd.expression.check.tree import Node
from offerd.expression.check.types import SCALARS, STRING, Kind
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.issues import snippet
from offerd.expression.syntax import ast
from offerd.expression.syntax.hints import duration_hint, word_hint
from offerd.expression.values import quoted

_MACROS: Final = {
    "any": "exists",
    "some": "exists",
    "anymatch": "exists",
    "exist": "exists",
    "every": "all",
    "forall": "all",
    "allmatch": "all",
    "find": "filter",
    "where": "filter",
    "select": "filter",
    "collect": "map",
    "orderby": "sortBy",
    "orelse": "orValue",
    "ordefault": "orValue",
    "getordefault": "orValue",
}
"""Names that others have for macros, in small letters."""

_SIZES: Final = frozenset(("len", "length", "count", "cardinality", "size", "strlen"))
_MEMBERSHIPS: Final = frozenset(
    ("contains", "includes", "include", "contain", "has", "containskey", "haskey", "containsany")
)
_AUDIENCES: Final = frozenset(
    ("segment", "insegment", "insegments", "inaudience", "audiences", "memberof", "ismember")
)
_CLOCKS: Final = frozenset(("now", "currenttime", "currentdate", "sysdate", "utcnow", "gettime"))
_WRITTEN_AS: Final = {
    "isnull": "!has({0})",
    "isnone": "!has({0})",
    "isunset": "!has({0})",
    "ismissing": "!has({0})",
    "notnull": "has({0})",
    "isnotnull": "has({0})",
    "isset": "has({0})",
    "isdefined": "has({0})",
    "isempty": "size({0}) == 0",
    "isblank": "size({0}) == 0",
    "isnotempty": "size({0}) > 0",
    "notempty": "size({0}) > 0",
    "daysago": 'now - {0} > duration("24h")',
    "dayssince": 'now - {0} > duration("24h")',
    "datediff": 'now - {0} > duration("24h")',
    "tostring": "string({0})",
    "str": "string({0})",
    "toint": "int({0})",
    "parseint": "int({0})",
    "float": "double({0})",
    "todouble": "double({0})",
    "tolowercase": "{0}.lowerAscii()",
    "lower": "{0}.lowerAscii()",
    "lowercase": "{0}.lowerAscii()",
    "touppercase": "{0}.upperAscii()",
    "upper": "{0}.upperAscii()",
    "uppercase": "{0}.upperAscii()",
    "date": 'timestamp("2026-01-31T00:00:00Z")',
    "datetime": 'timestamp("2026-01-31T00:00:00Z")',
    "todate": 'timestamp("2026-01-31T00:00:00Z")',
    "iff": "condition ? value : other",
    "iif": "condition ? value : other",
    "when": "condition ? value : other",
    "random": 'bucket(profile.id, "any text") < 2500',
    "rand": 'bucket(profile.id, "any text") < 2500',
    "percent": 'bucket(profile.id, "any text") < 2500',
    "percentage": 'bucket(profile.id, "any text") < 2500',
    "sample": 'bucket(profile.id, "any text") < 2500',
    "not": "!({0})",
    "equals": "{0} == {1}",
    "equal": "{0} == {1}",
    "isin": "{0} in {1}",
    "oneof": "{0} in {1}",
    "ifnull": "{0}.orValue({1})",
    "coalesce": "{0}.orValue({1})",
    "nvl": "{0}.orValue({1})",
    "like": "{0}.matches({1})",
    "regex": "{0}.matches({1})",
    "match": "{0}.matches({1})",
    "max": "math.greatest({0}, {1})",
    "min": "math.least({0}, {1})",
    "pow": "{0} * {0}",
}
"""How what other functions do is written; `{0}` and `{1}` are what stands before the dot, then the
arguments."""


def unknown_function(checker: Context, expr: ast.Call) -> Node:
    """The one mistake of a call of a function that there is not."""
    name, folded = expr.function, expr.function.lower()
    end = expr.name_start + len(name)
    if expr.target is None and name in WRITTEN:
        message = _macro_alone(checker, expr)
        return checker.reject(message, expr.name_start, end)
    macro = _MACROS.get(folded)
    if macro is not None and expr.target is not None:
        form = WRITTEN[macro][0]
        message = f"unknown function `{name}`: did you mean `{macro}`, as in `{form.example}`?"
        return checker.reject(message, expr.name_start, end)
    written = _instead(checker, expr)
    if written is not None:
        return checker.reject(f"unknown function `{name}`: {written}", expr.name_start, end)
    if not _binds(expr):
        for part in _written(checker, expr):
            checker.check(part)
    message = f"unknown function `{name}`{_nearest(checker, expr)}"
    return checker.reject(message, expr.name_start, end)


def _macro_alone(checker: Context, expr: ast.Call) -> str:
    """`exists(profile.age)` asks whether there is a value; others lack what they apply to."""
    name = expr.function
    arguments = expr.arguments
    if name == "exists" and len(arguments) == 1 and isinstance(arguments[0], ast.Select):
        node = checker.check(arguments[0])
        if node.type in SCALARS:
            return f"`exists` looks into a list: use `has({_text(checker, arguments[0])})`"
    form = WRITTEN[name][0]
    return f"write `{name}` after {form.over.value}, such as `{form.example}`"


def _binds(expr: ast.Call) -> bool:
    """Whether the call looks like a macro, whose first argument is a new name."""
    arguments = expr.arguments
    macro_like = nearest_name(expr.function, WRITTEN) is not None
    return macro_like and len(arguments) > 1 and isinstance(arguments[0], ast.Name)


def _written(checker: Context, expr: ast.Call) -> tuple[ast.Expr, ...]:
    """What stands before the dot, unless it is a namespace, then the arguments."""
    target = expr.target
    if target is None or _is_namespace(checker, target):
        return expr.arguments
    return (target, *expr.arguments)


def _is_namespace(checker: Context, target: ast.Expr) -> bool:
    """Whether it is a name that nothing has, such as `Math`, or `math` in `math.max`."""
    if not isinstance(target, ast.Name) or target.name in checker.environment.variables:
        return False
    return not any(name == target.name for name, _ in checker.locals)


def _instead(checker: Context, expr: ast.Call) -> str | None:
    """How it is written here; None if nobody knows."""
    folded = expr.function.lower()
    parts = _written(checker, expr)
    texts = [_text(checker, part) for part in parts]
    if folded in _SIZES and len(texts) == 1:
        return f"use {quoted(f'size({texts[0]})')}"
    if folded in _CLOCKS and not parts and _has_value(checker, "now"):
        return "write `now`, without parentheses"
    if not parts and _has_value(checker, expr.function):
        return f"write `{expr.function}`, without parentheses"
    if folded in _AUDIENCES and "audience" in checker.environment.lookups:
        return f"use `audience({texts[-1] if texts else '...'})`"
    if folded in _MEMBERSHIPS and len(parts) == 2:
        return membership(checker.check(parts[0]), *texts)
    if len(texts) == 1 and (hint := duration_hint(texts[0], expr.function)):
        return hint
    if folded in ("and", "or"):
        return word_hint(folded)
    pattern = _WRITTEN_AS.get(folded)
    wanted = 0 if pattern is None else 1 + ("{1}" in pattern)
    if pattern is None or (len(texts) < wanted and "{0}" in pattern):
        return None
    return f"use {quoted(pattern.format(*texts, '...'))}"


def membership(container: Node, text: str, part: str) -> str:
    """How to ask whether a list, a map or a text has something in it."""
    if container.type is STRING:
        return f"use {quoted(f'{text}.contains({part})')}"
    return f"use {quoted(f'{part} in {text}')}"


def has_size(name: str) -> bool:
    """Whether other languages call the size so."""
    return name.lower() in _SIZES


def is_membership(name: str) -> bool:
    """Whether other languages ask so for an element of a list."""
    return name.lower() in _MEMBERSHIPS


def _has_value(checker: Context, name: str) -> bool:
    declared = checker.environment.variables.get(name)
    return declared is not None and not isinstance(declared, Record)


def _nearest(checker: Context, expr: ast.Call) -> str:
    name = expr.function
    tails = [known for known in FUNCTIONS if known.rpartition(".")[2].lower() == name.lower()]
    qualified = [known for known in tails if "." in known]
    if qualified and (expr.target is None or _is_namespace(checker, expr.target)):
        return f": did you mean `{qualified[0]}`?"
    known = [function for function in FUNCTIONS if function[0].isalpha()]
    return suggestion(name, {*known, *checker.environment.lookups, *WRITTEN, "dyn"})


def _text(checker: Context, expr: ast.Expr) -> str:
    return snippet(checker.source, expr.start, expr.end)


def default_of(type_: Kind) -> str:
    """What stands for no value of a type, as it is written; "..." if nothing does."""
    return _DEFAULTS.get(type_, "...")


_DEFAULTS: Final = {
    Kind.BOOL: "false",
    Kind.INT: "0",
    Kind.UINT: "0u",
    Kind.DOUBLE: "0.0",
    Kind.STRING: '""',
    Kind.LIST: "[]",
    Kind.MAP: "{}",
    Kind.DURATION: 'duration("0s")',
}
