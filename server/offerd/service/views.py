"""What may be seen of a customer, read from the state without holding up other requests.

Reading takes microseconds, unless a customer's events have to be folded first: those of whom
another revision had folded, or as of an earlier instant. Many of them are folded in a thread.
There, too, are the series of many identities with many events brought together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial

from offerd.customer.view import NOBODY, Known
from offerd.events import FoldPlan
from offerd.model.event import Event
from offerd.model.identity import Subject
from offerd.model.profile import ProfileView
from offerd.store import State
from offerd.store.views import AT_ONCE


async def view_of(
    state: State,
    subject: Subject | None,
    fold: FoldPlan,
    now_ns: int,
    *,
    extra: Sequence[Event] = (),
    as_of: bool = False,
    names: Collection[str] | None = None,
) -> ProfileView:
    """Returns the view of a customer as the revision of a fold plan has it at `now_ns`.

    Nobody has no aggregates; somebody of whom nothing is known has those. `extra` are events of
    `subject.key` that are taken in as if they had happened. `as_of` says that `now_ns` is an
    instant in the past: what came later isn't seen. `names` are the aggregates that are asked for,
    None for all: others that would have to be computed may be missing.
    """
    if subject is None:
        return NOBODY
    known = await known_of(state, subject, fold, now_ns, extra=extra, as_of=as_of, names=names)
    return known.view(now_ns)


async def known_of(
    state: State,
    subject: Subject,
    fold: FoldPlan,
    now_ns: int,
    *,
    extra: Sequence[Event] = (),
    as_of: bool = False,
    names: Collection[str] | None = None,
) -> Known:
    """Returns what is known of a customer, as `view_of`, for asking at `now_ns` or later."""
    views = state.views
    if as_of:
        if views.event_count(subject) > AT_ONCE:
            return await asyncio.to_thread(
                _in_full, views.known_as_of, subject, fold, now_ns, extra
            )
        return views.known_as_of(subject, fold, now_ns, extra)
    known = views.known_at_once(subject, fold, now_ns, extra, names)
    if known is None:
        read = partial(views.known, names=names)
        known = await asyncio.to_thread(_in_full, read, subject, fold, now_ns, extra)
    return known


def _in_full(
    read: Callable[[Subject, FoldPlan, int, Sequence[Event]], Known],
    subject: Subject,
    fold: FoldPlan,
    now_ns: int,
    extra: Sequence[Event],
) -> Known:
    """Returns what is known, and has it read already what takes long to read of several."""
    known = read(subject, fold, now_ns, extra)
    if len(subject.members) > 1:
        known.read_all()
    return known
