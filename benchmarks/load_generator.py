"""h2load (nghttp2) as the load generator of benchmarks, and what it found."""

from __future__ import annotations

import itertools
import json
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from google.protobuf import json_format
from transport_world import CUSTOMERS, question

IN_FLIGHT = 32
CUSTOMERS_AT_ONCE = 16
EACH = 100
"""Requests of each of these customers."""
TICKS = 100
"""Of processor time, in a second, as /proc has it."""


class Served(NamedTuple):
    """A process that serves; `http` is its JSON door, if it has one."""

    process: subprocess.Popen[str]
    grpc: str
    http: str


class Found(NamedTuple):
    """What one run of the load generator found; times in microseconds."""

    rate: float
    cpu_us: float
    median_us: float
    p99_us: float
    failed: int


def processor_s(process: int) -> float:
    """Returns the processor time that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Load:
    """The load generator, with a request of each kind."""

    def __init__(self, folder: Path) -> None:
        self.request = folder / "request.bin"
        data = question(7).SerializeToString()
        self.request.write_bytes(b"\0" + struct.pack(">I", len(data)) + data)
        self.log = folder / "requests.log"
        self._json = folder / "request.json"
        self._customers = itertools.cycle(range(CUSTOMERS))
        self._json.write_text(json.dumps(json_format.MessageToDict(question(7))))

    def in_turn(self, served: Served, rounds: int) -> Found:
        """Sends 1,600 requests with 32 in flight for 16 customers, and others each round.

        What is counted of one customer doesn't become more than anybody's who is real. Returns
        the round that was least disturbed.
        """
        runs = []
        for _ in range(rounds):
            before_s = processor_s(served.process.pid)
            several = [self._begun(served, number) for number in range(CUSTOMERS_AT_ONCE)]
            for process in several:
                assert process.wait() == 0
            used_s = processor_s(served.process.pid) - before_s
            logs = [self._log_of(number) for number in range(CUSTOMERS_AT_ONCE)]
            lines = [line for log in logs for line in _lines(log)]
            began_us = min(int(fields[0]) for fields in lines)
            ended_us = max(int(fields[0]) + int(fields[2]) for fields in lines)
            runs.append(_found(lines, (ended_us - began_us) / 1e6, used_s))
        return best(runs)

    def _log_of(self, number: int) -> Path:
        return self.log.with_suffix(f".{number}")

    def _begun(self, served: Served, number: int) -> subprocess.Popen[bytes]:
        data = question(next(self._customers)).SerializeToString()
        request, log = self.request.with_suffix(f".{number}"), self._log_of(number)
        request.write_bytes(b"\0" + struct.pack(">I", len(data)) + data)
        log.unlink(missing_ok=True)
        return subprocess.Popen(
            [
                "h2load", "-n", str(EACH), "-t", "1", f"--log-file={log}", "-c", "1",
                "-m", str(IN_FLIGHT // CUSTOMERS_AT_ONCE), "-H", "content-type: application/grpc",
                "-H", "te: trailers", "-d", str(request),
                f"http://{served.grpc}/offerd.v1.DecisionService/Decide",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def run(
        self,
        served: Served,
        in_flight: int,
        seconds: float,
        *,
        as_json: bool = False,
        rate: int = 0,
    ) -> Found:
        """Sends requests for some seconds; `rate` a second at most, 0 being as many as go."""
        log = self.log
        log.unlink(missing_ok=True)
        if as_json:
            asked = [
                "--h1", "-c", str(in_flight), "-H", "content-type: application/json",
                "-d", str(self._json), f"http://{served.http}/v1/decisions:decide",
            ]  # fmt: skip
        else:
            asked = [
                "-c", "1", "-m", str(in_flight), "-H", "content-type: application/grpc",
                "-H", "te: trailers", "-d", str(self.request),
                f"http://{served.grpc}/offerd.v1.DecisionService/Decide",
            ]  # fmt: skip
        paced = [f"--rps={rate}"] if rate else []
        before_s = processor_s(served.process.pid)
        done = subprocess.run(
            ["h2load", "-D", f"{seconds}", "-t", "1", f"--log-file={log}", *paced, *asked],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        used_s = processor_s(served.process.pid) - before_s
        lines = _lines(log)
        assert lines, done.stdout
        return _found(lines, seconds, used_s)


def _lines(log: Path) -> list[list[str]]:
    return [line.split("\t") for line in log.read_text().splitlines()]


def _found(lines: list[list[str]], seconds: float, used_s: float) -> Found:
    times = sorted(int(fields[2]) for fields in lines if fields[1] == "200")
    assert times, lines[:3]
    return Found(
        len(times) / seconds,
        used_s * 1e6 / len(times),
        times[len(times) // 2],
        times[len(times) * 99 // 100],
        len(lines) - len(times),
    )


def best(several: list[Found]) -> Found:
    """Returns the run that was least disturbed."""
    return max(several, key=lambda found: found.rate)
