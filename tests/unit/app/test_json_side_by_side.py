"""The JSON door of a whole service: the same answers, whoever else asks in the same instant."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from google.protobuf import json_format

from offerd.app.local_backend import LocalBackend
from offerd.app.process import dispatcher_for
from offerd.service import at_once as at_once_module
from offerd.store import JournalMode
from offerd_gateway import Gateway, GatewayServer
from offerd_gateway.protocol import HOLD_BYTES
from seeds import random_seed
from unit.gateway.random_posts import in_parts, posted
from unit.gateway.test_at_once_door import SETTINGS, exchanged
from unit.service.random_requests import asking
from unit.service.test_at_once import DEFINITIONS, Asked, asked, choose, fill

__all__ = ["asked"]

CALLERS = 24


@pytest.mark.parametrize(
    "asked",
    [((DEFINITIONS,), JournalMode.OFF), ((DEFINITIONS,), JournalMode.BEHIND)],
    indirect=True,
    ids=["alone", "journalled"],
)
async def test_the_same_as_of_who_asks_alone(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good, unusual, wrong and too large ones, one after the other or not, whole or in parts."""
    source = random.Random(random_seed())
    await fill(asked, source)
    sizes = _noting_sizes(monkeypatch)
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    server = GatewayServer(Gateway(LocalBackend(dispatcher), SETTINGS), "127.0.0.1", 0)
    port = await server.start()
    try:
        for step in range(6):
            if step == 3:
                await choose(asked)
            conversations = [_conversation(source) for _ in range(CALLERS)]
            together = await asyncio.gather(*(exchanged(port, one) for one in conversations))
            lines = _lines(asked)
            alone = [await exchanged(port, one) for one in conversations]
            assert together == alone
            assert _lines(asked) == lines
            if step == 0:
                assert {one.status[9:12] for many in alone for one in many} >= {b"200", b"400"}
        assert sum(sizes) > 15
    finally:
        await server.stop(1.0)


def _noting_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns how many were decided side by side each time, as it goes on."""
    sizes: list[int] = []
    answer_some = at_once_module.AtOnce.answer_some

    def noted(*arguments: Any) -> Any:
        found = answer_some(*arguments)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(at_once_module.AtOnce, "answer_some", noted)
    return sizes


def _lines(asked: Asked) -> list[str]:
    """Returns the lines of requests in the log, but for how long they took; forgets them."""
    found = [repr({**line, "duration_us": 0}) for line in asked.lines if line["event"] == "request"]
    asked.lines.clear()
    return sorted(found)


def _conversation(source: random.Random) -> list[list[bytes]]:
    """Returns what is asked on a connection, several at once or in parts where it is so."""
    asked: list[list[bytes]] = []
    for _ in range(source.randrange(2, 6)):
        kind = source.randrange(8)
        if kind == 0:
            asked.append([b"".join(_request(source) for _ in range(3))])
        elif kind == 1:
            asked.append(in_parts(source, _request(source)))
        else:
            asked.append([_request(source)])
    return asked


def _request(source: random.Random) -> bytes:
    """Returns a request that changes nothing for those that follow."""
    request = asking(source)
    request.ClearField("events")
    members = json_format.MessageToDict(request)
    kind = source.randrange(30)
    if kind == 0:
        members["context"] = {"attributes": {"weather": "x" * (HOLD_BYTES + 1)}}
    elif kind == 1:
        members["context"] = {"attributes": {"weather": "x" * SETTINGS.body_limit_bytes}}
    elif kind == 2:
        members["nothing"] = True
    body = json.dumps(members).encode()
    if kind == 3:
        body = body[:-1]
    headers = [b"x-request-id: mine"] if source.random() < 0.2 else []
    return posted(body, *headers)
