"""One definition's plain values to its document; what is wrong is reported and left out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from offerd.definitions.documents.fields import Document
from offerd.definitions.documents.forms import without_tags
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry, PartialOrigin
from offerd.definitions.gathering.refusals import refusal
from offerd.definitions.place import Origin, Path

D = TypeVar("D", bound=Document)

_ROUNDS = 3
_KEY = "[key]"
"""What pydantic adds to the path of a key that is wrong."""
_STAND_INS: Mapping[str, Any] = {
    "collection": "a",
    "decision": "a",
    "placement": "a",
    "placements": ["a"],
    "representations": [{"placement": "a", "text": ""}],
    "strategies": ["a"],
}
"""For required fields: what passes the check of shape; afterwards it is emptied."""


def shape(model: type[D], data: object, origin: Origin, findings: Findings) -> Entry[D] | None:
    """The definition, or as much of it as is right; None if too little is.

    Going on with the rest lets mistakes of other kinds be found in the same run.
    """
    try:
        return Entry(model.model_validate(data), origin)
    except ValidationError as error:
        errors = _errors(error)
    for details in errors:
        findings.mistake(*refusal(model, details, origin))
    entry = _rest(model, data, errors, origin)
    if entry is None:
        _excuse_names(data, findings)
        return None
    findings.doubt(str(getattr(entry.document, "id", "")))
    for details in errors:
        _excuse_names(_part(data, details["loc"]), findings)
        _excuse_names(_part(data, details["loc"][:-1]), findings, unless=data)
    return entry


def _rest(
    model: type[D], data: object, errors: Sequence[ErrorDetails], origin: Origin
) -> Entry[D] | None:
    """What remains of a definition when all that is wrong is taken out of it."""
    rest: Any = copy.deepcopy(data)
    removed: dict[Path, set[int]] = {}
    stood_in: set[str] = set()
    for _ in range(_ROUNDS):
        written = PartialOrigin(origin, removed)
        errors = _stand_in(rest, errors, stood_in)
        for path in _wrong_parts(errors):
            if not path:
                return None
            _remove(rest, path, written.as_written(path), removed)
        try:
            document = model.model_validate(rest)
            lacking = {name: type(_STAND_INS[name])() for name in stood_in}
            return Entry(document.model_copy(update=lacking), PartialOrigin(origin, removed))
        except ValidationError as error:
            errors = _errors(error)
    return None


def _errors(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong, at paths as they are written."""
    errors = error.errors(include_url=False)
    for details in errors:
        path = without_tags(details["loc"])
        details["loc"] = path[:-1] if path[-1:] == (_KEY,) else path
    return errors


def _stand_in(rest: Any, errors: Sequence[ErrorDetails], stood_in: set[str]) -> list[ErrorDetails]:
    """Fills in for fields that the definition itself needs and lacks; the errors that remain."""
    remaining = []
    for error in errors:
        name = str(error["loc"][0]) if len(error["loc"]) == 1 else ""
        if name in _STAND_INS:
            rest[name] = copy.deepcopy(_STAND_INS[name])
            stood_in.add(name)
        else:
            remaining.append(error)
    return remaining


def _part(data: Any, path: Path) -> object:
    for step in path:
        if isinstance(data, dict) and step not in data:
            return None
        data = data[step]
    return data


def _wrong_parts(errors: Sequence[ErrorDetails]) -> list[Path]:
    """The parts to take out, last first, so that items keep their numbers until their turn."""
    paths = {e["loc"][:-1] if e["type"] == "missing" else e["loc"] for e in errors}
    outermost = [p for p in paths if not any(p[:n] in paths for n in range(len(p)))]
    return sorted(outermost, key=lambda path: [str(part).zfill(9) for part in path], reverse=True)


def _remove(data: Any, path: Path, written: Path, removed: dict[Path, set[int]]) -> None:
    for part in path[:-1]:
        data = data[part]
    last = path[-1]
    if isinstance(data, list) and isinstance(written[-1], int):
        removed.setdefault(written[:-1], set()).add(written[-1])
    del data[last]


def _excuse_names(data: object, findings: Findings, *, unless: object = None) -> None:
    if data is unless:
        return
    if isinstance(data, dict):
        for key in ("id", "name"):
            if isinstance(data.get(key), str):
                findings.excuse(data[key])
        _excuse_names(data.get("properties"), findings)
    elif isinstance(data, list):
        for item in data:
            _excuse_names(item, findings)
