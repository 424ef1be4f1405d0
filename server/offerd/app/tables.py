"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_FILE_WIDTH = 160


def console() -> Console:
    """Returns the console of the standard output; wide if that is a file."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(width=_FILE_WIDTH, highlight=False)


def print_line(out: Console, text: str) -> None:
    """Prints a line that only a terminal folds."""
    out.print(Text(text), soft_wrap=True)


def print_table(
    out: Console,
    title: str,
    columns: Sequence[str],
    texts: int,
    rows: Iterable[Sequence[str]],
    *,
    last_is_text: bool = False,
) -> None:
    """Prints a table, if it has rows; the first `texts` columns hold text, the rest numbers."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Text(title) if title else None,
        title_justify="left",
        pad_edge=False,
    )
    for place, column in enumerate(columns):
        is_text = place < texts or (last_is_text and place == len(columns) - 1)
        table.add_column(
            column, justify="left" if is_text else "right", overflow="fold",
            no_wrap=not is_text,
        )  # fmt: skip
    for row in rows:
        table.add_row(*map(Text, row))  # text of others is never markup
    if table.row_count:
        out.print(table)
