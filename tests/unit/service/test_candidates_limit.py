"""How much one request may make the service look at."""

from __future__ import annotations

import random

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.decision.prepared import Prepared
from offerd.errors import InvalidArgument, Reason
from offerd.service.translate import scopes as translated
from offerd.v1 import decision_service_pb2 as pb
from unit.decision import catalogues, random_caps


def test_many_scopes_share_a_bound_of_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    """One scope may have any number of candidates, several only so many together."""
    catalogue = catalogues.catalogue(random.Random(11))
    environment = decision_environment(catalogue.schema, [a.id for a in catalogue.audiences])
    rules = ex.plan_many([ex.decode(rule.tree) for rule in catalogue.rules], environment)
    prepared = Prepared(catalogue, rules, random_caps.MODELS)
    every = [pb.Scope(decision=d, placement=p) for d, p in prepared.scopes]
    assert len(translated.scopes(every, prepared, explain=False)) == len(every)
    monkeypatch.setattr(translated, "MAXIMUM_CANDIDATES", 0)
    for one in every:
        assert translated.scopes([one], prepared, explain=False)
    with pytest.raises(InvalidArgument, match="candidates in all scopes together") as refused:
        translated.scopes(every, prepared, explain=False)
    assert (refused.value.reason, refused.value.field) == (Reason.TOO_LARGE, "scopes")
