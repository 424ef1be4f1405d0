"""`offerd backup` copies a state that a server goes on writing to."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from pathlib import Path

import grpc.aio

from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey
from offerd.store import State
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from processes import command, environment, run, serve_process
from store.given import contradictions

SENDERS = 4
BATCH = 5
BEFORE = 60


class Load:
    """Senders that collect batches of events until they are told to stop."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._numbers = itertools.count()
        self._stopped = False
        self._enough = asyncio.Event()
        self.acknowledged: list[str] = []

    async def run(self) -> None:
        """Sends until stopped; each batch is of one customer, whom its ids name."""
        async with grpc.aio.insecure_channel(self._address) as channel:
            stub = events_grpc.EventServiceStub(channel)
            await asyncio.gather(*(self._send(stub) for _ in range(SENDERS)))

    async def _send(self, stub: events_grpc.EventServiceStub) -> None:
        while not self._stopped:
            name = f"b{next(self._numbers)}"
            who = [{"namespace": "ecid", "id": name}]
            batch = [
                events.Event(event_id=f"{name}-{n}", type="visit", identities=who)
                for n in range(BATCH)
            ]
            answer = await stub.Collect(events.CollectRequest(events=batch), timeout=30)
            assert {one.status for one in answer.results} == {events.EVENT_STATUS_ACCEPTED}
            self.acknowledged.append(name)
            if len(self.acknowledged) >= BEFORE:
                self._enough.set()

    async def until_some_are_stored(self) -> None:
        """Returns once so many batches are acknowledged that a backup is worth it."""
        await self._enough.wait()

    def stop(self) -> None:
        """Has the senders end after what is under way."""
        self._stopped = True


async def _backed_up(state: Path, out: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command("backup", state, out), env=environment(), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def test_a_backup_under_load_is_one_moment_of_the_state(bundle: Path, tmp_path: Path) -> None:
    """All that was acknowledged before is in it, each request whole or not at all; it is served."""
    state, out = tmp_path / "state", tmp_path / "copy"
    with serve_process(bundle, state) as served:
        load = Load(served.grpc_address)
        sending = asyncio.create_task(load.run())
        await load.until_some_are_stored()
        before = list(load.acknowledged)
        said = await _backed_up(state, out)
        after = len(load.acknowledged)
        load.stop()
        await sending
        assert served.terminate() == 0
    assert after > len(before), "nothing was written meanwhile"
    opened = open_bundle(bundle)
    plan = FoldPlan.build(opened.catalogue, opened.event_filters)
    with State.open(out, plan) as copied:
        sizes = [
            len(copied.events(ProfileKey(record.namespace, record.id)))
            for record in copied.profiles()
        ]
        assert set(sizes) == {BATCH}
        names = {record.id for record in copied.profiles()}
        assert set(before) <= names
        assert contradictions(copied, plan) == []
        assert said.startswith(f"{out}: {len(names):,} profiles, {len(names) * BATCH:,} events, ")
    shown = run("journal", "--state", out, "--limit", "0")
    assert shown.returncode == 0
    assert shown.stdout.count("\n") >= len(names)
    with serve_process(bundle, out) as restored:
        assert restored.terminate() == 0
    opened.close()


def test_what_cannot_be_backed_up_is_told(bundle: Path, tmp_path: Path) -> None:
    """Nothing is replaced, and nothing is left of what failed."""
    state = tmp_path / "state"
    with serve_process(bundle, state) as served:
        assert served.terminate() == 0
    full = tmp_path / "full"
    full.mkdir()
    (full / "kept").write_text("kept", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    before = sorted(tmp_path.iterdir())
    for source, out, message in (
        (state, full, f"error: `{full}` exists already; a backup replaces nothing"),
        (state, empty, f"error: `{empty}` exists already; a backup replaces nothing"),
        (state, tmp_path / "no" / "copy", "can't be written: no such file or directory"),
        (empty, tmp_path / "copy", f"error: there is no state in `{empty}`"),
    ):
        done = run("backup", source, out)
        assert done.returncode == 1
        assert message in done.stderr
        assert done.stdout == ""
    assert sorted(tmp_path.iterdir()) == before
    assert (full / "kept").read_text(encoding="utf-8") == "kept"


def test_a_backup_that_finds_no_room_leaves_nothing(bundle: Path, tmp_path: Path) -> None:
    """A limit of the process on the size of files stands for the full disk."""
    state, out = tmp_path / "state", tmp_path / "copy"
    with serve_process(bundle, state) as served:
        assert served.terminate() == 0
    before = sorted(tmp_path.iterdir())
    limited = ("/bin/sh", "-c", 'ulimit -f 8; exec "$@"', "sh")
    done = subprocess.run(
        [*limited, *command("backup", state, out)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "can't be copied: " in done.stderr
    assert sorted(tmp_path.iterdir()) == before
