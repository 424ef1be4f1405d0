"""Which threads of the native transport go first."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from offerd.service.native_priority import behind_others


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
def test_what_is_made_behind_others_begins_nicer_threads() -> None:
    """Its threads are nicer than the one that made it, which stays as it was."""
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    found: list[int] = []

    def make() -> str:
        thread = threading.Thread(
            target=lambda: found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        )
        thread.start()
        thread.join()
        return "made"

    assert behind_others(make) == "made"
    assert found[0] > before
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_what_cant_be_made_says_so() -> None:
    """Whatever is raised comes out."""

    def make() -> None:
        raise OSError("no such address")

    with pytest.raises(OSError, match="no such address"):
        behind_others(make)
