"""What the shape check says, in words for people who write definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from offerd.definitions.documents.contacting import CLOCK_PATTERN, DATE_PATTERN
from offerd.definitions.documents.fields import (
    AGGREGATE_PATTERN,
    ATTRIBUTE_PATTERN,
    ID_PATTERN,
    LABEL_PATTERN,
    MAXIMUM_ID_LENGTH,
    Document,
)
from offerd.definitions.documents.file import DefinitionFile
from offerd.definitions.documents.forms import SHARE_PATTERN
from offerd.definitions.documents.places import HOURS_PATTERN
from offerd.definitions.place import Origin, Path, Place
from offerd.definitions.wording import described, hint, listed, nearest, quoted, with_backticks

_SHARE = "a share such as `12.5%`, from `0%` to `100%` in steps of 0.01%"
_PATTERNS = {
    CLOCK_PATTERN: "a time of day: expected such as `08:30`, from `00:00` to `23:59`",
    HOURS_PATTERN: "a stretch of a day: expected such as `09:00-21:00`, until `24:00` or, over "
    "midnight, such as `20:00-02:00`",
    DATE_PATTERN: "a day: expected such as `2026-12-24`",
    SHARE_PATTERN: _SHARE,
    ID_PATTERN: "an id: use lower-case letters, digits, `.`, `_` and `-`, a letter or digit first",
    ATTRIBUTE_PATTERN: "an attribute name: use lower-case letters, digits and `_`, a letter first, "
    "parts joined by `.`",
    AGGREGATE_PATTERN: "the id of an aggregate: use lower-case letters, digits and `_`, a letter "
    "first",
    LABEL_PATTERN: "a label: expected `C1` to `C12`, `I1`, `I2`, `S1`, `S2`, `RHD`, `PSPD` or one "
    "of your own, shaped like an id",
}
_SCALAR = (bool, int, float)
_FORMS = {
    "limit": "an integer or a rule",
    "formula": "a number or a rule",
    "score": "a number or a rule",
    "strategies": "the id of a strategy or a mapping with `group` or `offers`",
    "placements": "`each` or a list of ids",
    "rollout": _SHARE,
    "holdout": _SHARE,
}
"""What is expected of fields that have forms of their own."""
_NO_NOUNS = (
    *("about", "per", "ties", "week_starts", "within", "normalize"),
    *("collect", "personalize", "share", "precise_location"),
)
_SIMPLE = ("an integer", "a number", "text")


def refusal(model: type[Document], error: ErrorDetails, origin: Origin) -> tuple[Place, str]:
    """Where and how to say one error of the shape check of a document."""
    path: Path = error["loc"]
    message = _MESSAGES.get(error["type"], _other)(model, path, error)
    if error["type"] == "missing":
        return origin.place(path[:-1]), message
    # Of a key that is wrong, pydantic has the key itself as what was found.
    is_key = error["type"] == "extra_forbidden" or (path and error["input"] == path[-1])
    return origin.place(path, of_key=bool(is_key)), message


def _name(path: Path) -> str:
    if not path:
        return "a definition"
    if isinstance(path[-1], int):
        return f"an item of `{path[-2]}`" if len(path) > 1 else "an item"
    if len(path) > 1 and path[-2] == "key_value":
        return f"`key_value.{path[-1]}`"
    return f"`{path[-1]}`"


def _wrong(expected: str) -> Callable[[type[Document], Path, ErrorDetails], str]:
    def message(model: type[Document], path: Path, error: ErrorDetails) -> str:
        found = error["input"]
        if found is None:
            form = _form(path, expected)
            return f"{_name(path)} has no value: expected {form or expected}"
        if not path:
            return f"{model.noun} must be {expected}: found {described(found)}"
        form = _form(path, expected)
        quotes = form is None and expected == "text" and isinstance(found, _SCALAR)
        advice = ": put it in quotes" if quotes else ""
        return f"{_name(path)} must be {form or expected}: found {described(found)}{advice}"

    return message


def _form(path: Path, expected: str) -> str | None:
    """What is expected of a field that has forms of its own; None of all others."""
    if not path or expected not in _SIMPLE:
        return None
    if isinstance(path[-1], int):
        return _FORMS["strategies"] if path[-2:-1] == ("strategies",) else None
    return _FORMS.get(path[-1])


def _missing(model: type[Document], path: Path, _: ErrorDetails) -> str:
    noun = document_at(model, path[:-1]).noun
    return f"{noun} needs `{path[-1]}`"


def _unknown_field(model: type[Document], path: Path, _: ErrorDetails) -> str:
    document = document_at(model, path[:-1])
    name = str(path[-1])
    valid = [field.alias or key for key, field in document.model_fields.items()]
    near = nearest(name, valid)
    advice = f"did you mean `{near}`?" if near else f"expected {listed(valid, most=20)}"
    return f"{document.noun} has no field {quoted(name)}: {advice}"


def _choice(_: type[Document], path: Path, error: ErrorDetails) -> str:
    valid = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
    found = error["input"]
    if path[-1] == "placements":
        return f"{_name(path)} must be {_FORMS['placements']}: found {described(found)}"
    if not isinstance(found, str):
        return f"{_name(path)} must be one of {listed(valid, most=9)}: found {described(found)}"
    near = nearest(found, valid)
    advice = f"did you mean `{near}`?" if near else f"expected one of {listed(valid, most=9)}"
    if len(valid) == 1:
        advice = f"expected `{valid[0]}`"
    if path[-1] in _NO_NOUNS or path[:-1] == ("marketing",):
        return f"`{path[-1]}` can't be {quoted(found)}: {advice}"
    noun = str(path[-2]).removesuffix("s") if isinstance(path[-1], int) else str(path[-1])
    return f"{quoted(found)} is not a {noun.replace('_', ' ')}: {advice}"


def _pattern(_: type[Document], path: Path, error: ErrorDetails) -> str:
    what = _PATTERNS[str(error["ctx"]["pattern"])]
    return f"{quoted(str(error['input']))} is not {what}"


def _bound(words: str, key: str) -> Callable[[type[Document], Path, ErrorDetails], str]:
    def message(_: type[Document], path: Path, error: ErrorDetails) -> str:
        bound = error["ctx"][key]
        if isinstance(bound, float) and bound.is_integer():
            bound = int(bound)
        return f"{_name(path)} must be {words} {bound}: found `{error['input']}`"

    return message


def _too_many(_: type[Document], path: Path, error: ErrorDetails) -> str:
    found, most = error["ctx"]["actual_length"], error["ctx"]["max_length"]
    return f"{_name(path)} has too many items: found {found}, at most {most}"


def _too_long(_: type[Document], path: Path, error: ErrorDetails) -> str:
    found = len(str(error["input"]))
    return f"{_name(path)} is too long: found {found} characters, at most {MAXIMUM_ID_LENGTH}"


def _empty(_: type[Document], path: Path, error: ErrorDetails) -> str:
    return f"{_name(path)} must not be empty"


def _other(_: type[Document], path: Path, error: ErrorDetails) -> str:
    return f"{_name(path)}: {with_backticks(error['msg'])}"


_MESSAGES: Mapping[str, Callable[[type[Document], Path, ErrorDetails], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_field,
    "string_type": _wrong("text"),
    "int_type": _wrong("an integer"),
    "float_type": _wrong("a number"),
    "finite_number": _wrong("a finite number"),
    "bool_type": _wrong("`true` or `false`"),
    "list_type": _wrong("a list"),
    "dict_type": _wrong("a mapping"),
    "model_type": _wrong("a mapping"),
    "model_attributes_type": _wrong("a mapping"),
    "enum": _choice,
    "literal_error": _choice,
    "string_pattern_mismatch": _pattern,
    "string_too_long": _too_long,
    "string_too_short": _empty,
    "too_short": _empty,
    "too_long": _too_many,
    "greater_than": _bound("more than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
}


def document_at(model: type[Document], path: Path) -> type[Document]:
    """The document that is at a path of a document."""
    for part in path:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = _document_in(fields[part].annotation) if part in fields else None
        model = inner or model
    return model


def _document_in(annotation: Any) -> type[Document] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation if issubclass(annotation, Document) else None
    if get_origin(annotation) in (list, Union, UnionType, Annotated):
        found = (_document_in(argument) for argument in get_args(annotation))
        return next((document for document in found if document is not None), None)
    return None


def section_hint(name: str) -> str:
    """What to say of an unknown section."""
    sections = DefinitionFile.model_fields
    return hint(name, sections) or f": expected {listed(sections, most=len(sections))}"
