"""@bufbuild/cel in Node.js, which answers for a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from offerd.expression import Type
from offerd.expression.check.types import Kind
from unit.dialects.dialect_rules import COLUMNS

SOURCE = Path(__file__).parent / "browser"
RUN = Path(__file__).resolve().parents[3] / ".run"
FILES = ("package.json", "package-lock.json", "evaluate.mjs")
RECORDS = ("profile", "context", "aggregate")


def installed() -> Path:
    """The folder with the program and its packages; skips the test where there is no npm.

    It is named after its contents and appears at once when it is complete, so that tests may run
    beside each other.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm, to evaluate exported rules as a browser would")
    contents = b"".join((SOURCE / name).read_bytes() for name in FILES)
    folder = RUN / f"dialects-browser-{hashlib.sha256(contents).hexdigest()[:12]}"
    if folder.exists():
        return folder
    RUN.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=RUN, prefix="dialects-browser-"))
    try:
        _install(npm, made)
        with suppress(OSError):  # another test was quicker
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _install(npm: str, folder: Path) -> None:
    for name in FILES:
        shutil.copy(SOURCE / name, folder / name)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "CI" not in os.environ:
        pytest.skip(f"npm can't install @bufbuild/cel: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr


def tagged(type_: Type, value: Any) -> Any:
    """A value with its type, as the program reads it."""
    if type_.kind is Kind.LIST:
        return ["list", [tagged(type_.parameters[0], item) for item in value]]
    if type_.kind is Kind.MAP:
        return ["map", [[key, tagged(type_.parameters[1], item)] for key, item in value.items()]]
    if type_.kind in (Kind.INT, Kind.TIMESTAMP):
        return [type_.name, str(value)]
    if type_.kind is Kind.DOUBLE:
        names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        return ["double", names.get(repr(value), repr(value))]
    return [type_.name, value]


def bound(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the program reads it; a record is a map from dotted paths."""
    made: dict[str, Any] = {}
    for root in RECORDS:
        types = {path: type_ for (name, path), type_ in COLUMNS.items() if name == root}
        entries = [[path, tagged(types[path], value)] for path, value in row[root].items()]
        made[root] = ["map", entries]
    made["now"] = ["timestamp", str(row["now"])]
    return made


def browser_answers(rows: Sequence[dict[str, Any]], rules: Sequence[bytes]) -> list[list[Any]]:
    """For each rule what it says of each row: a bool, or None where it fails."""
    folder = installed()
    batch = {
        "rows": [bound(row) for row in rows],
        "rules": [base64.b64encode(rule).decode() for rule in rules],
    }
    done = subprocess.run(
        ["node", "evaluate.mjs"],
        cwd=folder,
        input=json.dumps(batch) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
