"""Places in GeoJSON, feature by feature: a collection is never held as objects."""

from __future__ import annotations

import json
import mmap
import re
from typing import Final

import msgspec

from offerd.definitions.documents.places import PlaceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.shape import shape
from offerd.definitions.place import Path, Place
from offerd.definitions.placing.collector import PlaceCollector
from offerd.definitions.placing.features import FIELDS, NoPlace, as_place, is_field, written_path
from offerd.definitions.reading.byte_lines import LineStarts
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.folders import SourceFile
from offerd.definitions.reading.json_values import decode_json, json_problem
from offerd.definitions.reading.scalars import ScalarProblem
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Scalar, TreeOrigin
from offerd.definitions.wording import described, hint, listed, quoted

_PLACED: Final = 2_000
"""So many features are parsed again for exact places; afterwards a line has to do."""

_WORLD: Final = (b"CRS84", b"EPSG::4326", b"EPSG:4326")
_MARK: Final = b"\xef\xbb\xbf"
_AT_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_FEATURE_BYTES: Final = 16_384
_LOST_BYTES: Final = 10_000


class _Collection(msgspec.Struct):
    """What a file of GeoJSON holds; features are left as they are written."""

    type: msgspec.Raw = msgspec.Raw(b"null")
    features: msgspec.Raw = msgspec.Raw(b"null")
    library: msgspec.Raw = msgspec.Raw(b"null")
    crs: msgspec.Raw = msgspec.Raw(b"null")


_COLLECTION = msgspec.json.Decoder(_Collection)
_FEATURES = msgspec.json.Decoder(list[msgspec.Raw])


