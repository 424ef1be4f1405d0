"""What fences are: their faults, size and middle, and which of them overlap."""

from __future__ import annotations

from offerd.places.measures import area_m2, centre_of
from offerd.places.overlapping import overlaps
from offerd.places.validity import Fault, faults

__all__ = ["Fault", "area_m2", "centre_of", "faults", "overlaps"]
