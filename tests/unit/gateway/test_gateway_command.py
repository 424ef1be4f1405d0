"""`offerd-gateway` as a process."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from offerd_gateway.command import is_loopback, main
from unit.client.canned_service import CannedService
from unit.client.certificates import Authority


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; give the process and the address that it says it listens on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "offerd_gateway.command", *arguments],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
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


REFUSALS: list[tuple[Sequence[str], str]] = [
    (["--listen", "0.0.0.0:0"], "reachable from other machines"),
    (["--listen", "[::]:0"], "reachable from other machines"),
    (["--listen", "nonsense"], "is no host:port"),
    (["--listen", "127.0.0.1:99999"], "is no host:port"),
    (["--tls-cert", "a.pem"], "belong together"),
    (["--tls-client-ca", "a.pem"], "needs --tls-cert"),
    (["--tls-cert", "missing.pem", "--tls-key", "missing.pem"], "`missing.pem` can't be read"),
    (["--target-ca", "a.pem", "--target-cert", "a.pem"], "belong together"),
    (["--target-cert", "a.pem", "--target-key", "b.pem"], "need --target-ca"),
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


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("gateway.example", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    """Only addresses that no other machine can reach are loopback."""
    assert is_loopback(host) is loopback
