"""Several processes on one state: one writes, the others read, and send it what is to be written.

LMDB lets any number of processes read beside one that writes, and readers and the writer never
wait for each other. Two processes that both write would take turns at the disk, each with smaller
batches. So the process that has the state open (`WriterDoor`) applies the writes of all. Each of
the others (`WorkerState`) reads the file itself, and over a socket that it inherits (`channel`)
sends writes as plain data (`remote_writer`) and gets their results. Before a result comes
whatever the write changed of what is kept in memory, so that a process reads its own writes.
"""

from offerd.store.sharing.worker_state import WorkerState
from offerd.store.sharing.writer_door import WriterDoor

__all__ = ["WorkerState", "WriterDoor"]
