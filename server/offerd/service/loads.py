"""LoadService: memberships, scores and profiles in bulk, while decisions are served.

Rows are checked in slices on the event loop, a fraction of a millisecond each, so that whoever
asks for a decision meanwhile waits for no more than one. What takes the disk goes to a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence

from offerd.bundle import Bundle
from offerd.errors import DeadlineExceeded, InvalidArgument, Reason
from offerd.events import FoldPlan
from offerd.service.translate.loads import KIND_MESSAGES, RowAdmission, admit_header
from offerd.service.translate.structs import ns_to_timestamp
from offerd.store import State
from offerd.store.loading import Loading, LoadResult
from offerd.v1 import event_service_pb2
from offerd.v1 import load_service_pb2 as pb

MAXIMUM_ROWS = 10_000
LONGEST_PAUSE_S = 300.0
"""A load from which nothing comes for so long is given up: others of its target wait for it."""

REFUSALS_TOLD = 100
_SLICE_S = 0.0005
_TELL_EVERY = 10_000


class Loads:
    """Answers the load rpcs by one revision. `now` is the clock, in nanoseconds."""

    def __init__(
        self, bundle: Bundle, state: State, fold: FoldPlan, now: Callable[[], int]
    ) -> None:
        self._catalogue = bundle.catalogue
        self._attributes = fold.attributes
        self._state = state
        self._now = now

    async def load(self, requests: AsyncIterator[pb.LoadRequest]) -> AsyncIterator[pb.LoadProgress]:
        """Takes a load in, and yields how far it has come; the last answer says that it is done.

        Raises InvalidArgument for a wrong header, a stream that breaks off, or with `strict` a
        wrong row; FailedPrecondition for a load that isn't newer than the one in force, or whose
        target is being loaded; DeadlineExceeded if nothing comes any more. Then nothing has
        changed.
        """
        first = await anext(requests, None)
        if first is None or first.WhichOneof("part") != "header":
            raise InvalidArgument(
                Reason.MISSING_FIELD, "a load begins with its header", field="header"
            )
        header = admit_header(first.header, self._catalogue, self._now())
        admission = RowAdmission(header.target.kind, self._catalogue, self._attributes)
        loading = self._state.loads.begin(header.target, header.as_of_ns, full=header.full)
        try:
            taking = _Taking(loading, admission, strict=header.strict)
            told = 0
            async for rows in _rows(requests, taking):
                await taking.take(rows)
                if taking.seen - told >= _TELL_EVERY:
                    told = taking.seen
                    yield taking.progress()
            taking.refuse_if_nothing_is_left()
            result = await _in_thread(loading, self._now())
            yield pb.LoadProgress(
                stored=result.stored,
                refused=taking.refused,
                tombstoned=result.tombstoned,
                refusals=taking.refusals,
                done=True,
            )
        finally:
            await asyncio.shield(asyncio.to_thread(loading.close))

    async def list_loads(self, _: pb.ListLoadsRequest) -> pb.ListLoadsResponse:
        """Tells the loads that are in force."""
        return pb.ListLoadsResponse(
            loads=[
                pb.LoadSummary(
                    kind=KIND_MESSAGES[loads.kind],
                    target=loads.id,
                    as_of=ns_to_timestamp(loads.generations[-1].as_of_ns),
                    load_time=ns_to_timestamp(loads.generations[-1].load_ns),
                    rows=sum(generation.rows for generation in loads.generations),
                )
                for loads in self._state.loads.in_force()
                if loads.generations
            ]
        )


async def _rows(
    requests: AsyncIterator[pb.LoadRequest], taking: _Taking
) -> AsyncIterator[Sequence[pb.LoadRow]]:
    """Yields the rows of each message up to the end, which must come and say how many there were.

    A connection that breaks may look like the end of a stream.
    """
    while (request := await _next(requests)) is not None:
        part = request.WhichOneof("part")
        if part == "end":
            if request.end.rows != taking.seen:
                raise InvalidArgument(
                    Reason.CONFLICTING_FIELDS,
                    f"{taking.seen:,} rows came, and {request.end.rows:,} were sent",
                    field="end.rows",
                )
            return
        if part != "rows":
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                "expected rows or the end, since the header has come",
                field=part or "",
            )
        if not 1 <= len(request.rows.rows) <= MAXIMUM_ROWS:
            raise InvalidArgument(
                Reason.OUT_OF_RANGE,
                f"{len(request.rows.rows):,} rows in a message; expected 1 to {MAXIMUM_ROWS:,}",
                field="rows",
            )
        yield request.rows.rows
    raise InvalidArgument(Reason.MISSING_FIELD, "the load broke off before its end", field="end")


async def _next(requests: AsyncIterator[pb.LoadRequest]) -> pb.LoadRequest | None:
    """Returns the next message, None after the last; nobody who has silently gone is waited for."""
    try:
        async with asyncio.timeout(LONGEST_PAUSE_S):
            return await anext(requests, None)
    except TimeoutError as error:
        raise DeadlineExceeded(
            Reason.DEADLINE_EXCEEDED, f"nothing of the load came for {LONGEST_PAUSE_S:g} s"
        ) from error


async def _in_thread(loading: Loading, now_ns: int) -> LoadResult:
    """Returns what `Loading.enforce` does; has it give up if nobody waits any more."""
    enforcing = asyncio.ensure_future(asyncio.to_thread(loading.enforce, now_ns))
    try:
        return await asyncio.shield(enforcing)
    except asyncio.CancelledError:
        loading.break_off()
        with contextlib.suppress(Exception):
            await enforcing
        raise


class _Taking:
    """The rows of one load, as they come."""

    def __init__(self, loading: Loading, admission: RowAdmission, *, strict: bool) -> None:
        self._loading = loading
        self._admission = admission
        self._strict = strict
        self.seen = 0
        self.refused = 0
        self.refusals: list[event_service_pb2.Refusal] = []

    async def take(self, rows: Sequence[pb.LoadRow]) -> None:
        """Checks rows and puts them aside, and lets others have their turn."""
        began = time.perf_counter()
        for row in rows:
            self._take(row)
            self.seen += 1
            if self._loading.is_full:
                await asyncio.to_thread(self._loading.flush)
            if time.perf_counter() - began > _SLICE_S:
                await asyncio.sleep(0)
                began = time.perf_counter()

    def _take(self, row: pb.LoadRow) -> None:
        try:
            key, value = self._admission.admit(row)
        except InvalidArgument as error:
            field = f"rows[{self.seen}]" + (f".{error.field}" if error.field else "")
            if self._strict:
                raise InvalidArgument(error.reason, error.message, field=field) from error
            self.refused += 1
            if len(self.refusals) < REFUSALS_TOLD:
                self.refusals.append(_refusal(error, field))
        else:
            self._loading.add(key, value)

    def refuse_if_nothing_is_left(self) -> None:
        """Raises if no row could be taken: such a load would rather be a mistake than empty."""
        if self.refused and self.refused == self.seen:
            raise InvalidArgument(
                Reason.VALUE_NOT_ALLOWED,
                f"none of {self.seen:,} rows can be taken; the first: {self.refusals[0].message}",
                field=self.refusals[0].field,
            )

    def progress(self) -> pb.LoadProgress:
        """Returns how far it has come, with the refusals up to now."""
        return pb.LoadProgress(
            stored=self.seen - self.refused, refused=self.refused, refusals=self.refusals
        )


def _refusal(error: InvalidArgument, field: str) -> event_service_pb2.Refusal:
    return event_service_pb2.Refusal(
        reason=f"ERROR_REASON_{error.reason}", message=error.message, field=field
    )
