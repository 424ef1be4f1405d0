"""A gRPC server whose HTTP/2 and gRPC are done by pygrpc-native, in Rust and outside the GIL.

Serves unary methods with the same servicers as grpc.aio does. Whatever else is asked, streams and
reflection among it, goes to a grpc.aio server behind it, over a socket of the file system. What
needn't wait is answered in the thread that takes calls from the front, what waits for a write in
the one where that ends; the rest is begun on the event loop, and most of that ends where it begins,
without a task.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

import grpc
import grpc.aio
from pygrpc_native import EVENT_CANCEL, NativeGrpcFront

from offerd.errors import RequestError
from offerd.service.accounted import Later
from offerd.service.begun import begin
from offerd.service.dispatch import Given, SomeDoor, SoonDoor
from offerd.service.native_call import (
    FAILED,
    MAXIMUM_METADATA_BYTES,
    CallDetails,
    Method,
    Status,
    run,
    too_large,
)
from offerd.service.overload import overloaded
from offerd.service.slice_size import SLICE_S, SliceSize
from offerd.service.status import call_status
from offerd.service.waiting import Landing, Line, Lines, Waiting

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 64
_SLICE_S: Final = 0.004
"""So long calls are begun before others on the event loop have their turn."""
_LOOK_S: Final = 0.002
"""So long calls are answered before it is looked who else has come."""

_WRITTEN_S: Final = 0.02
"""So long the front has for the last answers: what it hasn't written when it closes is lost."""
_LEAVE_S: Final = 1.0
"""So long a stop waits for the thread, which has nothing to do any more."""


