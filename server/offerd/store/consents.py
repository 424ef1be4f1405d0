"""What customers have chosen: stored with their profiles, under the identity they chose as."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Final

import msgspec

from offerd.customer.consent import NO_CONSENT, merged, since
from offerd.errors import FailedPrecondition, Reason
from offerd.model.consent import Choice, Consent
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.layout import Table, profile_digest
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace
from offerd.store.writer import Writer


class _Chosen(msgspec.Struct):
    """Of a profile's record only what was chosen: the rest needn't be decoded."""

    consent: Consent | None = None


MAXIMUM_ADDRESSES: Final = 100
"""The most addresses that are chosen for under one identity: each request reads all of them."""

_GIVEN_KEY: Final = b"consents"
"""A row of the state's own data that is there once anybody has chosen anything."""

_decode = msgspec.msgpack.Decoder(_Chosen).decode
_encode = msgspec.msgpack.Encoder().encode


class SetConsent(Operation[Consent | None]):
    """Adds choices to those of a profile, of which the newest hold."""

    def __init__(self, key: ProfileKey, consent: Consent, now_ns: int) -> None:
        self._key = key
        self._consent = consent
        self._now_ns = now_ns
        self.size_bytes = len(_encode(consent))

    def apply(self, workspace: Workspace) -> Consent | None:
        """Returns what is known under the key now.

        None, and nothing is stored, if all of it is from before its customer was deleted. Raises
        FailedPrecondition (PROFILE_FULL) for too many addresses.
        """
        added = self._consent
        digest = profile_digest(self._key)
        tombstone = workspace.tombstones.of(digest)
        if tombstone is not None and workspace.tombstones.covers(
            digest, tombstone.deleted_ns, self._now_ns
        ):
            added = since(added, tombstone.deleted_ns)
            if not added.choices and not added.id_specific:
                return None
        record = workspace.record(self._key)
        known = NO_CONSENT if record is None else record.consent or NO_CONSENT
        found = merged((known, added))
        if len(found.id_specific) > max(MAXIMUM_ADDRESSES, len(known.id_specific)):
            raise FailedPrecondition(
                Reason.PROFILE_FULL,
                f"choices for {len(found.id_specific):,} addresses under one identity, "
                f"at most {MAXIMUM_ADDRESSES} expected",
                field="consent.id_specific",
            )
        if found != known:
            record = workspace.record_to_change(self._key)
            record.consent = found
            record.update_time_ns = self._now_ns
            workspace.marks.anything((self._key,), self._now_ns)
            if workspace.get(Table.META, _GIVEN_KEY) is None:
                workspace.put(Table.META, _GIVEN_KEY, b"")
        return found


class Consents:
    """What customers have chosen. For any thread; reading never waits for a write."""

    def __init__(self, environment: Environment, writer: Writer) -> None:
        self._environment = environment
        self._writer = writer
        self._given = False

    @property
    def given(self) -> bool:
        """Whether anybody ever chose anything: if not, nobody needs to be asked about."""
        if not self._given:
            meta = self._environment.database(Table.META)
            self._given = self._environment.read(
                lambda transaction: transaction.get(_GIVEN_KEY, db=meta) is not None
            )
        return self._given

    def of(self, subject: Subject | None) -> Consent:
        """Returns what a customer has chosen, as any of those whose data may be used."""
        if subject is None:
            return NO_CONSENT
        digests = [profile_digest(key) for key in subject.members]
        database = self._environment.database(Table.PROFILES)

        def read(transaction: Any) -> list[Consent]:
            found: list[Consent] = []
            for digest in digests:
                value = transaction.get(digest, db=database)
                consent = None if value is None else _decode(value).consent
                if consent is not None:
                    found.append(consent)
            return found

        return merged(self._environment.read(read))

    def add(self, key: ProfileKey, consent: Consent, now_ns: int) -> Future[Consent | None]:
        """Adds choices to those of a profile; returns all of its choices, once durable.

        None if all of them are from before the customer was deleted: then nothing is stored. Fails
        with FailedPrecondition (PROFILE_FULL) if there are too many addresses.
        """
        return self._writer.submit(SetConsent(key, consent, now_ns))


def exported(
    environment: Environment, transaction: Any, key: ProfileKey
) -> Iterable[dict[str, Any]]:
    """Yields what was chosen under a key, question by question, as plain data."""
    value = transaction.get(profile_digest(key), db=environment.database(Table.PROFILES))
    consent = None if value is None else _decode(value).consent
    if consent is None:
        return
    for question, choice in consent.choices.items():
        yield _plain(question, choice)
    for address, choices in consent.id_specific.items():
        for question, choice in choices.items():
            yield {"address": address, **_plain(question, choice)}


def _plain(question: str, choice: Choice) -> dict[str, Any]:
    return {"question": question, "value": choice.value.value, "time_ns": choice.time_ns}
