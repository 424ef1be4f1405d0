"""Definitions that people write, read and resolved, with every mistake found and placed.

Folders of YAML, JSON, CSV and JSON Lines are read to plain values with places (`reading`),
checked for shape one by one (`documents`, `gathering`), then looked up in each other, compiled
and numbered (`resolving`).
"""

from offerd.definitions.documents import json_schema
from offerd.definitions.issue import Issue
from offerd.definitions.load import Loaded, load

__all__ = ["Issue", "Loaded", "json_schema", "load"]
