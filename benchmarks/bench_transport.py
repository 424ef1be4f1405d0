"""What whole requests cost over each transport, as ratios to an empty grpc.aio method.

Measured in one run, alternately, by h2load (nghttp2) over loopback: a decision of three scopes of
workload W for a customer with 30 stored attributes and 20 aggregates, answered by `offerd serve`;
the same over the other transport, as JSON through the gateway, and with room taken under caps,
durably, for customers in turn; and beside each a grpc.aio method that parses a request and answers
an empty message. With 32 requests in flight on one connection, and with one alone. Then
BatchDecide and DecideStream, by a client in Python. The load generator and the service share the
machine's cores. Besides requests a second by the clock there is the processor time of the service
for each, which depends less on what else the machine does. Not measured: networks, TLS, several
machines.

With `--inside` there are no sockets: what the service itself costs is told in processor time and
in calls of Python, by layer (`inside`), and with `--profile 40` in which functions.

usage: python benchmarks/bench_transport.py [--seconds 3] [--rounds 3] [--items 1] [--json FILE]
       python benchmarks/bench_transport.py --inside [--journal] [--profile LINES] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import inside
from load_generator import IN_FLIGHT, Found, Load, Served, best, processor_s
from rich.console import Console
from rich.table import Table
from transport_world import make_world, question

from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc

BATCH = 100
AHEAD = 3
"""Messages of a batch or stream are asked side by side, as their client has work to do itself."""
EMPTY = """
import asyncio, grpc.aio
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc

class Empty(pb_grpc.DecisionServiceServicer):
    async def Decide(self, request, context):
        return pb.DecideResponse()

