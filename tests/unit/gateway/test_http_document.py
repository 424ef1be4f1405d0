"""docs/http.md: every example works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from offerd.errors import Reason, Unavailable
from offerd_gateway.command import main
from offerd_gateway.problem import http_status, problem
from offerd_gateway.request import MAX_TIMEOUT_MS
from offerd_gateway.routes import rpcs
from unit.gateway.conftest import Door

TEXT = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = re.findall(r"^(?:curl|offerd-gateway) (?:'[^']*'|\\\n|[^'\n])*$", SHELL, re.MULTILINE)
CURLS = [command for command in COMMANDS if command.startswith("curl")]
SWITCHES = ("-N",)
OTHERS = [command for command in COMMANDS if not command.startswith("curl")]


@pytest.mark.parametrize("command", CURLS, ids=range(len(CURLS)))
async def test_each_request_is_answered(door: Door, command: str) -> None:
    """What a reader pastes into a shell is answered with 200."""
    words = shlex.split(command)[1:]
    options: dict[str, list[str]] = {}
    url = ""
    while words:
        word = words.pop(0)
        if word in SWITCHES:
            continue
        if word.startswith("-"):
            options.setdefault(word, []).append(words.pop(0))
        else:
            url = word
    body = options.get("-d", [None])[0]
    method = options.get("-X", ["GET" if body is None else "POST"])[0]
    headers = dict(header.split(": ", 1) for header in options.get("-H", []))
    if "X-Timeout-Ms" in headers:  # how long a busy machine takes is not what the page is about
        headers["X-Timeout-Ms"] = str(MAX_TIMEOUT_MS)
    path = url.removeprefix("http://localhost:8080")
    answer = await door.http.request(method, path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert '"error"' not in answer.text


@pytest.mark.parametrize("command", OTHERS, ids=range(len(OTHERS)))
def test_each_option_exists(command: str) -> None:
    """The options that the page shows are options of the command."""
    options = [word for word in shlex.split(command) if word.startswith("--")]
    text = CliRunner().invoke(main, ["--help"]).output
    assert all(option in text for option in options)


def test_the_page_shows_an_answer_of_the_contract() -> None:
    """The answer and the problem that are shown have only fields that exist."""
    answer, refused = (
        json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    )
    decide = rpcs()[0].response_class.DESCRIPTOR
    assert set(answer) <= {field.json_name for field in decide.fields}
    assert refused["type"] == f"urn:offerd:error:{refused['reason']}"


async def test_the_page_shows_what_a_stream_tells(door: Door) -> None:
    """The lines that are shown are such as the example above them gets; a failure has a problem."""
    shown, failure = re.findall(r"```jsonl\n(.*?)```", TEXT, re.DOTALL)
    answer = await door.http.post("/v1/audiences:watch", json={})
    assert answer.text == shown
    stopping = Unavailable(Reason.NOT_SERVING, "the service is stopping")
    assert failure == f'{{"error":{problem(stopping, http_status(stopping), "").decode()}}}\n'


def test_every_path_is_on_the_page() -> None:
    """The table names each path of the contract with its method, and each has an example."""
    table = "\n".join(line for line in TEXT.splitlines() if line.startswith("| "))
    for rpc in rpcs():
        methods = rf"(?:`[A-Z]+`, )*`(?:[A-Z]+ )?{re.escape(rpc.template)}`"
        (found,) = re.findall(methods, table)
        assert rpc.http_method in found, rpc.method
        path = re.sub(r"\\\{\w+\\\}", "[^/ ]+", re.escape(rpc.template))
        assert any(re.search(path, command) for command in CURLS), rpc.method
