"""The paths of the HTTP door, derived from the google.api.http annotations of the rpcs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote_to_bytes

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from offerd.errors import InvalidArgument, Reason
from offerd.v1 import (
    audience_service_pb2,
    cap_service_pb2,
    contact_service_pb2,
    decision_service_pb2,
    event_service_pb2,
    load_service_pb2,
    place_service_pb2,
    profile_service_pb2,
)

SERVICE_FILES: tuple[FileDescriptor, ...] = (
    decision_service_pb2.DESCRIPTOR,
    event_service_pb2.DESCRIPTOR,
    profile_service_pb2.DESCRIPTOR,
    cap_service_pb2.DESCRIPTOR,
    audience_service_pb2.DESCRIPTOR,
    contact_service_pb2.DESCRIPTOR,
    load_service_pb2.DESCRIPTOR,
    place_service_pb2.DESCRIPTOR,
)

VARIABLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Rpc:
    """One rpc and how it looks over HTTP.

    `method` is the full name as gRPC spells it; `http_method` and `template` are the
    annotation's, such as `GET` and `/v1/profiles/{namespace}/{id}`; `variables` are
    the request's fields that the path holds. With `has_body` the request's other
    fields are a JSON body, without it they are query parameters. With `streams` the
    answer is any number of messages.
    """

    method: str
    http_method: str
    template: str
    variables: tuple[str, ...]
    has_body: bool
    streams: bool
    request_class: type[Message]
    response_class: type[Message]
    descriptor: MethodDescriptor


@cache
def rpcs() -> tuple[Rpc, ...]:
    """Every rpc of the contract that is asked once, in the order of the files."""
    return tuple(
        _rpc(method)
        for file in SERVICE_FILES
        for service in file.services_by_name.values()
        for method in service.methods
        if not method.client_streaming
    )


def _rpc(method: MethodDescriptor) -> Rpc:
    rule: http_pb2.HttpRule = method.GetOptions().Extensions[annotations_pb2.http]
    kind = rule.WhichOneof("pattern")
    if kind not in {"get", "put", "post", "delete", "patch"} or rule.body not in {"", "*"}:
        raise TypeError(f"rpc `{method.full_name}` has an annotation that the gateway can't serve")
    template: str = getattr(rule, kind)
    return Rpc(
        method=f"/{method.containing_service.full_name}/{method.name}",
        http_method=kind.upper(),
        template=template,
        variables=tuple(VARIABLE.findall(template)),
        has_body=rule.body == "*",
        streams=method.server_streaming,
        request_class=GetMessageClass(method.input_type),
        response_class=GetMessageClass(method.output_type),
        descriptor=method,
    )


@dataclass(frozen=True, slots=True)
class Match:
    """A path that exists: its rpcs by HTTP method, and the path variables' text."""

    by_method: Mapping[str, Rpc]
    values: Mapping[str, str]


NO_VALUES: Mapping[str, str] = {}


class Router:
    """Finds the rpcs of a path."""

    def __init__(self) -> None:
        by_template: dict[str, dict[str, Rpc]] = {}
        for rpc in rpcs():
            by_template.setdefault(rpc.template, {})[rpc.http_method] = rpc
        self._fixed = {
            template: Match(by_method, NO_VALUES)
            for template, by_method in by_template.items()
            if not VARIABLE.search(template)
        }
        self._patterns = tuple(
            (re.compile(_expression(template)), by_method)
            for template, by_method in by_template.items()
            if VARIABLE.search(template)
        )
        self._templates = tuple(by_template)

    def match(self, path: str, raw_path: str) -> Match | None:
        """Find the rpcs of a path.

        `path` is percent-decoded, `raw_path` is as it was sent, so that an id may
        hold an encoded slash. A variable may be empty: whether an empty id is
        allowed is the service's to say.
        """
        found = self._fixed.get(path)
        if found is not None:
            return found
        for pattern, by_method in self._patterns:
            match = pattern.fullmatch(raw_path)
            if match is not None:
                values = {name: _decoded(name, text) for name, text in match.groupdict().items()}
                return Match(by_method, values)
        return None

    def nearest(self, path: str, others: tuple[str, ...] = ()) -> str | None:
        """The path template most like one that doesn't exist, if any is like it."""
        close = difflib.get_close_matches(path[:256], self._templates + others, n=1, cutoff=0.5)
        return close[0] if close else None


def _expression(template: str) -> str:
    return "".join(_expression_parts(template))


def _expression_parts(template: str) -> Iterator[str]:
    position = 0
    for variable in VARIABLE.finditer(template):
        yield re.escape(template[position : variable.start()])
        yield f"(?P<{variable[1]}>[^/]*)"
        position = variable.end()
    yield re.escape(template[position:])


def _decoded(name: str, text: str) -> str:
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            Reason.INVALID_TEXT, f"`{name}` in the path is not valid UTF-8", field=name
        ) from error
