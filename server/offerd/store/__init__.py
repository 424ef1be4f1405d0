"""What customers did and are, durably: profiles, events and counters in one LMDB environment.

Read `state.State` first: reads go straight to the map, writes through one thread (`writer`) that
commits whatever has gathered. `tallies` is what caps count over all profiles, in memory,
`reserving` how room under them is taken. `records` reads profiles as the present definitions see
them, and `views` all that is known of a customer; `series` is what windows and sequences are
computed from, `folding` how both are made afresh from raw events. `operations` are the writes,
`workspace` the transaction they see, `layout` what lies in the file, `directory` how a state is
created and told from anything else. `journal` keeps what was decided, `journal_writer` gets it
there, and `read_only` reads it beside a server that runs.
"""

from offerd.store.backup import Backup, back_up
from offerd.store.bulk import LoadProgress
from offerd.store.environment import Durability
from offerd.store.journal import Retention
from offerd.store.journal_reader import JournalExtent, Journalled, JournalReader, Selection
from offerd.store.journal_writer import Journal, JournalMode, JournalSettings
from offerd.store.moving import Told
from offerd.store.operations import Collected, CollectResult
from offerd.store.read_only import ReadOnlyState, read_secret
from offerd.store.reserving import Hold, Released, Taken
from offerd.store.state import State, StateCounts

__all__ = [
    "Backup",
    "CollectResult",
    "Collected",
    "Durability",
    "Hold",
    "Journal",
    "JournalExtent",
    "JournalMode",
    "JournalReader",
    "JournalSettings",
    "Journalled",
    "LoadProgress",
    "ReadOnlyState",
    "Released",
    "Retention",
    "Selection",
    "State",
    "StateCounts",
    "Taken",
    "Told",
    "back_up",
    "read_secret",
]
