"""What follows releases outlives whatever happens to it, and gets there in the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import CapturingLogger

from offerd.app import revisions as followed
from offerd.app.revisions import ReleaseFollower
from offerd.bundle import write_bundle
from offerd.errors import Exhausted
from offerd.events import IncomingEvent, event_fingerprint
from offerd.model.catalogue import Catalogue, Placement
from offerd.model.content import ContentType
from offerd.model.event import Event
from offerd.model.place import Circle, Library, Place, Point
from offerd.model.profile import ProfileKey
from offerd.model.schema import Schema
from offerd.releases import Releases
from offerd.service.revisions import Revisions
from offerd.store import State
from offerd.store import writer as store_writer

WAIT_S = 20.0


def publish(releases: Releases, placement: str) -> str:
    """Publishes a bundle of one placement and one place, and lets it decide; its revision."""
    made = (Placement(placement, "web", ContentType.TEXT),)
    place = Place(placement, "l", placement, Circle(Point(59.0, 18.0), 50.0), Point(59.0, 18.0))
    catalogue = Catalogue(
        Schema(), (), (), (), made, (), (), (), (), (), (), (),
        libraries=(Library("l", "L", 1),), places=(place,),
    )  # fmt: skip
    revision = releases.publish(lambda path: write_bundle(catalogue, path).revision, 1).revision
    releases.activate(revision, 2)
    return revision


class Followed:
    """Releases with one active, a state, what answers by them, and what the log was told."""

    def __init__(self, releases: Releases, folder: Path) -> None:
        self.releases = releases
        self.told = CapturingLogger()
        log = structlog.wrap_logger(self.told, processors=[])
        self.follower = ReleaseFollower(releases, log, ())
        standing = self.follower.first()
        self.state = State.open(folder / "state", standing.plans())
        self.revisions = Revisions(standing, self.state, log, lambda: 3)

    @property
    def failures(self) -> list[dict[str, Any]]:
        """What was logged of activations that failed, in order."""
        return [
            call.kwargs
            for call in self.told.calls
            if call.kwargs.get("event") == "activation failed"
        ]

    async def until_serving(self, revision: str) -> None:
        """Returns once a revision is the active one."""
        await until(lambda: self.revisions.active.bundle.revision == revision)


async def until(happened: Any) -> None:
    """Returns once something is so."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if happened():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def following(folder: Path) -> AsyncIterator[Followed]:
    """Follows releases with one active."""
    releases = Releases(folder / "releases")
    publish(releases, "first")
    made = Followed(releases, folder)
    task = asyncio.create_task(made.follower.follow(made.revisions))
    try:
        yield made
        assert not task.done()
    finally:
        task.cancel()
        made.state.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once, rather than after half a second."""
    monkeypatch.setattr(followed, "FIRST_RETRY_S", 0.01)


@pytest.mark.parametrize("error", [MemoryError("full"), RuntimeError("no thread"), OSError(24, "")])
async def test_whatever_fails_is_logged_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """An error that nobody foresaw delays an activation, and ends nothing."""
    load = followed.load_bundle
    left = [error, error]

    def failing(*arguments: Any) -> Any:
        if left:
            raise left.pop()
        return load(*arguments)

    async with following(tmp_path) as made:
        monkeypatch.setattr(followed, "load_bundle", failing)
        second = publish(made.releases, "second")
        await made.until_serving(second)
        first, again = made.failures
        assert first["cause"] == str(error)
        assert first["exc_info"]
        assert again["retry_s"] == 2 * first["retry_s"]
        third = publish(made.releases, "third")
        await made.until_serving(third)


async def test_a_bundle_that_comes_back_is_served_without_another_change(tmp_path: Path) -> None:
    """A bundle that can't be read at first is served once it can be: the history needn't change."""
    async with following(tmp_path) as made:
        second = publish(made.releases, "second")
        path, elsewhere = made.releases.bundle_path(second), tmp_path / "elsewhere"
        path.rename(elsewhere)
        await until(lambda: made.failures)
        elsewhere.rename(path)
        await made.until_serving(second)


async def test_a_busy_store_does_not_lose_an_activation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as much waiting for the store as may, a release is activated all the same."""
    monkeypatch.setattr(store_writer, "QUEUE_LIMIT", 5)
    async with following(tmp_path) as made:
        holding, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            holding.set()
            go_on.wait(WAIT_S)

        made.state._writer.between(hold)
        holding.wait(WAIT_S)
        waiting = [made.state.set_profile(ProfileKey("ecid", str(n)), {}, 3) for n in range(5)]
        with pytest.raises(Exhausted):
            made.state.set_profile(ProfileKey("ecid", "more"), {}, 3)
        second = publish(made.releases, "second")
        go_on.set()
        await made.until_serving(second)
        assert made.failures == []
        await asyncio.gather(*map(asyncio.wrap_future, waiting))


async def test_locations_cross_the_places_of_the_active_release(tmp_path: Path) -> None:
    """Of each as soon as it is activated, also of one that was before, however often."""
    key = ProfileKey("ecid", "1")
    async with following(tmp_path) as made:
        names = {made.revisions.active.bundle.revision: "first"}
        for number in range(6):
            if number:
                revision = publish(made.releases, ["first", "second"][number % 2])
                names[revision] = ["first", "second"][number % 2]
                await made.until_serving(revision)
            told = {"latitude": 59.0, "longitude": 18.0}
            event = Event(f"l{number}", "location", 10 + number, told)
            incoming = IncomingEvent(key, event, event_fingerprint(key, event))
            (found,) = await asyncio.wrap_future(made.state.collect([incoming], 10 + number))
            expected = names[made.revisions.active.bundle.revision]
            assert [one.place for one in found.crossings] == [expected]
        assert made.failures == []
