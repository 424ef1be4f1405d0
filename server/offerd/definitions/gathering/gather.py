"""Folders to documents. Rows of CSV wait: what their cells mean depends on declarations.

Places don't: they are resolved as they are met, since there may be a million of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offerd.definitions.documents import SECTIONS, SINGLE_SECTIONS, OfferDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Gathered
from offerd.definitions.gathering.refusals import section_hint
from offerd.definitions.gathering.shape import shape
from offerd.definitions.placing.collector import PlaceCollector
from offerd.definitions.placing.geojson import FeatureFile
from offerd.definitions.placing.sheets import PlaceSheet, is_of_places
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.csv_rows import Sheet, columns_of, read_sheet
from offerd.definitions.reading.folders import (
    CSV_SUFFIX,
    GEOJSON_SUFFIX,
    JSON_LINES_SUFFIX,
    SourceFile,
    find_files,
    is_readable,
    read_text,
)
from offerd.definitions.reading.json_lines import read_json_lines
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Mapping, TreeOrigin, plain
from offerd.definitions.reading.tree import Sequence as ListNode
from offerd.definitions.wording import described, quoted
from offerd.model.progress import Progress, counted


class Definitions(NamedTuple):
    """What folders hold: definitions by section, places, and what else is in CSV."""

    gathered: Gathered
    places: PlaceCollector
    sheets: list[Sheet]


def gather(folders: Sequence[Path], findings: Findings, progress: Progress) -> Definitions:
    """Reads every file of the folders; files count as done, and bulk offers and places."""
    progress.begin("reading", None)
    gathered, places = Gathered(), PlaceCollector(findings, progress)
    sheets: list[Sheet] = []
    for file in counted(find_files(folders, findings), progress):
        if _gather_places(file, places, findings):
            continue
        text = read_text(file, findings)
        if text is None:
            continue
        if file.suffix == CSV_SUFFIX:
            sheet = read_sheet(text, findings)
            sheets.extend([] if sheet is None else [sheet])
        elif file.suffix == JSON_LINES_SUFFIX:
            _gather_lines(text, gathered, findings, progress)
        else:
            _gather_tree(text, gathered, places, findings)
    return Definitions(gathered, places, sheets)


def _gather_places(file: SourceFile, places: PlaceCollector, findings: Findings) -> bool:
    """Reads a file if it is one of places in bulk; whether it was one."""
    if file.suffix not in (CSV_SUFFIX, GEOJSON_SUFFIX) or not is_readable(file):
        return False
    if file.suffix == GEOJSON_SUFFIX:
        FeatureFile(file, findings).read(places)
        return True
    found = is_of_places(columns_of(file.path))
    if found:
        PlaceSheet(file, findings).read(places)
    return found


def _gather_lines(text: Text, gathered: Gathered, findings: Findings, progress: Progress) -> None:
    for line in counted(read_json_lines(text, findings), progress):
        entry = shape(OfferDocument, line.data, line.origin, findings)
        if entry is not None:
            gathered.offers.append(entry)


def _gather_tree(
    text: Text, gathered: Gathered, places: PlaceCollector, findings: Findings
) -> None:
    root = compose(text, findings)
    if root is None:
        return
    if not isinstance(root, Mapping):
        found = "a list" if isinstance(root, ListNode) else described(plain(root))
        findings.mistake(
            text.place(root.start), f"a file must be a mapping of sections: found {found}"
        )
        findings.lose(text.source)
        return
    if "features" in root.pairs:
        message = f"this is GeoJSON: name the file `*{GEOJSON_SUFFIX}`"
        findings.mistake(text.place(root.start), message)
        findings.lose(text.source)
        return
    starts = sorted(key.start for key, _ in root.pairs.values())
    for name, (key, node) in root.pairs.items():
        if name in SECTIONS and isinstance(node, ListNode):
            entries = places if name == "places" else getattr(gathered, name)
            _gather_section(name, node, text, entries, findings)
            continue
        if name in SINGLE_SECTIONS and isinstance(node, Mapping):
            _gather_single(name, node, text, getattr(gathered, name), findings)
            continue
        if name in SINGLE_SECTIONS:
            found = described(plain(node))
            findings.mistake(text.place(node.start), f"`{name}` must be a mapping: found {found}")
        elif name in SECTIONS:
            found = described(plain(node))
            findings.mistake(text.place(node.start), f"`{name}` must be a list: found {found}")
        else:
            advice = section_hint(name)
            findings.mistake(text.place(key.start), f"unknown section {quoted(name)}{advice}")
        following = bisect_right(starts, key.start)
        end = starts[following] if following < len(starts) else len(text.source)
        findings.lose(text.source[key.start : end])


def _gather_section(
    name: str, node: ListNode, text: Text, entries: Any, findings: Findings
) -> None:
    for item in node.items:
        if not isinstance(item, Mapping):
            found = described(plain(item))
            noun = SECTIONS[name].noun
            message = f"{noun} must be a mapping: found {found}"
            findings.mistake(text.place(item.start), message)
            continue
        entry = shape(SECTIONS[name], plain(item), TreeOrigin(text, item), findings)
        if entry is not None:
            entries.append(entry)


def _gather_single(
    name: str, node: Mapping, text: Text, entries: list[Any], findings: Findings
) -> None:
    entry = shape(SINGLE_SECTIONS[name], plain(node), TreeOrigin(text, node), findings)
    if entry is not None:
        entries.append(entry)
