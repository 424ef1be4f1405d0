"""Where the command `offerd-gateway` starts, so that a thin installation says what it lacks."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; exits with one line if the gateway's libraries aren't installed."""
    try:
        from offerd_gateway.command import main as command
    except ModuleNotFoundError as error:
        sys.exit(
            f"error: `{error.name}` is not installed: "
            f"the gateway needs `pip install 'offerd[server]'`"
        )
    command()
