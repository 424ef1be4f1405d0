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
from offerd.service.dispatch import SoonDoor
from offerd.service.native_call import FAILED, CallContext, CallDetails, Method, Status
from offerd.service.overload import overloaded
from offerd.service.status import call_status
from offerd.service.waiting import Landing, Line, Waiting

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 64
_SLICE_S: Final = 0.004
"""So long calls are begun before others on the event loop have their turn."""
_LOOK_S: Final = 0.002
"""So long calls are answered before it is looked who else has come."""

MAXIMUM_METADATA_BYTES: Final = 16 << 10
"""As of grpcio. The front itself takes more, as it refuses with a status that is none of gRPC."""
MOST_WAITING_BYTES: Final = 128 << 20
"""Requests that aren't begun have so many bytes together at most."""

_WRITTEN_S: Final = 0.02
"""So long the front has for the last answers: what it hasn't written when it closes is lost."""
_LEAVE_S: Final = 1.0
"""So long a stop waits for the thread, which has nothing to do any more."""

_CANCELLED: Final = grpc.StatusCode.CANCELLED.value[0]
_EXHAUSTED: Final = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


class NativeServer:
    """Serves on one address without TLS; takes servicers as grpc.aio.Server does.

    `port` is the one that was got. Raises OSError if the address can't be had. Of what goes to
    the grpc.aio server behind it `maximum_streams` are served at once. `soon` is asked before
    the servicer of a method, in a thread: see `Dispatcher.doors_soon`.
    """

    def __init__(
        self,
        address: str,
        soon: Mapping[str, SoonDoor],
        *,
        maximum_message_bytes: int,
        maximum_streams: int,
        shared: bool,
    ) -> None:
        self._soon = soon
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
        self._front_line = Line()
        """For the thread that may answer at once."""
        self._loop_line = Line()
        """For the event loop."""
        self._answering_since_s: float | None = None
        """Since when the thread is about one call, None while it isn't."""
        self._landing: dict[int, Landing] = {}
        """Answers that wait for a write, by call."""
        # Each is changed by one thread only: what came in, and what the loop took out of that.
        self._in_bytes = 0
        self._out_bytes = 0
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
                )

    async def start(self) -> None:
        """Starts to serve, on the event loop that runs now."""
        self._loop = asyncio.get_running_loop()
        path = os.path.join(self._folder.name, "others")
        self._others.add_insecure_port(f"unix:{path}")
        await self._others.start()
        self._front.set_fallback(path)
        self._methods = list(self._unary.values())
        self._lines = [
            self._loop_line if one.soon is None else self._front_line for one in self._methods
        ]
        self._front.add_methods([(path, False) for path in self._unary])
        self._front.start()
        self._thread.start()

    def is_stuck(self, since_s: float) -> bool:
        """Whether the thread that answers has been about one call for so long."""
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
        self._loop_line.calls.clear()
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
            self._front_line.calls
            or self._answering_since_s is not None
            or self._landing
            or self._loop_line.calls
            or self._tasks
        )

    def _receive(self) -> None:
        """Takes calls from the front, in a thread: answers, passes on, or refuses them."""
        front, line = self._front, self._front_line
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
            if self._loop_line.calls and not self._awake:
                self._awake = True
                self._tell(self._work)
            has_more = is_behind or bool(line.calls)

    def _forget(self, call: int) -> None:
        """Begins a call no more whose caller went away, or cancels what was begun."""
        for line in (self._front_line, self._loop_line):
            gone = line.calls.pop(call, None)
            if gone is not None:
                self._in_bytes -= len(gone.payload)
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
        metadata, _, left_s = details
        if sum([len(name) + len(value) for name, value in metadata]) > MAXIMUM_METADATA_BYTES:
            self._front.fail(call, _EXHAUSTED, "received metadata size exceeds limit")
            return
        size_bytes = len(payload)
        if size_bytes > self._maximum_bytes:
            self._front.fail(
                call,
                _EXHAUSTED,
                # The words of gRPC itself, which clients know it by.
                "SERVER: Received message larger than max "
                f"({size_bytes} vs. {self._maximum_bytes})",
            )
            return
        until_s = None if left_s is None else time.monotonic() + left_s
        self._let_wait(line, call, Waiting(method, payload, until_s))

    def _let_wait(self, line: Line, call: int, waiting: Waiting) -> None:
        size_bytes = len(waiting.payload)
        if line.is_full or self._in_bytes - self._out_bytes + size_bytes > MOST_WAITING_BYTES:
            self._refuse(line, call)
        else:
            self._in_bytes += size_bytes
            line.calls[call] = waiting

    def _refuse(self, line: Line, call: int) -> None:
        line.queueing.refuse()
        code, words, trailing = self._refusal
        self._front.fail(call, code, words, trailing_metadata=trailing)

    def _answer_some(self) -> None:
        """Answers what needn't wait for anything, and lets the rest wait for the loop.

        Answers are handed over together: the front is woken once for all, and writes them at once.
        """
        line = self._front_line
        if not line.calls:
            return
        answers: list[tuple[int, bytes]] = []
        began_s = now_s = self._answering_since_s = time.perf_counter()
        begun = 0
        while line.calls and now_s - began_s < _LOOK_S:
            call, waiting = line.calls.popitem(last=False)
            self._in_bytes -= len(waiting.payload)
            soon = self._methods[waiting.method].soon
            if soon is not None and not waiting.is_late:
                answer = self._answer(call, soon, waiting)
                if answer is not None:
                    answers.append((call, answer))
            begun += 1
            now_s = self._answering_since_s = time.perf_counter()
        for call, answer in answers:
            self._front.respond(call, answer)
        line.queueing.took(begun, now_s - began_s)

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            self._front.close()  # the loop has ended without a stop

    def _work(self) -> None:
        """Begins what waits, as much as fits into a slice of time."""
        line = self._loop_line
        began_s = now_s = time.perf_counter()
        begun = 0
        while line.calls and now_s - began_s < _SLICE_S:
            try:
                call, waiting = line.calls.popitem(last=False)
            except KeyError:
                break  # its caller went away meanwhile
            self._out_bytes += len(waiting.payload)
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
        begun = begin(lambda: self._run(call, waiting))
        if isinstance(begun, asyncio.Task):
            self._tasks[call] = begun
            begun.add_done_callback(lambda _: self._tasks.pop(call, None))
        elif begun.error is not None:
            logger.error("a call couldn't be answered", exc_info=begun.error)

    def _answer(self, call: int, soon: SoonDoor, waiting: Waiting) -> bytes | None:
        """Returns the answer of a call; None if that has ended, or goes on elsewhere."""
        try:
            answer = soon(waiting.payload)
        except Exception as error:  # told to its caller, so that others have their turn
            self._end(call, error)
            return None
        if isinstance(answer, bytes):
            return answer
        if answer is None:
            self._let_wait(self._loop_line, call, waiting)
            return None
        later, write = answer
        self._landing[call] = Landing(write)
        # Which isn't told to the write, or they would hold each other.
        write.add_done_callback(partial(self._landed, call, waiting, later))
        return None

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

    async def _run(self, call: int, waiting: Waiting) -> None:
        method = self._methods[waiting.method]
        context = CallContext(waiting.until_s)
        try:
            answer = await method.answer(method.parse(waiting.payload), context)
            self._front.respond(call, method.serialize(answer))
        except asyncio.CancelledError:
            self._front.fail(call, _CANCELLED, "")
            raise
        except Exception:
            # A call's outermost edge: a defect is answered as one, and ends nothing else.
            status = context.status
            if status is None:
                logger.exception("a call has failed")
                status = FAILED
            self._front.fail(call, status.code, status.details, trailing_metadata=status.trailing)

    def _cancel(self, call: int) -> None:
        task = self._tasks.get(call)
        if task is not None:
            task.cancel()
