"""The declarations of all files to one schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from offerd.definitions.documents import AttributeDocument, EventDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry, Gathered
from offerd.definitions.place import Path
from offerd.definitions.resolving.names import Kind, report_twice
from offerd.definitions.resolving.namespaces import resolve_namespaces
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.resolving.scores import resolve_scores
from offerd.model.capping import DECISION_EVENT
from offerd.model.contact import CONTACT_EVENT
from offerd.model.schema import (
    BUILT_IN_CONTEXT,
    BUILT_IN_EVENT_TYPES,
    BUILT_IN_OFFER,
    Attribute,
    EventType,
    Schema,
    ValueType,
)

_NAMESPACE = Kind("namespace", "namespaces")
EVENT = Kind("event type", "event types")
_PROFILE = Kind("profile attribute", "profile attributes")
_CONTEXT = Kind("context attribute", "context attributes")
OFFER_ATTRIBUTE = Kind("offer attribute", "offer attributes")
PROPERTY = Kind("property", "properties")

_KEYWORDS = frozenset(("true", "false", "null", "in"))
_WITH_VALUES = (ValueType.STRING, ValueType.LIST_STRING)
SCORE = Kind("score", "scores")
_BUILT_IN = {
    _CONTEXT: {attribute.path: attribute for attribute in BUILT_IN_CONTEXT},
    OFFER_ATTRIBUTE: {attribute.path: attribute for attribute in BUILT_IN_OFFER},
}
_BUILT_IN_PROPERTIES = {
    event.id: {one.path: one for one in event.properties} for event in BUILT_IN_EVENT_TYPES
}


def declare(gathered: Gathered, findings: Findings) -> Schema:
    """The schema, still without aggregates; what is declared twice or wrongly is reported."""
    events = distinct(EVENT, gathered.events, findings)
    return Schema(
        namespaces=resolve_namespaces(
            distinct(_NAMESPACE, gathered.namespaces, findings), findings
        ),
        profile=_declared(_PROFILE, gathered.profile, findings),
        context=_declared(_CONTEXT, gathered.context, findings),
        offer=_declared(OFFER_ATTRIBUTE, gathered.offer_attributes, findings),
        events=tuple(
            _event_type(entry, findings)
            for entry in events
            if not _report_made_event(entry, findings)
        ),
        scores=resolve_scores(distinct(SCORE, gathered.scores, findings), findings),
        marketing_actions=tuple(sorted({e.document.id for e in gathered.marketing_actions})),
    )


def distinct(kind: Kind, entries: Iterable[Entry[Any]], findings: Findings) -> list[Entry[Any]]:
    """The entries in the order declared; a second one of the same id is reported and left out."""
    first: dict[str, Entry[Any]] = {}
    for entry in entries:
        name: str = entry.document.id
        if first.setdefault(name, entry) is not entry:
            report_twice(kind, name, entry.place("id"), first[name].place("id"), findings)
    return list(first.values())


def _report_made_event(entry: Entry[EventDocument], findings: Findings) -> bool:
    name = entry.document.id
    made = name in (DECISION_EVENT, CONTACT_EVENT)
    if made:
        message = f"the event type `{name}` is built in: nobody sends it, leave it out"
        findings.mistake(entry.place("id"), message)
    return made


def _report_built_in(
    kind: Kind, entry: Entry[AttributeDocument], taken: dict[str, Attribute], findings: Findings
) -> bool:
    name = entry.document.name
    built_in = taken.get(name)
    if built_in is not None:
        message = f"the {kind.singular} `{name}` is built in, as `{built_in.type}`: leave it out"
        findings.mistake(entry.place("name"), message)
    return built_in is not None


def _declared(
    kind: Kind, entries: Iterable[Entry[AttributeDocument]], findings: Findings
) -> tuple[Attribute, ...]:
    built_in = _BUILT_IN.get(kind, {})
    found = [
        (entry.document, entry, ())
        for entry in entries
        if not _report_built_in(kind, entry, built_in, findings)
    ]
    return _attributes(kind, found, findings, built_in)


def _event_type(entry: Entry[EventDocument], findings: Findings) -> EventType:
    built_in = _BUILT_IN_PROPERTIES.get(entry.document.id, {})
    properties: list[tuple[AttributeDocument, Entry[Any], Path]] = []
    for index, document in enumerate(entry.document.properties):
        path = ("properties", index)
        if document.name in built_in:
            kind = built_in[document.name].type
            message = f"the property `{document.name}` is built in, as `{kind}`: leave it out"
            findings.mistake(entry.place(*path, "name"), message)
        else:
            properties.append((document, entry, path))
    return EventType(entry.document.id, _attributes(PROPERTY, properties, findings, built_in))


def _attributes(
    kind: Kind,
    found: Sequence[tuple[AttributeDocument, Entry[Any], Path]],
    findings: Findings,
    taken: dict[str, Attribute],
) -> tuple[Attribute, ...]:
    places: dict[str, tuple[Entry[Any], Path]] = {}
    attributes = []
    for document, entry, path in found:
        place = entry.place(*path, "name")
        if document.name in places:
            first_entry, first_path = places[document.name]
            first = first_entry.place(*first_path, "name")
            report_twice(kind, document.name, place, first, findings)
            continue
        places[document.name] = (entry, path)
        _check_attribute(document, entry, path, findings)
        attributes.append(
            Attribute(
                document.name,
                ValueType(document.type),
                tuple(document.values or ()),
                tuple(document.labels),
                document.person,
            )
        )
    _report_prefixes({*places, *taken}, places, kind, findings)
    return tuple(attributes)


def _check_attribute(
    document: AttributeDocument, entry: Entry[Any], path: Path, findings: Findings
) -> None:
    keywords = _KEYWORDS.intersection(document.name.split("."))
    if keywords:
        message = f"`{min(keywords)}` can't be part of a name: it is a word of the rule language"
        findings.mistake(entry.place(*path, "name"), message)
    if document.values is not None and ValueType(document.type) not in _WITH_VALUES:
        message = f"`values` is for `string` and `list(string)`: the type is `{document.type}`"
        findings.mistake(entry.key_place(*path, "values"), message)
    for field in ("values", "labels"):
        report_repeated(getattr(document, field) or (), entry, (*path, field), findings)


def _report_prefixes(
    names: set[str], places: dict[str, tuple[Entry[Any], Path]], kind: Kind, findings: Findings
) -> None:
    reported: set[str] = set()
    for name in sorted(names):
        parts = name.split(".")
        for count in range(1, len(parts)):
            group = ".".join(parts[:count])
            declared_here = name if name in places else group
            if group in names and declared_here in places and declared_here not in reported:
                reported.add(declared_here)
                entry, path = places[declared_here]
                article = "an" if kind.singular[0] in "aeiou" else "a"
                what = f"{article} {kind.singular}"
                message = f"`{group}` can't be {what} and the beginning of `{name}`"
                findings.mistake(entry.place(*path, "name"), message)
