"""Many requests to decide, some at a time, so that others have their turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from offerd.errors import Reason, RequestError
from offerd.service.begun import Begun, Ended, begin
from offerd.service.serialized import Answer, AnsweredAtOnce, serialized
from offerd.service.slice_size import SLICE_S, SliceSize
from offerd.service.translate.results import answered, refused
from offerd.v1 import decision_service_pb2 as pb

Decide = Callable[[pb.DecideRequest], Coroutine[Any, Any, Answer]]
"""Decides one request; raises RequestError."""

DecideSome = Callable[[Sequence[bytes], float], Sequence[AnsweredAtOnce | None]]
"""Answers the first of several requests, as many as needn't wait and are decided within so many
seconds, and one at least; None is for those to be decided otherwise.

If it raises anything none of them is decided.
"""

_TURN_S: Final = 0.001
"""Others have their turn after so long, which a slice may exceed."""

_UNEXPECTED: Final = RequestError(
    Reason.INTERNAL, "the service failed at this request; its log has the details"
)


class Deciding:
    """What decides.

    `failed` is told what went wrong that isn't a request's fault. `decide_some` answers what
    needn't wait; `decide` is asked for the rest.
    """

    def __init__(
        self,
        decide: Decide,
        failed: Callable[[BaseException], None],
        decide_some: DecideSome,
    ) -> None:
        self._decide = decide
        self._failed = failed
        self._decide_some = decide_some

    def some(self, requests: Sequence[pb.DecideRequest]) -> list[bytes | None]:
        """Decides the first of some requests, and one at least.

        Returns DecideResults, and None for what `begin` has to be asked for.
        """
        several = [one.SerializeToString() for one in requests]
        try:
            found = self._decide_some(several, SLICE_S)
        except Exception as error:
            if len(several) == 1:
                return [self.result(Ended(None, error))]
        else:
            return [None if one is None else answered(one.answer.data) for one in found]
        # The fault of one, whose result tells it when it is decided alone.
        return self.some(requests[:1])

    def begin(self, request: pb.DecideRequest) -> bytes | asyncio.Task[Answer]:
        """Returns a DecideResult, or what goes on until there is an answer."""
        begun = begin(lambda: self._decide(request))
        return begun if isinstance(begun, asyncio.Task) else self.result(begun)

    def result(self, decided: Begun[Answer]) -> bytes:
        """Returns a DecideResult."""
        try:
            return answered(serialized(decided.result()))
        except RequestError as error:
            return refused(error)
        except Exception as error:
            self._failed(error)
            return refused(_UNEXPECTED)


class Slices:
    """The requests of one call, decided in slices."""

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding
        self._size = SliceSize()
        self._began_s = time.perf_counter()

    def next(self, requests: Sequence[pb.DecideRequest]) -> list[bytes | None]:
        """Decides the first of some requests as `Deciding.some`, as many as fit into a slice."""
        some = requests[: self._size.now]
        found = self._deciding.some(some)
        self._size.took(len(found), len(some))
        return found

    async def rest(self) -> None:
        """Lets others have their turn, if it is time."""
        if time.perf_counter() - self._began_s >= _TURN_S:
            await asyncio.sleep(0)
            self._began_s = time.perf_counter()
