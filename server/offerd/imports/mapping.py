"""The mapping file: which columns of which data become profiles and events."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from offerd.admission import nearest, quote
from offerd.definitions.place import Place
from offerd.errors import DataError
from offerd.imports.document import Document, Path

_Name = Annotated[str, Field(min_length=1, strict=True)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Model):
    """Where one value comes from: a column, or the same constant for every row.

    `split` makes a list of a text column: the text between the separators.
    """

    column: _Name | None = None
    constant: bool | int | float | str | list[bool | int | float | str] | None = None
    split: _Name | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise _mistake("expected either `column` or `constant`")
        if self.split is not None and self.column is None:
            raise _mistake("`split` goes with `column`")
        return self


def _named_column(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Value = Annotated[Value, BeforeValidator(_named_column)]


class Choice(_Model):
    """A declared name: the same for every row, or the one in a column."""

    name: _Name | None = None
    column: _Name | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.name is None) == (self.column is None):
            raise _mistake("expected a name or `column`")
        return self


def _chosen_name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_Choice = Annotated[Choice, BeforeValidator(_chosen_name)]


class Profiles(_Model):
    """Each row is a profile: `id` in `namespace`, with attributes.

    Those are in columns, by dotted path, or all of them in one that holds a JSON object.
    """

    namespace: _Choice
    id: _Name
    attributes: dict[str, _Value] = {}
    attributes_from: _Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.attributes and (self.attributes_from or self.namespace.column):
            raise _mistake("`attributes` go with one namespace, and not with `attributes_from`")
        return self


class Events(_Model):
    """Each row is an event of the profile whose id is in column `profile`.

    The event's id is made of the columns of `id`, joined with hyphens: rows that agree in
    them are the same event. Properties are like the attributes of profiles.
    """

    namespace: _Choice
    profile: _Name
    id: Annotated[list[_Name], BeforeValidator(_one_or_more), Field(min_length=1)]
    type: _Choice
    time: _Name
    properties: dict[str, _Value] = {}
    properties_from: _Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        named_by_row = self.namespace.column or self.type.column
        if self.properties and (self.properties_from or named_by_row):
            raise _mistake(
                "`properties` go with one namespace and type, and not with `properties_from`"
            )
        return self


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        near = nearest(name, [z for z in available_timezones() if z[:1] == name[:1].upper()])
        hint = f"; did you mean {quote(near)}" if near else ""
        raise _mistake(f"no time zone {quote(name)}, such as `Europe/Stockholm`{hint}")
    return name


class Import(_Model):
    """One set of rows and what becomes of it.

    `where` always holds; `slice` holds unless everything is asked for. `time_zone` is that
    of times that name none.
    """

    name: _Name
    source: _Name | None = None
    query: _Name | None = None
    format: Literal["csv", "jsonl", "parquet"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1, strict=True)] | None = None
    where: _Name | None = None
    slice: _Name | None = None
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    profiles: Profiles | None = None
    events: Events | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.source is None) == (self.query is None):
            raise _mistake("expected either `source` or `query`")
        if (self.profiles is None) == (self.events is None):
            raise _mistake("expected either `profiles` or `events`")
        if self.source is None and (self.format or self.delimiter):
            raise _mistake("`format` and `delimiter` go with `source`")
        return self


class Mapping(_Model):
    """A mapping file. `tables` name the files that queries read."""

    tables: dict[str, _Name] = {}
    imports: Annotated[list[Import], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [each.name for each in self.imports]
        for name in names:
            if names.count(name) > 1:
                raise _mistake(f"two imports are called {quote(name)}")
        return self


class PlacedMapping:
    """A mapping and the file that it stands in."""

    def __init__(self, document: Document, mapping: Mapping) -> None:
        self._document = document
        self.tables = mapping.tables
        self.imports = mapping.imports
        self.folder = document.file.parent

    def mistake(self, path: Path, message: str, *, of_key: bool = False) -> DataError:
        """Returns the error to raise about the value at a path, or about its key."""
        return DataError(f"{self._document.place(path, of_key=of_key)}: {message}")


def load_mapping(file: FilePath) -> PlacedMapping:
    """Reads a mapping file; raises DataError with every mistake in it, a line each."""
    document = Document(file)
    try:
        return PlacedMapping(document, Mapping.model_validate(document.content))
    except ValidationError as error:
        mistakes = [
            f"{_place(document, detail)}: {_explain(detail)}"
            for detail in error.errors(include_url=False)
        ]
        raise DataError("\n".join(mistakes)) from error


def _mistake(message: str) -> PydanticCustomError:
    # The text goes in as a parameter, because braces in a template would be filled in.
    return PydanticCustomError("mapping", "{message}", {"message": message})


def _place(document: Document, detail: ErrorDetails) -> Place:
    unknown = detail["type"] == "extra_forbidden"
    return document.place(_written(detail["loc"]), of_key=unknown)


def _written(location: tuple[int | str, ...]) -> Path:
    """Returns the path as written: the branches of a union are no part of it."""
    cut = location.index("constant") + 1 if "constant" in location else len(location)
    return location[:cut]


_EXPECTED = {
    "missing": "is missing",
    "string_type": "expected text",
    "string_too_short": "expected some text",
    "string_too_long": "expected one character",
    "list_type": "expected a list",
    "too_short": "expected at least one entry",
    "model_type": "expected a mapping",
    "dict_type": "expected a mapping",
}


def _explain(detail: ErrorDetails) -> str:
    location = detail["loc"]
    last = next((str(part) for part in reversed(location) if isinstance(part, str)), "the file")
    kind = detail["type"]
    if kind == "mapping":
        return detail["msg"]
    if kind == "extra_forbidden":
        return f"{quote(last)} is not known here{_known_names(location)}"
    if kind == "literal_error":
        return f"{quote(str(detail['input']))} is no {last}; expected {detail['ctx']['expected']}"
    return f"{quote(last)}: {_EXPECTED.get(kind, 'expected a number, text, true, false or a list')}"


def _known_names(location: tuple[int | str, ...]) -> str:
    parent = location[-2] if len(location) > 1 else None
    models: dict[object, type[_Model]] = {"profiles": Profiles, "events": Events, None: Mapping}
    default = Import if isinstance(parent, int) else Value
    known = models.get(parent, default).model_fields
    near = nearest(str(location[-1]), known)
    if near is not None:
        return f"; did you mean {quote(near)}"
    return "; expected one of " + ", ".join(map(quote, known))
