"""Walking all of a bundle to say whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from offerd.bundle.environment import BundleEnvironment
from offerd.bundle.read import load_contents, open_bundle
from offerd.bundle.tables import TABLES, revision_of
from offerd.errors import BundleError


class Checked(NamedTuple):
    """A bundle that was found whole."""

    revision: str
    format_version: int
    counts: dict[str, int]
    size_bytes: int


def check_bundle(path: Path) -> Checked:
    """Compares file with seal, records with revision and counts, and decodes every record.

    Raises BundleError that says what is wrong first.
    """
    environment = BundleEnvironment(path)
    try:
        meta = environment.meta
        walked = [(table, [value for _, value in environment.records(table)]) for table in TABLES]
        for table, records in walked:
            expected = meta.counts.get(table.name)
            if len(records) != expected:
                raise BundleError(
                    f"`{path}` is damaged: {len(records)} {table.name}, {expected} expected"
                )
        revision = revision_of(walked)
        if revision != meta.revision:
            raise BundleError(
                f"`{path}` is damaged: its records have revision {revision}, "
                f"it says {meta.revision}"
            )
        checked = Checked(revision, environment.format_version, meta.counts, environment.size_bytes)
    finally:
        environment.close()
    bundle = open_bundle(path)
    try:
        load_contents(bundle)
    finally:
        bundle.close()
    return checked
