"""Releases: several bundles in one directory, and which of them decides.

`history` says what was done and what follows from it; `directory` keeps both on disk.
"""

from offerd.releases.directory import Published, Releases
from offerd.releases.history import Action, Canary, Entry, Standing, standing_after

__all__ = [
    "Action",
    "Canary",
    "Entry",
    "Published",
    "Releases",
    "Standing",
    "standing_after",
]
