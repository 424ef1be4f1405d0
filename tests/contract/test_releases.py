"""Releases under load: published, activated, rolled back and tried on some, with real processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest

from offerd.decision.experiments import share
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import event_service_pb2 as events
from offerd.v1.decision_service_pb2_grpc import DecisionServiceStub
from offerd.v1.event_service_pb2_grpc import EventServiceStub
from offerd.v1.identity_pb2 import Identity
from processes import ServeProcess, run, serve_process

DEFINITIONS = """
namespaces: [{{id: ecid, type: cookie}}]
events: [{{id: visit}}{events}]
aggregates: [{{id: visits, events: [visit], function: count}}{aggregates}]
placements: [{{id: web, channel: web, content_type: text}}]
offers:
- id: {offer}
  eligibility: {eligibility}
  caps: [{{event: display, per: total, limit: 3}}]
  representations: [{{placement: web, text: hello}}]
fallback_offers: [{{id: none, representations: [{{placement: web, text: none}}]}}]
collections: [{{id: all, offers: [{offer}]}}]
strategies: [{{id: best, collection: all}}]
decisions: [{{id: next, placements: [web], strategies: [best], fallbacks: [none]}}]
"""
SCOPE = pb.Scope(decision="next", placement="web")
WAIT_S = 30.0


def publish(
    folder: Path,
    offer: str,
    *options: str,
    eligibility: str = "now.getFullYear() > 2002",
    events: str = "",
    aggregates: str = "",
) -> str:
    """Publishes definitions of one offer; returns the revision."""
    definitions = folder / f"definitions-{offer}"
    definitions.mkdir(exist_ok=True)
    text = DEFINITIONS.format(
        offer=offer, eligibility=eligibility, events=events, aggregates=aggregates
    )
    (definitions / "all.yaml").write_text(text)
    done = run("publish", definitions, "--releases", folder / "releases", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[1]


def change(folder: Path, *arguments: str) -> str:
    """Runs a command on the releases; returns what it says."""
    done = run(*arguments, "--releases", folder / "releases")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one release, active."""
    publish(tmp_path, "old", "--activate", eligibility="now.getFullYear() > 2000")
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[ServeProcess]:
    """A process that serves the folder's releases."""
    with serve_process(folder / "releases", folder / "state") as process:
        yield process


@asynccontextmanager
async def channel_to(served: ServeProcess) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the process."""
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        yield channel


async def ask(channel: grpc.aio.Channel, visitor: str = "") -> tuple[str, str]:
    """Returns the revision that answered and the offer that it proposed."""
    who = [Identity(namespace="ecid", id=visitor)] if visitor else []
    request = pb.DecideRequest(scopes=[SCOPE], identities=who)
    answer = await DecisionServiceStub(channel).Decide(request, timeout=WAIT_S)
    return answer.revision, answer.propositions[0].items[0].offer


async def until_answered_by(channel: grpc.aio.Channel, revision: str) -> None:
    """Returns once a revision answers."""
    async with asyncio.timeout(WAIT_S):
        while (await ask(channel))[0] != revision:
            pass


async def test_activation_under_load_fails_no_request(folder: Path, served: ServeProcess) -> None:
    """Each of many requests is answered by one of the two revisions, and once by the new one
    never again by the old one."""
    new = publish(folder, "new", eligibility="now.getFullYear() > 2001")
    async with channel_to(served) as channel:
        old, _ = await ask(channel)
        answers: list[tuple[str, str]] = []
        activated = asyncio.Event()

        async def load() -> None:
            while not activated.is_set() or answers[-1][0] == old:
                answers.append(await ask(channel))

        senders = [asyncio.create_task(load()) for _ in range(8)]
        said = await asyncio.to_thread(change, folder, "activate", new[:10])
        activated.set()
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*senders)
    assert new in said
    assert set(answers) == {(old, "old"), (new, "new")}
    # Answers come in the order of their requests, give or take those under way at the swap.
    first = answers.index((new, "new"))
    assert (old, "old") not in answers[first + 8 :]


async def test_rollback_brings_the_revision_before_back(folder: Path, served: ServeProcess) -> None:
    """After a roll-back the revision that was active before answers, from the same process."""
    async with channel_to(served) as channel:
        old, _ = await ask(channel)
        new = publish(folder, "new", "--activate")
        await until_answered_by(channel, new)
        change(folder, "rollback", "--note", "too early")
        await until_answered_by(channel, old)
    history = [json.loads(line) for line in change(folder, "history", "--json").splitlines()]
    assert [entry["action"] for entry in history][:2] == ["rollback", "activate"]
    assert history[0]["note"] == "too early"


async def test_a_release_that_can_not_be_opened_changes_nothing(
    folder: Path, served: ServeProcess
) -> None:
    """A damaged bundle isn't served: the active one goes on, the log says why, and the next
    good release is taken."""
    async with channel_to(served) as channel:
        old, _ = await ask(channel)
        bad = publish(folder, "bad")
        path = folder / "releases/bundles" / bad
        path.write_bytes(path.read_bytes()[:-100])
        change(folder, "activate", bad)
        async with asyncio.timeout(WAIT_S):
            while not any(line["event"] == "activation failed" for line in served.log()):
                assert await ask(channel) == (old, "old")
        good = publish(folder, "good", "--activate")
        await until_answered_by(channel, good)


async def test_a_canary_answers_for_its_share_of_profiles(
    folder: Path, served: ServeProcess
) -> None:
    """Whoever hashes into the canary is answered by it, everybody else isn't; a greater share
    keeps those who were in it, and activation makes it everybody's."""
    new = publish(folder, "new")
    visitors = [f"visitor-{number}" for number in range(200)]

    def inside(percent: int) -> list[bool]:
        shares = (share(f"ecid:{visitor}", f"canary/{new}", 10_000) for visitor in visitors)
        return [one < percent * 100 for one in shares]

    async with channel_to(served) as channel:
        old, _ = await ask(channel)

        async def answered_by_new() -> list[bool]:
            return [(await ask(channel, visitor))[0] == new for visitor in visitors]

        for percent in (10, 40):
            change(folder, "canary", new, f"{percent}%")
            async with asyncio.timeout(WAIT_S):
                while await answered_by_new() != inside(percent):
                    pass
            assert (await ask(channel))[0] == old
        change(folder, "activate", new)
        await until_answered_by(channel, new)


