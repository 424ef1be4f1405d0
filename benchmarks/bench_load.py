"""Loads a million scores, and as many memberships, into a service that decides meanwhile.

Measured: how long each load takes by `offerd load`, the service's peak memory, and the decisions
that one caller at a time gets each second, and how long it waits, before the load, while it goes
on and while what it replaced is dropped. Everything runs on this machine and shares its cores:
the service, the loader, which reads the file, and the caller. Not measured: networks, and how
fast the files are made.

    python benchmarks/bench_load.py [--rows N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

import duckdb
import grpc

from offerd.bundle import write_bundle
from offerd.definitions import load
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from offerd.v1 import identity_pb2 as identities

ROOT = Path(__file__).resolve().parent.parent
MAIN = "from offerd.app.cli import main; main(prog_name='offerd')"
QUIET_S = 10.0

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
scores: [{id: propensity, maximum_age: 720h}]
audiences: [{id: lapsed, external: true, name: Lapsed}]
placements: [{id: web, channel: web, content_type: html}]
offers:
- {id: back, priority: 2, eligibility: 'audience("lapsed")',
   representations: [{placement: web, html: back}]}
- {id: upgrade, priority: 1, eligibility: 'score("propensity") > 50.0',
   representations: [{placement: web, html: upgrade}]}
fallback_offers: [{id: other, representations: [{placement: web, html: other}]}]
collections: [{id: all, offers: [back, upgrade]}]
strategies: [{id: best, collection: all, ranking: priority}]
decisions: [{id: next, placements: [web], strategies: [best], fallbacks: [other]}]
scopes: [{id: hero, decision: next, placement: web, item_count: 1}]
"""


def _environment() -> dict[str, str]:
    paths = [str(ROOT / path) for path in ("server", "clients/python", "clients/gateway")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def _offerd(*arguments: object) -> list[str]:
    return [sys.executable, "-c", MAIN, *map(str, arguments)]


def make_files(folder: Path, rows: int) -> None:
    """Writes scores as Parquet and memberships as CSV, their rows in no order."""
    who = f"SELECT 'crm' AS namespace, printf('C%08d', i) AS id, i FROM range({rows}) AS r(i)"
    duckdb.sql(
        f"COPY (SELECT namespace, id, random() * 100 AS score, random() AS probability, "
        f"1 + i % 100 AS percentile, TIMESTAMPTZ '2026-01-01 00:00:00Z' AS score_date "
        f"FROM ({who}) ORDER BY hash(i)) TO '{folder}/scores.parquet'"
    )
    duckdb.sql(
        f"COPY (SELECT id AS crm, CASE WHEN i % 10 = 0 THEN 'exited' ELSE 'realized' END AS status,"
        f" '2099-01-01' AS valid_until FROM ({who}) ORDER BY hash(i)) "
        f"TO '{folder}/members.csv' (HEADER)"
    )


class Served:
    """A service in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                _offerd(
                    "serve", "--bundle", folder / "bundle", "--state", folder / "state",
                    "--grpc", "127.0.0.1:0", "--no-http", "--log-level", "warning",
                ),
                env=_environment(), stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        line = self.process.stdout.readline() if self.process.stdout else ""
        found = re.search(r"127\.0\.0\.1:\d+", line)
        if found is None:
            raise SystemExit(f"it doesn't serve: {(folder / 'log').read_text()}")
        self.address = found[0]

    def memory_mb(self) -> dict[str, int]:
        """Returns VmHWM (the most ever resident), VmRSS, and of that RssAnon, which is no file."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        wanted = ("VmHWM", "VmRSS", "RssAnon")
        return {
            name: int(line.split()[1]) >> 10
            for line in lines
            if (name := line.partition(":")[0]) in wanted
        }


class Caller(threading.Thread):
    """Asks for one decision after the other, of random customers."""

    def __init__(self, served: Served, rows: int) -> None:
        super().__init__(daemon=True)
        self._served = served
        self._rows = rows
        self._ended = threading.Event()
        self._took: list[tuple[float, float]] = []
        self.own_mb = 0

    def run(self) -> None:
        rng = random.Random(1)
        with grpc.insecure_channel(self._served.address) as channel:
            stub = decisions_grpc.DecisionServiceStub(channel)
            while not self._ended.is_set():
                request = decisions.DecideRequest(
                    scopes=[decisions.Scope(name="hero")],
                    identities=[
                        identities.Identity(
                            namespace="crm",
                            id=f"C{rng.randrange(self._rows):08d}",
                            authentication_state=identities.AUTHENTICATION_STATE_AUTHENTICATED,
                        )
                    ],
                )
                started = time.perf_counter()
                stub.Decide(request, timeout=30)
                ended = time.perf_counter()
                self._took.append((ended, ended - started))
                if len(self._took) % 500 == 0:
                    self.own_mb = max(self.own_mb, self._served.memory_mb()["RssAnon"])

    def end(self) -> None:
        self._ended.set()
        self.join()

    def between(self, start: float, end: float) -> str:
        took = sorted(t for at, t in self._took if start <= at < end)
        if not took:
            return "no decisions"
        middle, late = took[len(took) // 2], took[len(took) * 99 // 100]
        return (
            f"{len(took) / (end - start):,.0f} decisions/s, "
            f"median {middle * 1e3:.1f} ms, 99th percentile {late * 1e3:.1f} ms, "
            f"longest {took[-1] * 1e3:.0f} ms"
        )


def _load(served: Served, file: Path, kind: str, target: str, as_of: str) -> None:
    subprocess.run(
        _offerd(
            "load", file, "--to", served.address, "--kind", kind, "--target", target,
            "--as-of", as_of, "--strict",
        ),
        env=_environment(), check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def measure(folder: Path, rows: int) -> None:
    """Runs all of it in a folder and prints what was found."""
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS)
    write_bundle(load([folder / "definitions"]).catalogue, folder / "bundle")
    make_files(folder, rows)
    served = Served(folder)
    try:
        print(f"{rows:,} rows; the service began with {served.memory_mb()}")
        caller = Caller(served, rows)
        caller.start()
        marks = [("before any load", time.perf_counter())]
        time.sleep(QUIET_S)
        loads = [
            ("scores.parquet", "scores", "propensity", "2026-01-02"),
            ("members.csv", "memberships", "lapsed", "2026-01-02"),
            ("scores.parquet", "scores", "propensity", "2026-01-03"),
        ]
        for name, kind, target, as_of in loads:
            marks.append((f"while {name} was loaded", time.perf_counter()))
            _load(served, folder / name, kind, target, as_of)
            took_s = time.perf_counter() - marks[-1][1]
            print(f"{name} as of {as_of}: {took_s / 60:.2f} minutes, {rows / took_s:,.0f} rows/s")
        marks.append(("while replaced rows were dropped", time.perf_counter()))
        time.sleep(QUIET_S)
        marks.append(("", time.perf_counter()))
        caller.end()
        for (what, start), (_, end) in pairwise(marks):
            print(f"{what}: {caller.between(start, end)}")
        size = (folder / "state" / "data.mdb").stat().st_size >> 20
        print(
            f"memory {served.memory_mb()}, at most {caller.own_mb} MB of its own; state {size} MB"
        )
    finally:
        served.process.terminate()
        served.process.wait()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one if left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="bench-load-") as folder:
        measure(Path(folder), given.rows)


if __name__ == "__main__":
    main()
