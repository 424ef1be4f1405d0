"""What choices come to: brought together, asked for each use, and against a naive twin."""

from __future__ import annotations

import itertools
import random

import pytest

from offerd.customer.consent import (
    NO_CONSENT,
    may_collect,
    may_contact,
    may_personalize,
    merged,
    since,
)
from offerd.model.consent import Choice, Consent, ConsentDefaults, ConsentValue
from offerd.model.profile import ProfileKey
from seeds import random_seed

ASKED = ConsentDefaults({"collect": ConsentValue.UNKNOWN, "marketing.any": ConsentValue.UNKNOWN})
ADDRESS = ProfileKey("email", "ada@example.com")
OTHER = ProfileKey("email", "ada@work.example")
VALUES = [None, *ConsentValue]


def consent(time_ns: int = 1, /, **values: str) -> Consent:
    """Choices made at one time; `marketing_email` is `marketing.email`."""
    return Consent(
        {
            name.replace("_", "."): Choice(ConsentValue(value), time_ns)
            for name, value in values.items()
        }
    )


def for_address(name: str, value: str, address: ProfileKey = ADDRESS) -> Consent:
    """One choice for one address."""
    chosen = {name: Choice(ConsentValue(value), 1)}
    return Consent({}, {f"{address.namespace}:{address.id}": chosen})


@pytest.mark.parametrize(
    ("value", "granted"),
    [
        ("y", True),
        ("LI", True),
        ("CT", True),
        ("CP", True),
        ("VI", True),
        ("PI", True),
        ("n", False),
        ("p", False),
        ("u", False),
    ],
)
def test_each_value_grants_or_does_not(value: str, granted: bool) -> None:
    """Yes and the legal grounds allow what was asked; no, pending and unknown don't."""
    assert may_collect(consent(collect=value), ConsentDefaults()) is granted
    assert may_personalize(consent(personalize=value), ConsentDefaults()) is granted


def test_who_never_chose_has_what_the_definitions_say() -> None:
    """Without a section everything is allowed; with one, what it says."""
    assert may_collect(NO_CONSENT, ConsentDefaults())
    assert not may_collect(NO_CONSENT, ASKED)
    assert may_personalize(NO_CONSENT, ASKED)


MARKETING = [
    # any, channel, granted
    ("n", "y", False),
    ("n", None, False),
    ("y", None, True),
    ("y", "y", True),
    ("y", "n", False),
    ("y", "p", True),
    ("y", "u", True),
    ("LI", None, True),
    ("LI", "n", False),
    (None, "y", True),
    (None, "LI", True),
    (None, "n", False),
    (None, "p", False),
    (None, "u", False),
    (None, None, False),
    ("u", "y", True),
    ("p", "y", True),
    ("p", "n", False),
]


@pytest.mark.parametrize(("any_channel", "channel", "granted"), MARKETING)
def test_channels_and_all_of_them(
    any_channel: str | None, channel: str | None, granted: bool
) -> None:
    """A denial of all beats each; a grant of all grants each but those denied by themselves;
    otherwise each speaks for itself."""
    chosen = {"marketing_any": any_channel, "marketing_email": channel}
    known = consent(**{name: value for name, value in chosen.items() if value is not None})
    assert may_contact(known, ASKED, "email").granted is granted


FOR_ADDRESSES = [
    # any, channel, of the address, granted
    (None, None, "y", True),
    (None, "u", "y", True),
    (None, "n", "y", False),
    ("n", None, "y", False),
    ("n", "y", "y", False),
    ("y", None, "n", False),
    ("y", "y", "n", False),
    (None, "y", "n", False),
    ("y", None, "p", True),
    (None, None, "u", False),
]


@pytest.mark.parametrize(("any_channel", "channel", "own", "granted"), FOR_ADDRESSES)
def test_choices_for_one_address(
    any_channel: str | None, channel: str | None, own: str, granted: bool
) -> None:
    """An address can be denied or granted by itself; what its channel denies stays denied."""
    chosen = {"marketing_any": any_channel, "marketing_email": channel}
    known = merged(
        [
            consent(**{name: value for name, value in chosen.items() if value is not None}),
            for_address("marketing.email", own),
        ]
    )
    assert may_contact(known, ASKED, "email", ADDRESS).granted is granted


def test_a_choice_for_an_address_is_for_no_other() -> None:
    """Nor for the channel as a whole."""
    known = for_address("marketing.email", "y")
    assert not may_contact(known, ASKED, "email", OTHER).granted
    assert not may_contact(known, ASKED, "email").granted


