"""What becomes of a service of which three times as much is asked as it can answer.

First as many decisions of workload W as go (h2load, 32 in flight); then, from an open loop, three
times as many for a while; then half of the first, and once more as many as go. What went before and
after counts as peak, so that a machine that is slower in some minutes than in others is so in both.
A client with a deadline asks all the while, one call at a time. Goodput is counted from the
service's own log: decisions that were answered. The load generator shares the machine's cores with
the service, so that what it takes to ask for three times as much is missing at the service: the
goodput of a machine of its own is higher. Prints what was found and exits with 1 unless goodput
stayed above 90 % of peak, memory stayed bounded, and the service was back to normal soon. What an
answer costs in processor time, refusals and all, is told besides.

usage: python benchmarks/stress_overload.py [--seconds 60] [--transport native]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import grpc
from bench_transport import started
from load_generator import Load, Served, processor_s
from transport_world import make_world, question

from offerd.v1 import decision_service_pb2_grpc as pb_grpc

TIMES = 3
CONNECTIONS = 8
DEADLINE_S = 2.0
PEAK_S = 10


class Phase(NamedTuple):
    """What was found while so much was asked: rates in calls a second, times in milliseconds."""

    name: str
    asked: float
    answered: float
    cpu_share: float
    answers_ms: float
    refusals_ms: float
    codes: dict[str, int]
    memory_mb: float

    @property
    def each_cpu_us(self) -> float:
        """The processor time of the service for each answer, refusals and all."""
        return self.cpu_share * 1e6 / self.answered


class Probe(threading.Thread):
    """Asks one call at a time, and notes what becomes of each."""

    def __init__(self, served: Served) -> None:
        super().__init__(daemon=True)
        self._served = served
        self.found: list[tuple[float, str, float]] = []
        self.memory: list[tuple[float, float]] = []
        self.ending = threading.Event()

    def run(self) -> None:
        with grpc.insecure_channel(self._served.grpc) as channel:
            stub = pb_grpc.DecisionServiceStub(channel)
            while not self.ending.wait(0.02):
                began = time.time()
                try:
                    stub.Decide(question(3), timeout=DEADLINE_S)
                    code = "OK"
                except grpc.RpcError as error:
                    code = error.code().name
                self.found.append((began, code, (time.time() - began) * 1e3))
                self.memory.append((began, memory_mb(self._served.process.pid)))


def memory_mb(process: int) -> float:
    """Returns what a process has resident."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def offered(load: Load, served: Served, rate: int, seconds: int) -> None:
    """Asks for so many a second, whether they are answered or not."""
    command = [
        "h2load", "-D", str(seconds), "-t", "1", "-c", str(CONNECTIONS), "-m", "500",
        f"--rps={max(rate // CONNECTIONS, 1)}", "-H", "content-type: application/grpc",
        "-H", "te: trailers", "-d", str(load.request),
        f"http://{served.grpc}/offerd.v1.DecisionService/Decide",
    ]  # fmt: skip
    subprocess.run(command, capture_output=True, check=True)


def answered_in(log: Path, begin: float, end: float) -> int:
    """Returns how many decisions the log tells of in an interval."""
    low, high = (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) for at in (begin, end))
    count = 0
    for line in log.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if told["event"] == "request" and told["code"] == "OK" and low <= told["timestamp"] < high:
            count += 1
    return count


def main() -> None:
    """Runs the phases, prints them, and judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--transport", default="native")
    options = parser.parse_args()
    if shutil.which("h2load") is None:
        raise SystemExit("h2load is missing: `apt-get install nghttp2-client`")
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder) / "world")
        log = Path(folder) / "log"
        code = "from offerd.app.cli import main; main()"
        with log.open("w") as stderr:
            served = started(
                [
                    sys.executable, "-c", code, "serve", "--bundle", str(world.bundle),
                    "--state", str(world.state), "--grpc", "127.0.0.1:0", "--no-http",
                    "--transport", options.transport, "--journal", "off",
                ],
                1,
                stderr,
            )  # fmt: skip
        load = Load(Path(folder))
        probe = Probe(served)
        phases: list[Phase] = []

        def phase(name: str, rate: int, seconds: int) -> None:
            used_s, begin = processor_s(served.process.pid), time.time()
            if rate:
                offered(load, served, rate, seconds)
            else:
                load.run(served, 32, seconds)
            end = time.time()
            used_s = processor_s(served.process.pid) - used_s
            time.sleep(0.2)  # the log is written behind
            mine = [one for one in probe.found if begin <= one[0] < end]
            times = {
                wanted: [ms for _, code, ms in mine if (code == "OK") is wanted]
                for wanted in (True, False)
            }
            phases.append(
                Phase(
                    name, rate, answered_in(log, begin, end) / (end - begin),
                    used_s / (end - begin),
                    statistics.median(times[True] or [0.0]),
                    statistics.median(times[False] or [0.0]),
                    dict(Counter(code for _, code, _ in mine)),
                    max((mb for at, mb in probe.memory if begin <= at < end), default=0.0),
                )
            )  # fmt: skip

        try:
            load.run(served, 32, 2)
            probe.start()
            phase("peak", 0, PEAK_S)
            peak = phases[0].answered
            phase("three times", int(TIMES * peak), options.seconds)
            phase("afterwards", int(peak / 2), 4)
            phase("peak again", 0, PEAK_S)
        finally:
            probe.ending.set()
            served.process.terminate()
            served.process.wait()
    for one in phases:
        print(one, f"{one.each_cpu_us:.0f} µs of processor time for each answer")
    before, under, after, again = phases
    goodput = under.answered * 2 / (before.answered + again.answered)
    by_cpu = (before.each_cpu_us + again.each_cpu_us) / 2 / under.each_cpu_us
    print(f"goodput, by the clock: {goodput:.2f} of peak")
    print(f"goodput, by processor time: {by_cpu:.2f} of peak")
    print(f"memory: {under.memory_mb / before.memory_mb:.2f} times")
    if goodput < 0.9 or under.memory_mb > 2 * before.memory_mb or set(after.codes) - {"OK"}:
        raise SystemExit("it didn't hold")


if __name__ == "__main__":
    main()
