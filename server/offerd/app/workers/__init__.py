"""`offerd serve --workers`: several processes that answer, and one that writes for them all.

`supervisor` is the process that was started: it has the state open, applies all writes, and
starts the workers (`crew`), each a process of its own (`worker`) that listens on the same
addresses (`addresses`). The few calls that only the writing process can answer are passed on to
it (`forwarding`).
"""
