"""What customers chose and addresses that are suppressed, in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.customer.consent import NO_CONSENT
from offerd.errors import FailedPrecondition, Reason
from offerd.model.consent import Choice, Consent, ConsentValue
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.store import State
from offerd.store.consents import MAXIMUM_ADDRESSES
from store.given import NOW_NS, PLAN, incoming, key

YES, NO = ConsentValue.YES, ConsentValue.NO
ADDRESS = ProfileKey("email", "ada@example.com")


def chosen(value: ConsentValue, time_ns: int = NOW_NS, question: str = "collect") -> Consent:
    """One choice."""
    return Consent({question: Choice(value, time_ns)})


def subject(*numbers: int) -> Subject:
    """A customer of several profiles."""
    keys = tuple(key(number) for number in numbers)
    return Subject(keys[0], keys)


def test_choices_are_there_once_the_call_is_done_and_after_opening_again(tmp_path: Path) -> None:
    """Beside the attributes and events of the profile, which stay as they are."""
    with State.open(tmp_path, PLAN) as state:
        assert not state.consents.given
        state.set_profile(key(), {"tier": "plus"}, NOW_NS).result()
        assert not state.consents.given
        state.consents.add(key(), chosen(YES), NOW_NS).result()
        state.collect([incoming("e1")], NOW_NS).result()
        assert state.consents.given
    with State.open(tmp_path, PLAN) as state:
        assert state.consents.given
        assert state.consents.of(subject(7)) == chosen(YES)
        record = state.profile(key())
        assert record is not None
        assert (record.event_count, record.consent) == (1, chosen(YES))


def test_choices_of_all_identities_are_one(tmp_path: Path) -> None:
    """Of each question the newest; nobody and somebody unknown have none."""
    with State.open(tmp_path, PLAN) as state:
        state.consents.add(key(1), chosen(YES), NOW_NS).result()
        state.consents.add(key(2), chosen(NO, NOW_NS - 1), NOW_NS).result()
        state.consents.add(key(2), chosen(NO, NOW_NS - 1, "share"), NOW_NS).result()
        both = {**chosen(YES).choices, **chosen(NO, NOW_NS - 1, "share").choices}
        assert state.consents.of(subject(1, 2, 3)).choices == both
        assert state.consents.of(subject(2)).choices["collect"].value is NO
        assert state.consents.of(subject(3)) == NO_CONSENT
        assert state.consents.of(None) == NO_CONSENT


def test_an_older_choice_changes_nothing(tmp_path: Path) -> None:
    """The answer is what holds."""
    with State.open(tmp_path, PLAN) as state:
        state.consents.add(key(), chosen(NO), NOW_NS).result()
        known = state.consents.add(key(), chosen(YES, NOW_NS - 1), NOW_NS + 1).result()
        assert known == chosen(NO)
        record = state.profile(key())
        assert record is not None
        assert record.update_time_ns == NOW_NS


def test_a_profile_with_nothing_but_consent_isnt_empty(tmp_path: Path) -> None:
    """What takes back a decision leaves it."""
    with State.open(tmp_path, PLAN) as state:
        state.consents.add(key(), chosen(NO), NOW_NS).result()
        assert state.counts().profiles == 1
        assert state.delete_profile(key()).result()
        assert state.consents.of(subject(7)) == NO_CONSENT


def test_what_was_chosen_before_a_customer_was_deleted_brings_nobody_back(tmp_path: Path) -> None:
    """What is chosen afterwards does."""
    with State.open(tmp_path, PLAN) as state:
        state.consents.add(key(), chosen(YES), NOW_NS).result()
        state.identities.delete([key()], NOW_NS + 10).result()
        assert state.consents.of(subject(7)) == NO_CONSENT
        assert state.consents.add(key(), chosen(YES, NOW_NS + 10), NOW_NS + 11).result() is None
        assert state.counts().profiles == 0
        later = chosen(NO, NOW_NS + 11)
        assert state.consents.add(key(), later, NOW_NS + 12).result() == later


def test_a_customer_is_told_what_they_chose_and_whether_they_are_suppressed(tmp_path: Path) -> None:
    """Question by question."""
    with State.open(tmp_path, PLAN) as state:
        own = {"email:a": {"marketing.email": Choice(YES, NOW_NS)}}
        state.consents.add(ADDRESS, Consent(chosen(NO).choices, own), NOW_NS).result()
        state.suppressions.add([ADDRESS], "asked to", NOW_NS).result()
        told = [(kind, data) for kind, data in state.identities.exported(ADDRESS)]
        question = {"question": "marketing.email", "value": "y", "time_ns": NOW_NS}
        assert told == [
            ("consent", {"question": "collect", "value": "n", "time_ns": NOW_NS}),
            ("consent", {"address": "email:a", **question}),
            ("suppression", {"since_ns": NOW_NS, "reason": "asked to"}),
        ]


def test_suppressions_outlive_the_customer(tmp_path: Path) -> None:
    """And the process; only lifting them removes them."""
    other = ProfileKey("email", "bob@example.com")
    with State.open(tmp_path, PLAN) as state:
        assert state.suppressions.add([ADDRESS, other, ADDRESS], "", NOW_NS).result() == 2
        assert state.suppressions.add([ADDRESS], "again", NOW_NS + 1).result() == 0
        state.identities.delete([ADDRESS], NOW_NS).result()
    with State.open(tmp_path, PLAN) as state:
        found = state.suppressions.find([ADDRESS, key()])
        assert {address: one.since_ns for address, one in found.items()} == {ADDRESS: NOW_NS}
        assert state.suppressions.lift([ADDRESS, key()]).result() == 1
        assert list(state.suppressions.find([ADDRESS, other])) == [other]


def test_addresses_under_one_identity_are_bounded(tmp_path: Path) -> None:
    """More are refused, and nothing of that request is stored; those that are there may change."""

    def for_address(number: int, value: ConsentValue, time_ns: int = NOW_NS) -> Consent:
        return Consent({}, {f"email:{number}@example.com": chosen(value, time_ns).choices})

    with State.open(tmp_path, PLAN) as state:
        for number in range(MAXIMUM_ADDRESSES):
            state.consents.add(key(), for_address(number, YES), NOW_NS).result()
        with pytest.raises(FailedPrecondition) as refused:
            state.consents.add(key(), for_address(MAXIMUM_ADDRESSES, NO), NOW_NS).result()
        assert refused.value.reason is Reason.PROFILE_FULL
        state.consents.add(key(), for_address(0, NO, NOW_NS + 1), NOW_NS + 1).result()
        known = state.consents.of(subject(7)).id_specific
        assert len(known) == MAXIMUM_ADDRESSES
        assert known["email:0@example.com"]["collect"].value is NO
