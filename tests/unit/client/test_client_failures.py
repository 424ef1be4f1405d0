"""What the clients do when the service can't or won't answer."""

from __future__ import annotations

import socket
from typing import Any

import grpc
import pytest

from offerd.errors import Code
from offerd.v1 import decision_service_pb2 as decisions
from offerd_client import (
    ClientSettings,
    Content,
    DeadlineExceeded,
    Event,
    Exhausted,
    FailedPrecondition,
    Identity,
    InvalidArgument,
    NotFound,
    OfferdError,
    Outcome,
    Reason,
    RequestError,
    RetryPolicy,
    Scope,
    Unavailable,
)
from offerd_client.settings import MAX_ANSWER_BYTES
from unit.client.canned_service import DECIDE, CannedService, serving

DEFAULT = Content(html="<p>welcome</p>")
AT_ONCE = RetryPolicy(max_attempts=4, initial_pause_s=0, max_pause_s=0)
KINDS = {
    Code.INVALID_ARGUMENT: InvalidArgument,
    Code.NOT_FOUND: NotFound,
    Code.FAILED_PRECONDITION: FailedPrecondition,
    Code.RESOURCE_EXHAUSTED: Exhausted,
    Code.UNAVAILABLE: Unavailable,
    Code.DEADLINE_EXCEEDED: DeadlineExceeded,
    Code.INTERNAL: RequestError,
}
CODE_OF_BARE_STATUS = [
    (grpc.StatusCode.INVALID_ARGUMENT, Code.INVALID_ARGUMENT, Reason.MALFORMED),
    (grpc.StatusCode.NOT_FOUND, Code.NOT_FOUND, Reason.PROFILE_NOT_FOUND),
    (
        grpc.StatusCode.FAILED_PRECONDITION,
        Code.FAILED_PRECONDITION,
        Reason.RESERVATION_COMMITTED,
    ),
    (grpc.StatusCode.UNIMPLEMENTED, Code.NOT_FOUND, Reason.NO_SUCH_METHOD),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, Code.RESOURCE_EXHAUSTED, Reason.OVERLOADED),
    (grpc.StatusCode.UNAVAILABLE, Code.UNAVAILABLE, Reason.NOT_SERVING),
    (grpc.StatusCode.DEADLINE_EXCEEDED, Code.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED),
    (grpc.StatusCode.INTERNAL, Code.INTERNAL, Reason.INTERNAL),
    (grpc.StatusCode.UNKNOWN, Code.INTERNAL, Reason.INTERNAL),
    (grpc.StatusCode.PERMISSION_DENIED, Code.INTERNAL, Reason.INTERNAL),
]


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
async def test_every_code_comes_back_as_its_error(
    service: CannedService, connect: Any, code: Code
) -> None:
    """An error arrives with the class, reason, message, field and facts it was raised with."""
    raised = KINDS[code](
        Reason.STORE_FULL, "no room", field="events[0].id", metadata={"limit": "9"}
    )
    service.failures.extend([raised] * AT_ONCE.max_attempts)
    async with connect(service.target, retry=AT_ONCE) as client:
        with pytest.raises(RequestError) as caught:
            await client.decide(["s"])
    error = caught.value
    assert type(error) is KINDS[code]
    assert isinstance(error, OfferdError)
    assert (error.code, error.reason, error.message) == (code, Reason.STORE_FULL, "no room")
    assert (error.field, error.metadata) == ("events[0].id", {"limit": "9"})


@pytest.mark.parametrize(
    ("status", "code", "reason"), CODE_OF_BARE_STATUS, ids=lambda value: value.name
)
async def test_a_bare_status_gets_the_reason_of_its_code(
    service: CannedService, connect: Any, status: grpc.StatusCode, code: Code, reason: Reason
) -> None:
    """Something between client and service may answer without ErrorInfo."""
    service.failures.extend([status] * AT_ONCE.max_attempts)
    async with connect(service.target, retry=AT_ONCE) as client:
        with pytest.raises(RequestError) as caught:
            await client.decide(["s"])
    assert (caught.value.code, caught.value.reason) == (code, reason)
    assert caught.value.message == "a bare status"


async def test_large_answers(service: CannedService, connect: Any) -> None:
    """An answer over 4 MiB arrives; one over the stated limit can only be asked for otherwise."""
    sizes = iter([5_000_000, MAX_ANSWER_BYTES])
    service.answers[DECIDE] = lambda _: decisions.DecideResponse(revision="x" * next(sizes))
    async with connect(service.target, retry=AT_ONCE) as client:
        assert len((await client.decide([Scope("s")])).revision) == 5_000_000
        with pytest.raises(InvalidArgument, match="the answer is larger than 67108864") as caught:
            await client.decide([Scope("s")])
    assert caught.value.reason is Reason.TOO_LARGE
    assert len(service.seen) == 2


