"""Whether a customer may be contacted: what beats what, and when there is room again."""

from __future__ import annotations

import itertools
import random
from zoneinfo import ZoneInfo

import pytest

from offerd.admission import parse_instant
from offerd.customer.consent import ContactConsent
from offerd.customer.contact import Standing, Use, first_free, room_again, verdict
from offerd.customer.quiet_hours import quiet_end
from offerd.model.capping import Calendar, CalendarUnit, Cap
from offerd.model.consent import ConsentValue
from offerd.model.contact import (
    Channel,
    ContactCategory,
    ContactOutcome,
    ContactReason,
    QuietPeriod,
)
from offerd.model.windows import window_after
from seeds import random_seed

NOW_NS = parse_instant("2026-06-10T21:00:00Z")
"""Eleven in the evening in Stockholm."""

HOUR_NS = 3_600 * 10**9
ZONE = ZoneInfo("Europe/Stockholm")
NIGHT = QuietPeriod(22 * 60, 8 * 60)
GRANTED = ContactConsent(True, "marketing.any", ConsentValue.YES)
DENIED = ContactConsent(False, "marketing.email", ConsentValue.NO)
FULL = Use(Cap(0, 1, within_ns=HOUR_NS), [NOW_NS - 1])
ROOM = Use(Cap(0, 2), [NOW_NS - 1])

MARKETING, TRANSACTION = ContactCategory.MARKETING, ContactCategory.TRANSACTIONAL


@pytest.mark.parametrize(
    ("denied", "suppressed", "quiet", "full"),
    [*itertools.product((False, True), repeat=4)],
)
def test_the_first_reason_of_four_is_told(
    denied: bool, suppressed: bool, quiet: bool, full: bool
) -> None:
    """Consent before the suppression list before quiet hours before caps; none of them is allow."""
    channel = Channel("email", "email", quiet_periods=(NIGHT,) if quiet else ())
    standing = Standing(
        DENIED if denied else GRANTED, "`a` in `b`" if suppressed else "", ZONE,
        [FULL if full else ROOM],
    )  # fmt: skip
    found = verdict(channel, MARKETING, standing, NOW_NS)
    reasons = [
        (denied, ContactReason.CONSENT, ContactOutcome.SUPPRESS),
        (suppressed, ContactReason.SUPPRESSION_LIST, ContactOutcome.SUPPRESS),
        (quiet, ContactReason.QUIET_HOURS, ContactOutcome.DEFER),
        (full, ContactReason.CAP, ContactOutcome.DEFER),
    ]
    expected = next((rest for holds, *rest in reasons if holds), [None, ContactOutcome.ALLOW])
    assert [found.reason, found.outcome] == expected
    assert bool(found.message) is (found.reason is not None)
    assert (found.until_ns is not None) is (found.outcome is ContactOutcome.DEFER)

    transaction = verdict(channel, TRANSACTION, standing, NOW_NS)
    assert transaction.reason is (ContactReason.SUPPRESSION_LIST if suppressed else None)


def test_without_a_known_zone_nights_keep_everybody_from_being_contacted() -> None:
    """Somewhere it is always night; and that is said."""
    channel = Channel("email", "email", quiet_periods=(NIGHT,))
    found = verdict(channel, MARKETING, Standing(GRANTED, "", None, []), NOW_NS)
    assert (found.outcome, found.reason) == (ContactOutcome.SUPPRESS, ContactReason.QUIET_HOURS)
    assert "zone isn't known" in found.message


def test_it_is_deferred_until_neither_quiet_hours_nor_caps_are_in_the_way() -> None:
    """Quiet until eight in the morning, then no room until ten."""
    channel = Channel("email", "email", quiet_periods=(NIGHT,))
    use = Use(Cap(0, 1, within_ns=24 * HOUR_NS), [parse_instant("2026-06-10T08:00:00Z")])
    found = verdict(channel, MARKETING, Standing(GRANTED, "", ZONE, [use]), NOW_NS)
    assert found.reason is ContactReason.QUIET_HOURS
    assert found.until_ns == parse_instant("2026-06-11T08:00:00Z")
    assert "until 2026-06-11T06:00:00Z" in found.message


