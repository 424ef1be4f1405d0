"""The rpcs over HTTP: paths, bodies, headers, and what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from offerd.errors import ConfigurationError
from offerd_gateway import CorsSettings, GatewaySettings
from offerd_gateway.openapi.examples import COLLECT as COLLECT_EXAMPLE
from offerd_gateway.openapi.examples import DECIDE as DECIDE_EXAMPLE
from unit.client.canned_service import DELETE_PROFILE, GET_PROFILE, SET_PROFILE, CannedService
from unit.gateway.conftest import Door, OpenDoor

DECIDE_PATH = "/v1/decisions:decide"
ONE_SCOPE = {"scopes": [{"name": "s"}]}
JSON = {"content-type": "application/json"}


async def raw(port: int, request: bytes) -> bytes:
    """Send bytes as they are; return the whole answer of a connection that closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_decide(door: Door, service: CannedService) -> None:
    """A decision is asked for and answered in the canonical mapping."""
    answer = await door.http.post(DECIDE_PATH, json=DECIDE_EXAMPLE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["requestId"], body["revision"]) == ("page-7f3a", "r1")
    assert body["decideTime"] == "2026-03-01T09:30:00Z"
    assert body["propositions"][0]["outcome"] == "OUTCOME_PROPOSED"
    assert body["propositions"][1]["scope"]["itemCount"] == 3
    item = body["propositions"][0]["items"][0]
    assert item["content"] == {"language": "sv", "html": "<p>hej</p>"}
    assert item["attributes"] == {"category": "yoga", "value": 20}
    assert service.seen[0].request.context.attributes["weather"] == "rain"


async def test_collect(door: Door, service: CannedService) -> None:
    """Events are stored, each with its own result."""
    answer = await door.http.post("/v1/events:collect", json=COLLECT_EXAMPLE)
    assert [result["status"] for result in answer.json()["results"]] == [
        "EVENT_STATUS_ACCEPTED",
        "EVENT_STATUS_ACCEPTED",
    ]
    assert service.seen[0].request.events[1].properties["amount"] == 49.5


async def test_profiles(door: Door, service: CannedService) -> None:
    """Profiles are read, written and removed under their path; 64-bit numbers are strings."""
    path = "/v1/profiles/email/a%40example.com"
    read = await door.http.get(path)
    written = await door.http.put(path, json={"attributes": {"loyalty": {"tier": "plus"}}})
    removed = await door.http.delete(path)
    assert read.json() == written.json()
    assert read.json()["profile"]["id"] == "a@example.com"
    assert read.json()["profile"]["eventCount"] == "5000000000"
    assert removed.json() == {"existed": True}
    assert [seen.method for seen in service.seen] == [GET_PROFILE, SET_PROFILE, DELETE_PROFILE]
    assert service.seen[1].request.attributes["loyalty"]["tier"] == "plus"


