"""Folders of definitions to a catalogue."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from offerd.definitions.findings import Findings
from offerd.definitions.gathering.gather import gather
from offerd.definitions.issue import Issue
from offerd.definitions.resolving.resolve import resolve
from offerd.errors import DefinitionsError
from offerd.model.catalogue import Catalogue
from offerd.model.progress import UNTOLD, Progress


class Loaded(NamedTuple):
    """A catalogue, and what is legal in its definitions but probably not meant, sorted."""

    catalogue: Catalogue
    warnings: tuple[Issue, ...]


def load(paths: Sequence[Path], progress: Progress = UNTOLD) -> Loaded:
    """The catalogue of all definitions in the given folders, or files, taken together.

    Raises DefinitionsError with every mistake found, as issues sorted by file, line and column.
    The same files give the same catalogue.
    """
    findings = Findings()
    with _without_collection():
        catalogue = resolve(gather(paths, findings, progress), findings, progress)
    if findings.count:
        raise DefinitionsError(findings.mistakes)
    return Loaded(catalogue, findings.warnings)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Pauses the collection of cycles: millions of objects are made here, and none is in one."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
