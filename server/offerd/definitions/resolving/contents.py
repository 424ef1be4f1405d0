"""Representations: placements and languages checked, content shared where it is the same."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from offerd.content.compile import compile_content
from offerd.definitions.documents import PlacementDocument, RepresentationDocument
from offerd.definitions.documents.offers import CONTENT_FIELDS
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.languages import not_a_language, usual_spelling
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.definitions.wording import listed
from offerd.model.catalogue import Representation
from offerd.model.content import Content, ContentType

_TYPES = {field: kind for kind, field in CONTENT_FIELDS.items()}


class Contents:
    """All content, numbered from 0 in the order in which it is first used."""

    def __init__(
        self,
        placements: Table[PlacementDocument],
        compiler: Compiler,
        rules: RuleTable,
        findings: Findings,
    ) -> None:
        self._placements = placements
        self._compiler = compiler
        self._rules = rules
        self._findings = findings
        self._numbers: dict[tuple[ContentType, str, str], int] = {}
        self._contents: list[Content] = []

    @property
    def contents(self) -> tuple[Content, ...]:
        """The table so far."""
        return tuple(self._contents)

    def resolve(
        self,
        documents: Sequence[RepresentationDocument],
        entry: Entry[Any],
        given: Collection[str],
    ) -> tuple[Representation, ...]:
        """An offer's representations that are right; what is wrong with others is reported.

        `given` are the full names of what its placeholders can count on.
        """
        seen: dict[tuple[str, str], int] = {}
        resolved = []
        for index, document in enumerate(documents):
            language = self._language(document, entry, index)
            content = self._content(document, entry, index, given)
            if language is None:
                continue
            first = seen.setdefault((document.placement, language), index)
            if first != index:
                self._report_twice(document.placement, language, entry, index, first)
            elif content is not None and document.placement in self._placements:
                number = self._number(content)
                resolved.append(Representation(document.placement, language, number))
        return tuple(resolved)

    def _language(
        self, document: RepresentationDocument, entry: Entry[Any], index: int
    ) -> str | None:
        if document.language is None:
            return ""
        spelled = usual_spelling(document.language)
        if spelled is None:
            place = entry.place("representations", index, "language")
            self._findings.mistake(place, not_a_language(document.language))
        return spelled

    def _report_twice(
        self, placement: str, language: str, entry: Entry[Any], index: int, first: int
    ) -> None:
        place = entry.place("representations", index, "placement")
        where = entry.place("representations", first, "placement")
        what = f"in `{language}`" if language else "in the default language"
        message = f"a second representation for `{placement}` {what}: first at {where}"
        self._findings.mistake(place, message)

    def _content(
        self,
        document: RepresentationDocument,
        entry: Entry[Any],
        index: int,
        given: Collection[str],
    ) -> Content | None:
        path = ("representations", index)
        known = self._placements.check(document.placement, entry, *path, "placement")
        written = [field for field in _TYPES if field in document.model_fields_set]
        if len(written) != 1:
            self._report_number(written, entry, index)
            return None
        kind = _TYPES[written[0]]
        placement = self._placements.get(document.placement)
        if known and placement is not None and placement.content_type is not kind:
            expected = placement.content_type.value
            message = f"`{placement.id}` shows `{expected}`: found `{kind.value}`"
            self._findings.mistake(entry.key_place(*path, kind.value), message)
            return None
        body = _body(kind, getattr(document, written[0]))
        compiled = compile_content(kind, body, self._compiler.check, self._rules.number, given)
        for mistake in compiled.mistakes:
            if not self._compiler.is_excused(mistake.part):
                at = (*path, kind.value, *mistake.path)
                place = entry.origin.place_in_text(at, mistake.offset)
                self._findings.mistake(place, mistake.message)
        return compiled.content

    def _report_number(self, written: list[str], entry: Entry[Any], index: int) -> None:
        names = [_TYPES[field].value for field in written]
        if names:
            place = entry.key_place("representations", index, names[1])
            message = f"a representation has one kind of content: found {listed(names)}"
        elif self._findings.is_doubtful(entry.document.id):
            return  # its content may be one of the parts that were wrong
        else:
            place = entry.place("representations", index)
            expected = listed([kind.value for kind in ContentType])
            message = f"the representation has no content: expected one of {expected}"
        self._findings.mistake(place, message)

    def _number(self, content: Content) -> int:
        body = content.body
        text = body if isinstance(body, str) else json.dumps(body, sort_keys=True)
        if content.type is ContentType.JSON and isinstance(body, str):
            text = json.dumps(body)
        key = (content.type, text, repr(content.templates) if content.templates else "")
        number = self._numbers.setdefault(key, len(self._contents))
        if number == len(self._contents):
            self._contents.append(content)
        return number


def _body(kind: ContentType, value: Any) -> object:
    if kind is ContentType.IMAGE_LINK:
        body: dict[str, str] = value.model_dump(exclude_none=True)
        return body
    return value
