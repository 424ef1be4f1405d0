"""A process that appends as many decisions as each line of its input says, into a growing map."""

from __future__ import annotations

import sys
from pathlib import Path

from offerd.store import JournalMode, JournalSettings, State
from store.given import PLAN, key
from store.test_journal import draft


def main(path: Path) -> None:
    """Answers each line, and `open` at first, once what it asks for is done."""
    settings = JournalSettings(JournalMode.BEFORE_ANSWER)
    with State.open(path, PLAN, map_size_bytes=2**18, journal=settings) as state:
        print("open", flush=True)
        number = 0
        for line in sys.stdin:
            futures = []
            for _ in range(int(line)):
                futures.append(state.journal.append(draft(number, key(number), "x" * 2_000)))
                number += 1
            for future in futures:
                future.result()
            print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
