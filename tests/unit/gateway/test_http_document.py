"""docs/http.md: every example works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from offerd_gateway.command import main
from offerd_gateway.routes import rpcs
from unit.gateway.conftest import Door

TEXT = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = re.findall(r"^(?:curl|offerd-gateway) (?:'[^']*'|\\\n|[^'\n])*$", SHELL, re.MULTILINE)
CURLS = [command for command in COMMANDS if command.startswith("curl")]
OTHERS = [command for command in COMMANDS if not command.startswith("curl")]


@pytest.mark.parametrize("command", CURLS, ids=range(len(CURLS)))
async def test_each_request_is_answered(door: Door, command: str) -> None:
    """What a reader pastes into a shell is answered with 200."""
    words = shlex.split(command)[1:]
    options: dict[str, list[str]] = {}
    url = ""
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            options.setdefault(word, []).append(words.pop(0))
        else:
            url = word
    body = options.get("-d", [None])[0]
    method = options.get("-X", ["GET" if body is None else "POST"])[0]
    headers = dict(header.split(": ", 1) for header in options.get("-H", []))
    path = url.removeprefix("http://localhost:8080")
    answer = await door.http.request(method, path, content=body, headers=headers)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("command", OTHERS, ids=range(len(OTHERS)))
def test_each_option_exists(command: str) -> None:
    """The options that the page shows are options of the command."""
    options = [word for word in shlex.split(command) if word.startswith("--")]
    text = CliRunner().invoke(main, ["--help"]).output
    assert all(option in text for option in options)


def test_the_page_shows_an_answer_of_the_contract() -> None:
    """The answer and the problem that are shown have only fields that exist."""
    answer, problem = (
        json.loads(text) for text in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    )
    decide = rpcs()[0].response_class.DESCRIPTOR
    assert set(answer) <= {field.json_name for field in decide.fields}
    assert problem["type"] == f"urn:offerd:error:{problem['reason']}"


def test_every_path_is_on_the_page() -> None:
    """The page names each path of the contract."""
    assert all(rpc.template in TEXT for rpc in rpcs())
