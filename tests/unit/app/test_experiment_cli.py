"""`offerd experiment token`: a token that a service with the same state takes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from offerd.app.experiment_cli import add_experiment_commands
from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.errors import ConfigurationError, InvalidArgument, StateError
from offerd.events import FoldPlan
from offerd.service.tokens import Tokens
from offerd.store import State, read_secret
from processes import START_S, environment

DEFINITIONS = """
placements: [{id: web, channel: web, content_type: text}]
offers: [{id: a, representations: [{placement: web, text: A}]}]
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections: [{id: all, offers: [a]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
experiments: [{id: hero, decision: d, arms: [{id: control, weight: 1}, {id: b, weight: 1}]}]
"""
HOUR_NS = 3_600 * 10**9
MAIN = "from offerd.app.experiment_cli import experiment_group; experiment_group()"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle with an experiment."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(DEFINITIONS)
    write_bundle(load([folder]).catalogue, tmp_path / "bundle")
    return tmp_path / "bundle"


def run(*arguments: str | Path) -> Result:
    """Runs the command by itself."""
    group = click.Group()
    add_experiment_commands(group)
    return CliRunner().invoke(group, ["experiment", "token", *map(str, arguments)])


def test_a_running_service_takes_the_token(bundle: Path, tmp_path: Path) -> None:
    """The token of a state that is open elsewhere forces its arm, until it expires."""
    opened = open_bundle(bundle)
    fold = FoldPlan.build(opened.catalogue, opened.event_filters)
    with State.open(tmp_path / "state", fold) as state:
        arguments = ["hero", "b", "--state", tmp_path / "state", "--bundle", bundle]
        made = subprocess.run(
            [sys.executable, "-c", MAIN, "token", *map(str, arguments), "--expires", "1h"],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        tokens = Tokens(state.secret)
    opened.close()
    assert made.returncode == 0, made.stderr
    assert read_secret(tmp_path / "state") == state.secret
    token = made.stdout.strip()
    assert made.stderr.startswith("works until ")
    now_ns = time.time_ns()
    assert tokens.read_preview(token, "preview_token", now_ns) == {"hero": "b"}
    with pytest.raises(InvalidArgument, match="expired"):
        tokens.read_preview(token, "preview_token", now_ns + HOUR_NS)


def test_mistakes_are_told(bundle: Path, tmp_path: Path) -> None:
    """A state that isn't there, a time that is none, and names that the bundle hasn't."""
    state = tmp_path / "state"
    missing = run("hero", "b", "--state", state)
    assert isinstance(missing.exception, StateError)
    assert str(missing.exception) == f"there is no state in `{state}`"
    for text in ("", "0h", "1", "h", "1.5h", "367d", "-1h", "999999d"):
        wrong = run("hero", "b", "--state", state, "--expires", text)
        assert isinstance(wrong.exception, ConfigurationError), text
    for names, words in ((("heroo", "b"), "did you mean `hero`"), (("hero", "c"), "no arm `c`")):
        wrong = run(*names, "--state", state, "--bundle", bundle)
        assert isinstance(wrong.exception, ConfigurationError)
        assert words in str(wrong.exception)


def test_what_is_no_state_has_no_secret(tmp_path: Path, bundle: Path) -> None:
    """A file of something else is told from a state, and nothing is written to it."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "data.mdb").write_bytes(bytes(8_192))
    with pytest.raises(StateError, match="can't be read"):
        read_secret(tmp_path / "state")
    assert (tmp_path / "state" / "data.mdb").read_bytes() == bytes(8_192)
    (tmp_path / "state" / "data.mdb").write_bytes(bundle.read_bytes())
    with pytest.raises(StateError, match="no state of offerd"):
        read_secret(tmp_path / "state")
