"""Many processes that ask for one capped offer at once, while they and the server are killed.

python -m contract.cap_storm FOLDER [OPTION...]     (from tests/; the full size, both ways)
"""

from __future__ import annotations

import os
import random
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from offerd.bundle import open_bundle
from offerd.events import FoldPlan
from offerd.store import State
from processes import HOST, ServeProcess, environment
from seeds import random_seed
from serving import compile_to

WORKERS = 8
DEFINITIONS = """
namespaces: [{{id: ecid, type: cookie}}]
placements: [{{id: web, channel: web, content_type: text}}]
offers:
  - id: capped
    caps: [{{event: decision, per: total, limit: {limit}}}]
    representations: [{{placement: web, text: Capped}}]
fallback_offers: [{{id: none, representations: [{{placement: web, text: None}}]}}]
collections: [{{id: all, offers: [capped]}}]
strategies: [{{id: all, collection: all, ranking: priority}}]
decisions: [{{id: best, placements: [web], strategies: [all], fallbacks: [none]}}]
scopes: [{{id: hero, decision: best, placement: web}}]
"""


class Outcome(NamedTuple):
    """What the state counts in the end, and how often clients were told what."""

    counted: int
    pending: int
    told: Counter[str]
    server_kills: int
    client_kills: int
    worker_kills: int
    seconds: float

    @property
    def at_most_lost(self) -> int:
        """How many propositions at most may be counted of which no client was told.

        A client has one call under way: each is lost if the server is killed, its own if it is.
        """
        return WORKERS * (self.server_kills + self.worker_kills) + self.client_kills


class Storm:
    """One server, started with options, and its clients.

    `mode` is `reserve` (and commit) or `decide`.
    """

    def __init__(
        self,
        folder: Path,
        mode: str,
        limit: int,
        attempts: int,
        seed: int,
        options: Sequence[str] = (),
    ) -> None:
        self._options = options
        folder.mkdir(parents=True, exist_ok=True)
        definitions = folder / "definitions"
        definitions.mkdir()
        (definitions / "all.yaml").write_text(DEFINITIONS.format(limit=limit), encoding="utf-8")
        self._folder = folder
        self._bundle = compile_to(folder / "bundles", definitions)
        self._state = folder / "state"
        self._mode = mode
        self._each = attempts // WORKERS
        self._rng = random.Random(seed)
        self._server = self._serve(0)
        self._clients: dict[int, subprocess.Popen[str]] = {}
        self._selector = selectors.DefaultSelector()
        self._server_kills = self._client_kills = self._worker_kills = 0

    def _serve(self, port: int) -> ServeProcess:
        log = self._folder / f"server-{len(list(self._folder.iterdir()))}.log"
        options = ("--grpc", f"{HOST}:{port}", *self._options)
        served = ServeProcess(self._bundle, self._state, options, log)
        served.wait_until_ready()
        return served

    def _start(self, worker: int) -> None:
        file = self._folder / f"client-{worker}"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "contract.cap_client", self._server.grpc_address),
                *(f"w{worker}", self._mode, str(self._each), str(file)),
            ],
            env={**environment(), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        self._clients[worker] = process
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)

    def run(self, *, server_kills: int, client_kills: int, worker_kills: int = 0) -> Outcome:
        """Lets all attempts be made, killing at random moments on the way.

        `worker_kills` are of single processes of a server that has several.
        """
        started = time.monotonic()
        for worker in range(WORKERS):
            self._start(worker)
        done = dict.fromkeys(range(WORKERS), 0)
        total = self._each * WORKERS
        moments = (
            sorted(
                (self._rng.randrange(total // 50, total * 4 // 5), kill)
                for kill, count in (
                    (self._kill_server, server_kills),
                    (self._kill, client_kills),
                    (self._kill_worker, worker_kills),
                )
                for _ in range(count)
            )
            if total
            else []
        )
        while min(done.values()) < self._each:
            for key, _ in self._selector.select():
                worker = key.data
                line = self._clients[worker].stdout.readline()  # type: ignore[union-attr]
                if not line:
                    assert done[worker] == self._each, f"client {worker} has failed"
                    self._selector.unregister(key.fileobj)
                    continue
                done[worker] = int(line)
            while moments and sum(done.values()) >= moments[0][0]:
                moments.pop(0)[1]()
        for client in self._clients.values():
            client.communicate(timeout=60)
        self._server.terminate()
        return self._outcome(time.monotonic() - started)

    def _kill_server(self) -> None:
        self._server.kill()
        self._server_kills += 1
        self._server = self._serve(self._server.grpc_port)

    def _kill_worker(self) -> None:
        running = sorted(self._server.workers())
        if running:
            os.kill(self._rng.choice(running), signal.SIGKILL)
            self._worker_kills += 1

    def _kill(self) -> None:
        running = [worker for worker, one in self._clients.items() if one.poll() is None]
        if not running:
            return  # all were done while a server that had been killed came back
        worker = self._rng.choice(running)
        client = self._clients[worker]
        self._selector.unregister(client.stdout)  # type: ignore[arg-type]
        client.kill()
        client.communicate()
        self._client_kills += 1
        self._start(worker)

    def _outcome(self, seconds: float) -> Outcome:
        told: Counter[str] = Counter()
        for worker in range(WORKERS):
            told.update((self._folder / f"client-{worker}").read_text(encoding="ascii").split())
        with ExitStack() as stack:
            bundle = open_bundle(self._bundle)
            stack.callback(bundle.close)
            fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
            (counter,) = bundle.catalogue.counters
            state = stack.enter_context(State.open(self._state, fold))
            return Outcome(
                state.tallies.total(counter.key, None, None),
                state.tallies.pending(counter.key, None, time.time_ns()),
                told,
                self._server_kills,
                self._client_kills,
                self._worker_kills,
                seconds,
            )

    def close(self) -> None:
        """Ends whatever still runs."""
        for client in self._clients.values():
            if client.poll() is None:
                client.kill()
                client.communicate()
        if self._server.process.poll() is None:
            self._server.kill()
        self._selector.close()


def main(folder: Path, *options: str) -> None:
    """Runs both ways at full size, and fails unless the cap is met exactly."""
    for mode in ("reserve", "decide"):
        seed = random_seed()
        storm = Storm(folder / f"{mode}-{seed}", mode, 1_000, 50_000, seed, options)
        try:
            outcome = storm.run(server_kills=5, client_kills=12, worker_kills=8 if options else 0)
        finally:
            storm.close()
        print(f"{mode}, seed {seed}: {outcome}")
        assert (outcome.counted, outcome.pending) == (1_000, 0)
        lost = outcome.at_most_lost if mode == "decide" else 0
        assert 1_000 - lost <= outcome.told["granted"] <= 1_000


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
