"""The README is true: its commands are run as written, and answer what it shows."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from offerd.definitions import load

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
ANYTHING = "…"


class Exchange(NamedTuple):
    """A command of the README and the JSON that it shows as the answer."""

    url: str
    body: Any
    answer: Any


class Sample(NamedTuple):
    """The sample brands, served as `make run` serves them."""

    grpc: str
    http: str
    greeting: list[str]


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _exchanges() -> list[Exchange]:
    found = []
    for block in _blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, answer = part.split("\n{\n", 1)
            words = shlex.split(command)
            assert words[:2] == ["curl", "-s"], "the README speaks curl"
            found.append(
                Exchange(
                    words[2], json.loads(words[words.index("-d") + 1]), json.loads("{" + answer)
                )
            )
    return found


def _matches(shown: Any, real: Any) -> bool:
    """Whether an answer is the one shown, where … stands for any text."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(_matches(shown[k], real[k]) for k in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return len(shown) == len(real) and all(map(_matches, shown, real))
    return (shown == ANYTHING and isinstance(real, str)) or shown == real


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """Compiles, loads and serves with make's own rules and the command line."""
    folder = tmp_path_factory.mktemp("run")
    made = subprocess.run(
        ["make", "--no-print-directory", f"RUN={folder}", f"{folder}/state/.loaded"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    command = Path(sys.executable).with_name("offerd")
    serve = subprocess.Popen(
        [command, "serve", "--bundle", folder / "sample.bundle", "--state", folder / "state",
         "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with serve:
        assert serve.stdout is not None
        greeting = [serve.stdout.readline() for _ in range(2)]
        grpc, http = (re.search(r"127\.0\.0\.1:\d+", line) for line in greeting)
        assert grpc is not None
        assert http is not None
        yield Sample(grpc[0], http[0], greeting)
        serve.terminate()
        assert serve.wait() == 0


@pytest.mark.parametrize("exchange", _exchanges(), ids=lambda e: json.dumps(e.body)[:60])
def test_transcript(exchange: Exchange, sample: Sample) -> None:
    """Each request of the README gets the answer that the README shows."""
    url = exchange.url.replace("127.0.0.1:8080", sample.http)
    real = httpx.post(url, json=exchange.body).json()
    assert _matches(exchange.answer, real), json.dumps(real, indent=2)


def test_python_example(sample: Sample) -> None:
    """The example for the client runs as written and prints content."""
    (example,) = _blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example.replace("127.0.0.1:50051", sample.grpc), {})
    assert "html=" in printed.getvalue()


def test_lines_to_paste_work(sample: Sample) -> None:
    """What the service prints for HTTP when it starts is a request that it answers."""
    words = shlex.split(sample.greeting[1])
    answer = httpx.post(words[3], json=json.loads(words[-1]))
    assert answer.status_code == 200
    assert answer.json()["propositions"]


def test_definitions_example_compiles(tmp_path: Path) -> None:
    """The definitions shown are whole: they compile without a mistake or a warning."""
    (example,) = _blocks("yaml")
    (tmp_path / "example.yaml").write_text(example)
    assert load([tmp_path]).warnings == ()


def test_links_lead_somewhere() -> None:
    """Every link to a file of this repository leads to one."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target