def test_an_address_can_be_denied_for_all_channels() -> None:
    """As its own `marketing.any`, which its own channel doesn't lift."""
    known = merged([for_address("marketing.any", "n"), for_address("marketing.email", "y")])
    assert not may_contact(known, ConsentDefaults(), "email", ADDRESS).granted


def test_the_answer_names_the_question_that_decided() -> None:
    """With its value, so that people can be told."""
    verdict = may_contact(consent(marketing_any="y", marketing_email="n"), ASKED, "email")
    assert verdict == (False, "marketing.email", ConsentValue.NO)
    assert may_contact(NO_CONSENT, ASKED, "email").question == "marketing.any"


def test_the_newest_choice_holds_and_of_equal_ones_what_allows_less() -> None:
    """For each question by itself."""
    old, new = consent(1, collect="y", share="n"), consent(2, collect="n")
    both = merged([old, new])
    assert both.choices == {**old.choices, **new.choices}
    tie = merged([consent(1, collect="y"), consent(1, collect="p")])
    assert tie.choices["collect"].value is ConsentValue.PENDING


def test_only_what_was_chosen_later_is_left() -> None:
    """Of all questions and addresses."""
    known = merged(
        [consent(1, collect="y"), consent(2, share="n"), for_address("marketing.any", "y")]
    )
    assert since(known, 1) == consent(2, share="n")


def random_consent(source: random.Random) -> Consent:
    """Choices about two channels, for two addresses, at few times."""

    def some() -> dict[str, Choice]:
        names = ("collect", "personalize", "marketing.any", "marketing.email", "marketing.sms")
        return {
            name: Choice(source.choice(list(ConsentValue)), source.randrange(3))
            for name in names
            if source.random() < 0.5
        }

    names = (f"{key.namespace}:{key.id}" for key in (ADDRESS, OTHER))
    return Consent(some(), {name: some() for name in names if source.random() < 0.5})


def test_merging_is_one_result_in_any_order_and_grouping() -> None:
    """And merging what is in it already changes nothing."""
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(300):
        several = [random_consent(source) for _ in range(4)]
        expected = plain(merged(several))
        for order in itertools.permutations(several):
            assert plain(merged(order)) == expected
        grouped = merged([merged(several[:2]), merged(several[1:]), several[0]])
        assert plain(grouped) == expected


def plain(found: Consent) -> dict[str, dict[str, tuple[int, bool, str]]]:
    """Choices without those of nothing, as plain data."""
    parts = {"": found.choices, **found.id_specific}
    return {
        part: {name: (c.time_ns, c.value.grants, c.value.value) for name, c in choices.items()}
        for part, choices in parts.items()
        if choices
    }


def naive_contact(
    choices: dict[str, ConsentValue],
    own: dict[str, ConsentValue],
    defaults: dict[str, ConsentValue],
) -> bool:
    """The rule as a list of sentences, the first that applies deciding."""
    everything = choices.get("marketing.any", defaults.get("marketing.any", ConsentValue.YES))
    channel = choices.get("marketing.email", defaults.get("marketing.email"))
    denied = [everything, channel, own.get("marketing.any"), own.get("marketing.email")]
    if any(value is ConsentValue.NO for value in denied):
        return False
    return any(value is not None and value.grants for value in denied)


def test_all_combinations_agree_with_the_naive_rule() -> None:
    """Of what was chosen for all channels, one channel, and one address, and of the defaults.

    Whatever is denied is denied; of the rest any grant grants.
    """
    for everything, channel, of_all, of_channel in itertools.product(VALUES, repeat=4):
        for default in (None, ConsentValue.NO, ConsentValue.UNKNOWN):
            choices = _given({"marketing.any": everything, "marketing.email": channel})
            own = _given({"marketing.any": of_all, "marketing.email": of_channel})
            defaults = _given({"marketing.any": default})
            known = Consent(
                {name: Choice(value, 1) for name, value in choices.items()},
                {"email:ada@example.com": {n: Choice(v, 1) for n, v in own.items()}},
            )
            found = may_contact(known, ConsentDefaults(defaults), "email", ADDRESS)
            assert found.granted is naive_contact(choices, own, defaults), (choices, own, defaults)
            assert found.granted is found.value.grants


def _given(values: dict[str, ConsentValue | None]) -> dict[str, ConsentValue]:
    return {name: value for name, value in values.items() if value is not None}
