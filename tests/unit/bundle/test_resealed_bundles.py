"""A bundle that was damaged before it was sealed is refused with a BundleError and nothing else."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import lmdb
import msgspec
import pytest

from offerd.bundle import check_bundle, open_bundle, write_bundle
from offerd.bundle.seal import SEAL_BYTES
from offerd.bundle.tables import KEYED, LAZY, META, META_KEY, TABLES, key
from offerd.errors import BundleError
from seeds import random_seed
from unit.bundle import resealed

FILLED = [t.name for t in TABLES if t not in LAZY and t.name not in ("event_filters", "scopes")]
"""The tables of the bundle that have records which are read when it is opened."""

_OPEN = """
import sys
from pathlib import Path
from offerd.bundle import check_bundle, open_bundle
from offerd.errors import BundleError
for use in (open_bundle, check_bundle):
    for path in sys.argv[1:]:
        try:
            use(Path(path))
        except BundleError as error:
            print(error)
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A whole bundle."""
    write_bundle(resealed.catalogue(), tmp_path / "bundle")
    return tmp_path / "bundle"


def refused(path: Path) -> str:
    """What opening and checking say, which is the same, and again when it is tried again."""
    messages = set()
    for use in (open_bundle, check_bundle, open_bundle):
        with pytest.raises(BundleError) as error:
            use(path)
        messages.add(str(error.value))
    assert len(messages) == 1, messages
    return messages.pop()


def in_process(paths: list[Path]) -> list[str]:
    """What a process of its own says of files that might kill it."""
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, *map(str, paths)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.splitlines()


def test_cut_short_before_sealing_is_refused(bundle: Path, tmp_path: Path) -> None:
    """However many pages are missing, no process that opens the file is killed by it."""
    length = bundle.stat().st_size - SEAL_BYTES
    seed = random_seed()
    source = random.Random(seed)
    lengths = [0, 100, 4096, 8192, length - 4096, length - 1]
    lengths += [source.randrange(8192, length) for _ in range(10)]
    paths = [resealed.cut(bundle, cut).rename(tmp_path / f"cut-{cut}") for cut in lengths]
    messages = in_process(paths)
    assert len(messages) == 2 * len(lengths)
    assert all("was cut short" in line or "can't be opened" in line for line in messages)


def test_pages_of_zeros_are_refused(bundle: Path, tmp_path: Path) -> None:
    """A copy that left a page out is refused, or whole where the page isn't used."""
    length = bundle.stat().st_size - SEAL_BYTES
    paths = [
        resealed.zeroed(bundle, start, 4096).rename(tmp_path / f"zeroed-{start}")
        for start in range(8192, length, 4096)
    ]
    messages = in_process(paths)
    assert len(messages) >= len(TABLES)


def _counts(edit: Callable[[dict[str, int]], object]) -> Callable[[lmdb.Environment], None]:
    def change(environment: lmdb.Environment) -> None:
        database = environment.open_db(META)
        with environment.begin(write=True, db=database) as transaction:
            meta = msgspec.msgpack.decode(transaction.get(META_KEY))
            edit(meta["counts"])
            transaction.put(META_KEY, msgspec.msgpack.encode(meta))

    return change


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda counts: counts.pop("offers"), "isn't about the tables"),
        (lambda counts: counts.pop("contents"), "isn't about the tables"),
        (lambda counts: counts.update(others=1), "isn't about the tables"),
        (lambda counts: counts.update(offers=1), "`offers` has"),
        (lambda counts: counts.update(contents=3), "`contents` has 2 records, 3 expected"),
        (lambda counts: counts.update(contents=-1), "`contents` has 2 records, -1 expected"),
    ],
)
def test_counts_that_differ_from_tables_are_refused(
    edit: Callable[[dict[str, int]], object], message: str, bundle: Path
) -> None:
    """What a bundle says of its tables is what they hold, for every table."""
    assert message in refused(resealed.edited(bundle, _counts(edit)))


def test_gap_in_the_contents_is_refused(bundle: Path) -> None:
    """As many contents as there should be, but under another number, aren't all of them."""

    def move(environment: lmdb.Environment) -> None:
        resealed.put(environment, "contents", 2, msgspec.msgpack.encode(["text", "hello"]))
        with environment.begin(write=True) as transaction:
            transaction.delete(key(1), db=environment.open_db(b"contents", txn=transaction))

    assert "`contents` has no record 1" in refused(resealed.edited(bundle, move))


@pytest.mark.parametrize("table", [*(t.name for t in TABLES), *(name.decode() for name in KEYED)])
def test_missing_tables_are_refused(table: str, bundle: Path) -> None:
    """A bundle without one of its tables says that it lacks something."""

    def drop(environment: lmdb.Environment) -> None:
        database = environment.open_db(table.encode())
        with environment.begin(write=True) as transaction:
            transaction.drop(database)

    refused(resealed.edited(bundle, drop))


@pytest.mark.parametrize("table", FILLED)
@pytest.mark.parametrize(
    "record",
    [b"", b"\xc1", b"\x91\xc0", b"\x91" * 100_000 + b"\x00", b"\x81\x80\x80", b"\xa1\xff", b"\xc0"],
    ids=["empty", "no value", "short", "too deep", "map as key", "no text", "nothing"],
)
def test_unreadable_records_are_refused(record: bytes, table: str, bundle: Path) -> None:
    """Whatever bytes a record is made of, opening says which table it is in."""
    path = resealed.edited(bundle, lambda it: resealed.put(it, table, 0, record))
    assert f"`{table}`" in refused(path)


@pytest.mark.parametrize("tree", [b"", b"\xc1", b"\x91" * 100_000, b"\x95\x00\x00\x00\x00\x00"])
def test_unreadable_rules_are_refused(tree: bytes, bundle: Path) -> None:
    """A rule whose tree can't be read is named."""
    record = msgspec.msgpack.encode(["true", tree])
    path = resealed.edited(bundle, lambda it: resealed.put(it, "rules", 0, record))
    assert "rule 0: " in refused(path)


def test_random_damage_is_refused_or_harmless(bundle: Path) -> None:
    """Bytes changed anywhere in the records lead to a BundleError or to nothing."""
    seed = random_seed()
    source = random.Random(seed)
    tables = [table.name for table in TABLES]
    for _ in range(60):
        table = source.choice(tables)
        record = bytearray(_record(bundle, table))
        for _ in range(source.choice((1, 3)) if record else 0):
            record[source.randrange(len(record))] = source.randrange(256)
        damaged = bytes(record)
        path = resealed.edited(bundle, partial(_put_first, table, damaged))
        with suppress(BundleError):
            check_bundle(path)


def _put_first(table: str, record: bytes, environment: lmdb.Environment) -> None:
    resealed.put(environment, table, 0, record)


def _record(bundle: Path, table: str) -> bytes:
    environment = lmdb.open(str(bundle), subdir=False, lock=False, readonly=True, max_dbs=40)
    try:
        database = environment.open_db(table.encode(), create=False)
        with environment.begin(db=database) as transaction:
            return bytes(transaction.get(key(0), b""))
    finally:
        environment.close()
