"""The rpcs over HTTP: paths, methods, whether there is a service, and what is noted."""

from __future__ import annotations

import pytest

from offerd_gateway.openapi.examples import COLLECT as COLLECT_EXAMPLE
from offerd_gateway.openapi.examples import DECIDE as DECIDE_EXAMPLE
from unit.client.canned_service import DELETE_PROFILE, GET_PROFILE, SET_PROFILE, CannedService
from unit.gateway.calling import DECIDE_PATH, ONE_SCOPE, raw
from unit.gateway.conftest import Door, OpenDoor


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
        ("POST", "/v1/profiles/email/a", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("TRACE", "/v1/profiles/email/a", "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
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
    assert answer.headers["allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


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