async def main():
    server = grpc.aio.server()
    pb_grpc.add_DecisionServiceServicer_to_server(Empty(), server)
    print("empty", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", flush=True)
    await server.start()
    await server.wait_for_termination()

asyncio.run(main())
"""


def started(command: list[str], doors: int, log: Any = subprocess.DEVNULL) -> Served:
    """Starts a process and waits until it has said where it serves."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    found = []
    for _ in range(doors):
        line = process.stdout.readline()
        match = re.search(r"127\.0\.0\.1:\d+", line)
        assert match, line
        found.append(match[0])
    return Served(process, found[0], found[-1] if doors > 1 else "")


def serve(folder: Path, transport: str, *options: str) -> Served:
    """Starts offerd on a copy of a state, so that several don't meet."""
    state = folder / f"state-{transport}-{len(options)}"
    shutil.copytree(folder / "state", state)
    code = "from offerd.app.cli import main; main()"
    command = [
        sys.executable, "-c", code, "serve", "--bundle", str(folder / "bundle"),
        "--state", str(state), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0",
        "--transport", transport, *options,
    ]  # fmt: skip
    return started(command, 2)


async def many(served: Served, seconds: float) -> dict[str, float]:
    """Returns decisions a second of unary calls, batches and a stream, from one client."""
    asked = [question(number) for number in range(BATCH)]
    found = {}
    async with grpc.aio.insecure_channel(served.grpc) as channel:
        stub = pb_grpc.DecisionServiceStub(channel)

        async def unary() -> int:
            await asyncio.gather(*(stub.Decide(one) for one in asked))
            return BATCH

        async def batch() -> int:
            message = pb.BatchDecideRequest(requests=asked)
            answers = await asyncio.gather(*(stub.BatchDecide(message) for _ in range(AHEAD)))
            return sum(len(answer.results) for answer in answers)

        stream = stub.DecideStream()
        named = pb.DecideStreamRequest(
            requests=[pb.StreamedRequest(id=str(n), request=one) for n, one in enumerate(asked)]
        )

        async def streamed() -> int:
            for _ in range(AHEAD):
                await stream.write(named)
            count = 0
            while count < AHEAD * BATCH:
                count += len((await stream.read()).results)
            return count

        for name, work in (("unary", unary), ("batch", batch), ("stream", streamed)):
            await work()
            decided, used_s = 0, processor_s(served.process.pid)
            began = time.perf_counter()
            while time.perf_counter() - began < seconds:
                decided += await work()
            found[name] = decided / (time.perf_counter() - began)
            found[f"{name} cpu"] = (processor_s(served.process.pid) - used_s) * 1e6 / decided
        stream.cancel()
    return found


@contextlib.contextmanager
def all_served(folder: Path, items: int) -> Iterator[dict[str, Served]]:
    """Serves all that is compared."""
    plain, capped = folder / "plain", folder / "capped"
    make_world(plain, items=items)
    make_world(capped, items=items, capped=True)
    quiet = ("--journal", "off")
    found = {
        "empty": started([sys.executable, "-c", EMPTY], 1),
        "native": serve(plain, "native", *quiet),
        "grpcio": serve(plain, "grpcio", *quiet),
        "journal": serve(plain, "native", "--journal", "behind", "--log-level", "info"),
        "caps": serve(capped, "native", *quiet),
    }
    try:
        yield found
    finally:
        for served in found.values():
            served.process.terminate()
            served.process.wait()


def measured(folder: Path, seconds: float, rounds: int, items: int) -> dict[str, Any]:
    """Runs everything, alternately, and returns what was found."""
    with all_served(folder, items) as served:
        load = Load(folder)
        runs: dict[str, list[Found]] = {}

        def note(name: str, found: Found) -> None:
            runs.setdefault(name, []).append(found)

        for one in served.values():
            load.run(one, IN_FLIGHT, 1)
        for _ in range(rounds):
            for name, one in served.items():
                if name != "caps":
                    note(name, load.run(one, IN_FLIGHT, seconds))
            for name in ("native", "caps"):
                note(f"{name}, in turn", load.in_turn(served[name], seconds))
            note("json", load.run(served["native"], IN_FLIGHT, seconds, as_json=True))
            for name in ("empty", "native", "grpcio"):
                note(f"{name} alone", load.run(served[name], 1, seconds))
        peak = best(runs["native"]).rate
        note("half of peak", load.run(served["native"], IN_FLIGHT, seconds, rate=int(peak / 2)))
        numbers = {name: best(several)._asdict() for name, several in runs.items()}
        for transport in ("native", "grpcio"):
            numbers[f"many {transport}"] = asyncio.run(many(served[transport], seconds))
    return numbers


def ratios(numbers: dict[str, Any]) -> dict[str, float]:
    """Returns what the goals are about."""

    def rate(name: str) -> float:
        return float(numbers[name]["rate"])

    found = {
        "throughput, native to empty": rate("native") / rate("empty"),
        "throughput, grpcio to empty": rate("grpcio") / rate("empty"),
        "processor time, empty to native": numbers["empty"]["cpu_us"] / numbers["native"]["cpu_us"],
        "median alone, native to empty": numbers["native alone"]["median_us"]
        / numbers["empty alone"]["median_us"],
        "p99 to median at half of peak": numbers["half of peak"]["p99_us"]
        / numbers["half of peak"]["median_us"],
        "JSON to native": rate("json") / rate("native"),
        "with caps, durably, to without": rate("caps, in turn") / rate("native, in turn"),
        "with the journal to without": rate("journal") / rate("native"),
    }
    for transport in ("native", "grpcio"):
        several = numbers[f"many {transport}"]
        for name in ("batch", "stream"):
            found[f"{name} to unary, {transport}"] = several[name] / several["unary"]
            found[f"processor time, unary to {name}, {transport}"] = (
                several["unary cpu"] / several[f"{name} cpu"]
            )
    return found


def show(console: Console, numbers: dict[str, Any]) -> None:
    """Prints the tables."""
    table = Table("", "requests/s", "processor µs", "median µs", "p99 µs", "failed")
    for name, one in numbers.items():
        if "rate" in one:
            table.add_row(
                name, f"{one['rate']:,.0f}", f"{one['cpu_us']:,.0f}", f"{one['median_us']:,.0f}",
                f"{one['p99_us']:,.0f}", f"{one['failed']}",
            )  # fmt: skip
    console.print(table)
    table = Table("goal", "ratio")
    for name, ratio in ratios(numbers).items():
        table.add_row(name, f"{ratio:.2f}")
    console.print(table)


def main() -> None:
    """Measures, prints, and writes JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--items", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--inside", action="store_true")
    parser.add_argument("--journal", action="store_true")
    parser.add_argument("--profile", type=int, default=0)
    options = parser.parse_args()
    if options.inside:
        with tempfile.TemporaryDirectory() as folder:
            world = make_world(Path(folder) / "world", items=options.items)
            inside.run(
                world, options.seconds, options.rounds, journal=options.journal,
                lines=options.profile,
            )  # fmt: skip
        return
    if shutil.which("h2load") is None:
        raise SystemExit("h2load is missing: `apt-get install nghttp2-client`")
    with tempfile.TemporaryDirectory() as folder:
        numbers = measured(Path(folder), options.seconds, options.rounds, options.items)
    show(Console(), numbers)
    if options.json is not None:
        machine = {
            "python": platform.python_version(),
            "system": platform.platform(),
            **{name: version(name) for name in ("grpcio", "pygrpc-native", "protobuf", "uvloop")},
            "items": options.items,
            "load, average": statistics.mean(
                map(float, Path("/proc/loadavg").read_text().split()[:3])
            ),
        }
        found = {"machine": machine, "numbers": numbers, "ratios": ratios(numbers)}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
