"""That channels can be asked, and that namespaces and policies mean something."""

from __future__ import annotations

from datetime import date

from offerd.bundle.calendars import verify_zone
from offerd.bundle.caps import verify_cap
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue
from offerd.model.contact import CONTACT_EVENT, Channel, QuietPeriod
from offerd.model.figures import LONGEST_WINDOW_NS
from offerd.model.schema import ValueType

_DAY_MINUTES = 24 * 60


def verify_contacting(catalogue: Catalogue) -> None:
    """Raises BundleError at the first channel, namespace, score or policy that is none."""
    for namespace in catalogue.schema.namespaces:
        if namespace.limit is not None and (namespace.unique or namespace.limit < 1):
            raise BundleError(f"namespace `{namespace.id}` has a limit that can't be held")
    for score in catalogue.schema.scores:
        age_ns = score.maximum_age_ns
        if age_ns is not None and not 1 <= age_ns <= LONGEST_WINDOW_NS:
            raise BundleError(f"score `{score.id}` has an age that can't be counted")
    for policy in catalogue.policies:
        if not policy.marketing_actions or not (policy.any_labels or policy.all_labels):
            raise BundleError(f"policy `{policy.id}` is about nothing")
    for channel in catalogue.channels:
        _verify_channel(channel, catalogue)


def _verify_channel(channel: Channel, catalogue: Catalogue) -> None:
    where = f"channel `{channel.id}`"
    if channel.time_zone is not None:
        verify_zone(channel.time_zone, where)
    texts = [one.path for one in catalogue.schema.profile if one.type is ValueType.STRING]
    if channel.time_zone_attribute not in (None, *texts):
        raise BundleError(f"{where} reads `{channel.time_zone_attribute}`, which is no text")
    for cap in channel.caps:
        verify_cap(cap, where)
        if cap.limit_rule is not None or catalogue.counters[cap.counter].event != CONTACT_EVENT:
            raise BundleError(f"{where} has a cap that doesn't count contacts")
    for period in channel.quiet_periods:
        _verify_period(period, where)


def _verify_period(period: QuietPeriod, where: str) -> None:
    for minute in (period.from_minute, period.until_minute):
        if not 0 <= minute < _DAY_MINUTES:
            raise BundleError(f"{where} has quiet hours at a minute that no day has")
    if not all(1 <= day <= 7 for day in period.weekdays):
        raise BundleError(f"{where} has quiet hours on a day that no week has")
    for text in period.dates:
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise BundleError(f"{where} has quiet hours on no day: {error}") from error