async def test_events_are_checked_by_the_revision_of_their_profile(
    folder: Path, served: ServeProcess
) -> None:
    """An event type that only the canary declares is taken from those who are in it."""
    new = publish(folder, "new", events=", {id: swipe}")
    names = {True: "", False: ""}
    for number in range(100):
        name = f"visitor-{number}"
        names[share(f"ecid:{name}", f"canary/{new}", 10_000) < 5_000] = name
    change(folder, "canary", new, "50%")
    async with channel_to(served) as channel:
        async with asyncio.timeout(WAIT_S):
            while (await ask(channel, names[True]))[0] != new:
                pass
        request = events.CollectRequest(
            events=[
                events.Event(
                    event_id=name, type="swipe", identities=[Identity(namespace="ecid", id=name)]
                )
                for name in (names[False], names[True])
            ]
        )
        results = (await EventServiceStub(channel).Collect(request, timeout=WAIT_S)).results
    assert results[0].refusal.field == "events[0].type"
    assert results[1].status == events.EVENT_STATUS_ACCEPTED


async def test_a_new_aggregate_knows_what_happened_before(
    folder: Path, served: ServeProcess
) -> None:
    """A release that declares another aggregate decides at once with what was collected under
    the one before."""
    visit = events.Event(
        event_id="one", type="visit", identities=[Identity(namespace="ecid", id="ann")]
    )
    async with channel_to(served) as channel:
        await EventServiceStub(channel).Collect(
            events.CollectRequest(events=[visit]), timeout=WAIT_S
        )
        new = publish(
            folder, "new", "--activate",
            eligibility="has(aggregate.first_visit)",
            aggregates=", {id: first_visit, events: [visit], function: first_time}",
        )  # fmt: skip
        await until_answered_by(channel, new)
        assert await ask(channel, "ann") == (new, "new")
        assert await ask(channel, "bob") == (new, "none")


async def test_caps_count_on_over_releases(folder: Path, served: ServeProcess) -> None:
    """A total that three displays have reached is reached under the next release too."""
    async with channel_to(served) as channel:
        for number in range(3):
            answer = await DecisionServiceStub(channel).Decide(
                pb.DecideRequest(scopes=[SCOPE]), timeout=WAIT_S
            )
            token = answer.propositions[0].items[0].token
            shown = events.Event(
                event_id=f"shown-{number}", type="display", token=token,
                identities=[Identity(namespace="ecid", id="ann")],
            )  # fmt: skip
            collected = await EventServiceStub(channel).Collect(
                events.CollectRequest(events=[shown]), timeout=WAIT_S
            )
            assert [c.after for c in collected.results[0].counters] == [number + 1]
        assert (await ask(channel))[1] == "none"
        again = publish(folder, "old", "--activate", eligibility="now.getFullYear() > 1999")
        await until_answered_by(channel, again)
        assert await ask(channel) == (again, "none")


def test_nothing_is_served_before_the_first_activation(tmp_path: Path) -> None:
    """A directory without an active release is refused at start, with the way out."""
    publish(tmp_path, "old")
    done = run(
        "serve", "--releases", tmp_path / "releases", "--state", tmp_path / "state", "--no-http"
    )
    assert done.returncode == 1
    assert "has no active release: `offerd publish --activate` makes one" in done.stderr
