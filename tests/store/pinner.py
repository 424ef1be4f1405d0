"""A process that begins to read a state, and doesn't end with that until it is killed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from offerd.store import ReadOnlyState


def main(path: Path) -> None:
    """Reads one snapshot for ever; says when it has it."""

    def hold(_: Any) -> None:
        print("reading", flush=True)
        threading.Event().wait()

    with ReadOnlyState(path) as state:
        state.read(hold)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
