"""Namespaces and identities for the tests of customers."""

from __future__ import annotations

import random

from offerd.customer.graph import Link, link
from offerd.model.identity import AuthenticationState, Identity
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace, NamespaceType, Normalization

NAMESPACES = {
    namespace.id: namespace
    for namespace in (
        Namespace("crm", NamespaceType.CROSS_DEVICE, unique=True),
        Namespace("email", NamespaceType.EMAIL, Normalization.LOWERCASE, unique=True),
        Namespace("phone", NamespaceType.PHONE, Normalization.PHONE, limit=2),
        Namespace("ecid", NamespaceType.COOKIE),
        Namespace("gaid", NamespaceType.DEVICE, limit=3),
    )
}


def crm(name: object) -> ProfileKey:
    """Returns a customer number."""
    return ProfileKey("crm", str(name))


def email(name: object) -> ProfileKey:
    """Returns an e-mail address."""
    return ProfileKey("email", f"{name}@example.com")


def cookie(name: object) -> ProfileKey:
    """Returns a browser."""
    return ProfileKey("ecid", str(name))


def device(name: object) -> ProfileKey:
    """Returns a device that isn't a browser."""
    return ProfileKey("gaid", str(name))


def proven(key: ProfileKey) -> Identity:
    """Returns an identity that a request has authenticated."""
    return Identity(*key, AuthenticationState.AUTHENTICATED)


def recognised(key: ProfileKey) -> Identity:
    """Returns one that it hasn't."""
    return Identity(*key, AuthenticationState.AMBIGUOUS)


def random_link(rng: random.Random, ids: int, latest_ns: int) -> Link:
    """Returns a link between any two identities, of any namespaces, also ones undeclared."""
    names = [*NAMESPACES, "gone"]
    while True:
        one, other = (ProfileKey(rng.choice(names), str(rng.randrange(ids))) for _ in range(2))
        if one != other:
            return link(one, other, rng.randrange(latest_ns))
