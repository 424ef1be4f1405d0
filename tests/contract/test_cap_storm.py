"""A cap over all customers is met exactly, whoever dies while eight processes ask at once."""

from __future__ import annotations

from pathlib import Path

from contract.cap_storm import Outcome, Storm
from seeds import random_seed

LIMIT = 60
ATTEMPTS = 800


def storm(folder: Path, mode: str) -> Outcome:
    """Runs a small storm in which the server is killed, and clients are."""
    seed = random_seed()
    blowing = Storm(folder / "storm", mode, LIMIT, ATTEMPTS, seed)
    try:
        outcome = blowing.run(server_kills=1, client_kills=2)
    finally:
        blowing.close()
    print(outcome)
    assert (outcome.server_kills, outcome.client_kills) == (1, 2)
    assert outcome.told.total() == ATTEMPTS
    return outcome


def test_reservations_meet_a_cap_exactly(tmp_path: Path) -> None:
    """What is granted, committed and released through deaths ends at the limit, none left over."""
    outcome = storm(tmp_path, "reserve")
    assert (outcome.counted, outcome.pending) == (LIMIT, 0)
    assert outcome.told["granted"] == LIMIT


def test_decisions_meet_a_cap_exactly(tmp_path: Path) -> None:
    """All room is taken in the end. Only what was under way when somebody died is counted
    without that anybody was shown it."""
    outcome = storm(tmp_path, "decide")
    assert outcome.counted == LIMIT
    assert LIMIT - outcome.at_most_lost <= outcome.told["granted"] <= LIMIT
