"""Parts of requests that come again and again: checked once, and remembered by their bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from offerd.decision.prepared import Prepared
from offerd.model.decision import DecisionContext, ScopeQuery
from offerd.model.schema import Attribute
from offerd.service.translate.context import context
from offerd.service.translate.scopes import scopes
from offerd.v1 import decision_service_pb2 as pb

MOST: Final = 1_024
"""So many of either are remembered; then all are forgotten."""
_MOST_SCOPES: Final = 8
LARGEST_BYTES: Final = 4_096
"""Larger ones hold what no message of these has, and aren't remembered."""
_LARGEST_CONTEXT_BYTES: Final = 512
"""Larger ones are hardly the same twice, and aren't remembered."""


class Remembered:
    """Scopes and contexts of requests, by one bundle. What it returns isn't to be changed."""

    def __init__(self, prepared: Prepared, declared: Mapping[str, Attribute]) -> None:
        self._prepared = prepared
        self._declared = declared
        self._scopes: dict[tuple[bytes, ...], list[ScopeQuery]] = {}
        self._contexts: dict[bytes, tuple[DecisionContext, list[str]]] = {}

    def scopes(self, request: pb.DecideRequest) -> list[ScopeQuery]:
        """As translate.scopes."""
        asked = request.scopes
        if request.explain or len(asked) > _MOST_SCOPES:
            return scopes(asked, self._prepared, explain=request.explain)
        key = tuple([one.SerializeToString() for one in asked])
        found = self._scopes.get(key)
        if found is None:
            found = scopes(asked, self._prepared, explain=False)
            if sum(map(len, key)) > LARGEST_BYTES:
                return found
            if len(self._scopes) >= MOST:
                self._scopes.clear()
            self._scopes[key] = found
        return found

    def context(self, request: pb.DecideRequest) -> tuple[DecisionContext, list[str]]:
        """As translate.context. Where somebody is isn't remembered: it is hardly the same twice."""
        if request.context.HasField("location"):
            return context(request.context, self._declared)
        key = request.context.SerializeToString()
        found = self._contexts.get(key)
        if found is None:
            found = context(request.context, self._declared)
            if len(key) > _LARGEST_CONTEXT_BYTES:
                return found
            if len(self._contexts) >= MOST:
                self._contexts.clear()
            self._contexts[key] = found
        return found
