"""The tool that runs the official conformance cases, on cases made up here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TOOL = Path(__file__).resolve().parents[3] / "tools" / "conformance.py"


def run(folder: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the tool with the cases of a folder, and with the programs of `path` only."""
    command = [sys.executable, str(TOOL), "--folder", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": path}, check=False)


def keep(folder: Path, *tests: dict[str, Any]) -> None:
    """Writes cases as the suite's package has them."""
    cases = [{"original": test} for test in tests]
    suite = {"suites": [{"name": "basic", "suites": [{"name": "made_up", "tests": cases}]}]}
    (folder / "conformance.json").write_text(json.dumps(suite))


GOOD = {
    "name": "sum",
    "expr": "x + 2",
    "typeEnv": [{"name": "x", "ident": {"type": {"primitive": "INT64"}}}],
    "bindings": {"x": {"value": {"int64Value": "1"}}},
    "value": {"int64Value": "3"},
}
MESSAGE = {"name": "message", "expr": "TestAllTypes{}", "value": {"boolValue": True}}


def test_cases_that_pass_are_counted(tmp_path: Path) -> None:
    """The rate is printed by file, and what is out of scope is named."""
    keep(tmp_path, GOOD, {"expr": "1 / 0", "evalError": {}}, {"expr": "1 < 2"}, MESSAGE)
    done = run(tmp_path, "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "out of scope: basic/made_up/message: protobuf messages" in done.stdout
    words = [line.split() for line in done.stdout.splitlines()]
    assert ["core", "3", "3", "100.0", "%"] in words


def test_a_case_that_fails_is_shown(tmp_path: Path) -> None:
    """A wrong value fails the run and is told with its expression."""
    keep(tmp_path, GOOD, {**GOOD, "name": "wrong", "value": {"doubleValue": 3}})
    done = run(tmp_path)
    assert done.returncode == 1
    assert "FAILED basic/made_up/wrong: x + 2" in done.stdout


def test_cases_that_cannot_be_had_are_an_error_unless_allowed(tmp_path: Path) -> None:
    """Without the package manager the tool says so."""
    done = run(tmp_path, path=str(tmp_path))
    assert done.returncode == 2
    assert "the conformance cases are not available: `npm` is not installed" in done.stderr
    assert run(tmp_path, "--if-available", path=str(tmp_path)).returncode == 0
