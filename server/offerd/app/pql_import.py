"""`offerd import pql`: files of segments in PQL to audience definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from offerd.definitions.documents.fields import ID_PATTERN
from offerd.definitions.findings import Findings
from offerd.definitions.issue import Issue
from offerd.definitions.place import Origin, Place
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.folders import (
    JSON_LINES_SUFFIX,
    TREE_SUFFIXES,
    SourceFile,
    read_text,
)
from offerd.definitions.reading.json_lines import read_json_lines
from offerd.definitions.reading.scalars import ScalarProblem, plain_scalar
from offerd.definitions.reading.tree import Plain, TreeOrigin, plain
from offerd.definitions.reading.tree import Sequence as Items
from offerd.dialects.error import DialectError
from offerd.dialects.pql import Names, Translation, translate
from offerd.errors import DataError
from offerd.expression.format import format_expression
from offerd.model.catalogue import Catalogue

_FIELDS: Final = ("id", "name", "description", "pql")
_NAME_FIELDS: Final = ("attributes", "events", "properties", "audiences")
_LONGEST_ID: Final = 128
_LINE_WIDTH: Final = 90
_ID: Final = re.compile(ID_PATTERN)
_UNPRINTABLE: Final = re.compile(
    r"[^ -~\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


class Segment(NamedTuple):
    """One segment as it is in a file; `origin` knows the places of its parts."""

    id: str
    name: str
    description: str
    pql: str
    origin: Origin


class Imported(NamedTuple):
    """What became of so many `segments`: ids of `audiences`, their definitions as the `text` of a
    file, and where and why the others are refused."""

    audiences: tuple[str, ...]
    text: str
    refused: tuple[Issue, ...]
    segments: int


def translate_one(source: str, catalogue: Catalogue, names: Names) -> Translation:
    """A PQL text against the declarations of a catalogue; DialectError if it is refused."""
    return translate(source, catalogue.schema, [a.id for a in catalogue.audiences], names)


def translate_files(paths: Sequence[Path], catalogue: Catalogue, names: Names) -> Imported:
    """Every segment of the files that has a translation.

    Segments may ask for the catalogue's audiences and for each other; who asks for one that is
    refused is refused too. Raises DataError for a file that can't be read at all.
    """
    findings = Findings()
    wanted: dict[str, Segment] = {}
    count = 0
    declared = {audience.id for audience in catalogue.audiences}
    for path in paths:
        for found in _segments(path, findings):
            count += 1
            segment = _checked(found, declared, wanted, findings)
            if segment is not None:
                wanted[segment.id] = segment
    translated = _translated(wanted, catalogue, names, findings)
    refused = tuple(sorted(findings.mistakes))
    text = _file_text(paths, count, {id_: (wanted[id_], translated[id_]) for id_ in translated})
    return Imported(tuple(translated), text, refused, count)


def _translated(
    wanted: dict[str, Segment], catalogue: Catalogue, names: Names, findings: Findings
) -> dict[str, Translation]:
    """Translates again without those refused, until nobody asks for one of them."""
    known = dict(wanted)
    declared = [audience.id for audience in catalogue.audiences]
    while True:
        done: dict[str, Translation] = {}
        for id_, segment in known.items():
            try:
                done[id_] = translate(segment.pql, catalogue.schema, [*declared, *known], names)
            except DialectError as error:
                place = segment.origin.place_in_text(("pql",), _offset(error))
                # Names of refused segments are all that later rounds lack.
                reason = error.issue.message if known == wanted else "it asks for one refused"
                findings.mistake(place, f"segment `{id_}`: {reason}")
        if len(done) == len(known):
            return done
        known = {id_: known[id_] for id_ in done}


def _offset(error: DialectError) -> int:
    lines = error.source.split("\n")
    before = lines[: error.issue.line - 1]
    return sum(len(line) + 1 for line in before) + error.issue.column - 1


class _Found(NamedTuple):
    data: Plain
    origin: Origin


def _segments(path: Path, findings: Findings) -> Iterator[_Found]:
    suffix = path.suffix.lower()
    if suffix not in (*TREE_SUFFIXES, JSON_LINES_SUFFIX):
        expected = ", ".join(f"`*{one}`" for one in (*TREE_SUFFIXES, JSON_LINES_SUFFIX))
        raise DataError(f"`{path}` is no file of segments: expected one named {expected}")
    text = read_text(SourceFile(path, str(path), suffix), findings)
    if text is None:
        return
    if suffix == JSON_LINES_SUFFIX:
        for line in read_json_lines(text, findings):
            yield _Found(line.data, line.origin)
        return
    root = compose(text, findings)
    if root is None:
        return
    if not isinstance(root, Items):
        findings.mistake(text.place(root.start), "expected a list of segments")
        return
    for item in root.items:
        yield _Found(plain(item), TreeOrigin(text, item))


def _checked(
    found: _Found, declared: set[str], earlier: dict[str, Segment], findings: Findings
) -> Segment | None:
    """The segment, if it is one; its mistakes are reported."""
    data, origin = found
    if not isinstance(data, dict):
        findings.mistake(origin.place(()), "expected a mapping with `id` and `pql`")
        return None
    problem = next(_problems(data, origin, declared, earlier), None)
    if problem is not None:
        findings.mistake(*problem)
        return None
    texts = {name: str(data.get(name) or "") for name in _FIELDS}
    return Segment(texts["id"], texts["name"], texts["description"], texts["pql"], origin)


def _problems(
    data: dict[str, Plain], origin: Origin, declared: set[str], earlier: dict[str, Segment]
) -> Iterator[tuple[Place, str]]:
    for name in data:
        if name not in _FIELDS:
            known = ", ".join(f"`{field}`" for field in _FIELDS)
            yield origin.place((name,), of_key=True), f"unknown field `{name}`: expected {known}"
    for name in ("id", "pql"):
        if name not in data:
            yield origin.place(()), f"a segment needs `{name}`"
    for name, value in data.items():
        optional = name in ("name", "description") and value is None
        if not optional and (not isinstance(value, str) or not value.strip()):
            yield origin.place((name,)), f"`{name}` must be a text"
    id_ = str(data["id"])
    if _ID.fullmatch(id_) is None or len(id_) > _LONGEST_ID:
        message = (
            f"`{id_}` can't be an id: expected small letters, digits, `.`, `_` and `-`, "
            f"a letter or digit first, at most {_LONGEST_ID} characters"
        )
        yield origin.place(("id",)), message
    if id_ in declared:
        yield origin.place(("id",)), f"audience `{id_}` is in the definitions already"
    if id_ in earlier:
        yield origin.place(("id",)), f"segment `{id_}` is there twice"


def read_names(path: Path | None) -> Names:
    """The names of a YAML or JSON file; DataError for what is none.

    It is a mapping with any of `attributes`, `events`, `properties` and `audiences`, each a
    mapping from a name in PQL to the one in the definitions.
    """
    if path is None:
        return Names()
    findings = Findings()
    text = read_text(SourceFile(path, str(path), path.suffix.lower()), findings)
    root = None if text is None else compose(text, findings)
    if findings.count or root is None:
        raise DataError("; ".join(map(str, findings.mistakes)))
    data = plain(root)
    if not isinstance(data, dict):
        raise DataError(f"`{path}`: expected a mapping with {_listed(_NAME_FIELDS)}")
    made: dict[str, dict[str, str]] = {}
    for field, names in data.items():
        if field not in _NAME_FIELDS:
            raise DataError(f"`{path}`: unknown field `{field}`: expected {_listed(_NAME_FIELDS)}")
        if not isinstance(names, dict) or not all(isinstance(n, str) for n in names.values()):
            raise DataError(f"`{path}`: `{field}` must be a mapping from names to names")
        made[field] = {key: str(name) for key, name in names.items()}
    return Names(**made)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _file_text(
    paths: Sequence[Path], count: int, made: dict[str, tuple[Segment, Translation]]
) -> str:
    sources = _listed([path.name for path in paths])
    lines = [f"# {len(made)} of {count} segments of {_comment(sources)}, translated from PQL."]
    lines.append("audiences:" if made else "audiences: []")
    for segment, translation in made.values():
        lines.append(f"# {_comment(segment.pql)}")
        lines.extend(f"# note: {_comment(note)}" for note in translation.notes)
        lines.append(f"- id: {_plain_id(segment.id)}")
        for field in ("name", "description"):
            value = getattr(segment, field)
            if value:
                lines.append(f"  {field}: {_quoted(value)}")
        lines.extend(_rule_lines(translation.expression))
    return "\n".join((*lines, ""))


def _rule_lines(expression: str) -> list[str]:
    written = format_expression(expression, width=_LINE_WIDTH).split("\n")
    if len(written) == 1:
        return [f"  rule: {_quoted(written[0])}"]
    return ["  rule: |-", *(f"    {line}" for line in written)]


def _plain_id(id_: str) -> str:
    """An id without quotes, unless YAML would take it for a number or the like."""
    try:
        return id_ if plain_scalar(id_) == id_ else _quoted(id_)
    except ScalarProblem:
        return _quoted(id_)


def _quoted(text: str) -> str:
    """A text as YAML reads it back, whatever is in it."""
    if _UNPRINTABLE.search(text):
        return json.dumps(text)
    return "'" + text.replace("'", "''") + "'"


def _comment(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split())