class FeatureOrigin:
    """Where a feature is; it is parsed again, with places, once there is a mistake."""

    def __init__(self, file: FeatureFile, number: int, source: bytes, offset: int) -> None:
        self._file = file
        self.number = number
        self.source = source
        self.offset = offset
        self._tree: TreeOrigin | None = None

    def text(self) -> str:
        """The feature as it is written; raises UnicodeDecodeError."""
        return self.source.decode("utf-8")

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of what became the part at the path; of the nearest part that exists."""
        start = self._file.place_at(self.offset, self.number)
        if self._tree is None and not self._file.may_place_again():
            return start
        tree = self._placed(start)
        found = tree.place(written_path(path, tree), of_key=of_key)
        return found._replace(subject=start.subject)

    def place_in_text(self, path: Path, offset: int) -> Place:
        """The place of the text: no rule is written in GeoJSON."""
        return self.place(path)

    def _placed(self, start: Place) -> TreeOrigin:
        if self._tree is None:
            indented = " " * (start.column - 1) + self.source.decode("utf-8", errors="replace")
            text = Text(start.file, indented, first_line=start.line)
            # Its mistakes of form, if any, were reported when the feature was read.
            root = compose(text, Findings()) or Scalar(None, 0, 0, "")
            self._tree = TreeOrigin(text, root)
        return self._tree


class FeatureFile:
    """A file of GeoJSON whose features are places."""

    def __init__(self, file: SourceFile, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._line_starts = LineStarts(file.path)
        self._placed = 0
        self._unknown: set[str] = set()

    def read(self, collector: PlaceCollector) -> None:
        """Adds the place of every feature; what is wrong is reported."""
        with self._file.path.open("rb") as stream:
            if not stream.read(1):
                self._mistake("the file is empty")
                return
            self._read(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), collector)

    def origin(self, number: int, offset: int) -> FeatureOrigin:
        """The feature of a number, read again from where it begins."""
        length = _FEATURE_BYTES
        while True:
            with self._file.path.open("rb") as stream:
                stream.seek(offset)
                source = stream.read(length)
            text = source.decode("utf-8", errors="ignore")
            try:
                _, end = json.JSONDecoder().raw_decode(text)
            except json.JSONDecodeError:
                if len(source) < length:
                    raise
                length *= 4
                continue
            return FeatureOrigin(self, number, text[:end].encode(), offset)

    def may_place_again(self) -> bool:
        """Whether a feature may be parsed again, which takes a while."""
        self._placed += 1
        return self._placed <= _PLACED

    def place_at(self, offset: int, number: int) -> Place:
        """The place of a byte, in the feature of a number."""
        line, start = self._line_starts.line(offset)
        with self._file.path.open("rb") as stream:
            stream.seek(start)
            before = stream.read(offset - start).decode("utf-8", errors="replace")
        subject = f"feature {number}" if number else ""
        return Place(self._file.name, line, len(before.removeprefix("\ufeff")) + 1, subject)

    def _read(self, data: mmap.mmap, collector: PlaceCollector) -> None:
        begin = len(_MARK) if data[:3] == _MARK else 0
        try:
            collection = _COLLECTION.decode(memoryview(data)[begin:])
            features = _FEATURES.decode(collection.features)
        except msgspec.ValidationError:
            self._mistake("expected a FeatureCollection, a mapping with a list of `features`")
            return
        except (msgspec.DecodeError, RecursionError) as error:
            self._report_form(str(error), begin, len(data))
            return
        try:
            kind, library = _plain(collection.type), _plain(collection.library)
        except _NotText as problem:
            self._report_byte(data.find(problem.source), problem.error, 0)
            self._findings.has_lost_text = True
            return
        if not self._is_collection(kind, collection.crs):
            return
        offset = 0
        for number, raw in enumerate(features, start=1):
            source = bytes(raw)
            offset = data.find(source, offset)
            self._add(FeatureOrigin(self, number, source, offset), library, collector)
            offset += len(source)

    def _is_collection(self, kind: object, crs: msgspec.Raw) -> bool:
        if kind != "FeatureCollection":
            found = quoted(kind) if isinstance(kind, str) else described(kind)
            self._mistake(f"expected a FeatureCollection, found {found}")
            return False
        system = bytes(crs)
        if system != b"null" and not any(name in system for name in _WORLD):
            self._mistake(
                "`crs` names another system of coordinates: GeoJSON has WGS 84 longitudes and "
                "latitudes"
            )
            return False
        return True

    def _add(self, origin: FeatureOrigin, library: object, collector: PlaceCollector) -> None:
        try:
            feature = decode_json(origin.text(), quick=True)
        except UnicodeDecodeError as error:
            self._report_byte(origin.offset, error, origin.number)
            self._lose(origin)
            return
        except json.JSONDecodeError as error:
            before = len(origin.text()[: error.pos].encode())
            place = self.place_at(origin.offset + before, origin.number)
            self._findings.mistake(place, json_problem(error))
            self._lose(origin)
            return
        except ScalarProblem as problem:
            self._findings.mistake(origin.place(()), str(problem))
            self._lose(origin)
            return
        self._report_unknown(feature, origin)
        try:
            data = as_place(feature, library)
        except NoPlace as problem:
            self._findings.mistake(origin.place(problem.path), problem.message)
            self._lose(origin)
            return
        entry = shape(PlaceDocument, data, origin, self._findings)
        if entry is not None:
            collector.add_bulk(entry, self, origin.number, origin.offset)

    def _report_unknown(self, feature: object, origin: FeatureOrigin) -> None:
        """Reports properties that places don't have, once each."""
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict):
            return
        for name in properties:
            if name not in self._unknown and not is_field(name):
                self._unknown.add(name)
                expected = f": expected {listed(FIELDS, most=20)}, or `metadata.<name>`"
                message = f"places have no property {quoted(name)}{hint(name, FIELDS) or expected}"
                self._findings.mistake(origin.place(("properties", name), of_key=True), message)

    def _lose(self, origin: FeatureOrigin) -> None:
        self._findings.lose(origin.source[:_LOST_BYTES].decode("utf-8", errors="replace"))

    def _mistake(self, message: str) -> None:
        self._findings.mistake(Place(self._file.name, 1, 1), message)

    def _report_byte(self, begin: int, error: UnicodeDecodeError, number: int) -> None:
        """Reports a byte of a text that begins at a byte and isn't UTF-8."""
        found = error.object[error.start]
        message = f"not UTF-8: found the byte 0x{found:02X}: save the file as UTF-8"
        self._findings.mistake(self.place_at(begin + error.start, number), message)

    def _report_form(self, problem: str, begin: int, length: int) -> None:
        found = _AT_BYTE.search(problem)
        place = self.place_at(begin + int(found[1]) if found else length, 0)
        words = "it ends too early" if "truncated" in problem else "invalid character"
        if "recursion" in problem:
            words = "nested too deep"
        self._findings.mistake(place, f"not valid JSON: {words}")
        self._findings.has_lost_text = True


class _NotText(Exception):
    """A value of a collection is not UTF-8; `error` is about its whole source."""

    def __init__(self, source: bytes, error: UnicodeDecodeError) -> None:
        super().__init__(str(error))
        self.source = source
        self.error = error


def _plain(raw: msgspec.Raw) -> object:
    """Returns the value of a part of valid JSON; raises _NotText if it isn't UTF-8."""
    source = bytes(raw)
    try:
        return msgspec.json.decode(source.decode())
    except UnicodeDecodeError as error:
        raise _NotText(source, error) from None
    except (msgspec.DecodeError, RecursionError):
        return None  # nothing that a part can be: refused as any other value
