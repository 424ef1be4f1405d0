"""What a container needs: definitions compiled at start, health from serve's own settings."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from contract.conftest import DEFINITIONS
from doors import NO_TLS
from processes import HOST, START_S, ServeProcess, command, environment, serve_process
from unit.client.certificates import Authority

QUESTION = {"scopes": [{"name": "hero"}]}


def _run(*arguments: str | Path, **variables: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs offerd to its end with variables in its environment."""
    return subprocess.run(
        command(*arguments),
        env=environment() | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """A folder of definitions, not compiled."""
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return folder


@contextmanager
def _serving(log: Path, *arguments: str | Path, **variables: str | Path) -> Iterator[list[str]]:
    """Starts `offerd serve`; gives the lines that it announces itself with."""
    doors = ("--grpc", f"{HOST}:0", "--http", f"{HOST}:0")
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            command("serve", *doors, *arguments),
            env=environment() | {name: str(value) for name, value in variables.items()},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield [process.stdout.readline(), process.stdout.readline()]
        finally:
            process.terminate()
            assert process.wait(START_S) == 0, log.read_text()


def test_definitions_are_compiled_at_start(definitions: Path, tmp_path: Path) -> None:
    """Served without a bundle, they decide; nothing of the compilation stays behind."""
    (tmp_path / "tmp").mkdir()
    options = ("--definitions", definitions, "--state", tmp_path / "state")
    variables = {"OFFERD_SERVE_BUNDLE": tmp_path / "nothing", "TMPDIR": tmp_path / "tmp"}
    with _serving(tmp_path / "log", *options, **variables) as (_, announced):
        assert not [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]
        url = announced.split("curl -s ")[1].split(" ")[0]
        answer = httpx.post(url, json=QUESTION, verify=NO_TLS, trust_env=False)
    assert answer.json()["propositions"][0]["items"][0]["offer"] == "everyone"
    assert not list((tmp_path / "tmp").iterdir())  # nor sockets, once it has stopped


def test_mistakes_in_definitions_end_the_start(definitions: Path, tmp_path: Path) -> None:
    """Every mistake is told, the exit status is 1, and no state is made."""
    text = DEFINITIONS.replace("profile.age >= 18", "profile.aga >= 18")
    (definitions / "all.yaml").write_text(text.replace("type: email}", "type: mail}"))
    state = tmp_path / "state"
    ended = _run("serve", "--definitions", definitions, "--state", state)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "2 mistakes, nothing served" in ended.stderr
    assert "mail" in ended.stderr
    assert "aga" in ended.stderr
    assert not state.exists()


@pytest.mark.parametrize("given", [(), ("--bundle", "b", "--definitions", ".")])
def test_a_bundle_or_definitions(given: tuple[str, ...], tmp_path: Path) -> None:
    """None, or more than one, is refused."""
    ended = _run("serve", "--state", tmp_path / "state", *given)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "error: give one of `--bundle`, `--definitions` and `--releases`\n"


def test_the_environment_that_serves_is_the_one_that_asks(bundle: Path, tmp_path: Path) -> None:
    """`offerd health` asks where OFFERD_SERVE_GRPC says that the service listens."""
    with serve_process(bundle, tmp_path / "state") as served:
        ended = _run("health", OFFERD_SERVE_GRPC=f"0.0.0.0:{served.grpc_port}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"{served.grpc_address} serves\n"


@pytest.mark.parametrize("mutual", [False, True])
def test_health_over_tls(mutual: bool, bundle: Path, tmp_path: Path) -> None:
    """With serve's own files in the environment it speaks TLS, for whatever name they are."""
    authority = Authority(tmp_path)
    pair = authority.sign("server", "*.shop.example")
    files = {"OFFERD_SERVE_TLS_CERT": pair.certificate, "OFFERD_SERVE_TLS_KEY": pair.key}
    options = ["--tls-cert", pair.certificate, "--tls-key", pair.key]
    if mutual:
        options += ["--tls-client-ca", authority.certificate]
    with serve_process(bundle, tmp_path / "state", *options) as served:
        where = {"OFFERD_SERVE_GRPC": f"0.0.0.0:{served.grpc_port}"}
        own = _run("health", **where, **files)
        assert (own.returncode, own.stderr) == (0, "")
        client = authority.sign("prober")
        shown = ("--tls-cert", client.certificate, "--tls-key", client.key)
        ca = ("--tls-ca", authority.certificate)
        assert _run("health", served.grpc_address, *ca, *shown).returncode == 0
        assert _run("health", served.grpc_address, *ca).returncode == int(mutual)
        foreign = Authority(tmp_path, "foreign")
        untrusted = _run("health", "--tls-ca", foreign.certificate, **where, **files)
        assert untrusted.returncode == 1
        assert "doesn't answer" in untrusted.stderr
        assert "Traceback" not in untrusted.stderr
    gone = _run("health", **where, **files)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert f"`{served.grpc_address}` doesn't answer: connection refused" in gone.stderr


def test_health_files_that_do_not_fit(tmp_path: Path) -> None:
    """Half of a pair, a pair without an authority, and what can't be read are named."""
    cases = [
        (["--tls-ca", "a", "--tls-cert", "b"], "`--tls-cert` and `--tls-key` belong together"),
        (["--tls-cert", "a", "--tls-key", "b"], "need `--tls-ca`"),
        (["--tls-ca", tmp_path / "no.pem"], "authority `.*no.pem` can't be read: no such file"),
    ]
    for options, message in cases:
        ended = _run("health", *options)
        assert ended.returncode == 1
        assert message.split(".*")[-1] in ended.stderr


def test_every_line_of_the_log_is_json(bundle: Path, tmp_path: Path) -> None:
    """What is no HTTP, and a call cut off at the end, are told in lines like all others."""
    with serve_process(bundle, tmp_path / "state") as served:
        with socket.create_connection((HOST, served.http_port), timeout=10) as nonsense:
            nonsense.sendall(b"nonsense\r\n\r\n")
            answer = b"".join(iter(lambda: nonsense.recv(65_536), b""))
        assert b"application/problem+json" in answer
        with socket.create_connection((HOST, served.http_port), timeout=30) as slow:
            slow.sendall(
                b"POST /v1/events:collect HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n"
                b"content-type: application/json\r\n\r\n"
            )
            _ask(served)
            assert served.terminate() == 0
        lines = served.log()
    assert {"stopped", "request"} < {line["event"] for line in lines}
    assert {"level", "timestamp"} <= set.intersection(*(set(line) for line in lines))
    unreadable = [line for line in lines if line.get("method") == "unreadable"]
    assert [line["reason"] for line in unreadable] == ["MALFORMED"]
    assert any("running task" in line["event"] for line in lines), json.dumps(lines)


def _ask(served: ServeProcess) -> None:
    url = f"http://{HOST}:{served.http_port}/v1/decisions:decide"
    assert httpx.post(url, json=QUESTION, verify=NO_TLS, trust_env=False).status_code == 200


def test_the_request_id_is_in_the_line_of_every_call(bundle: Path, tmp_path: Path) -> None:
    """X-Request-Id names the line of an rpc whose request has no place for it, too."""
    identity = {"namespace": "email", "id": "a@example.com"}
    event = {"eventId": "e", "type": "visit", "identities": [identity]}
    with serve_process(bundle, tmp_path / "state") as served:
        url = f"http://{HOST}:{served.http_port}"
        with httpx.Client(base_url=url, verify=NO_TLS, trust_env=False) as http:
            http.headers["X-Request-Id"] = "page-1"
            http.post("/v1/decisions:decide", json=QUESTION)
            http.post("/v1/events:collect", json={"events": [event]})
            http.get("/v1/profiles/email/nobody")
            del http.headers["X-Request-Id"]
            http.get("/v1/profiles/email/nobody")
        assert served.terminate() == 0
        lines = [line for line in served.log() if line["event"] == "request"]
    assert [(line["method"], line.get("request_id")) for line in lines] == [
        ("Decide", "page-1"),
        ("Collect", "page-1"),
        ("GetProfile", "page-1"),
        ("GetProfile", None),
    ]
