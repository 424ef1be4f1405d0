"""Folders of definitions, files of profiles, and the commands as people run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from offerd.app.cli import main
from unit.simulation.shop import AT, PROFILES, SHOP, write_definitions, write_profiles

Run = Callable[..., Result]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of definitions."""
    return write_definitions(tmp_path / "shop", SHOP)


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    """A file of four profiles."""
    return write_profiles(tmp_path / "profiles.jsonl", PROFILES)


@pytest.fixture
def run() -> Run:
    """Runs a command line and returns its result; one that fails otherwise than told raises."""

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def simulated(run: Run, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs `simulate` at a fixed instant and returns its JSON."""

    def simulated(definitions: Path, file: Path, *options: object) -> dict[str, Any]:
        out = tmp_path / "report.json"
        result = run(
            "simulate", definitions, "--profiles", file, "--at", AT,
            "--json", out, *options,
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(out.read_text())
        return found

    return simulated