@pytest.mark.parametrize(
    ("encoded", "id"),
    [
        ("a%2Fb", "a/b"),
        ("a%2fb%2F", "a/b/"),
        ("Zo%C3%AB", "Zoë"),
        ("a+b", "a+b"),
        ("%3Fx%23", "?x#"),
        ("..%2F..", "../.."),
        ("", ""),
    ],
)
async def test_ids_in_the_path(door: Door, service: CannedService, encoded: str, id: str) -> None:
    """An id in the path is percent-decoded once and may hold anything, even a slash."""
    line = f"GET /v1/profiles/email/{encoded} HTTP/1.1"
    await raw(door.port, f"{line}\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert service.seen[0].request.id == id


async def test_an_id_that_is_no_text(door: Door, service: CannedService) -> None:
    """An id that isn't UTF-8 is refused with its field."""
    answer = await door.http.get("/v1/profiles/email/%FF")
    assert answer.status_code == 400
    assert (answer.json()["reason"], answer.json()["field"]) == ("INVALID_TEXT", "id")
    assert service.seen == []


async def test_a_path_and_a_body_that_disagree(door: Door, service: CannedService) -> None:
    """The body may repeat what the path says, not contradict it."""
    path = "/v1/profiles/email/a"
    same = await door.http.put(path, json={"id": "a", "attributes": {}})
    other = await door.http.put(path, json={"id": "b", "attributes": {}})
    assert same.status_code == 200
    assert other.status_code == 400
    assert (other.json()["reason"], other.json()["field"]) == ("CONFLICTING_FIELDS", "id")
    assert len(service.seen) == 1


async def test_an_encoded_colon_is_a_colon(door: Door) -> None:
    """Clients that encode the colon of a path are understood."""
    answer = await door.http.post("/v1/decisions%3Adecide", json=ONE_SCOPE)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/v1/decision:decide", "/v1/decisions:decide"),
        ("/v1/events", "/v1/events:collect"),
        ("/v1/profile/email/a", "/v1/profiles/{namespace}/{id}"),
        ("/health", "/healthz"),
        ("/", None),
    ],
)
async def test_an_unknown_path(door: Door, path: str, near: str | None) -> None:
    """A path that doesn't exist is a 404 that names the nearest one."""
    answer = await door.http.post(path, json={})
    assert answer.status_code == 404
    assert answer.json()["reason"] == "NO_SUCH_METHOD"
    assert (f"did you mean `{near}`" if near else path) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", DECIDE_PATH, "POST, OPTIONS"),
        ("POST", "/v1/profiles/email/a", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("PATCH", "/v1/profiles/email/a", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method(door: Door, method: str, path: str, allow: str) -> None:
    """A method that the path doesn't take is a 405 that says which it takes."""
    answer = await door.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    assert answer.json()["reason"] == "NO_SUCH_METHOD"


async def test_options_says_what_a_path_takes(door: Door) -> None:
    """OPTIONS without a browser behind it answers the methods."""
    answer = await door.http.options("/v1/profiles/email/a")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, PUT, DELETE, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ('application/json;charset="utf-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
async def test_content_type(door: Door, content_type: str, status: int) -> None:
    """Only a body that says that it is JSON is read."""
    answer = await door.http.post(
        DECIDE_PATH, content=json.dumps(ONE_SCOPE), headers={"content-type": content_type}
    )
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["field"] == "Content-Type"


async def test_a_body_over_the_limit(open_door: OpenDoor, service: CannedService) -> None:
    """A body over the limit is a 413, whether or not it says its length."""
    body = json.dumps(ONE_SCOPE).encode()
    settings = GatewaySettings(body_limit_bytes=len(body))
    async with open_door(service.target, settings) as door:

        async def chunks() -> Any:
            yield body
            yield b" "

        exact = await door.http.post(DECIDE_PATH, content=body, headers=JSON)
        stated = await door.http.post(DECIDE_PATH, content=body + b" ", headers=JSON)
        chunked = await door.http.post(DECIDE_PATH, content=chunks(), headers=JSON)
    assert [answer.status_code for answer in (exact, stated, chunked)] == [200, 413, 413]
    assert stated.json()["reason"] == chunked.json()["reason"] == "TOO_LARGE"


async def test_a_huge_attribute_is_refused(door: Door, service: CannedService) -> None:
    """Five megabytes of one attribute never reach the service."""
    request = ONE_SCOPE | {"context": {"attributes": {"a": "x" * 5_000_000}}}
    answer = await door.http.post(DECIDE_PATH, json=request)
    assert (answer.status_code, service.seen) == (413, [])
    assert (await door.http.post(DECIDE_PATH, json=ONE_SCOPE)).status_code == 200


async def test_a_body_in_pieces(door: Door) -> None:
    """A body may come in pieces without a stated length."""

    async def chunks() -> Any:
        for byte in json.dumps(ONE_SCOPE).encode():
            yield bytes([byte])

    answer = await door.http.post(DECIDE_PATH, content=chunks(), headers=JSON)
    assert answer.status_code == 200


async def test_a_body_that_never_comes(open_door: OpenDoor, service: CannedService) -> None:
    """A caller who stops half-way is told so and let go."""
    async with open_door(service.target, GatewaySettings(body_timeout_s=0.05)) as door:
        answer = await raw(
            door.port,
            b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n"
            b"content-type: application/json\r\n\r\n{",
        )
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"DEADLINE_EXCEEDED" in answer


@pytest.mark.parametrize("length", [b"content-length: 10", b"transfer-encoding: chunked"])
async def test_a_body_that_never_begins(
    length: bytes, open_door: OpenDoor, service: CannedService
) -> None:
    """A caller who sends no byte of the body is told so and let go as well."""
    async with open_door(service.target, GatewaySettings(body_timeout_s=0.05)) as door:
        async with asyncio.timeout(10):
            answer = await raw(
                door.port,
                b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\n"
                b"content-type: application/json\r\n" + length + b"\r\n\r\n",
            )
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_caller_who_goes_away(door: Door, service: CannedService) -> None:
    """A connection that breaks half-way is noted and does no harm."""
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n"
        b"content-type: application/json\r\n\r\n{"
    )
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(10):
        await door.recorded.wait()
    assert (door.records[0].status, service.seen) == (499, [])


async def test_a_caller_who_does_not_wait(door: Door, service: CannedService) -> None:
    """Once nobody waits for its answer a call is cancelled, and noted as such."""
    service.held = True
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
        b"content-type: application/json\r\n\r\n{}"
    )
    await writer.drain()
    assert await asyncio.to_thread(service.entered.wait, 10)
    writer.transport.abort()
    async with asyncio.timeout(10):
        await door.recorded.wait()
    service.release.set()
    (record,) = door.records
    assert (record.status, record.asked, record.line("http")["code"]) == (499, True, "CANCELLED")


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b"{", "MALFORMED", None),
        (b'{"scopes": [], "scopes": []}', "MALFORMED", "scopes"),
        (b'{"scops": []}', "UNKNOWN_FIELD", "scops"),
        (b'{"scopes": [{"name": 1}]}', "WRONG_TYPE", "scopes[0].name"),
        (b'{"requestId": "\xff"}', "INVALID_TEXT", None),
        (
            b'{"context": {"location": {"latitude": NaN}}}',
            "OUT_OF_RANGE",
            "context.location.latitude",
        ),
        (b'{"decideTime": "12000-01-01T00:00:00Z"}', "INVALID_TIME", "decide_time"),
        (
            b'{"context": {"attributes": {"a": ' + b"9" * 5000 + b"}}}",
            "OUT_OF_RANGE",
            "context.attributes.a",
        ),
        (b'{"context": {"attributes": {"a": ' + b"[" * 500_000, "TOO_LARGE", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_body_never_reaches_the_service(
    door: Door, service: CannedService, body: bytes, reason: str, field: str | None
) -> None:
    """A body with a mistake is a 400 that names it, and the door goes on."""
    answer = await door.http.post(DECIDE_PATH, content=body, headers=JSON)
    assert answer.status_code == 400
    assert (answer.json()["reason"], answer.json().get("field")) == (reason, field)
    assert service.seen == []
    assert (await door.http.post(DECIDE_PATH, json=ONE_SCOPE)).status_code == 200


@pytest.mark.parametrize("path", [f"{DECIDE_PATH}?explain=true", "/v1/profiles/email/a?id=b"])
async def test_a_query_parameter_that_does_not_exist(
    door: Door, service: CannedService, path: str
) -> None:
    """What the body or the path holds is no query parameter."""
    method = "POST" if path.startswith(DECIDE_PATH) else "GET"
    answer = await door.http.request(method, path, json=ONE_SCOPE if method == "POST" else None)
    assert (answer.status_code, answer.json()["reason"]) == (400, "UNKNOWN_FIELD")
    assert service.seen == []


async def test_head(door: Door) -> None:
    """HEAD answers as GET does, without the body."""
    for path in ("/v1/profiles/email/a", "/healthz", "/openapi.json"):
        got, head = await door.http.get(path), await door.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


async def test_the_request_id_comes_back(door: Door, service: CannedService) -> None:
    """X-Request-Id is echoed, told to the service, and named in problems and the log."""
    named = {"X-Request-Id": "page-1"}
    answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers=named)
    wrong = await door.http.post(DECIDE_PATH, json={"x": 1}, headers=named)
    assert answer.headers["x-request-id"] == wrong.headers["x-request-id"] == "page-1"
    assert service.seen[0].metadata["x-request-id"] == "page-1"
    assert answer.json()["requestId"] == service.seen[0].request.request_id == "page-1"
    assert wrong.json()["requestId"] == "page-1"
    both = await door.http.post(DECIDE_PATH, json=ONE_SCOPE | {"requestId": "r"}, headers=named)
    assert both.json()["requestId"] == "r"
    assert [record.request_id for record in door.records] == ["page-1"] * 3
    assert "x-request-id" not in (await door.http.get("/healthz")).headers


