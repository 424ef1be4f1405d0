"""One rpc over HTTP: the request's JSON in, the answer's JSON out."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from offerd.errors import InvalidArgument, Reason
from offerd.v1 import decision_service_pb2 as pb
from offerd_gateway.backend import AtOnce, Backend, Found, SomeAtOnce
from offerd_gateway.json.mistake import Mistake
from offerd_gateway.json.questions import Questions, with_name
from offerd_gateway.json.reader import MessageReader
from offerd_gateway.json.text import parse
from offerd_gateway.json.texts import AnswerTexts
from offerd_gateway.json.writer import MessageWriter, to_json
from offerd_gateway.query import read_query
from offerd_gateway.request import Incoming, Receive, read_body, unless_disconnected
from offerd_gateway.routes import Rpc
from offerd_gateway.settings import GatewaySettings


class Call:
    """An rpc, ready to be called over HTTP as often as wanted."""

    def __init__(self, rpc: Rpc, backend: Backend, settings: GatewaySettings) -> None:
        self.rpc = rpc
        self._backend = backend
        self._settings = settings
        self._forwarded = tuple((name.encode("ascii"), name) for name in settings.forwarded_headers)
        self._reader = MessageReader(rpc.descriptor.input_type)
        self._writer = MessageWriter(rpc.descriptor.output_type)
        fields = rpc.descriptor.input_type.fields_by_name
        self._names_request = "request_id" in fields
        # What is answered at once comes as bytes, of which most have come before.
        self._at_once = self._some_at_once = None
        if isinstance(backend, AtOnce) and rpc.response_class is pb.DecideResponse:
            self._at_once = backend.at_once(rpc.method)
            if isinstance(backend, SomeAtOnce):
                self._some_at_once = backend.some_at_once(rpc.method)
        self._texts = AnswerTexts()
        self._questions = Questions()
        # Fields that can't be query parameters: all of them, if the body holds them.
        self._bound = frozenset(fields if rpc.has_body else rpc.variables)

    @property
    def may_answer_at_once(self) -> bool:
        """Whether there are requests that `find_at_once` answers."""
        rpc = self.rpc
        is_plain = rpc.http_method == "POST" and rpc.has_body and not rpc.variables
        return self._at_once is not None and is_plain

    @property
    def may_answer_some(self) -> bool:
        """Whether `find_some_at_once` does so for several of them, side by side."""
        return self._some_at_once is not None

    def check_head(self, incoming: Incoming) -> None:
        """Raises as `answer` if the head of a request says anything that it may not."""
        incoming.timeout_s(self._settings.default_timeout_s)
        incoming.check_json()

    def question_at_once(self, request_id: str, body: bytes) -> tuple[str, bytes] | None:
        """Returns the name of a request, "" for none, and what `find_at_once` takes.

        None if it is unusual. `request_id` is the name that its head gives it, `body` is all of it.
        """
        if len(body) > self._settings.body_limit_bytes:
            return None
        question = self._questions.read(body)
        if question is None:
            return None
        data = with_name(question.request_id or request_id, question.data)
        return None if data is None else (request_id or question.request_id, data)

    def find_at_once(self, request: bytes) -> Found | None:
        """Call the rpc with the bytes of a request.

        None if it has to be waited for; nothing has changed then. Raises RequestError.
        """
        return None if self._at_once is None else self._at_once(request)

    def find_some_at_once(self, several: Sequence[bytes]) -> Sequence[Found | None]:
        """As `find_at_once` the first of several requests, maybe none.

        If it raises anything nothing has changed: ask for each alone.
        """
        return () if self._some_at_once is None else self._some_at_once(several)

    def written(self, found: Found) -> bytes:
        """Return the JSON of what was found at once."""
        return self._texts.write(found)

    async def answer(
        self, incoming: Incoming, values: Mapping[str, str], receive: Receive
    ) -> bytes:
        """Call the rpc; return the JSON of its answer.

        `values` are the path's variables. Raises RequestError, Refusal for what HTTP
        alone refuses, and Disconnected if the caller went away; then the
        rpc is cancelled.
        """
        timeout_s = incoming.timeout_s(self._settings.default_timeout_s)
        request = await self._request(incoming, values, receive)
        if not incoming.tried:
            incoming.asked = True
            found = self.find_at_once(request.SerializeToString())
            if found is not None:
                return self.written(found)
        answer = await self.ask(incoming, request, timeout_s, receive)
        return to_json(self._writer.write(answer))

    async def ask(
        self, incoming: Incoming, request: Message, timeout_s: float | None, receive: Receive
    ) -> Message:
        """Call the rpc with a message; return its answer. Raises as `answer`."""
        incoming.asked = True
        return await unless_disconnected(
            self._backend.call(
                self.rpc.method, request, timeout_s=timeout_s, metadata=self._metadata(incoming)
            ),
            receive,
        )

    async def lines(
        self, incoming: Incoming, values: Mapping[str, str], receive: Receive
    ) -> AsyncGenerator[bytes]:
        """Call an rpc that streams; yield each answer as a line of JSON.

        Raises as `answer`, also between two lines. It may stream for as long as the caller
        likes, unless the caller has said for how long.
        """
        request = await self._request(incoming, values, receive)
        incoming.asked = True
        answers = self._backend.stream(
            self.rpc.method,
            request,
            timeout_s=incoming.timeout_s(None),
            metadata=self._metadata(incoming),
        )
        async with contextlib.aclosing(answers):
            while True:
                try:
                    answer = await unless_disconnected(_next(answers), receive)
                except StopAsyncIteration:
                    return
                yield to_json(self._writer.write(answer)) + b"\n"

    async def _request(
        self, incoming: Incoming, values: Mapping[str, str], receive: Receive
    ) -> Message:
        parameters = (
            read_query(incoming.query, self.rpc.descriptor.input_type, self._bound)
            if incoming.query
            else {}
        )
        if self.rpc.has_body:
            incoming.check_json()
            members = parse(await read_body(incoming, receive, self._settings))
        else:
            members = parameters
        request = self.rpc.request_class()
        try:
            self._reader.read(members, request)
        except Mistake as mistake:
            raise mistake.error() from None
        for name, text in values.items():
            _bind(request, name, text)
        if self._names_request:
            _name(request, incoming)
        return request

    def _metadata(self, incoming: Incoming) -> list[tuple[str, str]]:
        metadata = []
        for key, name in self._forwarded:
            text = incoming.headers.get(key, b"").decode("latin-1")
            # gRPC carries printable ASCII; a trace header with anything else is invalid,
            # and an invalid one is to be ignored.
            if text and text.isascii() and text.isprintable():
                metadata.append((name, text))
        return metadata


async def _next(answers: AsyncIterator[Message]) -> Message:
    return await anext(answers)


def _name(request: Any, incoming: Incoming) -> None:
    """One name for the request in the header, the body and the log, wherever it was given."""
    if not incoming.request_id:
        incoming.request_id = request.request_id
    elif not request.request_id:
        request.request_id = incoming.request_id


def _bind(request: Message, name: str, text: str) -> None:
    given = getattr(request, name)
    if given and given != text:
        raise InvalidArgument(
            Reason.CONFLICTING_FIELDS,
            f"`{name}` is one thing in the path and another in the body: leave it out of the body",
            field=name,
        )
    setattr(request, name, text)
