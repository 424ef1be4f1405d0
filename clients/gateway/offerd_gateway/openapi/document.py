"""The OpenAPI document as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from offerd.errors import Code, Reason
from offerd_gateway.openapi.comments import read_comments
from offerd_gateway.openapi.edge_places import edge_places_path
from offerd_gateway.openapi.examples import EXAMPLES, PROBLEM
from offerd_gateway.openapi.schemas import Schema, Schemas
from offerd_gateway.routes import Rpc, rpcs

API_VERSION = "v1"
INTRODUCTION = (
    "Decides what to offer a customer, here, now. JSON is the canonical mapping of the"
    " messages of offerd.v1: names in lowerCamelCase (the contract's own names are taken too),"
    " fields at their default left out, 64-bit integers as strings."
)
ERRORS: Mapping[str, str] = {
    "400": "The request is wrong and stays wrong.",
    "404": "What the request names doesn't exist.",
    "405": "The path doesn't take this method; `Allow` says which it takes.",
    "408": "The body did not arrive in time.",
    "409": "What the request names is past what is asked of it.",
    "413": "The body is larger than this door reads.",
    "415": "The body is not said to be `application/json`.",
    "429": "Too much at once; try again after `Retry-After` seconds.",
    "500": "A defect of the service.",
    "503": "The service is starting, stopping, or can't be reached.",
    "504": "The deadline passed.",
    "507": "The service's disk or store is full.",
}
BODY_ERRORS = frozenset({"408", "413", "415"})
PARAMETERS: Mapping[str, Schema] = {
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "description": "The caller's name for the request, printable ASCII; it comes back in the"
        " answer's header, in problems and in the log.",
        "schema": {"type": "string", "maxLength": 128},
    },
    "TimeoutMs": {
        "name": "X-Timeout-Ms",
        "in": "header",
        "description": "How long the caller waits, in milliseconds. Absent: as the door is set,"
        " 10 seconds by default.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 600_000},
    },
}


def render(proto_folder: Path) -> str:
    """The document as text; the same contract gives the same text."""
    return json.dumps(document(read_comments(proto_folder)), indent=2, ensure_ascii=False) + "\n"


def document(comments: Mapping[str, str]) -> dict[str, Any]:
    """The document; `comments` are those of the proto files by full name."""
    schemas = Schemas(comments)
    paths: dict[str, dict[str, Any]] = {}
    for rpc in rpcs():
        operation = _operation(rpc, schemas, comments)
        paths.setdefault(rpc.template, {})[rpc.http_method.lower()] = operation
    paths |= edge_places_path() | _own_paths()
    services = {rpc.descriptor.containing_service for rpc in rpcs()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "offerd",
            "version": API_VERSION,
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": service.name, "description": comments[service.full_name]}
            for service in sorted(services, key=lambda service: service.name)
        ],
        "paths": paths,
        "components": {
            "schemas": dict(sorted((schemas.components | {"Problem": _problem()}).items())),
            "parameters": dict(PARAMETERS),
            "responses": {f"Error{status}": _error(status) for status in ERRORS},
        },
    }


def _operation(rpc: Rpc, schemas: Schemas, comments: Mapping[str, str]) -> dict[str, Any]:
    method = rpc.descriptor
    operation: dict[str, Any] = {
        "operationId": method.name,
        "tags": [method.containing_service.name],
        "description": comments[method.full_name],
        "parameters": [
            *_field_parameters(rpc, schemas),
            *({"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS),
        ],
    }
    if rpc.has_body:
        content: dict[str, Any] = {"schema": schemas.message(method.input_type, rpc.variables)}
        if rpc.method in EXAMPLES:
            content["example"] = EXAMPLES[rpc.method]
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    kind, words = ("application/json", "The answer.")
    if rpc.streams:
        kind, words = ("application/x-ndjson", "Answers, one a line, as they come.")
    answer = {kind: {"schema": schemas.message(method.output_type)}}
    operation["responses"] = {"200": {"description": words, "content": answer}} | {
        status: {"$ref": f"#/components/responses/Error{status}"}
        for status in ERRORS
        if rpc.has_body or status not in BODY_ERRORS
    }
    return operation


def _field_parameters(rpc: Rpc, schemas: Schemas) -> list[Schema]:
    """The path's variables, and without a body the other fields as query parameters."""
    fields = rpc.descriptor.input_type.fields
    in_path = [field for field in fields if field.name in rpc.variables]
    in_query = [] if rpc.has_body else [field for field in fields if field not in in_path]
    return [_parameter(field, "path", schemas) for field in in_path] + [
        _parameter(field, "query", schemas) for field in in_query
    ]


def _parameter(field: FieldDescriptor, place: str, schemas: Schemas) -> Schema:
    schema = schemas.field(field)
    description = schema.pop("description", "")
    name = field.name if place == "path" else field.json_name
    parameter: Schema = {"name": name, "in": place, "schema": schema}
    if description:
        parameter["description"] = description
    if place == "path":
        parameter["required"] = True
    return parameter


def _own_paths() -> dict[str, dict[str, Any]]:
    def answer(description: str, schema: Schema) -> dict[str, Any]:
        return {"description": description, "content": {"application/json": {"schema": schema}}}

    status = {"type": "object", "properties": {"status": {"type": "string"}}}
    not_ready = {"$ref": "#/components/responses/Error503"}
    return {
        "/healthz": {
            "get": {
                "operationId": "Live",
                "description": "Whether the door is alive.",
                "responses": {"200": answer("It is.", status)},
            }
        },
        "/readyz": {
            "get": {
                "operationId": "Ready",
                "description": "Whether the service behind the door would answer now.",
                "responses": {"200": answer("It would.", status), "503": not_ready},
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "OpenApi",
                "description": "This document.",
                "responses": {"200": answer("This document.", {"type": "object"})},
            }
        },
    }


def _error(status: str) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if int(status) == PROBLEM["status"]:
        content["example"] = PROBLEM
    answer: dict[str, Any] = {
        "description": ERRORS[status],
        "content": {"application/problem+json": content},
    }
    if status in {"429", "503"}:
        seconds = {"type": "integer", "minimum": 0}
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": seconds}}
    return answer


def _problem() -> Schema:
    def text(description: str, **more: Any) -> Schema:
        return {"type": "string", "description": description, **more}

    return {
        "type": "object",
        "description": "Why a request was refused: RFC 9457.",
        "properties": {
            "type": text("`urn:offerd:error:` and the reason.", format="uri"),
            "title": text("The reason in words."),
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": text("What was found and what was expected."),
            "code": text("The gRPC status code.", enum=[code.name for code in Code]),
            "reason": text("Why.", enum=[reason.value for reason in Reason]),
            "field": text("The path of the field at fault. Absent: the request as a whole."),
            "metadata": {
                "type": "object",
                "description": "Further facts.",
                "additionalProperties": {"type": "string"},
            },
            "requestId": text("The request's id, if one is known."),
        },
        "required": ["type", "title", "status", "detail", "code", "reason"],
    }
