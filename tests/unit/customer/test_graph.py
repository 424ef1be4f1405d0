"""Which identities are of one customer."""

from __future__ import annotations

import random

import pytest

from offerd.customer.graph import (
    GROUP_LIMIT,
    Link,
    groups_of,
    link,
    members_of,
    pairs_of,
    relinked,
    with_newer_times,
)
from offerd.model.profile import ProfileKey
from unit.customer.naive_graph import NaiveGraphs, hold
from unit.customer.people import (
    NAMESPACES,
    cookie,
    crm,
    device,
    email,
    proven,
    random_link,
    recognised,
)


def linked(*links: Link) -> set[frozenset[ProfileKey]]:
    """Returns the groups that links make, added one after the other."""
    present: tuple[Link, ...] = ()
    for one in links:
        present = relinked(present, [one], NAMESPACES).links
    return {frozenset(members_of(group)) for group in groups_of(present)}


def test_a_device_is_of_who_authenticated_on_it_last() -> None:
    """The device moves to B with B's login, and back to A with A's next."""
    first, second, third = (
        link(cookie(1), crm("a"), 1), link(cookie(1), crm("b"), 2), link(cookie(1), crm("a"), 3),
    )  # fmt: skip
    assert linked(first) == {frozenset({cookie(1), crm("a")})}
    assert linked(first, second) == {frozenset({cookie(1), crm("b")})}
    assert linked(first, second, third) == {frozenset({cookie(1), crm("a")})}


def test_a_login_that_arrives_late_takes_no_device_from_a_later_one() -> None:
    """Links are judged by when they were seen, not by when they arrive."""
    late = link(cookie(1), crm("a"), 1)
    assert linked(link(cookie(1), crm("b"), 2), late) == {frozenset({cookie(1), crm("b")})}


def test_of_two_ids_in_a_unique_namespace_the_newer_link_holds() -> None:
    """An e-mail that moves to another customer number leaves the old one."""
    old, new = link(crm(1), email("a"), 1), link(crm(2), email("a"), 2)
    result = relinked([old], [new], NAMESPACES)
    assert result.links == (new,)
    assert [(cut.link, cut.reason) for cut in result.cut] == [
        (old, "a customer has one id in `crm`, and a newer link gives another")
    ]


def test_a_namespace_with_a_limit_holds_so_many() -> None:
    """The oldest link beyond the limit is cut."""
    numbers = [ProfileKey("phone", f"+{n}") for n in range(3)]
    groups = linked(*(link(crm(1), number, n) for n, number in enumerate(numbers)))
    assert groups == {frozenset({crm(1), numbers[1], numbers[2]})}


def test_people_are_joined_by_links_between_people_only() -> None:
    """Two who use one device aren't one, though a third link could make them so."""
    groups = linked(
        link(email("a"), cookie(1), 1), link(crm(1), cookie(2), 2), link(cookie(1), cookie(2), 3)
    )
    assert groups == {frozenset({crm(1), cookie(1), cookie(2)})}


def test_an_event_links_its_people_and_the_best_of_them_with_its_devices() -> None:
    """People who weren't authenticated are left out; devices by themselves aren't linked."""
    who = [
        recognised(cookie(1)),
        proven(email("A")),
        recognised(device(1)),
        proven(crm(1)),
        recognised(email("b")),
    ]
    assert set(pairs_of(who, NAMESPACES)) == {
        (crm(1), email("a")),
        (crm(1), cookie(1)),
        (crm(1), device(1)),
    }
    assert pairs_of([recognised(cookie(1)), recognised(device(1))], NAMESPACES) == ()
    assert pairs_of([proven(email("A")), proven(email("a"))], NAMESPACES) == ()


def test_a_customer_has_fifty_identities_and_loses_the_oldest_cookies_first() -> None:
    """Then other devices, then people."""
    cookies = [link(crm(1), cookie(n), 1_000 + n) for n in range(GROUP_LIMIT - 3)]
    others = [link(crm(1), device(1), 1), link(crm(1), device(2), 2), link(crm(1), email("a"), 0)]
    assert linked(*cookies, *others[:2]) == {
        frozenset({crm(1), device(1), device(2), *(cookie(n) for n in range(GROUP_LIMIT - 3))})
    }
    (group,) = linked(*cookies, *others)
    assert len(group) == GROUP_LIMIT
    assert group.isdisjoint({cookie(0)})
    assert {crm(1), email("a"), device(1), device(2)} <= group


