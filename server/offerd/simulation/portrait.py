"""A catalogue as data that stands by itself: what refers by number is written out.

Two catalogues number their rules, contents and offers differently; so described, what is the
same is equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from offerd.admission import format_instant
from offerd.bundle import Bundle
from offerd.model.capping import Cap
from offerd.model.catalogue import Offer, Representation
from offerd.model.content import Content, Placeholder
from offerd.model.schema import EventType
from offerd.model.selection import Group

_SECOND_NS: Final = 1_000_000_000

Description = Mapping[str, Any]
"""The fields of one definition by name."""


def describe(bundle: Bundle) -> dict[str, dict[str, Description]]:
    """Returns by kind, in words, and by id what the definitions of a bundle say."""
    return _Describing(bundle).tables()


class _Describing:
    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._catalogue = bundle.catalogue
        self._offer_ids = [offer.id for offer in bundle.catalogue.offers]

    def tables(self) -> dict[str, dict[str, Description]]:
        catalogue = self._catalogue
        schema = catalogue.schema
        by_id: dict[str, dict[str, Description]] = {
            "namespaces": _by(schema.namespaces, _plain),
            "profile attributes": _by(schema.profile, _plain, "path"),
            "context attributes": _by(schema.context, _plain, "path"),
            "offer attributes": _by(schema.offer, _plain, "path"),
            "events": _by(schema.events, _event),
            "aggregates": _by(schema.aggregates, self._aggregate),
            "scores": _by(schema.scores, _plain),
            "audiences": _by(catalogue.audiences, lambda one: self._rules(one, "rule")),
            "placements": _by(catalogue.placements, _plain),
            "offers": _by(catalogue.offers, self._offer),
            "fallback offers": _by(catalogue.fallback_offers, self._shown),
            "collections": _by(catalogue.collections, self._with_offers),
            "rankings": _by(catalogue.rankings, self._ranking),
            "score tables": _by(catalogue.score_tables, self._score_table),
            "strategies": _by(catalogue.strategies, self._strategy),
            "decisions": _by(catalogue.decisions, self._grouped),
            "exclusions": _by(catalogue.exclusions, self._exclusion),
            "experiments": _by(catalogue.experiments, self._experiment),
            "scopes": _by(catalogue.scopes, _plain),
            "policies": _by(catalogue.policies, _plain),
            "channels": _by(catalogue.channels, self._channel),
            "consent": {name: {"value": v.value} for name, v in catalogue.consent.values.items()},
        }
        return {kind: found for kind, found in by_id.items() if found}

    def _rule(self, number: int | None) -> str | None:
        return None if number is None else self._catalogue.rules[number].source

    def _filter(self, number: int | None) -> str | None:
        return None if number is None else self._catalogue.event_filters[number].source

    def _rules(self, one: msgspec.Struct, *fields: str) -> dict[str, Any]:
        described = _plain(one)
        described.update((field, self._rule(described[field])) for field in fields)
        return described

    def _aggregate(self, one: msgspec.Struct) -> dict[str, Any]:
        described = _plain(one)
        if described["sequence"] is not None:
            described["sequence"] = self._sequence(one)
        return {**described, "where": self._filter(described["where"])}

    def _sequence(self, one: Any) -> dict[str, Any]:
        steps = [
            _given({**_plain(step), "where": self._filter(step.where)})
            for step in one.sequence.steps
        ]
        return _given({**_plain(one.sequence), "steps": steps})

    def _channel(self, one: Any) -> dict[str, Any]:
        return {**_plain(one), "caps": self._caps(one.caps)}

    def _offer(self, offer: Offer) -> dict[str, Any]:
        return {
            **self._shown(offer),
            "status": offer.status.value,
            "priority": offer.priority,
            "start": _instant(offer.start_ns),
            "end": _instant(offer.end_ns),
            "eligibility": self._rule(offer.eligibility),
            "tags": sorted(offer.tags),
            "caps": self._caps(offer.caps),
            "replaces": self._ids(offer.replaces),
        }

    def _shown(self, offer: Any) -> dict[str, Any]:
        return {
            "attributes": offer.attributes,
            "representations": {
                f"{one.placement} {one.language}".strip(): self._content(one)
                for one in sorted(offer.representations, key=lambda r: (r.placement, r.language))
            },
        }

    def _content(self, representation: Representation) -> Any:
        content = self._bundle.content(representation.content)
        return described_content(content, self._rule)

    def _caps(self, caps: Iterable[Cap]) -> dict[str, Any]:
        """Returns caps by the id of a shared one, by number those of the offer itself."""
        described: dict[str, Any] = {}
        numbers: Counter[str] = Counter()
        for cap in caps:
            numbers[cap.id] += 1
            name = f"{cap.id or 'own'} {numbers[cap.id]}"
            described[cap.id if cap.id and numbers[cap.id] == 1 else name] = self._cap(cap)
        return described

    def _cap(self, cap: Cap) -> dict[str, Any]:
        counter = self._catalogue.counters[cap.counter]
        calendar = None if cap.calendar is None else _plain(cap.calendar)
        return _given({
            "event": counter.event,
            "also": list(counter.also),
            "where": self._filter(counter.where),
            "per": counter.subject.value,
            "limit": self._rule(cap.limit_rule),
            "at_most": cap.limit,
            "within": None if cap.within_ns is None else f"{cap.within_ns // _SECOND_NS}s",
            "every": calendar,
            "visit": None if cap.visit is None else _plain(cap.visit),
            "start": _instant(cap.start_ns),
            "end": _instant(cap.end_ns),
            "counted_at": list(counter.placements),
            "placements": list(cap.placements),
            "about": "any" if counter.offers is None else None,
        })  # fmt: skip

    def _with_offers(self, one: Any) -> dict[str, Any]:
        return {**_plain(one), "offers": self._ids(one.offers)}

    def _ranking(self, one: Any) -> dict[str, Any]:
        table = None if one.table is None else self._catalogue.score_tables[one.table].id
        boosts = [f"{self._rule(b.when)} → {self._rule(b.score)}" for b in one.boosts]
        return {**self._rules(one, "formula"), "table": table, "boosts": boosts}

    def _score_table(self, one: Any) -> dict[str, Any]:
        scores = {
            segment: {self._offer_ids[number]: score for number, score in row.items()}
            for segment, row in one.scores.items()
        }
        return {**self._rules(one, "segment"), "scores": scores}

    def _strategy(self, one: Any) -> dict[str, Any]:
        ranking = None if one.ranking is None else self._catalogue.rankings[one.ranking].id
        collection = self._catalogue.collections[one.collection].id
        described = self._rules(one, "constraint")
        return {**described, "collection": collection, "ranking": ranking or "priority"}

    def _group(self, group: Group) -> dict[str, Any]:
        taken = {"placements": list(group.placements)} if group.placements else {}
        if group.offers:
            return {"offers": [self._offer_ids[number] for number in group.offers], **taken}
        strategies = [self._catalogue.strategies[number].id for number in group.strategies]
        return {"strategies": strategies, **taken}

    def _grouped(self, one: Any) -> dict[str, Any]:
        groups = None if one.groups is None else [self._group(group) for group in one.groups]
        return {**_plain(one), "groups": groups}

    def _exclusion(self, one: Any) -> dict[str, Any]:
        return {**self._rules(one, "when"), "offers": self._ids(one.offers)}

    def _experiment(self, one: Any) -> dict[str, Any]:
        return {
            **_plain(one),
            "arms": {arm.id: self._grouped(arm) for arm in one.arms},
            "order_of_arms": [arm.id for arm in one.arms],
        }

    def _ids(self, numbers: Iterable[int]) -> list[str]:
        return sorted(self._offer_ids[number] for number in numbers)


def described_content(content: Content, rule: Callable[[int | None], str | None]) -> Any:
    """Returns a content without numbers of rules."""
    templates = [
        {
            "path": list(template.path),
            "parts": [
                [rule(part.rule), part.escape.value, part.default]
                if isinstance(part, Placeholder)
                else part
                for part in template.parts
            ],
        }
        for template in content.templates
    ]
    described: dict[str, Any] = {content.type.value: content.body}
    return {**described, "templates": templates} if templates else described


def _by(
    found: Iterable[Any], described: Callable[[Any], dict[str, Any]], key: str = "id"
) -> dict[str, Description]:
    return {getattr(one, key): described(one) for one in found}


def _plain(one: msgspec.Struct) -> dict[str, Any]:
    """Returns the fields of a definition but its id, as JSON has values."""
    return {
        name: msgspec.to_builtins(value, str_keys=True)
        for name, value in msgspec.structs.asdict(one).items()
        if name not in ("id", "path")
    }


def _event(event: EventType) -> dict[str, Any]:
    return {"properties": {one.path: _given(_plain(one)) for one in event.properties}}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Returns fields but those that say nothing."""
    return {
        name: value
        for name, value in fields.items()
        if not (value is None or value is False or value in ("", [], ()))
    }


def _instant(instant_ns: int | None) -> str | None:
    return None if instant_ns is None else format_instant(instant_ns)