def test_what_has_never_room_again_is_suppressed_in_quiet_hours_too() -> None:
    """There is nothing to wait for; the cap is why."""
    channel = Channel("email", "email", quiet_periods=(NIGHT,))
    passing = Use(Cap(0, 1, within_ns=24 * HOUR_NS), [NOW_NS - 1])
    never = Use(Cap(0, 1), [NOW_NS - 1])
    found = verdict(channel, MARKETING, Standing(GRANTED, "", ZONE, [passing, never]), NOW_NS)
    assert (found.outcome, found.reason) == (ContactOutcome.SUPPRESS, ContactReason.CAP)
    assert found.message == "1 contact by `email` ever: no more"


def test_of_several_caps_the_one_that_holds_longest_is_told() -> None:
    """And of two that hold equally long the lower one."""
    channel = Channel("email", "email")
    times = [NOW_NS - HOUR_NS, NOW_NS - HOUR_NS]
    short = Use(Cap(0, 1, within_ns=2 * HOUR_NS), times)
    long = Use(Cap(0, 2, within_ns=5 * HOUR_NS), times)
    lower = Use(Cap(0, 1, within_ns=5 * HOUR_NS), times)
    found = verdict(channel, MARKETING, Standing(GRANTED, "", None, [short, long, lower]), NOW_NS)
    assert found.until_ns == NOW_NS + 4 * HOUR_NS
    assert found.message.startswith("1 contact by `email` within 5 hours")


def test_a_cap_of_other_channels_together_counts_for_this_one() -> None:
    """Its words name all of them."""
    channel = Channel("email", "email")
    use = Use(Cap(0, 1, placements=("email", "push")), [NOW_NS])
    found = verdict(channel, MARKETING, Standing(GRANTED, "", None, [use]), NOW_NS)
    assert found.message == "1 contact by `email` and `push` ever: no more"


def random_use(source: random.Random) -> Use:
    """A cap with any window, and contacts and reservations around now."""
    kind = source.randrange(4)
    units = [CalendarUnit.HOUR, CalendarUnit.DAY, CalendarUnit.WEEK]
    calendar = Calendar(source.choice(units), source.randrange(1, 3), "Europe/Stockholm")
    within_ns = source.randrange(1, 50) * HOUR_NS if kind < 2 else None
    cap = Cap(0, source.randrange(1, 5), within_ns, calendar if kind == 2 else None)
    times = sorted(NOW_NS - source.randrange(-2, 60) * HOUR_NS for _ in range(source.randrange(7)))
    held = [NOW_NS + source.randrange(-1, 4) * HOUR_NS for _ in range(source.randrange(3))]
    return Use(cap, times, held)


def has_room(use: Use, now_ns: int) -> bool:
    """Whether a cap has room at an instant, counted afresh."""
    after_ns = window_after(use.cap, now_ns)
    counted = sum(after_ns is None or time_ns > after_ns for time_ns in use.times_ns)
    return counted + sum(held_ns > now_ns for held_ns in use.held_until_ns) < use.cap.limit


def test_room_is_there_again_at_the_first_instant_at_which_it_is() -> None:
    """Against a search over all hours of two weeks; and not a nanosecond earlier."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(400):
        use = random_use(source)
        found = room_again(use, NOW_NS)
        # All that leaves does so at a full hour.
        hours = (NOW_NS + hour * HOUR_NS for hour in range(400))
        assert found == next((at for at in hours if has_room(use, at)), None), use
        if found is not None and found > NOW_NS:
            assert not has_room(use, found - 1)


def test_the_first_free_instant_is_free_and_none_before_it_is() -> None:
    """Over quiet hours and several caps, hour by hour."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(150):
        start, end = source.sample(range(24), 2)
        channel = Channel("email", "email", quiet_periods=(QuietPeriod(start * 60, end * 60),))
        uses = [random_use(source) for _ in range(source.randrange(3))]

        def is_free(at: int, channel: Channel = channel, uses: list[Use] = uses) -> bool:
            quiet = quiet_end(channel.quiet_periods, ZONE, at) != at
            return not quiet and all(has_room(use, at) for use in uses)

        found = first_free(channel, Standing(GRANTED, "", ZONE, uses), NOW_NS)
        hours = (NOW_NS + hour * HOUR_NS for hour in range(400))
        assert found == next(filter(is_free, hours), None), (channel, uses)
