"""The bundle: definitions as one immutable, memory-mapped file.

`write` makes one (cold), `read` opens it for deciding, `check` walks all of it. `seal` says
what guards the file, `tables` how its records are laid out, and `mapped` leaves many of them where
they are.
"""

from offerd.bundle.check import Checked, check_bundle
from offerd.bundle.environment import no_pause
from offerd.bundle.read import Bundle, open_bundle
from offerd.bundle.write import Written, write_bundle

__all__ = [
    "Bundle",
    "Checked",
    "Written",
    "check_bundle",
    "no_pause",
    "open_bundle",
    "write_bundle",
]
