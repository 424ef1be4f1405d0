"""The OpenAPI document: valid, complete, and in step with the contract."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from offerd_gateway.json.reader import MessageReader
from offerd_gateway.openapi.document import render
from offerd_gateway.openapi.examples import EXAMPLES, PROBLEM
from offerd_gateway.routes import Rpc, rpcs
from unit.gateway.conftest import Door

PROTO_FOLDER = Path(__file__).parents[3] / "proto"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is shipped."""
    return json.loads(resources.files("offerd_gateway").joinpath("openapi.json").read_bytes())


def test_it_is_in_step_with_the_contract(document: dict[str, Any]) -> None:
    """The document is what the proto files give; `python -m offerd_gateway.openapi` writes it."""
    assert json.loads(render(PROTO_FOLDER)) == document


def test_it_is_valid(document: dict[str, Any]) -> None:
    """The document is OpenAPI 3.1."""
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_it_is_served(door: Door, document: dict[str, Any]) -> None:
    """The gateway serves the document that is shipped."""
    answer = await door.http.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document


@pytest.mark.parametrize("rpc", rpcs(), ids=lambda rpc: rpc.descriptor.name)
def test_every_rpc_has_its_operation(document: dict[str, Any], rpc: Rpc) -> None:
    """Each rpc has its path and method, a description, and its errors as problems."""
    operation = document["paths"][rpc.template][rpc.http_method.lower()]
    assert operation["operationId"] == rpc.descriptor.name
    assert operation["description"]
    assert {"200", "400", "404", "429", "500", "503", "504", "507"} <= operation["responses"].keys()
    in_path = [item["name"] for item in operation["parameters"] if item.get("in") == "path"]
    assert in_path == list(rpc.variables)


@pytest.mark.parametrize("rpc", rpcs(), ids=lambda rpc: rpc.descriptor.name)
def test_streams_are_lines(document: dict[str, Any], rpc: Rpc) -> None:
    """An rpc that streams answers lines, each of which is its message; any other one object."""
    answer = document["paths"][rpc.template][rpc.http_method.lower()]["responses"]["200"]
    (kind,) = answer["content"]
    assert kind == ("application/x-ndjson" if rpc.streams else "application/json")
    name = rpc.descriptor.output_type.name
    assert answer["content"][kind]["schema"] == {"$ref": f"#/components/schemas/{name}"}


def test_maps_have_their_values_described(document: dict[str, Any]) -> None:
    """Maps are objects with any names, of scalars or of messages."""
    consent = document["components"]["schemas"]["Consent"]["properties"]
    assert consent["idSpecific"]["additionalProperties"] == {
        "$ref": "#/components/schemas/ChannelConsent"
    }
    assert consent["marketing"]["additionalProperties"] == {
        "$ref": "#/components/schemas/ConsentValue"
    }


def test_every_body_has_an_example() -> None:
    """Whoever tries an rpc out has something to begin with."""
    assert {rpc.method for rpc in rpcs() if rpc.has_body} == EXAMPLES.keys()


def test_every_element_is_described(document: dict[str, Any]) -> None:
    """Comments of the contract arrive as descriptions."""
    schemas = document["components"]["schemas"]
    scope = schemas["Scope"]["properties"]["itemCount"]["description"]
    assert scope.startswith("How many items are wanted, 1 to 500.")
    assert "`OUTCOME_FALLBACK`: No offer was eligible" in schemas["Outcome"]["description"]


@pytest.mark.parametrize("rpc", [rpc for rpc in rpcs() if rpc.method in EXAMPLES])
def test_examples_are_right(document: dict[str, Any], rpc: Rpc) -> None:
    """Each example fits its schema and is read by the gateway."""
    reference = {"$ref": f"#/components/schemas/{rpc.descriptor.input_type.name}"}
    Draft202012Validator(reference | {"components": document["components"]}).validate(
        EXAMPLES[rpc.method]
    )
    MessageReader(rpc.descriptor.input_type).read(EXAMPLES[rpc.method], rpc.request_class())


def test_the_example_of_a_problem_is_right(document: dict[str, Any]) -> None:
    """The problem that is shown fits its schema."""
    Draft202012Validator(document["components"]["schemas"]["Problem"]).validate(PROBLEM)


async def test_the_query_of_mobile_apps_is_described(door: Door, document: dict[str, Any]) -> None:
    """Its answer fits its schema, down to the kinds of the seven elements."""
    operation = document["paths"]["/placesedgequery"]["get"]
    answer = await door.http.get("/placesedgequery?latitude=59.3&longitude=18.1&library=studios")
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(schema).validate(answer.json())
    assert answer.json()["places"]["userWithin"]


async def test_real_answers_fit_their_schema(door: Door, document: dict[str, Any]) -> None:
    """What the gateway answers is what the document says."""
    answer = await door.http.post(
        "/v1/decisions:decide", json={"scopes": [{"name": "s"}], "explain": True}
    )
    problem = await door.http.post("/v1/decisions:decide", json={"x": 1})
    for body, name in ((answer.json(), "DecideResponse"), (problem.json(), "Problem")):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(body)


PATH_VALUES = {
    "namespace": "email",
    "id": "alma@example.com",
    "audience": "lapsed-yoga",
    "place": "studio-sodermalm",
}


@pytest.mark.parametrize("rpc", rpcs(), ids=lambda rpc: rpc.descriptor.name)
async def test_each_example_is_answered_as_described(
    door: Door, document: dict[str, Any], rpc: Rpc
) -> None:
    """Sent to its path an example is answered by what fits the schema, line by line in a stream."""
    answer = await door.http.request(
        rpc.http_method,
        rpc.template.format(**PATH_VALUES),
        json=EXAMPLES[rpc.method] if rpc.has_body else None,
    )
    assert answer.status_code == 200, answer.text
    name = rpc.descriptor.output_type.name
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    lines = answer.text.splitlines() if rpc.streams else [answer.text]
    assert lines
    for line in lines:
        Draft202012Validator(schema).validate(json.loads(line))
