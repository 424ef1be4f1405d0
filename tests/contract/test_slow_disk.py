"""A slow disk slows acknowledgements, and nothing that is only asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from offerd.store import State
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from serving import serving

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
events: [{id: visit}]
aggregates: [{id: visits, events: [visit], function: count}]
placements: [{id: web, channel: web, content_type: text}]
offers:
  - id: again
    eligibility: aggregate.visits > 0
    representations: [{placement: web, text: A}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [again]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web}]
"""
WHO = [{"namespace": "ecid", "id": "1"}]
VISIT = events.CollectRequest(events=[events.Event(event_id="e1", type="visit", identities=WHO)])
QUESTION = decisions.DecideRequest(scopes=[decisions.Scope(name="hero")], identities=WHO)


class StuckDisk:
    """Has the next commits of a state take until `let_go`."""

    def __init__(self, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
        self._gate = threading.Event()
        self._begun = threading.Event()
        environment = state._environment
        write = environment._write

        def slowly(work: Callable[[Any], Any], *, frees: bool) -> Any:
            def stuck(transaction: Any) -> Any:
                result = work(transaction)
                self._begun.set()
                self._gate.wait()
                return result

            return write(stuck, frees=frees)

        monkeypatch.setattr(environment, "_write", slowly)

    async def until_stuck(self) -> None:
        """Returns once a commit waits."""
        await asyncio.to_thread(self._begun.wait)

    def let_go(self) -> None:
        """Lets all commits through from now on."""
        self._gate.set()


async def test_decisions_go_on_while_a_commit_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what was acknowledged before; the event counts once it is acknowledged."""
    definitions = tmp_path / "definitions"
    definitions.mkdir()
    (definitions / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    async with (
        serving(tmp_path / "service", [definitions]) as running,
        grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as channel,
    ):
        decide = decisions_grpc.DecisionServiceStub(channel).Decide
        disk = StuckDisk(running.state, monkeypatch)
        collecting = asyncio.ensure_future(events_grpc.EventServiceStub(channel).Collect(VISIT))
        await disk.until_stuck()
        for _ in range(50):
            answer = await decide(QUESTION, timeout=30)
            assert [item.offer for item in answer.propositions[0].items] == ["none"]
        request = profiles.GetProfileRequest(namespace="ecid", id="1")
        with pytest.raises(grpc.aio.AioRpcError, match="no profile"):
            await profiles_grpc.ProfileServiceStub(channel).GetProfile(request, timeout=30)
        assert not collecting.done()
        disk.let_go()
        assert (await collecting).results[0].status == events.EVENT_STATUS_ACCEPTED
        answer = await decide(QUESTION, timeout=30)
        assert [item.offer for item in answer.propositions[0].items] == ["again"]
