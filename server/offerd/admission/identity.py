"""Identities of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from offerd.admission.text import admit_text
from offerd.admission.wording import quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.identity import AuthenticationState, Identity
from offerd.model.schema import Namespace

IDENTITY_LIMIT: Final = 1024
"""The most characters of an identity's id."""

_NAMESPACE_LIMIT: Final = 128


def admit_identity(
    namespace: str,
    id: str,
    state: AuthenticationState,
    namespaces: Mapping[str, Namespace],
    field: str,
) -> Identity:
    """Returns an identity of a declared namespace, its id as the caller wrote it.

    `field` is the path of the identity (`identities[0]`), or "" if namespace and id are
    fields of the request itself.
    """
    prefix = field + "." if field else ""
    admit_text(namespace, prefix + "namespace", _NAMESPACE_LIMIT, required=True)
    if namespace not in namespaces:
        raise InvalidArgument(
            Reason.UNKNOWN_NAMESPACE,
            f"no namespace {quote(namespace)} is declared{suggestion(namespace, namespaces)}",
            field=prefix + "namespace",
        )
    admit_text(id, prefix + "id", IDENTITY_LIMIT, required=True)
    return Identity(namespace, id, state)