def test_what_a_namespace_that_is_gone_names_is_left_as_it_is() -> None:
    """Nothing is cut because a namespace isn't declared any more."""
    gone = ProfileKey("gone", "1")
    groups = linked(link(gone, crm(1), 1), link(gone, cookie(1), 2))
    assert groups == {frozenset({gone, crm(1), cookie(1)})}


@pytest.mark.parametrize("seed", range(60))
def test_any_history_gives_what_the_rules_give_by_brute_force(seed: int) -> None:
    """Random links, alone and many at once, in any order of their times."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    naive = NaiveGraphs(NAMESPACES)
    groups: list[tuple[Link, ...]] = []
    for _ in range(60):
        added = [random_link(rng, 5, 40) for _ in range(rng.choice([1, 1, 1, 2, 5]))]
        known = {link[:2]: link.time_ns for group in groups for link in group}
        news = [one for one in added if known.get(one[:2], -1) < one.time_ns]
        ends = members_of(news)
        touched = [group for group in groups if members_of(group) & ends]
        rest = [group for group in groups if not members_of(group) & ends]
        if news:
            present = [one for group in touched for one in group]
            result = relinked(present, news, NAMESPACES)
            assert sorted(result.links) == sorted(hold([*present, *news], NAMESPACES))
            groups = rest + groups_of(result.links)
        naive.add(added)
        assert sorted(one for group in groups for one in group) == sorted(naive.links)
        for group in groups:
            members = members_of(group)
            assert all(naive.graph(key) == members for key in members)
            assert len(members) <= GROUP_LIMIT
            assert len([key for key in members if key.namespace == "crm"]) <= 1


@pytest.mark.parametrize("seed", range(8))
def test_large_groups_give_what_the_rules_give_by_brute_force(seed: int) -> None:
    """More than fifty identities around few people."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    people = [crm(1), email("a"), ProfileKey("gone", "x"), ProfileKey("gone", "y")]
    links = [
        link(rng.choice(people), rng.choice([cookie, device])(rng.randrange(50)), rng.randrange(99))
        for _ in range(150)
    ]
    links += [link(people[n], people[n + 1], rng.randrange(99)) for n in range(3)]
    result = relinked(links[:70], links[70:], NAMESPACES)
    assert sorted(result.links) == sorted(hold(links, NAMESPACES))


@pytest.mark.parametrize("seed", range(30))
def test_dating_links_anew_is_what_playing_them_again_gives(seed: int) -> None:
    """Where the short way answers, it answers the same; where a device has two links it doesn't."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    answered = 0
    for _ in range(60):
        links = relinked((), [random_link(rng, 3, 30) for _ in range(8)], NAMESPACES).links
        group = rng.choice(groups_of(links))
        added = [link._replace(time_ns=rng.randrange(60)) for link in rng.choices(group, k=2)]
        short = with_newer_times(group, added, NAMESPACES)
        if short is not None:
            answered += 1
            assert sorted(short) == sorted(relinked(group, added, NAMESPACES).links)
    assert answered > 10
    shared = [link(crm(1), cookie(1), 1), link(email("a"), cookie(1), 2)]
    assert with_newer_times(shared, [shared[0]], NAMESPACES) is None
    assert with_newer_times(shared[:1], shared[1:], NAMESPACES) is None


@pytest.mark.parametrize("seed", range(20))
def test_links_that_agree_give_the_same_groups_in_any_order(seed: int) -> None:
    """If no link is ever cut, the order in which they arrive changes nothing."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    links = [
        link(crm(owner), one, rng.randrange(99))
        for owner in range(4)
        for one in (email(owner), cookie(owner), device(owner), cookie(owner + 10))
    ]
    expected = linked(*links)
    rng.shuffle(links)
    assert linked(*links) == expected
