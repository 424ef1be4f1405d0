"""Reasons and codes are the same in the code, on the wire, and on the page that explains them."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from google.rpc import code_pb2, error_details_pb2

from doors import NO_TLS
from offerd.admission import parse_instant
from offerd.errors import DOMAIN, Code, Reason, RequestError
from offerd.service.status import status_of
from offerd.v1 import error_pb2
from offerd_client.status import KINDS
from offerd_gateway.problem import status_of as http_status_of
from serving import serving

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
NOW_NS = parse_instant("2026-11-02T09:00:00Z")


class Section(NamedTuple):
    """What the page says of one reason. Without `requests` its answer is only shown."""

    reason: str
    code: str
    status: int
    requests: list[str]
    answer: Any


def _sections() -> list[Section]:
    text = PAGE.read_text(encoding="utf-8")
    return [_section(part) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]


def _section(part: str) -> Section:
    header = re.search(r"^`([A-Z_]+)`[,;].* HTTP (\d+)$", part, re.MULTILINE)
    requests = re.findall(r"^```http\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    answer = re.search(r"^```(?:json|text)\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    assert header, part
    assert answer, part
    return Section(
        part.split("\n", 1)[0],
        header[1],
        int(header[2]),
        requests,
        json.loads(answer[1]),
    )


SECTIONS = _sections()


def test_every_reason_is_on_the_wire() -> None:
    """ErrorReason has the names of Reason, each with the prefix, and no other."""
    names = {name.removeprefix("ERROR_REASON_") for name in dict(error_pb2.ErrorReason.items())}
    assert names - {"UNSPECIFIED"} == {reason.name for reason in Reason}
    assert all(reason.value == reason.name for reason in Reason)


def test_every_code_is_canonical() -> None:
    """Each Code has the number that google.rpc.Code gives its name, and gRPC knows it."""
    known = {status.name: status.value[0] for status in grpc.StatusCode}
    for code in Code:
        assert code.number == code_pb2.Code.Value(code.name) == known[code.name]
        assert code.http_status >= 400


def test_every_code_has_an_error() -> None:
    """Each Code is that of exactly one error, and the clients read it back as that error."""
    kinds: list[type[RequestError]] = [RequestError, *RequestError.__subclasses__()]
    assert sorted(kind.code.name for kind in kinds) == sorted(code.name for code in Code)
    for kind in kinds[1:]:
        assert KINDS[grpc.StatusCode[kind.code.name]][0] is kind


@pytest.mark.parametrize("reason", list(Reason))
def test_a_status_carries_its_facts(reason: Reason) -> None:
    """Reason, domain and field are in the ErrorInfo of the status."""
    status = status_of(RequestError(reason, "what happened", field="scopes[0].name"))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == (reason.name, DOMAIN)
    assert dict(info.metadata) == {"field": "scopes[0].name"}


def test_the_page_names_every_reason() -> None:
    """docs/errors.md has one section for each reason, in the order of the enumeration."""
    assert [section.reason for section in SECTIONS] == [reason.name for reason in Reason]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.reason)
def test_the_page_is_right_about_statuses(section: Section) -> None:
    """The HTTP status of a section is the one that its code and reason appear as."""
    if section.status == 200:
        return
    assert section.status == http_status_of(Code[section.code], Reason[section.reason])
    assert section.answer["status"] == section.status
    assert (section.answer["code"], section.answer["reason"]) == (section.code, section.reason)


@pytest.mark.parametrize(
    "section", [s for s in SECTIONS if s.requests], ids=lambda section: section.reason
)
async def test_the_examples_give_what_they_say(section: Section, tmp_path: Path) -> None:
    """Of each section the last request is answered as the page says, to the letter."""
    page = await asyncio.to_thread(PAGE.read_text, encoding="utf-8")
    definitions = re.search(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert definitions
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "all.yaml").write_text(definitions[1], encoding="utf-8")
    async with serving(tmp_path, [tmp_path / "definitions"], lambda: NOW_NS) as running:
        url = f"http://127.0.0.1:{running.http_port}"
        async with httpx.AsyncClient(base_url=url, verify=NO_TLS, trust_env=False) as http:
            for request in section.requests:
                line, _, body = request.partition("\n\n")
                method, path = line.strip().split(" ")
                headers = {"Content-Type": "application/json"} if body else {}
                answer = await http.request(method, path, content=body.strip(), headers=headers)
    assert answer.status_code == section.status
    assert answer.json() == section.answer
    if section.status == 200:
        last = answer.json()["results"][-1]["refusal"]
        assert last["reason"] == f"ERROR_REASON_{section.reason}"
