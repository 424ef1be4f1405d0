"""Who a request is about."""

from __future__ import annotations

from collections.abc import Iterable

from offerd.customer.subject import alone, resolve
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from unit.customer.people import NAMESPACES, cookie, crm, device, email, proven, recognised


def never(key: ProfileKey) -> Iterable[ProfileKey]:
    """A graph that nobody may read."""
    raise AssertionError(f"the graph was read for {key}")


def test_without_an_authenticated_person_the_graph_is_never_read() -> None:
    """Then a request is about its best device alone, or about nobody."""
    who = [recognised(device(1)), recognised(crm(1)), recognised(cookie(1)), recognised(cookie(0))]
    assert resolve(who, NAMESPACES, never) == alone(cookie(0))
    assert resolve([recognised(crm(1))], NAMESPACES, never) is None
    assert resolve([], NAMESPACES, never) is None


def test_an_authenticated_device_names_no_person() -> None:
    """Whatever a caller says of a device: it proves nothing about who uses it."""
    assert resolve([proven(cookie(1))], NAMESPACES, never) == alone(cookie(1))


def test_an_authenticated_person_is_all_that_is_linked_and_named() -> None:
    """People first, in the order of their namespaces, then devices; kept under whom it names."""
    asked: list[ProfileKey] = []

    def graph_of(key: ProfileKey) -> set[ProfileKey]:
        asked.append(key)
        return {key, crm(1), cookie(2), device(2), ProfileKey("gone", "1")}

    who = [recognised(cookie(1)), proven(email("B")), proven(email("a")), recognised(crm(9))]
    members = (crm(1), email("a"), email("b"), cookie(1), cookie(2), device(2))
    subject = resolve(who, NAMESPACES, graph_of)
    assert subject == Subject(email("a"), members)
    assert subject.unit == crm(1)
    assert asked == [email("a")]
