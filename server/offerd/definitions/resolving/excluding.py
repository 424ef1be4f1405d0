"""Exclusions: their offers worked out, their conditions compiled."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.definitions.documents import CollectionDocument, ExclusionDocument
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.collecting import Collector
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.model.catalogue import Collection
from offerd.model.selection import Exclusion


class ExclusionResolver:
    """Resolves exclusions; what is wrong is reported and left out."""

    def __init__(
        self,
        collector: Collector,
        table: Table[CollectionDocument],
        collections: Sequence[Collection],
        compiler: Compiler,
        rules: RuleTable,
    ) -> None:
        self._collector = collector
        self._table = table
        self._collections = collections
        self._compiler = compiler
        self._rules = rules

    def resolve(self, entry: Entry[ExclusionDocument]) -> Exclusion:
        """The exclusion."""
        document = entry.document
        when = None
        if document.when is not None:
            checked = self._compiler.compile(document.when, entry, "when")
            when = None if checked is None else self._rules.number(checked)
        return Exclusion(
            document.id,
            self._collector.excluded(entry, self._table, self._collections),
            document.at_most,
            when,
            document.within == "request",
        )
