"""Killed while it tracks audiences, the service loses no transition and tells none twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import grpc
import grpc.aio
import pytest

from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import audience_service_pb2_grpc as audiences_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from processes import ServeProcess, serve_process
from seeds import random_seed
from serving import compile_to

ROUNDS = 4
SENDERS = 8
DEFINITIONS = """
namespaces: [{id: web, type: cookie}]
profile: [{name: tier, type: string}]
audiences: [{id: plus, name: Plus, rule: "profile.tier == 'plus'"}]
placements: [{id: web, channel: web, content_type: text}]
offers: [{id: one, representations: [{placement: web, text: A}]}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [one]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web}]
"""


@pytest.fixture(scope="module")
def audience_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with one audience, `plus`."""
    folder = tmp_path_factory.mktemp("audiences")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return compile_to(folder, folder / "definitions")


class _Sent:
    """Who was made a member, and of whom that was acknowledged."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.acknowledged: set[str] = set()


async def _write_until_killed(served: ServeProcess, sent: _Sent) -> None:
    answers_left = sent.random.randint(20, 150)
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        stub = profiles_grpc.ProfileServiceStub(channel)

        async def send() -> None:
            nonlocal answers_left
            while True:
                sent.count += 1
                name = f"d{sent.count}"
                request = profiles.SetProfileRequest(namespace="web", id=name)
                request.attributes["tier"] = "plus"
                try:
                    await stub.SetProfile(request, timeout=30)
                except grpc.aio.AioRpcError:
                    return
                sent.acknowledged.add(name)
                answers_left -= 1
                if answers_left == 0:
                    served.process.kill()

        await asyncio.gather(*(send() for _ in range(SENDERS)))
    served.wait()


async def _check(served: ServeProcess, sent: _Sent) -> None:
    """Watches from the beginning until everybody acknowledged was seen; nobody is seen twice."""
    seen: Counter[str] = Counter()
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        stub = audiences_grpc.AudienceServiceStub(channel)
        request = audiences.WatchAudiencesRequest(after_position="beginning")
        stream = stub.WatchAudiences(request, timeout=60)
        while not sent.acknowledged <= seen.keys():
            answer = await stream.read()
            assert answer.status == profiles.MEMBERSHIP_STATUS_REALIZED
            seen[answer.identity.id] += 1
        stream.cancel()
        listed = await stub.ListAudiences(audiences.ListAudiencesRequest())
        assert listed.audiences[0].members >= len(sent.acknowledged)
    assert set(seen.values()) <= {1}, [name for name, times in seen.items() if times > 1]


async def test_kill_loses_and_doubles_no_transition(audience_bundle: Path, tmp_path: Path) -> None:
    """Killed between writes and tracking, again and again: each member is told of once."""
    seed = random_seed()
    sent = _Sent(seed)
    for _ in range(ROUNDS):
        with serve_process(audience_bundle, tmp_path / "state") as served:
            await _check(served, sent)
            await _write_until_killed(served, sent)
    with serve_process(audience_bundle, tmp_path / "state") as served:
        await _check(served, sent)
        assert served.terminate() == 0
