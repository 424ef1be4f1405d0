"""Where the command `offerd` starts, so that a thin installation says what it lacks."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; exits with one line if the service's libraries aren't installed."""
    try:
        from offerd.app.cli import main as command
    except ModuleNotFoundError as error:
        sys.exit(
            f"error: `{error.name}` is not installed: "
            f"the service needs `pip install 'offerd[server]'`"
        )
    command()
