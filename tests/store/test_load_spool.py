"""Rows put aside come out in the order of their keys, however many there are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from offerd.errors import Exhausted, Reason
from offerd.store.load_spool import Spool
from seeds import random_seed


@pytest.mark.parametrize("flush_every", [1, 700, 10_000])
@pytest.mark.parametrize("size", [1, 97, 100_000])
def test_rows_come_out_by_key(tmp_path: Path, flush_every: int, size: int) -> None:
    """Each key once with its last value, in batches of the size asked for."""
    seed = random_seed()
    rng = random.Random(seed)
    spool = Spool(tmp_path)
    expected: dict[bytes, bytes] = {}
    for number in range(2_000 if flush_every > 1 else 50):
        digest = rng.choice([rng.randbytes(16), bytes(15) + bytes([rng.randrange(9)])])
        value = rng.randbytes(rng.randrange(60))
        expected[digest] = value
        spool.add(digest, value)
        if number % flush_every == 0:
            spool.flush()
    spool.flush()
    batches = list(spool.batches(size))
    assert [row for batch in batches for row in batch] == sorted(expected.items())
    assert all(len(batch) == size for batch in batches[:-1])
    spool.close()
    spool.close()


def test_an_empty_spool_has_no_batches(tmp_path: Path) -> None:
    """A load without rows writes none."""
    spool = Spool(tmp_path)
    spool.flush()
    assert list(spool.batches(10)) == []
    spool.close()


def test_memory_is_bounded(tmp_path: Path) -> None:
    """It says when it is time to flush, and holds nothing afterwards."""
    spool = Spool(tmp_path)
    count = 0
    while not spool.is_full:
        spool.add(count.to_bytes(16, "little"), bytes(10_000))
        count += 1
    assert 500 < count < 1_000
    spool.flush()
    assert not spool.is_full
    assert sum(map(len, spool.batches(100))) == count
    spool.close()


def test_no_file_is_left_behind(tmp_path: Path) -> None:
    """The file has no name, so that even a crash leaves none."""
    spool = Spool(tmp_path)
    spool.add(bytes(16), b"x")
    spool.flush()
    assert list(tmp_path.iterdir()) == []
    spool.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """As the refusal that all writes get when there is no room."""
    spool = Spool(tmp_path)
    spool._file.close()
    with open("/dev/full", "r+b", buffering=0) as full:
        spool._file = full
        spool.add(bytes(16), b"x")
        with pytest.raises(Exhausted, match="can't be put aside: no space left") as refused:
            spool.flush()
    assert refused.value.reason is Reason.STORE_FULL
