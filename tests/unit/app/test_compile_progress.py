"""Whoever compiles much sees how far it is."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from offerd.app import compile_progress as module
from offerd.app.compile_progress import shown_on

OFFERS = 130
PLACES = 7
COMMAND = "from offerd.app.start import main; main()"


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """A folder with some offers and places in bulk."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(
        "placements: [{id: web, channel: web, content_type: text, item_count: 1}]\n"
        "libraries: [{id: shops}]\n"
    )
    rows = "".join(f"p-{n},shops,59.3,18.{n},50\n" for n in range(PLACES))
    (folder / "places.csv").write_text(f"id,library,latitude,longitude,radius_m\n{rows}")
    line = '{{"id": "o-{}", "name": "O", "representations": [{{"placement": "web", "text": "o"}}]}}'
    (folder / "offers.jsonl").write_text("\n".join(line.format(n) for n in range(OFFERS)))
    return folder


def compiled(definitions: Path, *options: str) -> tuple[str, str]:
    """Compiles with a terminal as the standard error; returns what it and the output got."""
    ours, theirs = pty.openpty()
    out = definitions.parent / "bundle"
    command = [sys.executable, "-c", COMMAND, "compile", str(definitions), "--out", str(out)]
    # Of a known width: a narrow one has no room for everything.
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 4_096)
            except OSError:  # as Linux tells that nobody writes there any more
                break
            if not data:
                break
            shown += data
        assert process.stdout is not None
        said = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode(), said.decode()


def test_a_terminal_gets_a_bar_for_each_stage(definitions: Path) -> None:
    """They go when all is done, and the result is told on the standard output as ever."""
    shown, said = compiled(definitions)
    for stage in ("reading", "checking", "writing", "indexing"):
        assert stage in shown
    assert f"{OFFERS}/{OFFERS}" in shown
    assert f"{PLACES}/{PLACES}" in shown
    assert f"{OFFERS} offers" in said
    assert "reading" not in said


def test_a_terminal_gets_nothing_if_that_is_asked_for(definitions: Path) -> None:
    """`--quiet` leaves warnings and mistakes, of which there are none here."""
    shown, said = compiled(definitions, "--quiet")
    assert "checking" not in shown
    assert f"{OFFERS} offers" in said


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ten seconds at most, and none of what is done sooner."""
    now_s = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s[0])
    stream = io.StringIO()
    with shown_on(stream, quiet=False) as progress:
        progress.begin("reading", None)
        for _ in range(6_400):
            progress.advance()
        now_s[0] = 11.0
        progress.begin("checking", 6_400)
        for _ in range(6_400):
            now_s[0] += 0.005
            progress.advance()
    first, *others = stream.getvalue().splitlines()
    assert first == "checking: 0 of 6,400"
    assert len(others) == 3
    assert all(line.startswith("checking: ") for line in others)


def test_what_is_soon_done_says_nothing() -> None:
    """A log isn't filled by small compilations."""
    stream = io.StringIO()
    with shown_on(stream, quiet=False) as progress:
        progress.begin("reading", None)
        progress.advance()
    assert stream.getvalue() == ""
