"""Work that can wait rests between its slices."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.service import pacing
from offerd.service.pacing import Pace
from unit.service.tracked import DAY, Tracked, device


def test_a_slice_is_followed_by_a_rest_of_several_times_its_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At first it is taken that there is something else to do."""
    monkeypatch.setattr(pacing.time, "monotonic", lambda: 100.0)
    pace = Pace()
    assert pace.left_s == 0
    pace.begin()
    pace.end(0.1)
    assert 0.4 < pace.left_s < 0.7
    pace.end(60.0)
    assert pace.left_s == 1.0


async def test_who_is_written_to_is_looked_at_while_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those whose time has come have their turn after the rest."""
    with Tracked(tmp_path).running() as service:
        await service.collect("purchase", device("d"))
        service.look()
        service.now_ns += 100 * DAY
        tracker = service.revisions.tracker
        with monkeypatch.context() as resting:
            resting.setattr(Pace, "left_s", property(lambda _: 1.0))
            assert not tracker.step(paced=True)
            await service.set_tier("web", "e", "plus")
            assert tracker.step(paced=True)
            assert service.members("plus") == ["e"]
            assert service.members("lapsed") == []
        assert tracker.step(paced=True)
        assert service.members("lapsed") == ["d"]
