"""The client for code that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from offerd_client import calls, contacts, customers
from offerd_client.answers import Decision, EventResult, Profile, Reservation
from offerd_client.calls import RESPONSES, Call
from offerd_client.consents import Consent
from offerd_client.contacts import ContactCategory, ContactVerdict
from offerd_client.many import ManyDecisions
from offerd_client.questions import (
    Arbitration,
    Deduplication,
    Event,
    Identity,
    Overrides,
    ReservedItem,
    Scope,
)
from offerd_client.settings import CHANNEL_OPTIONS, ClientSettings
from offerd_client.status import error_from_call
from offerd_client.surroundings import Surroundings
from offerd_client.translate import Default

Answered = TypeVar("Answered")


class Client(ManyDecisions, Surroundings):
    """Asks one service, `target` being its host and port; safe to share between threads.

    Connects at the first call and keeps the connection. Every method raises an
    `offerd_client.RequestError` when there is no answer. `timeout_s` is the deadline of
    a call with all its attempts; None is as the settings say.
    """

    def __init__(self, target: str, settings: ClientSettings | None = None) -> None:
        self._settings = settings or ClientSettings()
        tls = self._settings.tls
        self._channel = (
            grpc.insecure_channel(target, CHANNEL_OPTIONS)
            if tls is None
            else grpc.secure_channel(target, tls.credentials(), CHANNEL_OPTIONS)
        )
        self._stubs: dict[str, Callable[..., Any]] = {
            method: self._channel.unary_unary(
                method,
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=response.FromString,
            )
            for method, response in RESPONSES.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls in flight fail."""
        self._channel.close()

    def decide(
        self,
        scopes: Sequence[Scope | str],
        *,
        identities: Sequence[Identity] = (),
        context: Mapping[str, Any] | None = None,
        dry_run: bool = False,
        explain: bool = False,
        decide_time: datetime | None = None,
        request_id: str = "",
        deduplication: Deduplication | None = None,
        arbitration: Arbitration | None = None,
        overrides: Overrides | None = None,
        preview_token: str = "",
        events: Sequence[Event] = (),
        consent: Consent | None = None,
        timeout_s: float | None = None,
        default: Default | None = None,
    ) -> Decision:
        """Decide what to offer for each scope.

        `context` is what is known of the moment: `channel`, `locales`, `time_zone`,
        `location` (with the names of a `Location`) and `attributes`, the free
        ones. `decide_time` and `overrides` go only with `dry_run`. `deduplication` None is
        within each scope, `arbitration` None in the order of the scopes. `preview_token`
        forces arms of experiments; empty forces none. `events` have just happened: they are
        stored first, and so is `consent`, so that the answer takes them into account. With
        `default` an answer comes back whatever happens to the service: it then has the default
        content, the outcome DEFAULT and the error; a wrong request raises all the same.
        """
        return self._answer(
            calls.decide(
                self._settings,
                scopes,
                identities,
                context,
                dry_run=dry_run,
                explain=explain,
                decide_time=decide_time,
                request_id=request_id,
                deduplication=deduplication,
                arbitration=arbitration,
                overrides=overrides,
                preview_token=preview_token,
                happened=events,
                consent=consent,
                timeout_s=timeout_s,
                default=default,
            )
        )

    def collect(
        self,
        events: Sequence[Event],
        *,
        consent: Consent | None = None,
        identities: Sequence[Identity] = (),
        timeout_s: float | None = None,
    ) -> tuple[EventResult, ...]:
        """Store events; one result for each, in their order. Trying again counts once.

        `consent` is stored before them; it is that of `identities`, and events without any
        are theirs.
        """
        return self._answer(calls.collect(self._settings, events, consent, identities, timeout_s))

    def display(
        self,
        token: str,
        identities: Sequence[Identity],
        *,
        properties: Mapping[str, Any] | None = None,
        event_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> EventResult:
        """Report that an item was shown."""
        event = Event("display", identities, token, properties or {}, event_time)
        return self.collect([event], timeout_s=timeout_s)[0]

    def click(
        self,
        token: str,
        identities: Sequence[Identity],
        *,
        properties: Mapping[str, Any] | None = None,
        event_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> EventResult:
        """Report that an item was clicked."""
        event = Event("click", identities, token, properties or {}, event_time)
        return self.collect([event], timeout_s=timeout_s)[0]

    def conversion(
        self,
        token: str,
        identities: Sequence[Identity],
        *,
        properties: Mapping[str, Any] | None = None,
        event_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> EventResult:
        """Report that an item led to what it was for."""
        event = Event("conversion", identities, token, properties or {}, event_time)
        return self.collect([event], timeout_s=timeout_s)[0]

    def get_profile(
        self,
        namespace: str,
        id: str,
        *,
        linked: bool = False,
        memberships: bool = False,
        marketing_actions: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> Profile:
        """Read a profile; raises NotFound if there is none.

        `linked` is all that is known of the person under any identity, `memberships` tells the
        audiences too, and `marketing_actions` say what it is read for: what policies keep from
        that is withheld.
        """
        return self._answer(
            calls.get_profile(
                self._settings,
                namespace,
                id,
                linked=linked,
                memberships=memberships,
                marketing_actions=marketing_actions,
                timeout_s=timeout_s,
            )
        )

    def set_profile(
        self,
        namespace: str,
        id: str,
        attributes: Mapping[str, Any],
        *,
        scores: Mapping[str, float] | None = None,
        timeout_s: float | None = None,
    ) -> Profile:
        """Write a profile's attributes and scores, replacing all that it had of both."""
        return self._answer(
            calls.set_profile(
                self._settings, namespace, id, attributes, scores or {}, timeout_s=timeout_s
            )
        )

    def patch_profile(
        self,
        namespace: str,
        id: str,
        attributes: Mapping[str, Any],
        *,
        timeout_s: float | None = None,
    ) -> Profile:
        """Change some of a profile's attributes; None removes one, what isn't named stays."""
        return self._answer(
            customers.patch_profile(self._settings, namespace, id, attributes, timeout_s)
        )

    def link_identities(
        self,
        identities: Sequence[Identity],
        *,
        link_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> tuple[Identity, ...]:
        """Say that identities are of one customer; returns all that they have now."""
        return self._answer(
            customers.link_identities(self._settings, identities, link_time, timeout_s)
        )

    def unlink_identity(self, identity: Identity, *, timeout_s: float | None = None) -> bool:
        """Cut an identity off the others; whether it was linked."""
        return self._answer(customers.unlink_identity(self._settings, identity, timeout_s))

    def set_consent(
        self,
        identities: Sequence[Identity],
        consent: Consent,
        *,
        timeout_s: float | None = None,
    ) -> Consent:
        """Store what a customer has chosen; returns all that is known of it."""
        return self._answer(customers.set_consent(self._settings, identities, consent, timeout_s))

    def delete_subject(
        self, identities: Sequence[Identity], *, timeout_s: float | None = None
    ) -> tuple[Identity, ...]:
        """Remove everything that is stored of a customer; returns whose data was removed."""
        return self._answer(customers.delete_subject(self._settings, identities, timeout_s))

    def check_contact(
        self,
        channel: str,
        identities: Sequence[Identity],
        *,
        category: ContactCategory = ContactCategory.MARKETING,
        address: Identity | None = None,
        reservation_id: str = "",
        ttl: timedelta | None = None,
        at: datetime | None = None,
        time_zone: str = "",
        timeout_s: float | None = None,
    ) -> ContactVerdict:
        """Ask whether a customer may be contacted on a channel, now or `at` a time.

        With `reservation_id` room under the channel's caps is taken if they may; it holds for
        `ttl`, None being 10 minutes. `address` None is any of the customer's, `time_zone` empty
        is as the channel's definition finds it.
        """
        return self._answer(
            contacts.check_contact(
                self._settings,
                channel,
                identities,
                category=category,
                address=address,
                reservation_id=reservation_id,
                ttl=ttl,
                at=at,
                time_zone=time_zone,
                timeout_s=timeout_s,
            )
        )

    def commit_contact(self, reservation_id: str, *, timeout_s: float | None = None) -> None:
        """Count a contact that was made; raises NotFound if its reservation is gone."""
        self._answer(contacts.commit_contact(self._settings, reservation_id, timeout_s))

    def release_contact(self, reservation_id: str, *, timeout_s: float | None = None) -> bool:
        """Give back the room of a contact that wasn't made; whether there was any."""
        return self._answer(contacts.release_contact(self._settings, reservation_id, timeout_s))

    def delete_profile(
        self,
        namespace: str,
        id: str,
        *,
        timeout_s: float | None = None,
    ) -> bool:
        """Remove a profile and all its events; whether there was one."""
        return self._answer(calls.delete_profile(self._settings, namespace, id, timeout_s))

    def reserve(
        self,
        reservation_id: str,
        items: Sequence[ReservedItem],
        identities: Sequence[Identity],
        *,
        ttl: timedelta | None = None,
        timeout_s: float | None = None,
    ) -> Reservation:
        """Take room under caps for all items, or none; for what is sent later.

        The same `reservation_id` again is answered as the first time. It holds for `ttl`,
        1 second to 7 days, unless it is committed; None is 10 minutes.
        """
        return self._answer(
            calls.reserve(
                self._settings, reservation_id, items, identities, ttl=ttl, timeout_s=timeout_s
            )
        )

    def commit(self, reservation_id: str, *, timeout_s: float | None = None) -> None:
        """Make a reservation count for good; raises NotFound if it is gone."""
        self._answer(calls.commit(self._settings, reservation_id, timeout_s))

    def release(self, reservation_id: str, *, timeout_s: float | None = None) -> bool:
        """Give the room of a reservation back; whether there was anything to give.

        Raises FailedPrecondition if it is committed.
        """
        return self._answer(calls.release(self._settings, reservation_id, timeout_s))

    def _answer(self, call: Call[Answered]) -> Answered:
        """Make a call; again after a pause while the service is unavailable and time is left."""
        deadline_s = time.monotonic() + call.timeout_s
        attempt = 1
        while True:
            try:
                left_s = deadline_s - time.monotonic()
                return call.read(self._stubs[call.method](call.request, timeout=left_s))
            except grpc.RpcError as failure:
                error = error_from_call(failure)
                pause_s = (
                    self._settings.retry.pause_s(attempt)
                    if failure.code() is grpc.StatusCode.UNAVAILABLE
                    else None
                )
                if pause_s is None or time.monotonic() + pause_s >= deadline_s:
                    error.__cause__ = failure
                    return call.failed(error)
            time.sleep(pause_s)
            attempt += 1
