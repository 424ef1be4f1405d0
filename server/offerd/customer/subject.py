"""Who a request is about, and whose data it may use.

The identity graph is only ever asked for an identity that the request itself has authenticated.
A device that is known to be a person's is treated as one that is nobody's, unless the person has
authenticated in this very request: nothing here could read the graph for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from offerd.model.identity import AuthenticationState, Identity, Subject, profile_key
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace

GraphOf = Callable[[ProfileKey], Iterable[ProfileKey]]
"""Returns all identities of the customer whom an authenticated person identity names."""


def resolve(
    identities: Iterable[Identity], namespaces: Mapping[str, Namespace], graph_of: GraphOf
) -> Subject | None:
    """Returns the subject of a request, or None if it may use nobody's data.

    With an authenticated person identity: under the best of those, over all that is linked to it
    and all that the request names. A person identity that is merely recognised is nothing. Without
    one: the best device, alone. `namespaces` is in the order of declaration, best first.
    """
    people: set[ProfileKey] = set()
    devices: set[ProfileKey] = set()
    for identity in identities:
        namespace = namespaces[identity.namespace]
        if not namespace.type.names_person:
            devices.add(profile_key(namespace, identity.id))
        elif identity.state is AuthenticationState.AUTHENTICATED:
            people.add(profile_key(namespace, identity.id))
    if people:
        return _person(people, devices, namespaces, graph_of)
    if not devices:
        return None
    device = _best_first(devices, namespaces)[0]
    return Subject(device, (device,))


def alone(key: ProfileKey) -> Subject:
    """Returns the subject of somebody of whom nothing else may be used."""
    return Subject(key, (key,))


def subjects_of(
    key: ProfileKey, group: Iterable[ProfileKey], namespaces: Mapping[str, Namespace]
) -> tuple[list[Subject], list[ProfileKey]]:
    """Returns whom what is kept under an identity is about, for who watches all customers.

    A device is a subject by itself; the person who owns it is another, by all that is linked, as
    is a person. `group` are all identities linked to it. With them identities that are no subject
    by themselves: people's other than the best, and one whose namespace isn't declared.
    """
    if key.namespace not in namespaces:
        return [], [key]
    found = [] if namespaces[key.namespace].type.names_person else [alone(key)]
    known = {one for one in (*group, key) if one.namespace in namespaces}
    people = sorted(one for one in known if namespaces[one.namespace].type.names_person)
    if not people:
        return found, []
    members = _best_first(known, namespaces)
    unit = members[0]
    found.append(Subject(unit, tuple(members)))
    return found, [one for one in people if one != unit]


def _person(
    people: set[ProfileKey],
    devices: set[ProfileKey],
    namespaces: Mapping[str, Namespace],
    graph_of: GraphOf,
) -> Subject:
    authenticated = _best_first(people, namespaces)[0]
    # Of a namespace that isn't declared any more nothing may be read.
    linked = {key for key in graph_of(authenticated) if key.namespace in namespaces}
    members = _best_first(people | devices | linked, namespaces)
    return Subject(authenticated, tuple(members))


def _best_first(
    keys: Iterable[ProfileKey], namespaces: Mapping[str, Namespace]
) -> list[ProfileKey]:
    """Returns keys in the order of their namespaces, those that name a person first; then by id."""
    order = {name: rank for rank, name in enumerate(namespaces)}

    def rank(key: ProfileKey) -> tuple[bool, int, str]:
        person = namespaces[key.namespace].type.names_person
        return not person, order[key.namespace], key.id

    return sorted(keys, key=rank)