class NativeServer:
    """Serves on one address without TLS; takes servicers as grpc.aio.Server does.

    `port` is the one that was got. Raises OSError if the address can't be had. Of what goes to
    the grpc.aio server behind it `maximum_streams` are served at once. `soon` is asked before
    the servicer of a method, in a thread: see `Dispatcher.doors_soon`; and `some` where several
    wait, which answers them side by side.
    """

    def __init__(
        self,
        address: str,
        soon: Mapping[str, SoonDoor],
        *,
        maximum_message_bytes: int,
        maximum_streams: int,
        shared: bool,
        some: Mapping[str, SomeDoor] | None = None,
    ) -> None:
        self._soon = soon
        self._some = some or {}
        self._maximum_bytes = maximum_message_bytes
        self._front = NativeGrpcFront(
            address,
            [],
            io_threads=1,
            call_details=True,
            keepalive_permit_without_calls=False,
            max_metadata_size=16 * MAXIMUM_METADATA_BYTES,
            reuse_port=shared,
        )
        self.port: int = self._front.bound_port
        options = [("grpc.max_receive_message_length", maximum_message_bytes)]
        self._others = grpc.aio.server(options=options, maximum_concurrent_rpcs=maximum_streams)
        self._folder = tempfile.TemporaryDirectory(prefix="offerd-native-")
        self._unary: dict[str, Method] = {}
        self._methods: list[Method] = []
        self._lines: list[Line] = []
        """By method."""
        self._waiting = Lines()
        self._answering_since_s: float | None = None
        """Since when the thread is about what it begins together, None while about nothing."""
        self._landing: dict[int, Landing] = {}
        """Answers that wait for a write, by call."""
        self._size = SliceSize()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._thread = threading.Thread(target=self._receive, name="offerd-grpc", daemon=True)
        self._awake = False
        self._refusal = Status(*call_status(overloaded()))

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Takes handlers of any kind; those that are registered by method too are served here."""
        self._others.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Takes the handlers of a service, by method."""
        for name, handler in handlers.items():
            if handler.unary_unary is not None:
                self._unary[f"/{service}/{name}"] = Method(
                    handler.unary_unary,
                    handler.request_deserializer,
                    handler.response_serializer,
                    self._soon.get(f"/{service}/{name}"),
                    self._some.get(f"/{service}/{name}"),
                )

    async def start(self) -> None:
        """Starts to serve, on the event loop that runs now."""
        self._loop = asyncio.get_running_loop()
        path = os.path.join(self._folder.name, "others")
        self._others.add_insecure_port(f"unix:{path}")
        await self._others.start()
        self._front.set_fallback(path)
        self._methods = list(self._unary.values())
        loop, front = self._waiting.loop, self._waiting.front
        self._lines = [loop if one.soon is None else front for one in self._methods]
        self._front.add_methods([(path, False) for path in self._unary])
        self._front.start()
        self._thread.start()

    def is_stuck(self, since_s: float) -> bool:
        """Whether the thread that answers has been about the same few calls for so long."""
        began_s = self._answering_since_s
        return began_s is not None and time.perf_counter() - began_s > since_s

    async def stop(self, grace_s: float) -> None:
        """Lets calls in flight finish for so long, then ends."""
        others = asyncio.ensure_future(self._others.stop(grace_s))
        until_s = time.monotonic() + grace_s
        while self._is_busy() and time.monotonic() < until_s:
            if self._tasks:
                await asyncio.wait([*self._tasks.values()], timeout=_LOOK_S)
            else:
                await asyncio.sleep(_LOOK_S)
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await others
        await asyncio.to_thread(self._leave)
        # Nobody waits any more for what isn't begun, or isn't written.
        self._waiting.loop.calls.clear()
        for landing in list(self._landing.values()):
            landing.is_gone = True
            landing.write.cancel()
        self._folder.cleanup()

    def _leave(self) -> None:
        time.sleep(_WRITTEN_S)
        self._front.close()
        if self._thread.is_alive():
            self._thread.join(_LEAVE_S)

    def _is_busy(self) -> bool:
        return bool(
            self._waiting.front.calls
            or self._answering_since_s is not None
            or self._landing
            or self._waiting.loop.calls
            or self._tasks
        )

    def _receive(self) -> None:
        """Takes calls from the front, in a thread: answers, passes on, or refuses them."""
        front, line = self._front, self._waiting.front
        has_more, read_until_s = False, 0.0
        while (events := front.recv_batch_details(_AT_ONCE, 0 if has_more else None)) is not None:
            for kind, call, method, payload, _, details in events:
                if kind == EVENT_CANCEL:
                    self._forget(call)
                elif payload is not None and details is not None:
                    try:
                        self._admit(call, method, payload, details)
                    except Exception:  # one call must not end this thread, and all others with it
                        logger.exception("a call couldn't be taken")
                        front.fail(call, FAILED.code, FAILED.details)
            # More have come than that: who finds no room is to learn it in time. As long as calls
            # were answered before, or else none would be any more.
            is_behind = len(events) == _AT_ONCE and time.perf_counter() < read_until_s
            if not is_behind:
                began_s = time.perf_counter()
                try:
                    self._answer_some()
                except Exception:  # as above
                    logger.exception("calls couldn't be answered")
                finally:
                    self._answering_since_s = None
                now_s = time.perf_counter()
                read_until_s = now_s + (now_s - began_s)
            if self._waiting.loop.calls and not self._awake:
                self._awake = True
                self._tell(self._work)
            has_more = is_behind or bool(line.calls)

    def _forget(self, call: int) -> None:
        """Begins a call no more whose caller went away, or cancels what was begun."""
        if self._waiting.forget(call):
            return
        landing = self._landing.get(call)
        if landing is not None:
            landing.is_gone = True
            if landing.write.cancel():
                return
            # What is written already is undone when it is to be answered.
        self._tell(self._cancel, call)

    def _admit(self, call: int, method: int, payload: bytes, details: CallDetails) -> None:
        line = self._lines[method]
        if line.is_full:
            # Before anything of it is looked at: of these there are many.
            self._refuse(line, call)
            return
        status = too_large(payload, details, self._maximum_bytes)
        if status is not None:
            self._front.fail(call, status.code, status.details)
            return
        left_s = details[2]
        until_s = None if left_s is None else time.monotonic() + left_s
        self._let_wait(line, call, Waiting(method, payload, until_s))

    def _let_wait(self, line: Line, call: int, waiting: Waiting) -> None:
        if not self._waiting.let_wait(line, call, waiting):
            self._refuse(line, call)

    def _refuse(self, line: Line, call: int) -> None:
        line.queueing.refuse()
        code, words, trailing = self._refusal
        self._front.fail(call, code, words, trailing_metadata=trailing)

    def _answer_some(self) -> None:
        """Answers what needn't wait for anything, and lets the rest wait for the loop.

        Answers are handed over together: the front is woken once for all, and writes them at once.
        """
        line = self._waiting.front
        if not line.calls:
            return
        answers: list[tuple[int, bytes]] = []
        began_s = now_s = self._answering_since_s = time.perf_counter()
        begun = 0
        try:
            while line.calls and now_s - began_s < _LOOK_S:
                begun += self._answer_side_by_side(answers)
                now_s = self._answering_since_s = time.perf_counter()
        finally:  # what is answered is, whatever became of another
            for call, answer in answers:
                self._front.respond(call, answer)
        line.queueing.took(begun, now_s - began_s)

    def _answer_side_by_side(self, answers: list[tuple[int, bytes]]) -> int:
        """Begins the first calls that wait, of one method; adds answers, tells how many it were.

        Side by side they cost a quarter less: see `AtOnce.answer_some`.
        """
        taken = self._waiting.next_of_front(self._size.now)
        some = [one for one in taken if not one[1].is_late]
        if not some:
            return len(taken)
        method = self._methods[some[0][1].method]
        found = self._answer_together(method, some)
        rest = some[max(len(found), 1) :]
        self._waiting.put_back(rest)
        found = found or self._answer_alone(method, *some[0])
        for (call, waiting), given in zip(some, found, strict=False):
            if isinstance(given, bytes):
                answers.append((call, given))
            else:
                self._go_on(call, waiting, given)
        return len(taken) - len(rest)

    def _answer_together(
        self, method: Method, some: Sequence[tuple[int, Waiting]]
    ) -> Sequence[Given]:
        """Answers the first of some calls, maybe none: not one that fails, nor who is alone."""
        if len(some) == 1 or method.some is None:
            return ()
        try:
            found = method.some([waiting.payload for _, waiting in some], SLICE_S)
        except Exception:  # told to its caller, where it is asked for alone
            found = ()
        self._size.took(len(found), len(some))
        return found

    def _answer_alone(self, method: Method, call: int, waiting: Waiting) -> Sequence[Given]:
        """Answers a call, or ends it if it fails."""
        if method.soon is None:
            return (None,)
        try:
            given = method.soon(waiting.payload)
        except Exception as error:  # told to its caller, so that others have their turn
            self._end(call, error)
            return ()
        # Not of one that fails: while the store is behind all do, and cost most side by side.
        self._size.took(1, 1)
        return (given,)

    def _go_on(self, call: int, waiting: Waiting, given: tuple[Later, Future[Any]] | None) -> None:
        """Has a call answered once its write is done, or lets it wait for the loop."""
        if given is None:
            self._let_wait(self._waiting.loop, call, waiting)
            return
        later, write = given
        self._landing[call] = Landing(write)
        # Which isn't told to the write, or they would hold each other.
        write.add_done_callback(partial(self._landed, call, waiting, later))

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            self._front.close()  # the loop has ended without a stop

    def _work(self) -> None:
        """Begins what waits, as much as fits into a slice of time."""
        line = self._waiting.loop
        began_s = now_s = time.perf_counter()
        begun = 0
        while line.calls and now_s - began_s < _SLICE_S:
            try:
                call, waiting = self._waiting.next_of_loop()
            except KeyError:
                break  # its caller went away meanwhile
            self._begin(call, waiting)
            begun += 1
            now_s = time.perf_counter()
        line.queueing.took(begun, now_s - began_s)
        if not line.calls:
            self._awake = False
        # One may have come between the two lines above, and found this still awake.
        if line.calls:
            self._awake = True
            self._loop.call_soon(self._work)

    def _begin(self, call: int, waiting: Waiting) -> None:
        if waiting.is_late:
            return
        begun = begin(lambda: run(self._front, call, self._methods[waiting.method], waiting))
        if isinstance(begun, asyncio.Task):
            self._tasks[call] = begun
            begun.add_done_callback(lambda _: self._tasks.pop(call, None))
        elif begun.error is not None:
            logger.error("a call couldn't be answered", exc_info=begun.error)

    def _landed(self, call: int, waiting: Waiting, later: Later, done: Future[Any]) -> None:
        """Ends a call whose write is done, in the thread that did it."""
        try:
            ended = later.end(done, partial(self._front.respond, call))
        except Exception as error:  # told to its caller, who would wait for ever
            self._end(call, error)
            ended = True
        if ended is False:
            self._tell(self._begin_again, call, waiting, later)
            return  # until then somebody waits for it
        if isinstance(ended, RequestError):
            self._end(call, ended)
        self._landing.pop(call, None)

    def _begin_again(self, call: int, waiting: Waiting, later: Later) -> None:
        """Begins what another request was faster at, unless its caller went away meanwhile."""
        is_gone = self._landing.pop(call).is_gone or waiting.is_late
        later.leave(is_gone=is_gone)
        if not is_gone:
            self._begin(call, waiting)

    def _end(self, call: int, error: Exception) -> None:
        """Tells a caller why there is no answer."""
        if isinstance(error, RequestError):
            code, words, trailing = call_status(error)
            self._front.fail(call, code, words, trailing_metadata=trailing)
        else:
            self._front.fail(call, FAILED.code, FAILED.details)
            logger.error("a call has failed", exc_info=error)

    def _cancel(self, call: int) -> None:
        task = self._tasks.get(call)
        if task is not None:
            task.cancel()
