"""A service that is killed while it loads: the load before stays, and the next one is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import grpc
import pytest

from offerd.store import ReadOnlyState
from offerd.store.layout import Table
from offerd.store.loads import Ledger, LoadReader
from offerd.v1 import identity_pb2 as identities
from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import load_service_pb2_grpc as pb_grpc
from processes import ServeProcess, serve_process
from serving import compile_to

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
audiences: [{id: vip, external: true, name: VIPs}]
placements: [{id: web, channel: web, content_type: text}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
strategies: []
decisions: []
"""
AS_OF_S = 1_700_000_000


@pytest.fixture(scope="module")
def audience(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with an external audience."""
    folder = tmp_path_factory.mktemp("audience")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return compile_to(folder, folder / "definitions")


def messages(as_of_s: int, count: int) -> Iterator[pb.LoadRequest]:
    """Yields the messages of a load."""
    header = pb.LoadHeader(kind="LOAD_KIND_MEMBERSHIPS", mode="LOAD_MODE_REPLACE", target="vip")
    header.as_of.seconds = as_of_s
    yield pb.LoadRequest(header=header)
    for first in range(0, count, 1_000):
        rows = [
            pb.LoadRow(
                identity=identities.Identity(namespace="crm", id=str(number)),
                membership=pb.LoadMembership(),
            )
            for number in range(first, min(first + 1_000, count))
        ]
        yield pb.LoadRequest(rows=pb.LoadRows(rows=rows))
    yield pb.LoadRequest(end=pb.LoadEnd(rows=count))


def load(served: ServeProcess, as_of_s: int, count: int) -> pb.LoadProgress:
    """Loads so many members and returns the last answer."""
    with grpc.insecure_channel(served.grpc_address) as channel:
        *_, last = pb_grpc.LoadServiceStub(channel).Load(messages(as_of_s, count))
    return last


def ledger_and_rows(state: Path) -> tuple[Ledger, int]:
    """Returns which loads there are, and how many rows lie in the file."""
    with ReadOnlyState(state) as stored:
        reader = LoadReader(stored)
        loaded = stored.database(Table.LOADED)
        return stored.read(lambda txn: (reader.ledger(txn), txn.stat(loaded)["entries"]))


def rows_in_force(state: Path) -> list[int]:
    """Returns the rows of each load in force."""
    ledger, _ = ledger_and_rows(state)
    return [generation.rows for loads in ledger.loads for generation in loads.generations]


def test_killed_while_rows_come(audience: Path, tmp_path: Path) -> None:
    """Nothing of them is stored; the same load is taken again."""
    state = tmp_path / "state"
    with serve_process(audience, state) as served:
        assert load(served, AS_OF_S, 10).done
        sent: SimpleQueue[pb.LoadRequest | None] = SimpleQueue()
        for message in list(messages(AS_OF_S + 1, 20_000))[:-1]:
            sent.put(message)
        with grpc.insecure_channel(served.grpc_address) as channel:
            answers = pb_grpc.LoadServiceStub(channel).Load(iter(sent.get, None))
            assert next(answers).stored == 10_000
            served.kill()
            with pytest.raises(grpc.RpcError):
                list(answers)
            sent.put(None)  # ends the thread that sends
    assert rows_in_force(state) == [10]
    with serve_process(audience, state) as served:
        assert load(served, AS_OF_S + 1, 20_000).stored == 20_000
        assert served.terminate() == 0
    assert rows_in_force(state) == [20_000]
    assert sorted(path.name for path in state.iterdir() if "load" in path.name) == []


def test_killed_while_rows_are_written(audience: Path, tmp_path: Path) -> None:
    """Those written never count, and are dropped; the same load is taken again."""
    state = tmp_path / "state"
    with serve_process(audience, state) as served:
        assert load(served, AS_OF_S, 10).done
        with grpc.insecure_channel(served.grpc_address) as channel:
            answers = pb_grpc.LoadServiceStub(channel).Load(messages(AS_OF_S + 1, 60_000))
            ledger, rows = ledger_and_rows(state)
            while not (ledger.staging and rows > 10):
                assert ledger.loads[0].generations[0].rows == 10, "it was through already"
                ledger, rows = ledger_and_rows(state)
            served.kill()
            with pytest.raises(grpc.RpcError):
                list(answers)
    assert rows_in_force(state) == [10]
    with serve_process(audience, state) as served:
        assert load(served, AS_OF_S + 1, 30).stored == 30
        ledger, rows = ledger_and_rows(state)
        while ledger.unclean:
            ledger, rows = ledger_and_rows(state)
        assert rows == 30
        assert served.terminate() == 0
    assert rows_in_force(state) == [30]


def test_stopped_while_rows_come(audience: Path, tmp_path: Path) -> None:
    """The service says why the load ends, stops in good order, and nothing of it is stored."""
    state = tmp_path / "state"
    with serve_process(audience, state) as served:
        sent: SimpleQueue[pb.LoadRequest | None] = SimpleQueue()
        for message in list(messages(AS_OF_S, 20_000))[:-1]:
            sent.put(message)
        with grpc.insecure_channel(served.grpc_address) as channel:
            answers = pb_grpc.LoadServiceStub(channel).Load(iter(sent.get, None))
            assert next(answers).stored == 10_000
            served.process.terminate()
            with pytest.raises(grpc.RpcError) as refused:
                list(answers)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
            assert refused.value.details() == "the service is stopping"
            sent.put(None)
        assert served.wait() == 0
    assert rows_in_force(state) == []
