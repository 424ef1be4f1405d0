"""The journal of a real process: read beside it, replayed, whole after any death."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract.cap_storm import Storm
from contract.conftest import DEFINITIONS
from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.model.journal import DecisionEntry, EventEntry
from offerd.replay import Definitions, Replay
from offerd.store import State
from processes import HOST, ServeProcess, command, environment, run, serve_process
from seeds import random_seed
from serving import compile_to

CHANGED = DEFINITIONS.replace("profile.age >= 18", "profile.age >= 40")


def customer(number: int) -> dict[str, Any]:
    """Returns an identity that is whose it says."""
    return {
        "namespace": "email",
        "id": f"{number}@example.com",
        "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
    }


def ask(served: ServeProcess, number: int, **more: Any) -> Any:
    """Asks for a decision."""
    body = {
        "scopes": [{"name": "hero"}],
        "identities": [customer(number)],
        "requestId": f"r-{number}",
        **more,
    }
    url = f"http://{HOST}:{served.http_port}/v1/decisions:decide"
    answer = httpx.post(url, json=body, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(served: ServeProcess, verb: str, path: str, body: Any = None) -> None:
    """Sends anything else."""
    url = f"http://{HOST}:{served.http_port}/v1/{path}"
    answer = httpx.request(verb, url, json=body, trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text


def lines(*arguments: str | Path) -> list[Any]:
    """Returns what a command prints as JSON, line by line."""
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The bundle of definitions of which one rule was changed."""
    (tmp_path / "changed").mkdir()
    (tmp_path / "changed" / "all.yaml").write_text(CHANGED, encoding="utf-8")
    return compile_to(tmp_path, tmp_path / "changed")


def test_a_journal_is_read_and_replayed_beside_its_server(
    bundle: Path, changed: Path, tmp_path: Path
) -> None:
    """What was decided and collected is listed, and replayed by this revision and another."""
    state = tmp_path / "state"
    options = ("--journal", "before-answer", "--journal-reasons", "100%")
    with serve_process(bundle, state, *options) as served:
        for number in range(4):
            path = f"profiles/email/{number}@example.com"
            send(served, "PUT", path, {"attributes": {"age": 20 + number * 10}})
            answer = ask(served, number)
            assert "explanation" not in answer["propositions"][0]
        ask(served, 9, dryRun=True)
        event = {"eventId": "e-1", "type": "visit", "identities": [customer(1)]}
        send(served, "POST", "events:collect", {"events": [event]})

        listed = lines("journal", "--state", state)
        assert [one["kind"] for one in listed] == ["decision"] * 4 + ["event"]
        assert [one["sequence"] for one in listed] == [1, 2, 3, 4, 5]
        assert listed[0]["scopes"][0]["items"][0]["offer"] == "grown-up"
        assert [r["offer"] for r in listed[0]["scopes"][0]["reasons"]] == ["grown-up", "everyone"]
        assert listed[4]["event"]["type"] == "visit"
        of_one = lines("journal", "--state", state, "--profile", "email:1@example.com")
        assert [one["sequence"] for one in of_one] == [2, 5]
        assert lines("journal", "--state", state, "--request-id", "r-2") == [listed[2]]
        assert lines("journal", "--state", state, "--limit", "2") == listed[3:]
        assert lines("journal", "--state", state, "--until", "2000-01-01T00:00:00Z") == []
        text = run("journal", "--state", state, "--reasons").stdout
        assert "email:0@example.com  decision  hero: grown-up (all 1)" in text
        assert "hero  everyone  fell at rank: " in text

        same = lines("replay", "--state", state, "--bundle", bundle)
        assert same[0]["summary"]["replayed"] == 4
        assert (len(same), same[0]["summary"]["differing"]) == (1, 0)
        again = lines("replay", "--state", state, "--bundle", changed)
        assert [one["profile"] for one in again[:-1]] == [
            "email:0@example.com",
            "email:1@example.com",
        ]
        (difference,) = again[0]["differences"]
        assert [i["offer"] for i in difference["now"]["items"]] == ["everyone"]
        lost, gained = difference["because"]
        assert (lost["offer"], lost["missing"], lost["stage"]) == ("grown-up", "now", "eligibility")
        assert "40" in lost["reason"]
        assert (gained["offer"], gained["missing"], gained["stage"]) == ("everyone", "then", "rank")
        counted = {"decisions": 4, "differing": 2, "gone": 0}
        assert again[-1]["summary"]["scopes"] == {"hero": counted}
        told = run("replay", "--state", state, "--definitions", changed.parent / "changed")
        assert "4 decisions replayed, 2 with another answer" in told.stdout
        arguments = ("replay", "--state", state, "--exit-code", "--bundle")
        assert run(*arguments, bundle).returncode == 0
        assert run(*arguments, changed).returncode == 3

        send(served, "DELETE", "profiles/email/1@example.com")
        left = lines("journal", "--state", state)
        assert [one["sequence"] for one in left] == [1, 3, 4]
        ask(served, 2)  # the server has noticed none of it
        assert served.terminate() == 0


def test_what_is_appended_can_be_followed(bundle: Path, tmp_path: Path) -> None:
    """Each entry is printed soon after it was appended."""
    state = tmp_path / "state"
    with serve_process(bundle, state) as served:
        ask(served, 0)
        follower = subprocess.Popen(
            command("journal", "--state", state, "--follow", "--json"),
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        with follower:
            assert follower.stdout is not None
            first = json.loads(follower.stdout.readline())
            ask(served, 1)
            second = json.loads(follower.stdout.readline())
            follower.kill()
        assert (first["request_id"], second["request_id"]) == ("r-0", "r-1")


def test_no_journal_where_none_is_wanted(bundle: Path, tmp_path: Path) -> None:
    """With `--journal off` there is none, and a folder that is no state is refused."""
    state = tmp_path / "state"
    with serve_process(bundle, state, "--journal", "off") as served:
        ask(served, 0)
        assert lines("journal", "--state", state) == []
    refused = run("journal", "--state", tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == f"error: there is no state in `{tmp_path}`\n"
    wrong = run("serve", "--bundle", bundle, "--state", state, "--journal-bytes", "much")
    assert wrong.returncode == 2
    assert "`much` is no size such as 500MB or 2GiB" in wrong.stderr


@pytest.mark.parametrize("mode", ["decide", "reserve"])
def test_the_journal_has_just_what_was_counted(tmp_path: Path, mode: str) -> None:
    """Through deaths of server and clients: each capped proposition once, and all replays alike."""
    seed = random_seed()
    storm = Storm(tmp_path / "storm", mode, 60, 400, seed)
    try:
        outcome = storm.run(server_kills=2, client_kills=1)
    finally:
        storm.close()
    (path,) = (tmp_path / "storm" / "bundles").glob("bundle-*")
    bundle = open_bundle(path)
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    replay = Replay(Definitions(bundle.prepared, bundle.revision, fold.defaults))
    with State.open(tmp_path / "storm" / "state", fold) as state:
        found = list(state.journal.reader.entries())
        assert [one.sequence for one in found] == list(range(1, len(found) + 1))
        shown = committed = 0
        for _, entry in found:
            if isinstance(entry, EventEntry):
                event = state.journal.reader.event(entry.event_id)
                assert event is not None
                assert event.offer == "capped"
                committed += 1
            elif isinstance(entry, DecisionEntry):
                assert replay.replay(entry, state.journal.reader.view(entry.view)) == ()
                shown += any(item.offer == "capped" for item in entry.scopes[0].items)
    bundle.close()
    assert shown + committed == outcome.counted
    assert (shown if mode == "reserve" else committed) == 0
