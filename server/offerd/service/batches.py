"""BatchDecide and DecideStream: many requests in one call, each decided as Decide would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from offerd.errors import InvalidArgument, Reason
from offerd.service.deadline import has_passed
from offerd.service.decide_stream import DecideStream, wrong_count
from offerd.service.prompt import too_late
from offerd.service.serialized import Answer, Serialized
from offerd.service.slices import Decide, DecideSome, Deciding, Slices
from offerd.service.translate.results import in_batch, refused
from offerd.v1 import decision_service_pb2 as pb

MAXIMUM_REQUESTS: Final = 500
MAXIMUM_SCOPES: Final = 2_000
MAXIMUM_ANSWER_BYTES: Final = 32 << 20


class Batches:
    """Answers both rpcs.

    `failed` is told what went wrong that isn't a request's fault. `decide_some` answers what
    needn't wait, from the bytes of requests; `decide` is asked for the rest.
    """

    def __init__(
        self,
        decide: Decide,
        failed: Callable[[BaseException], None],
        decide_some: DecideSome,
    ) -> None:
        self._deciding = Deciding(decide, failed, decide_some)

    async def batch_decide(self, request: pb.BatchDecideRequest) -> Serialized:
        """Decides all requests side by side; raises InvalidArgument for none or too many."""
        asked = list(request.requests)
        _check_size(asked)
        results: list[bytes | asyncio.Task[Answer]] = []
        try:
            await self._decide(asked, results)
            waiting = [one for one in results if isinstance(one, asyncio.Task)]
            if waiting:
                await asyncio.wait(waiting)
        finally:
            await _given_up(results)
        result = self._deciding.result
        return Serialized(
            pb.BatchDecideResponse,
            b"".join([in_batch(one if isinstance(one, bytes) else result(one)) for one in results]),
        )

    async def _decide(
        self, asked: Sequence[pb.DecideRequest], results: list[bytes | asyncio.Task[Answer]]
    ) -> None:
        """Adds the result of each request, or what goes on until there is one."""
        slices = Slices(self._deciding)
        left_bytes = MAXIMUM_ANSWER_BYTES
        while len(results) < len(asked):
            if has_passed():
                raise too_late()
            if left_bytes <= 0:
                results += [refused(_TOO_MUCH)] * (len(asked) - len(results))
                return
            for found in slices.next(asked[len(results) :]):
                one = asked[len(results)]
                results.append(self._begun(one, left_bytes) if found is None else found)
                if isinstance(results[-1], bytes):
                    left_bytes -= len(results[-1])
                if found is None:
                    await slices.rest()
            await slices.rest()

    def _begun(self, request: pb.DecideRequest, left_bytes: int) -> bytes | asyncio.Task[Answer]:
        if has_passed():
            raise too_late()
        return self._deciding.begin(request) if left_bytes > 0 else refused(_TOO_MUCH)

    def decide_stream(
        self, messages: AsyncIterator[pb.DecideStreamRequest]
    ) -> AsyncIterator[Serialized]:
        """Yields answers to requests as they are decided.

        What can't be read ends the stream with an error once what came before it is answered.
        """
        return DecideStream(self._deciding).answers(messages)


def _check_size(requests: Sequence[pb.DecideRequest]) -> None:
    if not 1 <= len(requests) <= MAXIMUM_REQUESTS:
        raise wrong_count(len(requests), MAXIMUM_REQUESTS)
    scopes = sum([len(one.scopes) for one in requests])
    if scopes > MAXIMUM_SCOPES:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{scopes:,} scopes in all requests together, at most {MAXIMUM_SCOPES:,} expected",
            field="requests",
        )


async def _given_up(results: Sequence[bytes | asyncio.Task[Answer]]) -> None:
    """Cancels what still decides, as nobody waits for it."""
    left = [one for one in results if isinstance(one, asyncio.Task) and not one.done()]
    for one in left:
        one.cancel()
    if left:
        await asyncio.gather(*left, return_exceptions=True)


_TOO_MUCH: Final = InvalidArgument(
    Reason.TOO_LARGE,
    f"the answers before have {MAXIMUM_ANSWER_BYTES >> 20} MiB together: ask for less at once",
)
