"""What every test runs with: a given seed makes Hypothesis repeat itself too."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeated", derandomize=True)
if "OFFERD_SEED" in os.environ:
    settings.load_profile("repeated")
