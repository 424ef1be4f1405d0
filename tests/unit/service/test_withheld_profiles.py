"""What is left of a profile that is read for a marketing action."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from offerd.bundle import Bundle, open_bundle
from offerd.errors import InvalidArgument, Reason
from offerd.service.translate.structs import data_to_struct
from offerd.service.withholding import ProfileWithholding
from offerd.v1 import profile_service_pb2 as pb
from serving import compile_to

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
profile:
- {name: tier, type: string}
- {name: health.goal, type: string, labels: [RHD]}
- {name: address.street, type: string, labels: [I2]}
- {name: address.country, type: string}
- {name: birth, type: int, labels: [PSPD]}
events: [{id: visit, properties: [{name: clinic, type: string, labels: [RHD]}]}]
aggregates:
- {id: clinics, events: [visit], function: count, group_by: clinic}
- {id: visits, events: [visit], function: count}
scores: [{id: fit, labels: [RHD]}, {id: loyal}]
audiences:
- {id: runners, name: Runners, rule: profile.health.goal == "run"}
- {id: plus, name: Plus, rule: profile.tier == "plus"}
marketing_actions: [{id: call_centre}, {id: print}]
policies:
- {id: no-health, marketing_actions: [call_centre], any_labels: [RHD]}
- {id: no-profiling, marketing_actions: [print], all_labels: [I2, PSPD]}
placements: [{id: web, channel: web, content_type: text}]
fallback_offers: [{id: none, representations: [{placement: web, text: none}]}]
offers: [{id: one, representations: [{placement: web, text: one}]}]
collections: [{id: all, offers: [one]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""


@pytest.fixture(name="withholding")
def _withholding(tmp_path: Path) -> Iterator[ProfileWithholding]:
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "all.yaml").write_text(yaml.safe_dump(yaml.safe_load(DEFINITIONS)))
    bundle: Bundle = open_bundle(compile_to(tmp_path, folder))
    yield ProfileWithholding(bundle)
    bundle.close()


def _profile(*, secret: bool) -> pb.Profile:
    attributes = {"tier": "plus", "address": {"street": "x", "country": "SE"}, "birth": 1990}
    profile = pb.Profile(
        namespace="crm",
        id="1",
        attributes=data_to_struct(
            {**attributes, **({"health": {"goal": "run"}} if secret else {})}
        ),
        aggregates=data_to_struct({"visits": 3, **({"clinics": {"a": 3}} if secret else {})}),
        scores={"loyal": 0.5, **({"fit": 0.5} if secret else {})},
        memberships=[pb.Membership(audience="plus")],
    )
    if secret:
        profile.loaded_scores["fit"].score = 0.5
        profile.approximations["clinics"] = "within an hour"
        profile.memberships.add(audience="runners")
    return profile


def test_what_is_withheld_leaves_no_trace(withholding: ProfileWithholding) -> None:
    """Wherever a profile has it; and it is listed whether or not it was there."""
    reasons = withholding.admit(["call_centre"])
    profile, other = _profile(secret=True), _profile(secret=False)
    withholding.withhold(profile, reasons)
    withholding.withhold(other, reasons)
    assert profile == other
    assert [one.name for one in profile.withheld] == [
        "profile.health.goal",
        "aggregate.clinics",
        'score("fit")',
        'audience("runners")',
    ]
    assert {(*one.labels, one.policy) for one in profile.withheld} == {("RHD", "no-health")}
    del profile.withheld[:]
    assert profile == _profile(secret=False)


def test_a_profile_is_read_all_together(withholding: ProfileWithholding) -> None:
    """Names that have the labels of a policy between them are all withheld."""
    profile = _profile(secret=False)
    withholding.withhold(profile, withholding.admit(["print"]))
    assert profile.attributes == data_to_struct({"tier": "plus", "address": {"country": "SE"}})


def test_without_marketing_actions_all_is_there(withholding: ProfileWithholding) -> None:
    """And with one that no policy is about."""
    for actions in ([], ["analytics"]):
        profile = _profile(secret=True)
        withholding.withhold(profile, withholding.admit(actions))
        assert profile == _profile(secret=True)


def test_only_declared_marketing_actions_are_known(withholding: ProfileWithholding) -> None:
    """The core ones and the definitions' own, also those of no policy; and not too many."""
    with pytest.raises(InvalidArgument, match="did you mean `print`") as refused:
        withholding.admit(["print", "prin"])
    assert refused.value.reason is Reason.UNKNOWN_MARKETING_ACTION
    assert refused.value.field == "marketing_actions[1]"
    with pytest.raises(InvalidArgument, match="at most 100"):
        withholding.admit(["print"] * 101)
