"""Runs the benchmarks one after the other, keeps what they found as one JSON, and draws it.

The engine, rules, places (small), whole requests over sockets, and what follows for many machines;
each prints its tables. The machine, versions, commit and commands are kept beside the numbers. Of
parts that aren't asked for, what they found when they last ran is kept.
Requests need h2load (Debian's nghttp2-client), places h3 and shapely: a part that can't run is
named, with the reason, and the others go on.

usage: python benchmarks/bench.py [--quick] [--only PART ...] [--folder .run/bench]
                                  [--json docs/performance.json] [--pictures docs]
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import drawing
from machine import ROOT, described

Found = dict[str, Any]


class Part(NamedTuple):
    """A benchmark, with its options as they are and when it has to be quick; and its picture."""

    file: str
    options: str
    quick: str
    draw: Callable[[Found, Path], None] | None = None


def draw_engine(found: Found, folder: Path) -> None:
    """Draws ratios beside what they may be."""
    ratios = found["ratios"]
    drawing.bars(
        folder / "performance-engine.svg",
        "cost of the engine, in that of what it is compared with",
        [f"{one['name']} / {one['rival']}" for one in ratios],
        {
            "measured": [one["ratio"] for one in ratios],
            "goal, at most": [one["most"] for one in ratios],
        },
    )


def draw_places(found: Found, folder: Path) -> None:
    """Draws how finding the places around a point grows with their number."""
    costs = {int(circles): one for circles, one in found["us"].items()}
    names = {"within": "offerd", "h3": "h3 cells in a dictionary", "STRtree": "shapely's STRtree"}
    drawing.lines(
        folder / "performance-places.svg",
        "the fences around a point, microseconds of processor time",
        {
            name: [(circles, one[key]) for circles, one in sorted(costs.items()) if key in one]
            for key, name in names.items()
        },
        ("circles, and a tenth as many polygons", "µs"),
    )


def draw_transport(found: Found, folder: Path) -> None:
    """Draws what requests take of the service's processors."""
    numbers = found["numbers"]
    rows = {
        "empty method, grpc.aio": numbers["empty"]["cpu_us"],
        "decision, native": numbers["native"]["cpu_us"],
        "decision, grpcio": numbers["grpcio"]["cpu_us"],
        "decision, native, kept in the journal": numbers["journal"]["cpu_us"],
        "decision, native, that takes room under caps": numbers["caps, in turn"]["cpu_us"],
        "decision, JSON over HTTP": numbers["json"]["cpu_us"],
        "decision of a hundred in a BatchDecide, native": numbers["many native"]["batch cpu"],
        "decision on a DecideStream, native": numbers["many native"]["stream cpu"],
    }
    drawing.bars(
        folder / "performance-transport.svg",
        "a request of three scopes, microseconds of the service's processors",
        [*rows],
        {"µs": [*rows.values()]},
    )


PARTS = {
    "engine": Part("bench_engine.py", "--load", "--quick", draw_engine),
    "rules": Part("bench_rules.py", "", "--rules 1000"),
    "places": Part(
        "bench_places.py", "--circles 1000 10000 100000", "--circles 1000 10000 --rounds 8",
        draw_places,
    ),
    "transport": Part("bench_transport.py", "", "--seconds 1 --rounds 1", draw_transport),
    "scale": Part("bench_scale.py", "", "--offers 10000"),
}  # fmt: skip


def run(name: str, part: Part, folder: Path, *, quick: bool) -> Found:
    """Runs a part in a process of its own; returns what it found, or why it didn't."""
    out = folder / f"{name}.json"
    out.unlink(missing_ok=True)
    options = shlex.split(part.quick if quick else part.options)
    if name == "scale":
        options += ["--transport", str(folder / "transport.json")]
    command = [f"benchmarks/{part.file}", *options, "--json", str(out)]
    print(f"\n{name}: python {shlex.join(command)}", flush=True)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )
    if not out.exists():
        lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        print(f"not measured: {lines[-1]}", flush=True)
        return {"not measured": lines[-1]}
    found: Found = json.loads(out.read_text())
    found["on"] = described() | {"command": shlex.join(["python", *command])}
    out.write_text(json.dumps(found, indent=1) + "\n")
    return found


def main() -> int:
    """Runs the parts; 1 if one of them couldn't."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter, and smaller")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--folder", type=Path, default=Path(".run/bench"), help="for each part")
    parser.add_argument("--json", type=Path, help="write all that was measured")
    parser.add_argument("--pictures", type=Path, help="where to draw")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    all_found: Found = {"machine": described()}
    for name, part in PARTS.items():
        before = given.folder / f"{name}.json"
        if name in given.only:
            found = run(name, part, given.folder, quick=given.quick)
        elif before.exists():
            found = json.loads(before.read_text())
        else:
            found = {"not measured": "not asked for"}
        all_found[name] = found
        if given.pictures and part.draw and "not measured" not in found:
            part.draw(found, given.pictures)
    if given.json:
        given.json.write_text(json.dumps(all_found, indent=1) + "\n")
    missing = [name for name in given.only if "not measured" in all_found[name]]
    for name in missing:
        print(f"not measured: {name}: {all_found[name]['not measured']}")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
