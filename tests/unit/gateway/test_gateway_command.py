"""`offerd-gateway` as a process."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from offerd.v1 import decision_service_pb2 as decisions
from offerd_gateway.command import main
from unit.client.canned_service import DECIDE, CannedService
from unit.client.certificates import Authority


@contextmanager
def running(
    *arguments: str, log: Path | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; give the process and the address that it says it listens on."""
    with ExitStack() as stack:
        stderr = None if log is None else stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "offerd_gateway.command", *arguments],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield process, line.removeprefix("listening on ").partition(",")[0]
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def test_it_serves_and_stops_on_sigterm(service: CannedService) -> None:
    """The command says where it listens, answers, and exits cleanly when told to stop."""
    with running("--target", service.target, "--listen", "127.0.0.1:0") as (process, address):
        answer = httpx.post(f"{address}/v1/decisions:decide", json={"scopes": [{"name": "s"}]})
        assert answer.json()["revision"] == "r1"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0


def test_it_serves_other_machines_with_tls(service: CannedService, authority: Authority) -> None:
    """With a certificate it may listen anywhere."""
    pair = authority.sign("command")
    tls = ("--tls-cert", str(pair.certificate), "--tls-key", str(pair.key))
    with running("--target", service.target, "--listen", "0.0.0.0:0", *tls) as (_, address):
        port = address.rpartition(":")[2]
        context = ssl.create_default_context(cafile=str(authority.certificate))
        assert httpx.get(f"https://127.0.0.1:{port}/readyz", verify=context).status_code == 200


def spoken(port: str, request: bytes) -> bytes:
    """What the door answers to bytes, on a connection that it closes."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("level", ["info", "debug"])
def test_the_log(service: CannedService, level: str, tmp_path: Path) -> None:
    """Each call and each refusal is one JSON line; what callers wrote is there for debugging."""
    log, named = tmp_path / "log", {"X-Request-Id": "page-1"}
    options = ("--target", service.target, "--listen", "127.0.0.1:0", "--log-level", level)
    with running(*options, log=log) as (process, address):
        with httpx.Client(base_url=address, headers=named) as http:
            http.get("/v1/profiles/email/alma")
            http.post("/v1/decisions:decide", json={"scope": "alma"})
            http.get("/healthz")
            http.get("/alma")
        assert spoken(address.rpartition(":")[2], b"alma\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [
        (line["method"], line["code"], line.get("reason"), line.get("request_id"))
        for line in requests
    ] == [
        ("GetProfile", "OK", None, "page-1"),
        ("Decide", "INVALID_ARGUMENT", "UNKNOWN_FIELD", "page-1"),
        ("GET", "NOT_FOUND", "NO_SUCH_METHOD", "page-1"),
        ("unreadable", "INVALID_ARGUMENT", "MALFORMED", None),
    ]
    for line in requests:
        assert {"timestamp", "level", "duration_us", "door"} <= line.keys()
        assert ("error" in line) is (level == "debug" and line["code"] != "OK")
    assert ("alma" in text) is (level == "debug")


def test_what_the_gateway_itself_reports_is_json_too(
    service: CannedService, tmp_path: Path
) -> None:
    """A call that is cut off at the end of the grace is told in lines of the same kind."""
    service.held, log = True, tmp_path / "log"
    options = ("--target", service.target, "--listen", "127.0.0.1:0")
    with running(*options, log=log) as (process, address), ThreadPoolExecutor(1) as pool:
        body = {"scopes": [{"name": "s"}]}
        waiting = pool.submit(httpx.post, f"{address}/v1/decisions:decide", json=body, timeout=30)
        assert service.entered.wait(10)
        process.send_signal(signal.SIGTERM)
        assert waiting.result(30).status_code == 503
        assert process.wait(timeout=10) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["event"] == "request" for line in lines} == {True, False}


def test_answers_over_4_mib(service: CannedService) -> None:
    """What the service may answer gets through, beyond what gRPC would take by itself."""
    revision = "x" * 5_000_000
    service.answers[DECIDE] = lambda _: decisions.DecideResponse(revision=revision)
    with running("--target", service.target, "--listen", "127.0.0.1:0") as (_, address):
        answer = httpx.post(f"{address}/v1/decisions:decide", json={}, timeout=30)
    assert answer.json() == {"revision": revision}


REFUSALS: list[tuple[Sequence[str], str]] = [
    (["--listen", "0.0.0.0:0"], "can be reached from other machines"),
    (["--listen", "[::]:0"], "can be reached from other machines"),
    (["--listen", "nonsense"], "`nonsense` is no address"),
    (["--listen", "127.0.0.1:99999"], "`127.0.0.1:99999` has no valid port"),
    (["--target", "nonsense"], "`nonsense` is no address"),
    (["--tls-cert", "a.pem"], "TLS needs both"),
    (["--tls-client-ca", "a.pem"], "TLS needs both"),
    (["--tls-cert", "missing.pem", "--tls-key", "missing.pem"], "`missing.pem` can't be read"),
    (["--target-ca", "a.pem", "--target-cert", "a.pem"], "belong together"),
    (["--target-cert", "a.pem", "--target-key", "b.pem"], "need `--target-ca`"),
    (["--target-ca", "missing.pem"], "authority `missing.pem` can't be read"),
    (["--cors-origin", "shop.example"], "is no origin"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSALS)
def test_wrong_settings_are_refused(
    arguments: Sequence[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that can't work, or would open the door to the world, end the command."""
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["--target", "localhost:1", *arguments])
    assert result.exit_code != 0
    assert message in result.output
