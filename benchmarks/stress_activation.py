"""What callers notice when another large bundle is activated under load.

`offerd serve --releases` answers decisions of workload W at a steady rate (h2load); for a while
nothing happens, then another revision of as many offers is activated. Prints failed requests, and
median and 99th percentile before, while the revision is being loaded, and afterwards.

The command that publishes checks the whole bundle beside the service, on the same cores; it is
published first, and only its activation is timed.

usage: python benchmarks/stress_activation.py [--offers 100000] [--rate 0] [--seconds 10]
           [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench_transport import started
from load_generator import Load
from transport_world import World, make_world

from offerd.bundle import open_bundle

LONGEST_S = 120
MAIN = "from offerd.app.cli import main; main()"


def offerd(*arguments: str | Path) -> None:
    """Runs a command of offerd to its end."""
    subprocess.run([sys.executable, "-c", MAIN, *map(str, arguments)], check=True)


def made(folder: Path, offers: int, customers: int = 500) -> World:
    """Returns what is to be served, made unless it was kept."""
    if (folder / "state").exists():
        return World(folder / "bundle", folder / "state")
    return make_world(folder, offers=offers, customers=customers)


def percentiles(times_us: list[int]) -> str:
    """Returns the median and the 99th percentile in words."""
    found = sorted(times_us)
    if not found:
        return "nothing"
    middle, high = found[len(found) // 2], found[len(found) * 99 // 100]
    return f"{len(found):,} requests, median {middle / 1e3:.1f} ms, p99 {high / 1e3:.1f} ms"


def main() -> None:
    """Runs it and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=0, help="requests a second; 0: half of peak")
    parser.add_argument("--folder", type=Path, help="keeps what is served for the next run")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    if shutil.which("h2load") is None:
        raise SystemExit("h2load is missing: `apt-get install nghttp2-client`")
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        kept = options.folder or base
        first = made(kept / "first", options.offers)
        second = made(kept / "second", options.offers + 1, customers=1)
        releases = base / "releases"
        offerd("publish", "--bundle", first.bundle, "--releases", releases, "--activate")
        offerd("publish", "--bundle", second.bundle, "--releases", releases)
        revision = open_bundle(second.bundle, None).revision
        log = base / "log"
        command = [
            sys.executable, "-c", MAIN, "serve", "--releases", str(releases),
            "--state", str(first.state), "--grpc", "127.0.0.1:0", "--no-http", "--journal", "off",
        ]  # fmt: skip
        with log.open("w") as stderr:
            served = started(command, 1, stderr)
        try:
            load = Load(base)
            seconds = 3 * options.seconds
            load.run(served, 32, 2)
            rate = options.rate or int(load.run(served, 32, 3).rate / 2)
            asking = threading.Thread(
                target=load.run, args=(served, 32, seconds), kwargs={"rate": rate}
            )
            asking.start()
            time.sleep(options.seconds)
            offerd("activate", revision, "--releases", releases)
            began = time.time()
            while '"event":"activated"' not in log.read_text():
                if time.time() > began + LONGEST_S:
                    raise SystemExit(log.read_text()[-2_000:])
                time.sleep(0.05)
            done = time.time()
            asking.join()
        finally:
            served.process.terminate()
            served.process.wait()
        lines = [line.split("\t") for line in load.log.read_text().splitlines()]
        failed = sum(fields[1] != "200" for fields in lines)
        by_time = [(int(fields[0]) / 1e6, int(fields[2])) for fields in lines]
        print(f"{rate} requests a second")
        print(f"loading took {done - began:.1f} s; {failed} requests failed")
        print("before:", percentiles([us for at, us in by_time if at < began]))
        print("meanwhile:", percentiles([us for at, us in by_time if began <= at < done]))
        print("afterwards:", percentiles([us for at, us in by_time if at >= done]))


if __name__ == "__main__":
    main()
