"""`offerd` as people run it: processes of its command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

ROOT = Path(__file__).parent.parent
_PATHS = ("server", "clients/python", "clients/gateway")
START_S = 60.0
STOP_S = 60.0
HOST = "127.0.0.1"
MAIN = "from offerd.app.cli import main; main(prog_name='offerd')"


def command(*arguments: str | Path) -> list[str]:
    """Returns the command line of offerd with arguments."""
    return [sys.executable, "-c", MAIN, *map(str, arguments)]


def environment() -> dict[str, str]:
    """Returns the environment of a process: this one's, with the sources to be found."""
    paths = os.pathsep.join(str(ROOT / path) for path in _PATHS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERD_")}
    transport = os.environ.get("OFFERD_TRANSPORT", "auto")
    return {
        **kept,
        "PYTHONPATH": paths,
        "PYTHONUNBUFFERED": "1",
        "OFFERD_SERVE_TRANSPORT": transport,
    }


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs offerd to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


class ServeProcess:
    """A running `offerd serve` on ports of its own; what it logs goes to a file.

    It serves a bundle, or if that is a directory the releases in it.
    """

    def __init__(self, bundle: Path, state: Path, options: Sequence[str | Path], log: Path) -> None:
        self._log = log
        source = "--releases" if bundle.is_dir() else "--bundle"
        doors = ("--grpc", f"{HOST}:0", "--http", f"{HOST}:0")
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                command("serve", source, bundle, "--state", state, *doors, *options),
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self.grpc_port = self._announced("gRPC")
        self.http_port = self._announced("HTTP")

    def _announced(self, door: str) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(rf"^{door} .*{re.escape(HOST)}:(\d+)", line)
        assert found, f"found {line!r}, and in the log: {self._log.read_text()}"
        return int(found[1])

    def workers(self) -> set[int]:
        """The ids of the processes that it has started, which still run."""
        found = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text(encoding="ascii", errors="replace")
            except OSError:
                continue  # it has just ended
            state, parent = text.rpartition(")")[2].split()[:2]
            if parent == str(self.process.pid) and state != "Z":
                found.add(int(stat.parent.name))
        return found

    @property
    def grpc_address(self) -> str:
        """Where the gRPC door is."""
        return f"{HOST}:{self.grpc_port}"

    def wait_until_ready(self) -> None:
        """Returns once the health service says that the service serves."""
        with grpc.insecure_channel(self.grpc_address) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=START_S, wait_for_ready=True
            )
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

    def terminate(self) -> int:
        """Asks it to stop, waits for that, and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Waits for its end and returns its exit status."""
        self.process.communicate(timeout=STOP_S)
        return self.process.returncode

    def log(self) -> list[dict[str, Any]]:
        """Returns the lines that it has logged; each must be JSON."""
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def serve_process(bundle: Path, state: Path, *options: str | Path) -> Iterator[ServeProcess]:
    """Starts `offerd serve`, waits until it is ready, and ends it at last if it still runs."""
    log = state.parent / f"{state.name}-{len(list(state.parent.iterdir()))}.log"
    served = ServeProcess(bundle, state, options, log)
    try:
        if "--tls-cert" not in options:
            served.wait_until_ready()
        yield served
    finally:
        if served.process.poll() is None:
            served.kill()
