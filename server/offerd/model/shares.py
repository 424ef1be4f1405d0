"""Shares of customers, decisions and traffic."""

from __future__ import annotations

from typing import Final

WHOLE: Final = 10_000
"""All of a share: shares are whole numbers of its parts, so in steps of 0.01%."""