@pytest.mark.parametrize(("name", "reason"), [(b"x" * 129, "TOO_LARGE"), (b"\xff", "INVALID_TEXT")])
async def test_a_wrong_request_id(door: Door, name: bytes, reason: str) -> None:
    """A name that can't go into a log is refused."""
    answer = await door.http.get("/healthz", headers={"X-Request-Id": name})
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert answer.json()["field"] == "X-Request-Id"


async def test_trace_headers_reach_the_service(door: Door, service: CannedService) -> None:
    """W3C trace headers are passed on; others, and invalid ones, aren't."""
    headers = {"traceparent": "00-ab-cd-01", "tracestate": b"\xff", "cookie": "x=y"}
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers=headers)
    metadata = service.seen[0].metadata
    assert metadata["traceparent"] == "00-ab-cd-01"
    assert not {"tracestate", "cookie"} & metadata.keys()


async def test_the_caller_sets_the_deadline(door: Door, service: CannedService) -> None:
    """X-Timeout-Ms is how long the caller waits; a service that is late is a 504."""
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers={"X-Timeout-Ms": "30000"})
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE)
    service.held = True
    late = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers={"X-Timeout-Ms": "50"})
    assert 20 < service.seen[0].time_left_s < 31
    assert 5 < service.seen[1].time_left_s < 11
    assert (late.status_code, late.json()["reason"]) == (504, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "600001", "soon", "", "9" * 5000])
