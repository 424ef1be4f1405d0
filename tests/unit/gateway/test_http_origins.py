"""Which pages of other origins may call, and settings that cannot work."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.errors import ConfigurationError
from offerd_gateway import CorsSettings, GatewaySettings
from unit.client.canned_service import CannedService
from unit.gateway.calling import DECIDE_PATH, ONE_SCOPE
from unit.gateway.conftest import Door, OpenDoor


async def test_no_page_may_call_by_default(door: Door) -> None:
    """Without settings no page of another origin can read an answer."""
    origin = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    preflight = await door.http.options(DECIDE_PATH, headers=origin)
    answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers=origin)
    for headers in (preflight.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control")]


async def test_an_allowed_page_may_call(open_door: OpenDoor, service: CannedService) -> None:
    """A page of an allowed origin gets its preflight and its answers, errors too."""
    cors = CorsSettings(("https://shop.example", "http://localhost:3000"), max_age_s=60)
    origin = {"origin": "https://shop.example"}
    asked = origin | {"access-control-request-method": "POST"}
    async with open_door(service.target, GatewaySettings(cors=cors)) as door:
        preflight = await door.http.options(DECIDE_PATH, headers=asked)
        answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers=origin)
        error = await door.http.post(DECIDE_PATH, json={"x": 1}, headers=origin)
        other = await door.http.options(
            DECIDE_PATH, headers=asked | {"origin": "https://shop.example.evil"}
        )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert preflight.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert "x-timeout-ms" in preflight.headers["access-control-allow-headers"]
    assert preflight.headers["access-control-max-age"] == "60"
    for reply in (answer, error):
        assert reply.headers["access-control-allow-origin"] == "https://shop.example"
        assert "x-request-id" in reply.headers["access-control-expose-headers"]
        assert reply.headers["vary"] == "origin"
    assert "access-control-allow-origin" not in other.headers


async def test_every_page_may_call_if_said_so(open_door: OpenDoor, service: CannedService) -> None:
    """The origin `*` lets every page in."""
    settings = GatewaySettings(cors=CorsSettings(("*",)))
    async with open_door(service.target, settings) as door:
        answer = await door.http.get("/healthz", headers={"origin": "https://any.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "make",
    [
        lambda: CorsSettings(("shop.example",)),
        lambda: CorsSettings(("https://shop.example/",)),
        lambda: CorsSettings(("*", "https://shop.example")),
        lambda: CorsSettings(max_age_s=-1),
        lambda: GatewaySettings(body_limit_bytes=0),
        lambda: GatewaySettings(default_timeout_s=0),
    ],
    ids=["no scheme", "a path", "all and one", "age", "limit", "timeout"],
)
def test_wrong_settings_are_refused(make: Any) -> None:
    """Settings that can't work are a ConfigurationError where they are made."""
    with pytest.raises(ConfigurationError):
        make()
