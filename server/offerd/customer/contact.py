"""Whether a customer may be contacted: consent, suppression list, quiet hours, caps, in this order.

Transactional contacts are asked for the suppression list alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from offerd.admission import format_instant
from offerd.customer.consent import ContactConsent
from offerd.customer.quiet_hours import quiet_end
from offerd.events.spans import calendar_end
from offerd.model.capping import Cap
from offerd.model.contact import (
    Channel,
    ContactCategory,
    ContactOutcome,
    ContactReason,
    ContactVerdict,
)
from offerd.model.windows import window_after

ALLOWED = ContactVerdict(ContactOutcome.ALLOW)


class Use(NamedTuple):
    """What counts for a cap of a channel.

    `times_ns` are those of contacts made, of which the newest suffice, as many as the cap allows;
    `held_until_ns` is when each contact that is only reserved expires.
    """

    cap: Cap
    times_ns: Sequence[int]
    held_until_ns: Sequence[int] = ()


class Standing(NamedTuple):
    """What is known of a customer that a contact depends on.

    `suppressed` is the address on the suppression list, "" if none is; `zone` None isn't known.
    """

    consent: ContactConsent
    suppressed: str
    zone: tzinfo | None
    uses: Sequence[Use]


def verdict(
    channel: Channel, category: ContactCategory, standing: Standing, now_ns: int
) -> ContactVerdict:
    """Returns whether a customer may be contacted on a channel at an instant.

    A contact is deferred until neither quiet hours nor caps are in the way, if no other contact is
    made until then; if that is never, it is suppressed.
    """
    marketing = category is ContactCategory.MARKETING
    if marketing and not standing.consent.granted:
        return _suppressed(ContactReason.CONSENT, _consent_words(channel, standing.consent))
    if standing.suppressed:
        message = f"{standing.suppressed} is on the suppression list"
        return _suppressed(ContactReason.SUPPRESSION_LIST, message)
    if not marketing:
        return ALLOWED
    loud_ns = quiet_end(channel.quiet_periods, standing.zone, now_ns)
    if loud_ns is None:
        return _suppressed(ContactReason.QUIET_HOURS, _endless_words(channel, standing.zone))
    full = _fullest(standing.uses, channel, loud_ns)
    if loud_ns == now_ns:
        return ALLOWED if full is None else cap_verdict(channel, standing, full, now_ns)
    until_ns = first_free(channel, standing, loud_ns)
    if full is not None and until_ns is None:
        return cap_verdict(channel, standing, full, loud_ns)
    message = f"quiet hours of `{channel.id}` until {format_instant(loud_ns)}"
    return _deferred(ContactReason.QUIET_HOURS, message, until_ns or loud_ns)


def cap_verdict(channel: Channel, standing: Standing, full: Use, now_ns: int) -> ContactVerdict:
    """Returns the verdict if a cap of the channel has no room at an instant."""
    until_ns = first_free(channel, standing, now_ns)
    message = f"{_count_words(full.cap)} by {_names(full.cap, channel)} {_window_words(full.cap)}"
    if until_ns is None:
        return _suppressed(ContactReason.CAP, f"{message}: no more")
    return _deferred(
        ContactReason.CAP, f"{message}: room again at {format_instant(until_ns)}", until_ns
    )


def first_free(channel: Channel, standing: Standing, now_ns: int) -> int | None:
    """Returns the first instant from now on without quiet hours at which all caps have room.

    None if there is none.
    """
    instant_ns = now_ns
    while True:
        loud_ns = quiet_end(channel.quiet_periods, standing.zone, instant_ns)
        if loud_ns is None:
            return None
        rooms = [room_again(use, loud_ns) for use in _asked(standing.uses, channel, loud_ns)]
        latest_ns = loud_ns
        for room_ns in rooms:
            if room_ns is None:
                return None
            latest_ns = max(latest_ns, room_ns)
        if latest_ns == loud_ns:
            return loud_ns
        instant_ns = latest_ns


def room_again(use: Use, now_ns: int) -> int | None:
    """Returns the first instant from now on at which a cap has room; None if never.

    What is reserved is taken to expire.
    """
    cap = use.cap
    after_ns = window_after(cap, now_ns)
    left = [until_ns for until_ns in use.held_until_ns if until_ns > now_ns]
    endless = 0
    for time_ns in use.times_ns:
        if after_ns is not None and time_ns <= after_ns:
            continue
        leaving_ns = _leaving(cap, time_ns)
        if leaving_ns is None:
            endless += 1
        else:
            left.append(leaving_ns)
    if endless >= cap.limit:
        return None
    surplus = len(left) + endless - cap.limit
    return now_ns if surplus < 0 else sorted(left)[surplus]


def _fullest(uses: Sequence[Use], channel: Channel, now_ns: int) -> Use | None:
    """Returns the cap without room that stays so longest, the lowest of several; None if none."""
    full: list[tuple[bool, int, int, Use]] = []
    for use in _asked(uses, channel, now_ns):
        room_ns = room_again(use, now_ns)
        if room_ns != now_ns:
            full.append((room_ns is not None, -(room_ns or 0), use.cap.limit, use))
    return min(full, key=lambda found: found[:3])[-1] if full else None


def _asked(uses: Sequence[Use], channel: Channel, now_ns: int) -> list[Use]:
    return [use for use in uses if use.cap.holds(now_ns, channel.id)]


def _leaving(cap: Cap, time_ns: int) -> int | None:
    """Returns the first instant at which a contact counts no more; None if it always does."""
    if cap.within_ns is not None:
        return time_ns + cap.within_ns
    return None if cap.calendar is None else calendar_end(cap.calendar, time_ns)


def _suppressed(reason: ContactReason, message: str) -> ContactVerdict:
    return ContactVerdict(ContactOutcome.SUPPRESS, reason, message)


def _deferred(reason: ContactReason, message: str, until_ns: int) -> ContactVerdict:
    return ContactVerdict(ContactOutcome.DEFER, reason, message, until_ns)


def _consent_words(channel: Channel, consent: ContactConsent) -> str:
    return f"no consent to `{channel.id}`: `{consent.question}` is `{consent.value}`"


def _endless_words(channel: Channel, zone: tzinfo | None) -> str:
    if zone is None:
        return (
            f"the customer's zone isn't known, and somewhere it is always quiet for `{channel.id}`"
        )
    return f"the quiet hours of `{channel.id}` don't end"


def _count_words(cap: Cap) -> str:
    return f"{cap.limit} contact{'' if cap.limit == 1 else 's'}"


def _names(cap: Cap, channel: Channel) -> str:
    return " and ".join(f"`{name}`" for name in cap.placements or (channel.id,))


def _window_words(cap: Cap) -> str:
    if cap.within_ns is not None:
        return f"within {_duration_words(cap.within_ns)}"
    if cap.calendar is None:
        return "ever"
    unit, count = cap.calendar.unit.value, cap.calendar.count
    return f"this {unit}" if count == 1 else f"in {count} {unit}s"


def _duration_words(duration_ns: int) -> str:
    seconds = duration_ns // 10**9
    for unit, length in (("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"
