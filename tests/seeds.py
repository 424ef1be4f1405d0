"""The seed of random inputs: `OFFERD_SEED`, or another one every time, always printed."""

from __future__ import annotations

import os
import random


def random_seed() -> int:
    """Returns the seed of a test, and prints it as what repeats the test: `OFFERD_SEED=1`.

    Without `OFFERD_SEED` it is another one each time, from 0 to 2**32 - 1.
    """
    given = os.environ.get("OFFERD_SEED")
    seed = random.SystemRandom().randrange(2**32) if given is None else int(given)
    print(f"OFFERD_SEED={seed}")
    return seed
