"""Reading a state that another process has open, and that grows meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from offerd.errors import StateError
from offerd.store import ReadOnlyState, Selection


def test_reading_beside_a_writer_whose_map_grows(tmp_path: Path) -> None:
    """Each read sees all that was appended until then, however large the file has become."""
    path = tmp_path / "state"
    with subprocess.Popen(
        [sys.executable, "-m", "store.journaller", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        with ReadOnlyState(path) as state:
            assert state.journal.extent().entries == 0
            last = total = 0
            for count in (1, 100, 1_000, 3_000):
                writer.stdin.write(f"{count}\n")
                writer.stdin.flush()
                assert writer.stdout.readline() == "done\n"
                total += count
                found = list(state.journal.entries(Selection(after=last)))
                assert [one.sequence for one in found] == list(range(last + 1, total + 1))
                last = total
                view = state.journal.view(found[-1].entry.view)  # type: ignore[union-attr]
                assert view is not None
                assert len(view.attributes["known"]) == 2_000
            assert (path / "data.mdb").stat().st_size > 2**22
        writer.kill()


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    """A folder without a state is left as it is."""
    with pytest.raises(StateError, match="there is no state in"):
        ReadOnlyState(tmp_path)
    (tmp_path / "data.mdb").write_bytes(b"something else")
    with pytest.raises(StateError, match="can't be read"):
        ReadOnlyState(tmp_path)
