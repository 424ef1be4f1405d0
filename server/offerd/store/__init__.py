"""What customers did and are, durably: profiles, events and counters in one LMDB environment.

Read `state.State` first: reads go straight to the map, writes through one thread (`writer`)
that commits whatever has gathered. `records` reads profiles as the present definitions see
them, `operations` are the writes, `workspace` the transaction they see, `layout` what lies in
the file, `directory` how a state is created and told from anything else.
"""

from offerd.store.bulk import LoadProgress
from offerd.store.environment import Durability
from offerd.store.operations import CollectResult
from offerd.store.state import State, StateCounts

__all__ = ["CollectResult", "Durability", "LoadProgress", "State", "StateCounts"]
