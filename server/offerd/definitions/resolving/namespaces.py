"""Identity namespaces: how ids are compared, and how many of them a customer may have."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.definitions.documents import NamespaceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.wording import listed
from offerd.model.schema import Namespace, NamespaceType, Normalization

_ALWAYS = {
    NamespaceType.EMAIL: Normalization.LOWERCASE,
    NamespaceType.PHONE: Normalization.PHONE,
}
"""Ids of these types are always compared so: whoever writes one otherwise is the same person."""


def resolve_namespaces(
    entries: Sequence[Entry[NamespaceDocument]], findings: Findings
) -> tuple[Namespace, ...]:
    """The namespaces in the order declared; what can't be is reported."""
    namespaces = tuple(_namespace(entry, findings) for entry in entries)
    _require_persons_apart(namespaces, entries, findings)
    return namespaces


def _namespace(entry: Entry[NamespaceDocument], findings: Findings) -> Namespace:
    document = entry.document
    always = _ALWAYS.get(document.type)
    given = document.normalize
    if always is not None and given not in (None, always):
        message = f"ids of type `{document.type}` are always normalised: expected `{always}`"
        findings.mistake(entry.place("normalize"), f"{message}, or to leave `normalize` out")
    unique = document.unique
    if unique is None:
        unique = document.type.names_person
    if unique and document.limit is not None:
        message = "`limit` is for a namespace that isn't unique"
        findings.mistake(entry.key_place("limit"), f"{message}: of this one a customer has one id")
    return Namespace(
        document.id, document.type, always or given or Normalization.NONE, unique, document.limit
    )


def _require_persons_apart(
    namespaces: Sequence[Namespace],
    entries: Sequence[Entry[NamespaceDocument]],
    findings: Findings,
) -> None:
    """Two people who use one device stay two only if something of theirs can't be twice."""
    persons = [number for number, one in enumerate(namespaces) if one.type.names_person]
    shared = [one.id for one in namespaces if not one.type.names_person]
    if shared and persons and not any(namespaces[number].unique for number in persons):
        entry = entries[persons[0]]
        message = (
            "no namespace that names persons is unique: two people who use one device "
            f"({listed(shared)}) would become one"
        )
        findings.mistake(entry.place("unique"), message)
