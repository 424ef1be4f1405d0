"""Many requests in one call and on one stream: each is answered as `Decide` answers it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf import json_format

from doors import NO_TLS
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc
from offerd.v1 import error_pb2
from offerd_client import AsyncClient, Client, Decision, InvalidArgument, Question, Reason
from serving import Running, serving

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
profile: [{name: age, type: int}]
placements: [{id: web, channel: web, content_type: text}]
offers:
  - {id: once, priority: 1, caps: [{event: decision, per: total, limit: 1}],
     representations: [{placement: web, text: A}]}
  - {id: always, representations: [{placement: web, text: B}]}
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [once, always]}, {id: plain, offers: [always]}]
strategies:
  - {id: all, collection: all, ranking: priority}
  - {id: plain, collection: plain, ranking: priority}
decisions:
  - {id: best, placements: [web], strategies: [all], fallbacks: [none]}
  - {id: plain, placements: [web], strategies: [plain], fallbacks: [none]}
scopes:
  - {id: hero, decision: best, placement: web}
  - {id: plain, decision: plain, placement: web}
"""
PATH = "/v1/decisions:batchDecide"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A service on real sockets."""
    source = tmp_path / "definitions"
    source.mkdir()
    (source / "all.yaml").write_text(DEFINITIONS)
    async with serving(tmp_path, [source]) as found:
        yield found


@pytest.fixture
async def channel(running: Running) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to it."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as found:
        yield found


def ask(scope: str, name: str = "", **more: Any) -> pb.DecideRequest:
    """Returns a request for one scope."""
    return pb.DecideRequest(request_id=name, scopes=[pb.Scope(name=scope)], **more)


def streamed(*asked: tuple[str, pb.DecideRequest]) -> pb.DecideStreamRequest:
    """Returns a message of a stream."""
    return pb.DecideStreamRequest(
        requests=[pb.StreamedRequest(id=name, request=one) for name, one in asked]
    )


def offers(result: pb.DecideResult) -> list[str]:
    """Returns what one of many was offered."""
    return [item.offer for p in result.response.propositions for item in p.items]


async def test_a_batch_is_answered_in_its_order(channel: grpc.aio.Channel) -> None:
    """Each is as `Decide` answers it, but for what is always new; a wrong one is in its place."""
    stub = pb_grpc.DecisionServiceStub(channel)
    asked = [ask("plain", f"r{n}") for n in range(200)]
    asked[77] = ask("plane", "wrong")
    answer = await stub.BatchDecide(pb.BatchDecideRequest(requests=asked))
    assert len(answer.results) == 200
    wrong = answer.results[77].error
    assert (wrong.code, wrong.field) == (
        grpc.StatusCode.INVALID_ARGUMENT.value[0],
        "scopes[0].name",
    )
    assert wrong.reason == error_pb2.ERROR_REASON_UNKNOWN_SCOPE
    assert "plain" in wrong.message
    for number, result in enumerate(answer.results):
        if number != 77:
            assert result.response.request_id == f"r{number}"
    alone = await stub.Decide(asked[0])
    for message in (alone, answer.results[0].response):
        message.ClearField("decide_time")
        message.propositions[0].ClearField("proposition_id")
        message.propositions[0].items[0].ClearField("token")
    assert answer.results[0].response == alone


async def test_requests_that_take_room_share_it(channel: grpc.aio.Channel) -> None:
    """An offer that may be proposed once is proposed once, however many ask in one call."""
    stub = pb_grpc.DecisionServiceStub(channel)
    answer = await stub.BatchDecide(pb.BatchDecideRequest(requests=[ask("hero")] * 50))
    found = sorted(offer for result in answer.results for offer in offers(result))
    assert found == ["always"] * 49 + ["once"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ([], "MISSING_FIELD"),
        ([ask("plain")] * 501, "TOO_LARGE"),
        ([pb.DecideRequest(scopes=[pb.Scope(name="plain")] * 100)] * 21, "TOO_LARGE"),
    ],
    ids=["none", "too many", "too many scopes"],
)
async def test_a_batch_of_a_wrong_size_is_refused(
    channel: grpc.aio.Channel, asked: list[pb.DecideRequest], reason: str
) -> None:
    """1 to 500 requests, with at most 2,000 scopes in all."""
    stub = pb_grpc.DecisionServiceStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.BatchDecide(pb.BatchDecideRequest(requests=asked))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason.encode() in dict(refused.value.trailing_metadata())["grpc-status-details-bin"]


async def test_a_batch_over_json(running: Running) -> None:
    """The gateway takes a batch as a list, and answers with one."""
    body = {"requests": [{"scopes": [{"name": name}]} for name in ("plain", "plane")]}
    url = f"http://127.0.0.1:{running.http_port}"
    async with httpx.AsyncClient(base_url=url, verify=NO_TLS, trust_env=False) as http:
        answer = await http.post(PATH, json=body)
    assert answer.status_code == 200
    good, wrong = answer.json()["results"]
    assert good["response"]["propositions"][0]["items"][0]["offer"] == "always"
    assert wrong["error"]["reason"] == "ERROR_REASON_UNKNOWN_SCOPE"
    json_format.ParseDict(answer.json(), pb.BatchDecideResponse())


async def test_a_stream_answers_each_request_by_its_name(channel: grpc.aio.Channel) -> None:
    """A thousand, some in one message; wrong ones are answered so, and the stream goes on."""
    stream = pb_grpc.DecisionServiceStub(channel).DecideStream()
    asked = [(f"q{n}", ask("plane" if n % 10 == 0 else "plain", f"r{n}")) for n in range(1_000)]

    async def send() -> None:
        for start in range(0, 1_000, 8):
            await stream.write(streamed(*asked[start : start + 8]))
        await stream.done_writing()

    sending = asyncio.create_task(send())
    results = {one.id: one.result async for message in stream for one in message.results}
    await sending
    assert results.keys() == {name for name, _ in asked}
    for number in range(1_000):
        result = results[f"q{number}"]
        if number % 10 == 0:
            assert result.error.reason == error_pb2.ERROR_REASON_UNKNOWN_SCOPE
        else:
            assert result.response.request_id == f"r{number}"
            assert offers(result) == ["always"]


async def test_a_stream_answers_before_more_is_asked(channel: grpc.aio.Channel) -> None:
    """Nothing waits for the stream to end, not even one that needs the disk."""
    stream = pb_grpc.DecisionServiceStub(channel).DecideStream()
    for number, wanted in enumerate(("once", "always", "always")):
        await stream.write(streamed((f"q{number}", ask("hero"))))
        answer = await stream.read()
        (one,) = answer.results
        assert (one.id, offers(one.result)) == (f"q{number}", [wanted])
    await stream.done_writing()
    assert await stream.read() is grpc.aio.EOF


async def test_a_stream_names_what_is_missing(channel: grpc.aio.Channel) -> None:
    """A request without a name, and a name without a request, are refused by themselves."""
    stream = pb_grpc.DecisionServiceStub(channel).DecideStream()
    await stream.write(streamed(("", ask("plain"))))
    (one,) = (await stream.read()).results
    assert (one.id, one.result.error.field) == ("", "id")
    await stream.write(pb.DecideStreamRequest(requests=[pb.StreamedRequest(id="a")]))
    (one,) = (await stream.read()).results
    assert (one.id, one.result.error.field) == ("a", "request")
    await stream.write(streamed(("b", ask("plain"))))
    assert offers((await stream.read()).results[0].result) == ["always"]
    await stream.done_writing()
    assert await stream.read() is grpc.aio.EOF


async def test_what_is_no_message_ends_a_stream_after_the_answers(
    channel: grpc.aio.Channel,
) -> None:
    """What came before is answered; then the error says why."""
    raw = channel.stream_stream(
        "/offerd.v1.DecisionService/DecideStream",
        request_serializer=bytes,
        response_deserializer=pb.DecideStreamResponse.FromString,
    )
    stream = raw()
    await stream.write(streamed(("a", ask("plain"))).SerializeToString())
    await stream.write(b"\xff")
    answer = await stream.read()
    assert [one.id for one in answer.results] == ["a"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_caller_that_never_reads_holds_nothing_up(
    running: Running, channel: grpc.aio.Channel
) -> None:
    """No more is read than may be outstanding, others are answered, and it may go away."""
    stream = pb_grpc.DecisionServiceStub(channel).DecideStream()

    async def send() -> None:
        for number in range(100_000):
            some = [(f"q{number}-{n}", ask("plain")) for n in range(20)]
            await stream.write(streamed(*some))

    sending = asyncio.create_task(send())
    stub = pb_grpc.DecisionServiceStub(channel)
    for _ in range(20):
        assert (await stub.Decide(ask("plain"))).propositions
    sending.cancel()
    stream.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert (await stub.Decide(ask("plain"))).propositions


async def test_the_clients_ask_many(running: Running) -> None:
    """Both clients return each decision or the error in its place, and stream by name."""
    target = f"127.0.0.1:{running.grpc_port}"
    questions = [Question(scopes=[scope]) for scope in ("plain", "plane", "plain")]
    named = [(f"q{number}", question) for number, question in enumerate(questions)]

    async def come() -> AsyncIterator[tuple[str, Question]]:
        for one in named:
            yield one

    def check(results: list[Any]) -> None:
        assert isinstance(results[0], Decision)
        assert results[0].propositions[0].items[0].offer == "always"
        assert isinstance(results[1], InvalidArgument)
        assert (results[1].reason, results[1].field) == (Reason.UNKNOWN_SCOPE, "scopes[0].name")
        assert isinstance(results[2], Decision)

    async with AsyncClient(target) as client:
        check(list(await client.batch_decide(questions)))
        for together in (1, 2, 100):
            found = {n: r async for n, r in client.decide_stream(come(), together=together)}
            check([found[f"q{number}"] for number in range(3)])

    def ask_and_wait() -> None:
        with Client(target) as client:
            check(list(client.batch_decide(questions)))
            stream: Iterator[tuple[str, Any]] = client.decide_stream(named, together=2)
            found = dict(stream)
            check([found[f"q{number}"] for number in range(3)])

    await asyncio.to_thread(ask_and_wait)
