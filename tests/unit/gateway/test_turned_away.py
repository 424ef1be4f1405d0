"""A log that is told only of what doesn't come as far as the service."""

from __future__ import annotations

import json

import pytest

from offerd_gateway import AccessRecord, Gateway, GatewayServer
from unit.gateway.calling import ONE_SCOPE
from unit.gateway.random_posts import LAST, posted
from unit.gateway.test_at_once_door import SETTINGS, Service, exchanged


@pytest.mark.parametrize("only_turned_away", [False, True])
async def test_who_is_told_to_the_log(only_turned_away: bool) -> None:
    """Wrong requests always, and answered ones, at once or not, if it is told of all."""
    told: list[AccessRecord] = []
    gateway = Gateway(Service(), SETTINGS, told.append, only_turned_away=only_turned_away)
    server = GatewayServer(gateway, "127.0.0.1", 0)
    port = await server.start()
    several = [json.dumps(ONE_SCOPE | {"requestId": str(n)}).encode() for n in range(20)]
    wrong = [posted(b"{}", b"x-timeout-ms: z"), posted(b"{")]
    await exchanged(port, [*([posted(body)] for body in several), *([one] for one in wrong)])
    await exchanged(port, [[LAST]])
    assert await exchanged(port, [[b"no HTTP/1.1\r\n\r\n"]])
    await server.stop(1.0)
    assert [(one.status, one.is_call) for one in told if not one.asked] == [
        (400, True), (400, True), (200, False), (400, True),
    ]  # fmt: skip
    assert len([one for one in told if one.asked]) == (0 if only_turned_away else 20)
