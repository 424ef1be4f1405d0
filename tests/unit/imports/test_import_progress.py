"""People see how far an import is."""

from __future__ import annotations

import io
from typing import Any

from offerd.imports import shown_on

MAPPING = "imports: [{name: members, source: m.csv, profiles: {namespace: crm, id: id}}]"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_lines_where_there_is_no_terminal(world: Any) -> None:
    """A log gets one line when a part begins and one when it ends."""
    world.write("m.csv", "id\n1\n2\n")
    stream = io.StringIO()
    with shown_on(stream) as progress:
        world.run(MAPPING, progress=progress)
    assert stream.getvalue() == "importing members: 2 rows\nimported members: 2 rows\n"


def test_bar_on_a_terminal(world: Any) -> None:
    """A terminal gets a bar that ends full."""
    world.write("m.csv", "id\n1\n2\n")
    stream = Terminal()
    with shown_on(stream) as progress:
        world.run(MAPPING, progress=progress)
    assert "members" in stream.getvalue()
    assert "2/2" in stream.getvalue()
