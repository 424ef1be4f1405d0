"""Audiences to their table; refused where they ask for each other in a circle or too deep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.definitions.documents import AudienceDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Place
from offerd.definitions.resolving.names import Table
from offerd.definitions.resolving.rules import Compiler, RuleTable
from offerd.expression import Checked
from offerd.expression.check.tree import Reference, children
from offerd.model.catalogue import Audience

MAXIMUM_AUDIENCE_DEPTH = 32
"""How many audiences may ask for each other in a chain: a request follows it to its end."""


def resolve_audiences(
    table: Table[AudienceDocument], compiler: Compiler, rules: RuleTable, findings: Findings
) -> tuple[Audience, ...]:
    """The audiences that are right, by id: those whose rules are, and those that are loaded."""
    checked: dict[str, Checked] = {}
    audiences = []
    for entry in table:
        document = entry.document
        name = document.name or document.id
        if _is_loaded(entry, findings):
            audiences.append(Audience(document.id, name, None))
            continue
        source = document.rule
        rule = None if source is None else compiler.compile(source, entry, "rule")
        if rule is not None:
            checked[document.id] = rule
            audiences.append(Audience(document.id, name, rules.number(rule)))
    asked = {
        name: [n for n in rule.references.lookups.get("audience", ()) if n in checked]
        for name, rule in checked.items()
    }
    cycles = find_cycles(asked)
    for cycle in cycles:
        circle = (*cycle, cycle[0])
        place = _place_of_reference(table, checked[circle[0]], circle)
        findings.mistake(place, f"the audience depends on itself: {_path(circle)}")
    # How deep an audience is can be said only where there is no circle.
    for chain in find_deep_chains(asked) if not cycles else ():
        place = _place_of_reference(table, checked[chain[0]], chain)
        message = (
            f"the audience asks through {len(chain)} levels of audiences, "
            f"at most {MAXIMUM_AUDIENCE_DEPTH} are allowed: {_path((*chain[:2], '…', chain[-1]))}"
        )
        findings.mistake(place, message)
    return tuple(audiences)


def _is_loaded(entry: Entry[AudienceDocument], findings: Findings) -> bool:
    document = entry.document
    if document.external and document.rule is not None:
        message = "an `external` audience has no `rule`: its members are loaded"
        findings.mistake(entry.key_place("rule"), message)
    needs_rule = document.rule is None and not document.external
    if needs_rule and not findings.is_doubtful(document.id):
        message = "an audience needs `rule`, or `external: true` if its members are loaded"
        findings.mistake(entry.place(), message)
    return document.external


def _path(names: Sequence[str]) -> str:
    return " → ".join(name if name == "…" else f"`{name}`" for name in names)


def _place_of_reference(
    table: Table[AudienceDocument], rule: Checked, chain: Sequence[str]
) -> Place:
    """Where the first of a chain asks for the second."""
    asking, following = chain[:2]
    pending, starts = [rule.tree], [len(rule.source)]
    while pending:
        node = pending.pop()
        if isinstance(node, Reference) and node.name == following:
            starts.append(node.start)
        pending.extend(children(node))
    return table.entries[asking].origin.place_in_text(("rule",), min(starts))


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


def find_deep_chains(asked: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The chains of names that ask for each other and are one longer than is allowed.

    For each name at that depth one of its longest chains, from the name down to one that asks
    for nothing. Deeper names are left out: they are as deep as they are because of these. There
    are no circles in `asked`.
    """
    deepest: dict[str, str | None] = {}
    depths: dict[str, int] = {}
    for root in asked:
        pending = [root]
        while pending:
            name = pending[-1]
            below = [following for following in asked[name] if following not in depths]
            pending.extend(below)
            if not below:
                pending.pop()
                deepest[name] = max(asked[name], key=lambda one: depths[one], default=None)
                depths[name] = 1 + max((depths[one] for one in asked[name]), default=0)
    return [
        _chain(name, deepest)
        for name, depth in depths.items()
        if depth == MAXIMUM_AUDIENCE_DEPTH + 1
    ]


def _chain(name: str, deepest: Mapping[str, str | None]) -> list[str]:
    chain = [name]
    while (following := deepest[chain[-1]]) is not None:
        chain.append(following)
    return chain
