"""A mapping bound to the columns of its data and to the declared schema.

Everything that is wrong whatever the rows hold is found here: names that nobody declared,
columns that don't exist, types that can't be read as each other.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnlyMapping
from collections.abc import Sequence
from typing import NamedTuple

from offerd.admission import nearest, quote
from offerd.errors import InvalidArgument
from offerd.imports.columns import Column, Kind, expected_kinds, readable
from offerd.imports.document import Path
from offerd.imports.fields import Field
from offerd.imports.mapping import Choice, Events, Import, PlacedMapping, Profiles, Value
from offerd.imports.open_rows import OpenEventRows, OpenProfileRows, person_data
from offerd.imports.rows import EventRows, Keys, ProfileRows, Records, share_of
from offerd.imports.sources import identifier, literal
from offerd.imports.texts import clock_reader, reader_of
from offerd.model.schema import Attribute, Namespace, Schema, ValueType, event_types

_ABOUT_AN_OFFER = ("display", "click")


class Bound(NamedTuple):
    """What to fetch, as SQL expressions, in which order, and what becomes of it."""

    fetched: list[str]
    order: list[str]
    profiles: ProfileRows | OpenProfileRows | None = None
    events: EventRows | OpenEventRows | None = None


class Binder:
    """Binds the import at a number of a mapping to the columns of one source."""

    def __init__(
        self, mapping: PlacedMapping, number: int, schema: Schema, columns: Sequence[Column]
    ) -> None:
        self._mapping = mapping
        self._import: Import = mapping.imports[number]
        self._path: Path = ("imports", number)
        self._schema = schema
        self._columns = {column.name: column for column in columns}

    def bind(self) -> Bound:
        """Returns the bound import; raises DataError at the first mistake."""
        if self._import.events is not None:
            return self._bind_events(self._import.events)
        if self._import.profiles is None:  # the mapping's check leaves no third way
            raise self._mapping.mistake(self._path, "expected either `profiles` or `events`")
        return self._bind_profiles(self._import.profiles)

    def _bind_profiles(self, section: Profiles) -> Bound:
        path = (*self._path, "profiles")
        declared = {attribute.path: attribute for attribute in self._schema.profile}
        identity = self._identity(section.id, (*path, "id"))
        if section.namespace.column or section.attributes_from:
            namespaces, namespace = self._namespaces(section.namespace, path)
            keys = {name: Keys(each, "profiles.id") for name, each in namespaces.items()}
            whole = self._whole(section.attributes_from, (*path, "attributes_from"))
            open_rows = OpenProfileRows(keys, namespaces, declared)
            return Bound([identity, namespace, whole], [identity], profiles=open_rows)
        one = self._namespace(section.namespace.name or "", path)
        self._refuse_person_data(section.attributes, declared, one, path)
        fetched, records = self._records(
            section.attributes, declared, (*path, "attributes"), "attribute"
        )
        rows = ProfileRows(Keys(one, "profiles.id"), records)
        return Bound([identity, *fetched], [identity], profiles=rows)

    def _bind_events(self, section: Events) -> Bound:
        path = (*self._path, "events")
        profile = self._identity(section.profile, (*path, "profile"))
        many = len(section.id) > 1
        parts = [
            self._identity(name, (*path, "id", n) if many else (*path, "id"))
            for n, name in enumerate(section.id)
        ]
        event_id = " || '-' || ".join(parts)
        instant = Attribute("time", ValueType.TIMESTAMP)
        time, field = self._field(Value(column=section.time), instant, (*path, "time"), share_of(1))
        if section.namespace.column or section.type.column or section.properties_from:
            namespaces, namespace = self._namespaces(section.namespace, path)
            keys = {name: Keys(each, "events.profile") for name, each in namespaces.items()}
            types, event_type = self._types(section.type, (*path, "type"))
            whole = self._whole(section.properties_from, (*path, "properties_from"))
            fetched = [profile, event_id, time, namespace, event_type, whole]
            open_rows = OpenEventRows(keys, types, field)
            return Bound(fetched, [profile, time], events=open_rows)
        one = self._namespace(section.namespace.name or "", path)
        name = section.type.name or ""
        declared = self._properties(name, (*path, "type"))
        fetched, records = self._records(
            section.properties, declared, (*path, "properties"), "property"
        )
        rows = EventRows(Keys(one, "events.profile"), name, field, records)
        return Bound([profile, event_id, time, *fetched], [profile, time], events=rows)

    def _namespaces(self, choice: Choice, path: Path) -> tuple[dict[str, Namespace], str]:
        """Returns the namespaces that rows may name, and the SQL of the name."""
        if choice.name is not None:
            return {choice.name: self._namespace(choice.name, path)}, literal(choice.name)
        column = self._named_in(choice, (*path, "namespace"))
        return {namespace.id: namespace for namespace in self._schema.namespaces}, column

    def _types(self, choice: Choice, path: Path) -> tuple[dict[str, dict[str, Attribute]], str]:
        """Returns the event types that rows may name, and the SQL of the name."""
        if choice.name is not None:
            return {choice.name: self._properties(choice.name, path)}, literal(choice.name)
        types = {
            name: {attribute.path: attribute for attribute in declared.properties}
            for name, declared in event_types(self._schema).items()
            if name not in _ABOUT_AN_OFFER
        }
        return types, self._named_in(choice, path)

    def _named_in(self, choice: Choice, path: Path) -> str:
        return self._identity(choice.column or "", (*path, "column"))

    def _whole(self, name: str | None, path: Path) -> str:
        """Returns the SQL of a JSON object's text, NULL if the rows have none."""
        if name is None:
            return "NULL"
        column = self._column(name, path)
        if column.kind not in (Kind.OBJECT, Kind.TEXT):
            raise self._mapping.mistake(
                path, f"column {quote(name)} is {column.sql_type}; expected JSON objects"
            )
        return column.fetched()

    def _refuse_person_data(
        self,
        values: ReadOnlyMapping[str, Value],
        declared: ReadOnlyMapping[str, Attribute],
        namespace: Namespace,
        path: Path,
    ) -> None:
        if namespace.type.names_person:
            return
        for name in values:
            if name in declared and declared[name].person:
                raise self._mapping.mistake(
                    (*path, "attributes", name), person_data(name, namespace), of_key=True
                )

    def _namespace(self, name: str, path: Path) -> Namespace:
        known = {namespace.id: namespace for namespace in self._schema.namespaces}
        if name not in known:
            raise self._unknown((*path, "namespace"), f"no namespace {quote(name)}", name, known)
        return known[name]

    def _properties(self, event_type: str, path: Path) -> dict[str, Attribute]:
        known = event_types(self._schema)
        if event_type not in known:
            raise self._unknown(path, f"no event type {quote(event_type)}", event_type, known)
        if event_type in _ABOUT_AN_OFFER:
            raise self._mapping.mistake(
                path,
                f"a {quote(event_type)} is about an offer that this service proposed, "
                "so none can be imported",
            )
        return {attribute.path: attribute for attribute in known[event_type].properties}

    def _records(
        self,
        values: ReadOnlyMapping[str, Value],
        declared: ReadOnlyMapping[str, Attribute],
        path: Path,
        noun: str,
    ) -> tuple[list[str], Records]:
        fetched, fields, constants = [], [], {}
        for name, value in values.items():
            attribute = declared.get(name)
            here = (*path, name)
            if attribute is None:
                raise self._unknown(here, f"no {noun} {quote(name)}", name, declared, of_key=True)
            if value.column is None:
                constants[name] = value.constant
                continue
            expression, field = self._field(value, attribute, here, share_of(len(values)))
            fetched.append(expression)
            fields.append(field)
        try:
            return fetched, Records(fields, constants, declared, str(path[-1]))
        except InvalidArgument as error:
            wrong = error.field.removeprefix(f"{path[-1]}.").partition("[")[0]
            raise self._mapping.mistake((*path, wrong), error.message) from error

    def _field(
        self, value: Value, attribute: Attribute, path: Path, share_bytes: int
    ) -> tuple[str, Field]:
        column = self._column(value.column or "", path)
        kind, zone = column.kind, self._import.time_zone
        if kind is None or not readable(kind, attribute.type, split=value.split is not None):
            raise self._mapping.mistake(
                path,
                f"column {quote(column.name)} is {column.sql_type}; {quote(attribute.path)} is "
                f"{attribute.type.value}, which is read from {expected_kinds(attribute.type)}",
            )
        as_text = attribute.type is ValueType.STRING
        expression = column.fetched(as_text=as_text)
        reader = None
        if kind is Kind.TEXT:
            reader = reader_of(attribute.type, zone, value.split)
        elif column.is_local_time and zone != "UTC":
            reader = clock_reader(zone)
        held = Kind.TEXT if as_text else kind
        return expression, Field(attribute, held, reader, share_bytes)

    def _identity(self, name: str, path: Path) -> str:
        column = self._column(name, path)
        if column.kind not in (Kind.TEXT, Kind.INTEGER):
            raise self._mapping.mistake(
                path, f"column {quote(name)} is {column.sql_type}; an id is text or an integer"
            )
        return f"CAST({identifier(name)} AS VARCHAR)"

    def _column(self, name: str, path: Path) -> Column:
        if name not in self._columns:
            raise self._unknown(path, f"no column {quote(name)}", name, self._columns)
        return self._columns[name]

    def _unknown(
        self,
        path: Path,
        what: str,
        name: str,
        known: ReadOnlyMapping[str, object] | list[str],
        *,
        of_key: bool = False,
    ) -> Exception:
        near = nearest(name, known)
        if near is not None:
            hint = f"; did you mean {quote(near)}"
        else:
            hint = "; there are " + ", ".join(map(quote, list(known)[:8])) if known else ""
            hint += " and more" if len(known) > 8 else ""
        return self._mapping.mistake(path, what + hint, of_key=of_key)
