"""What a decision may see of a customer, read from the state."""

from __future__ import annotations

from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey, ProfileView
from offerd.store import State


def view_of(state: State, subject: ProfileKey | None, fold: FoldPlan) -> ProfileView:
    """Returns the view of a profile as the revision of a fold plan has it.

    Nobody has no aggregates; somebody of whom nothing is known has those.
    """
    if subject is None:
        return ProfileView(None, {}, {}, {})
    record = state.profile(subject, fold)
    if record is None:
        return ProfileView(subject, {}, dict(fold.defaults), {})
    return ProfileView(
        subject,
        record.attributes,
        {**fold.defaults, **record.aggregates},
        record.counted,
        record.scores,
    )