async def test_requests_that_the_service_does_not_take(
    service: CannedService, connect: Any
) -> None:
    """A request over what the service reads is refused as that, and not as a busy service."""
    async with connect(service.target, retry=AT_ONCE) as client:
        with pytest.raises(InvalidArgument, match="the request is larger") as caught:
            await client.set_profile("email", "a", {"a": "x" * 5_000_000})
    assert caught.value.reason is Reason.TOO_LARGE


async def test_a_newer_reason_is_kept_in_the_metadata(service: CannedService, connect: Any) -> None:
    """A reason that this client doesn't know isn't lost, and the code's own stands in."""
    raised = InvalidArgument(Reason.MALFORMED, "new")
    raised.reason = type("Newer", (), {"value": "TOO_PURPLE"})()  # type: ignore[assignment]
    service.failures.append(raised)
    async with connect(service.target) as client:
        with pytest.raises(InvalidArgument) as caught:
            await client.decide(["s"])
    assert caught.value.reason is Reason.MALFORMED
    assert caught.value.metadata == {"reason": "TOO_PURPLE"}


async def test_unavailable_is_tried_again(service: CannedService, connect: Any) -> None:
    """Two failures with UNAVAILABLE and a success are a success."""
    service.failures.extend([Unavailable(Reason.NOT_SERVING, "starting")] * 2)
    async with connect(service.target, retry=AT_ONCE) as client:
        assert (await client.decide(["s"])).revision == "r1"
    assert len(service.seen) == 3


async def test_attempts_end(service: CannedService, connect: Any) -> None:
    """After the last attempt the error is raised."""
    service.failures.extend([Unavailable(Reason.NOT_SERVING, "starting")] * 10)
    async with connect(service.target, retry=AT_ONCE) as client:
        with pytest.raises(Unavailable):
            await client.decide(["s"])
    assert len(service.seen) == 4


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgument(Reason.UNKNOWN_SCOPE, "no"),
        NotFound(Reason.PROFILE_NOT_FOUND, "no"),
        Exhausted(Reason.OVERLOADED, "no"),
        DeadlineExceeded(Reason.DEADLINE_EXCEEDED, "no"),
        RequestError(Reason.INTERNAL, "no"),
    ],
    ids=lambda error: error.code.name,
)
async def test_nothing_but_unavailable_is_tried_again(
    service: CannedService, connect: Any, error: RequestError
) -> None:
    """Trying again can't help, or would make it worse."""
    service.failures.append(error)
    async with connect(service.target, retry=AT_ONCE) as client:
        with pytest.raises(type(error)):
            await client.decide(["s"])
    assert len(service.seen) == 1


