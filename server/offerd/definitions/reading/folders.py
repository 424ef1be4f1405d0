"""Which files a folder of definitions holds, and their texts."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from offerd.definitions.findings import Findings
from offerd.definitions.place import Place
from offerd.definitions.reading.text import Text

TREE_SUFFIXES = (".yaml", ".yml", ".json")
CSV_SUFFIX = ".csv"
JSON_LINES_SUFFIX = ".jsonl"
GEOJSON_SUFFIX = ".geojson"
SUFFIXES = (*TREE_SUFFIXES, CSV_SUFFIX, JSON_LINES_SUFFIX, GEOJSON_SUFFIX)


class SourceFile(NamedTuple):
    """A file to read. `name` is what issues call it; `suffix` is in lower case."""

    path: Path
    name: str
    suffix: str


def find_files(folders: Sequence[Path], findings: Findings) -> list[SourceFile]:
    """The definition files of the folders, folder by folder in the order given, each sorted.

    Names that start with a dot are passed over. A path that is a file is taken as it is.
    """
    files: list[SourceFile] = []
    names = [folder.resolve().name or str(folder) for folder in folders]
    for folder, name in zip(folders, names, strict=True):
        shown = str(folder) if names.count(name) > 1 else name
        try:
            found = _find_in(folder, shown, findings)
        except OSError as error:
            findings.mistake(Place(shown, 1, 1), f"can't be read: {_reason(error)}")
            continue
        if not found:
            findings.mistake(Place(shown, 1, 1), f"holds no definitions: {_EXPECTED}")
        files.extend(found)
    return files


_EXPECTED = f"expected files named {', '.join(f'`*{suffix}`' for suffix in SUFFIXES)}"


def _find_in(folder: Path, name: str, findings: Findings) -> list[SourceFile]:
    if not folder.is_dir():
        folder.stat()
        return [SourceFile(folder, name, folder.suffix.lower())] if _is_wanted(folder.name) else []
    return list(_walk(folder, name, (), findings))


def _walk(
    folder: Path, name: str, ancestors: tuple[tuple[int, int], ...], findings: Findings
) -> Iterator[SourceFile]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in ancestors:
        findings.mistake(Place(name, 1, 1), "the link leads back to a folder that it lies in")
        return
    for entry in sorted(os.listdir(folder)):
        if entry.startswith("."):
            continue
        path, entry_name = folder / entry, f"{name}/{entry}"
        try:
            if path.is_dir():
                yield from _walk(path, entry_name, (*ancestors, identity), findings)
            elif _is_wanted(entry):
                yield SourceFile(path, entry_name, path.suffix.lower())
        except OSError as error:
            findings.mistake(Place(entry_name, 1, 1), f"can't be read: {_reason(error)}")


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def is_readable(file: SourceFile) -> bool:
    """Whether a file can be opened; says nothing: `read_text` does."""
    try:
        if not stat.S_ISREG(file.path.stat().st_mode):
            return False
        with file.path.open("rb"):
            return True
    except OSError:
        return False


def read_text(file: SourceFile, findings: Findings) -> Text | None:
    """The text of a file without a byte order mark; None (and a mistake) if it has none."""
    start = Place(file.name, 1, 1)
    try:
        if not stat.S_ISREG(file.path.stat().st_mode):
            findings.mistake(start, "can't be read: not a regular file")
            return None
        data = file.path.read_bytes()
    except OSError as error:
        findings.mistake(start, f"can't be read: {_reason(error)}")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        place = Text(file.name, before).place(len(before))
        message = f"not UTF-8: found the byte 0x{data[error.start]:02X}"
        findings.mistake(place, f"{message}: save the file as UTF-8")
        findings.lose(data.decode("utf-8", errors="replace"))
        return None
    text = text.removeprefix("\ufeff")
    if not text.strip():
        findings.mistake(start, "the file is empty")
        return None
    return Text(file.name, text)


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown reason").lower()
