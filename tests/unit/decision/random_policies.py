"""Random labels, policies and marketing actions for a catalogue."""

from __future__ import annotations

import random
from typing import Any

from msgspec.structs import replace

from offerd.model.catalogue import Catalogue
from offerd.model.policy import Policy

LABELS = ("C4", "C7", "I1", "S1")
ACTIONS = ("onsite_personalization", "email_targeting", "call_centre")


def governed(source: random.Random, catalogue: Catalogue) -> Catalogue:
    """Returns a catalogue, half the time with data that policies keep from some placements."""
    if source.random() < 0.5:
        return catalogue
    schema = catalogue.schema
    labelled = replace(
        schema,
        profile=tuple(_labelled(source, one) for one in schema.profile),
        context=tuple(_labelled(source, one) for one in schema.context),
        aggregates=tuple(_labelled(source, one) for one in schema.aggregates),
        scores=tuple(_labelled(source, one) for one in schema.scores),
    )
    placements = tuple(
        replace(one, marketing_actions=_some(source, ACTIONS)) for one in catalogue.placements
    )
    policies = tuple(_policy(source, number) for number in range(source.randrange(1, 4)))
    return replace(catalogue, schema=labelled, placements=placements, policies=policies)


def _labelled(source: random.Random, one: Any) -> Any:
    return replace(one, labels=_some(source, LABELS) if source.random() < 0.6 else ())


def _policy(source: random.Random, number: int) -> Policy:
    actions = source.sample(ACTIONS, source.randrange(1, 3))
    some = tuple(sorted(source.sample(LABELS, source.randrange(3))))
    each = tuple(sorted(source.sample(LABELS, source.randrange(0 if some else 1, 3))))
    return Policy(f"policy-{number}", tuple(sorted(actions)), some, each)


def _some(source: random.Random, choices: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(source.sample(choices, source.randrange(1, 3))))