async def test_the_deadline_is_shared_by_all_attempts(
    service: CannedService, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt has only the time that those before it, and the pauses, have left."""
    monkeypatch.setattr("offerd_client.settings.random.uniform", lambda low, high: high)
    service.failures.extend([Unavailable(Reason.NOT_SERVING, "starting")] * 3)
    steady = RetryPolicy(max_attempts=4, initial_pause_s=0.1, multiplier=1)
    async with connect(service.target, retry=steady) as client:
        await client.decide(["s"], timeout_s=5.0)
    left = [seen.time_left_s for seen in service.seen]
    assert len(left) == 4
    # gRPC rounds a deadline up on its way, by a few per cent.
    assert left[-1] <= 4.9 <= left[0]


async def test_no_attempt_starts_that_the_deadline_would_cut(
    service: CannedService, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause that outlasts the deadline isn't made: the error is raised at once."""
    monkeypatch.setattr("offerd_client.settings.random.uniform", lambda low, high: high)
    service.failures.append(Unavailable(Reason.NOT_SERVING, "starting"))
    slow = RetryPolicy(initial_pause_s=60, max_pause_s=60)
    async with connect(service.target, retry=slow) as client:
        with pytest.raises(Unavailable):
            await client.decide(["s"], timeout_s=5.0)
    assert len(service.seen) == 1


def test_pauses_grow_and_spread() -> None:
    """A pause lies between nothing and a limit that doubles up to its maximum."""
    policy = RetryPolicy(max_attempts=6, initial_pause_s=0.1, max_pause_s=0.4)
    longest = [max(policy.pause_s(attempt) or 0 for _ in range(500)) for attempt in range(1, 6)]
    for seen, limit in zip(longest, [0.1, 0.2, 0.4, 0.4, 0.4], strict=True):
        assert limit / 2 < seen <= limit
    assert min(policy.pause_s(3) or 0 for _ in range(500)) < 0.2
    assert policy.pause_s(6) is None


async def test_a_retried_event_keeps_its_id(service: CannedService, connect: Any) -> None:
    """The same id is sent in every attempt, so that the event counts once."""
    service.failures.append(Unavailable(Reason.NOT_SERVING, "starting"))
    async with connect(service.target, retry=AT_ONCE) as client:
        await client.collect([Event("purchase", [Identity("ecid", "1")])])
    first, second = (seen.request.events[0].event_id for seen in service.seen)
    assert first == second != ""


async def test_the_deadline_passes(service: CannedService, connect: Any) -> None:
    """A service that doesn't answer in time is a DeadlineExceeded."""
    service.held = True
    async with connect(service.target, decide_timeout_s=0.05) as client:
        with pytest.raises(DeadlineExceeded) as caught:
            await client.decide(["s"])
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED


async def test_decide_waits_a_fifth_of_a_second_unless_told(
    service: CannedService, connect: Any
) -> None:
    """A page waits 0.2 s for a decision by default, 5 s for the rest."""
    async with connect(
        service.target, decide_timeout_s=ClientSettings().decide_timeout_s
    ) as client:
        await client.get_profile("email", "a")
        await client.decide(["s"], default=DEFAULT)
    # gRPC rounds a deadline up on its way, by a few per cent.
    assert 1 < service.seen[0].time_left_s < 5.25
    assert service.seen[1].time_left_s < 0.21


@pytest.mark.parametrize(
    "error",
    [
        Unavailable(Reason.NOT_SERVING, "no"),
        DeadlineExceeded(Reason.DEADLINE_EXCEEDED, "no"),
        Exhausted(Reason.OVERLOADED, "no"),
        RequestError(Reason.INTERNAL, "no"),
    ],
    ids=lambda error: error.code.name,
)
async def test_default_content_stands_in(
    service: CannedService, connect: Any, error: RequestError
) -> None:
    """When the service fails, every scope gets the default, and the error is told."""
    service.failures.extend([error] * AT_ONCE.max_attempts)
    async with connect(service.target, retry=AT_ONCE) as client:
        decision = await client.decide(
            ["home-hero", Scope(decision="d", placement="p")], request_id="r", default=DEFAULT
        )
    assert [proposition.outcome for proposition in decision.propositions] == [Outcome.DEFAULT] * 2
    assert decision.content("home-hero") == decision.content("d/p") == DEFAULT
    assert decision.error is not None
    assert decision.error.reason is error.reason
    assert (decision.request_id, decision.revision) == ("r", "")
    assert decision.proposition("home-hero").items[0].token == ""


async def test_default_content_by_scope(connect: Any) -> None:
    """Each scope may have its own default; one without has nothing to show."""
    async with connect(f"localhost:{closed_port()}", retry=AT_ONCE) as client:
        decision = await client.decide(["a", "b"], default={"a": DEFAULT})
    assert decision.content("a") == DEFAULT
    assert decision.content("b") is None


async def test_default_content_when_nobody_listens(connect: Any) -> None:
    """A page doesn't break when there is no service at all."""
    async with connect(f"localhost:{closed_port()}", decide_timeout_s=0.2) as client:
        decision = await client.decide(["s"], default=DEFAULT)
    assert decision.content("s") == DEFAULT
    assert decision.error.code in {Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED}


@pytest.mark.parametrize(
    "error",
    [InvalidArgument(Reason.UNKNOWN_SCOPE, "no"), NotFound(Reason.NO_SUCH_METHOD, "no")],
    ids=lambda error: error.code.name,
)
async def test_a_wrong_request_raises_in_spite_of_a_default(
    service: CannedService, connect: Any, error: RequestError
) -> None:
    """Default content must not hide a mistake in the caller's code."""
    service.failures.append(error)
    async with connect(service.target) as client:
        with pytest.raises(type(error)):
            await client.decide(["s"], default=DEFAULT)


async def test_nobody_listens_is_unavailable(connect: Any) -> None:
    """A connection that is refused is an Unavailable with NOT_SERVING."""
    async with connect(f"localhost:{closed_port()}", retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(Unavailable) as caught:
            await client.get_profile("email", "a")
    assert caught.value.reason is Reason.NOT_SERVING


async def test_a_restarted_service_is_found_again(connect: Any) -> None:
    """A client outlives the service that it was connected to."""
    patient = RetryPolicy(max_attempts=1000, initial_pause_s=0.01, max_pause_s=0.05)
    port = closed_port()
    async with connect(f"localhost:{port}", decide_timeout_s=20, retry=patient) as client:
        for _ in range(2):
            with serving(port=port):
                assert (await client.decide(["s"])).revision == "r1"
