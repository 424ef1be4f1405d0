"""Entries and exits in the journal."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from offerd.app.cli import main
from offerd.model.journal import TransitionEntry
from offerd.store import JournalMode, JournalSettings
from unit.service.tracked import BEGIN, DAY, Tracked, device


async def test_transitions_are_journalled_with_the_time_at_which_they_became_true(
    tmp_path: Path,
) -> None:
    """`offerd journal` prints them; without a journal they are only streamed."""
    service = Tracked(tmp_path)
    with service.running(journal=JournalSettings(JournalMode.BEHIND)):
        await service.collect("purchase", device("d"))
        service.look()
        service.now_ns = BEGIN + 100 * DAY
        service.look()
        entries = [one.entry for one in service.state.journal.reader.entries()]
        (found,) = [one for one in entries if isinstance(one, TransitionEntry)]
        assert found == TransitionEntry(
            BEGIN + 90 * DAY, ("web", "d"), "lapsed", "realized", BEGIN + 100 * DAY
        )
    printed = CliRunner().invoke(main, ["journal", "--state", str(tmp_path / "state")])
    assert "web:d  transition  lapsed realized" in printed.output