async def test_a_wrong_deadline(door: Door, service: CannedService, text: str) -> None:
    """A deadline that is no number of milliseconds is refused."""
    answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE, headers={"X-Timeout-Ms": text})
    assert (answer.status_code, answer.json()["reason"]) == (400, "OUT_OF_RANGE")
    assert (answer.json()["field"], service.seen) == ("X-Timeout-Ms", [])


async def test_live_and_ready(door: Door, service: CannedService) -> None:
    """The door is live as long as it runs, and ready when the service's health says so."""
    assert (await door.http.get("/healthz")).json() == {"status": "live"}
    assert (await door.http.get("/readyz")).json() == {"status": "ready"}
    service.serving(False)
    answer = await door.http.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "NOT_SERVING")
    assert answer.headers["retry-after"] == "1"
    assert (await door.http.get("/healthz")).status_code == 200


async def test_nobody_behind_the_door(open_door: OpenDoor) -> None:
    """Without a service every call is a 503 and the door isn't ready."""
    async with open_door("localhost:1") as door:
        answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE)
        ready = await door.http.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "NOT_SERVING")
    assert ready.status_code == 503


async def test_the_log_is_told(door: Door) -> None:
    """One record for each request, with all that a line in a log needs."""
    await door.http.post(DECIDE_PATH, json=ONE_SCOPE | {"requestId": "r1"})
    await door.http.get("/nowhere")
    first, second = door.records
    assert (first.http_method, first.path, first.status) == ("POST", DECIDE_PATH, 200)
    assert (first.rpc, first.error) == ("/offerd.v1.DecisionService/Decide", None)
    assert (first.asked, second.asked) == (True, False)
    assert (first.request_id, first.client) == ("r1", "127.0.0.1")
    assert first.answer_bytes > 0
    assert first.duration_s > 0
    assert (second.rpc, second.status) == ("", 404)


async def test_a_defect_is_a_500_without_details(
    door: Door, service: CannedService, caplog: pytest.LogCaptureFixture
) -> None:
    """What the gateway can't explain is told as INTERNAL, its details only to the log."""
    del service.answers["/offerd.v1.DecisionService/Decide"]
    answer = await door.http.post(DECIDE_PATH, json=ONE_SCOPE)
    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")


async def test_bytes_that_are_no_http(door: Door) -> None:
    """Nonsense on the socket closes that connection and no other."""
    assert (await raw(door.port, b"\x16\x03\x01 nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400")
    assert (await door.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/profiles/email/Zo\xc3\xab HTTP/1.1",
        b"GET /v1/profiles/email/a?\xff HTTP/1.1",
        b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET /v1/profiles/email/%00 HTTP/1.1",
        b"GET /v1/profiles/email/%zz HTTP/1.1",
        b"GET //v1//profiles HTTP/1.1",
        b"GET http://x/healthz HTTP/1.1",
        b"BREW /healthz HTTP/1.1",
        b"GET /healthz HTTP/9.9",
    ],
)
async def test_odd_request_lines(door: Door, line: bytes) -> None:
    """An odd request line is answered or refused, never a defect, and the door goes on."""
    answer = await raw(door.port, line + b"\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert (await door.http.get("/healthz")).status_code == 200


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
