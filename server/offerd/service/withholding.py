"""What a profile is read for, and what policies keep out of it then."""

from __future__ import annotations

import re
from collections.abc import Sequence

from google.protobuf.struct_pb2 import Struct

from offerd.admission import quote
from offerd.admission.wording import suggestion
from offerd.bundle import Bundle
from offerd.decision.withholding import Reasons
from offerd.errors import InvalidArgument, Reason
from offerd.model.policy import CORE_MARKETING_ACTIONS
from offerd.v1 import profile_service_pb2 as pb

_MOST_ACTIONS = 100
_WHEREABOUTS = ("S1", "S2")
"""The labels of where somebody is, exactly or roughly."""
_LOOKUP = re.compile(r'(score|audience)\("(.*)"\)')


class ProfileWithholding:
    """Leaves out of profiles what the policies of one bundle keep from marketing actions."""

    def __init__(self, bundle: Bundle) -> None:
        catalogue = bundle.catalogue
        self._withholdings = bundle.prepared.withholdings
        self._policies = catalogue.policies if bundle.places.count else ()
        self._scores = {score.id for score in catalogue.schema.scores}
        self._known = (*CORE_MARKETING_ACTIONS, *catalogue.schema.marketing_actions)

    def admit(self, marketing_actions: Sequence[str]) -> Reasons:
        """Returns what is withheld; raises InvalidArgument for an action that isn't declared."""
        if len(marketing_actions) > _MOST_ACTIONS:
            raise InvalidArgument(
                Reason.OUT_OF_RANGE,
                f"{len(marketing_actions):,} marketing actions; expected at most {_MOST_ACTIONS}",
                field="marketing_actions",
            )
        for place, action in enumerate(marketing_actions):
            if action not in self._known:
                raise InvalidArgument(
                    Reason.UNKNOWN_MARKETING_ACTION,
                    f"no marketing action {quote(action)} is declared"
                    f"{suggestion(action, self._known)}",
                    field=f"marketing_actions[{place}]",
                )
        return self._withholdings.from_reader(marketing_actions)

    def withhold_whereabouts(self, profile: pb.Profile, marketing_actions: Sequence[str]) -> None:
        """Removes where the customer is if any policy keeps that from being used, even roughly."""
        actions = set(marketing_actions)
        for policy in self._policies:
            labels = {*policy.any_labels, *policy.all_labels}.intersection(_WHEREABOUTS)
            if labels and not actions.isdisjoint(policy.marketing_actions):
                profile.ClearField("whereabouts")
                profile.withheld.append(
                    pb.WithheldData(name="whereabouts", labels=sorted(labels), policy=policy.id)
                )
                return

    def withhold(self, profile: pb.Profile, reasons: Reasons) -> None:
        """Removes what is withheld from a profile and lists it, whether or not it was there."""
        for name, reason in reasons.items():
            looked_up = _LOOKUP.fullmatch(name)
            root, _, path = looked_up.group(1, 0, 2) if looked_up else name.partition(".")
            if root in ("context", "places") or (root == "score" and path not in self._scores):
                continue  # no part of a profile, or part of a score that is there too
            if root == "profile":
                _remove(profile.attributes, path.split("."))
            elif root == "aggregate":
                _remove(profile.aggregates, [path])
                profile.approximations.pop(path, None)
            elif root == "score":
                profile.scores.pop(path, None)
                profile.loaded_scores.pop(path, None)
            else:
                kept = [one for one in profile.memberships if one.audience != path]
                del profile.memberships[:]
                profile.memberships.extend(kept)
            profile.withheld.append(
                pb.WithheldData(name=name, labels=reason.labels, policy=reason.policy)
            )


def _remove(struct: Struct, path: Sequence[str]) -> None:
    """Removes a value, and what held only that: an empty object would tell that it was there."""
    first, *rest = path
    if first not in struct.fields:
        return
    inside = struct.fields[first].struct_value
    if rest:
        _remove(inside, rest)
    if not rest or not inside.fields:
        del struct.fields[first]
