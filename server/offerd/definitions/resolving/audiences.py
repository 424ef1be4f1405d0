"""Audiences to their table; audiences that ask for each other in a circle are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.definitions.documents import AudienceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.place import Place
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.expression import Checked
from offerd.expression.check.tree import Reference, children
from offerd.model.catalogue import Audience


def resolve_audiences(
    table: Table[AudienceDocument], compiler: Compiler, rules: RuleTable, findings: Findings
) -> tuple[Audience, ...]:
    """The audiences whose rules are right, by id."""
    checked: dict[str, Checked] = {}
    audiences = []
    for entry in table:
        document = entry.document
        rule = compiler.compile(document.rule, entry, "rule")
        if rule is not None:
            checked[document.id] = rule
            name = document.name or document.id
            audiences.append(Audience(document.id, name, rules.number(rule)))
    asked = {
        name: [n for n in rule.references.lookups.get("audience", ()) if n in checked]
        for name, rule in checked.items()
    }
    for cycle in find_cycles(asked):
        path = " → ".join(f"`{name}`" for name in (*cycle, cycle[0]))
        place = _place_of_reference(table, checked[cycle[0]], cycle)
        findings.mistake(place, f"the audience depends on itself: {path}")
    return tuple(audiences)


def _place_of_reference(
    table: Table[AudienceDocument], rule: Checked, cycle: Sequence[str]
) -> Place:
    following = cycle[1] if len(cycle) > 1 else cycle[0]
    pending, starts = [rule.tree], [len(rule.source)]
    while pending:
        node = pending.pop()
        if isinstance(node, Reference) and node.name == following:
            starts.append(node.start)
        pending.extend(children(node))
    return table.entries[cycle[0]].origin.place_in_text(("rule",), min(starts))


def find_cycles(asked: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """One cycle through each group of names that ask for each other, smallest name first.

    Names are visited in the mapping's order, without recursion.
    """
    done: set[str] = set()
    cycles: dict[frozenset[str], list[str]] = {}
    for root in asked:
        path: list[str] = []
        pending = [(root, iter(asked[root]))] if root not in done else []
        path.extend(name for name, _ in pending)
        while pending:
            _, rest = pending[-1]
            following = next(rest, None)
            if following is None:
                pending.pop()
                done.add(path.pop())
            elif following in path:
                cycle = path[path.index(following) :]
                first = cycle.index(min(cycle))
                cycles.setdefault(frozenset(cycle), cycle[first:] + cycle[:first])
            elif following not in done:
                path.append(following)
                pending.append((following, iter(asked[following])))
    return list(cycles.values())
