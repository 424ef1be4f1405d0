"""Identities and text fields."""

from __future__ import annotations

import pytest

from offerd.admission import admit_identity, admit_text
from offerd.errors import InvalidArgument, Reason
from offerd.model.identity import AuthenticationState, Identity
from offerd.model.schema import Namespace, NamespaceType

NAMESPACES = {
    "email": Namespace("email", NamespaceType.EMAIL),
    "ecid": Namespace("ecid", NamespaceType.COOKIE),
}
STATE = AuthenticationState.AUTHENTICATED


def test_an_identity_of_a_declared_namespace_is_admitted_as_written() -> None:
    """The id keeps its case; 1,024 characters are allowed."""
    identity = admit_identity("email", "Å" * 1024, STATE, NAMESPACES, "identities[0]")
    assert identity == Identity("email", "Å" * 1024, STATE)


@pytest.mark.parametrize(
    ("namespace", "identity_id", "reason", "field", "says"),
    [
        ("emial", "a", Reason.UNKNOWN_NAMESPACE, "namespace", "did you mean `email`"),
        ("", "a", Reason.MISSING_FIELD, "namespace", "empty"),
        ("email", "", Reason.MISSING_FIELD, "id", "empty"),
        ("email", "  ", Reason.MISSING_FIELD, "id", "empty"),
        ("email", "a" * 1025, Reason.TOO_LARGE, "id", "1,025 characters"),
        ("email", "a\nb", Reason.INVALID_TEXT, "id", "U+000A at character 2"),
        ("email", "\ud800", Reason.INVALID_TEXT, "id", "U+D800"),
        ("x" * 5_000, "a", Reason.TOO_LARGE, "namespace", "5,000 characters"),
    ],
)
def test_other_identities_are_refused(
    namespace: str, identity_id: str, reason: Reason, field: str, says: str
) -> None:
    """Each mistake names the field within the identity."""
    with pytest.raises(InvalidArgument) as caught:
        admit_identity(namespace, identity_id, STATE, NAMESPACES, "identities[0]")
    assert caught.value.reason is reason
    assert caught.value.field == f"identities[0].{field}"
    assert says in caught.value.message


def test_fields_of_the_request_itself_have_no_prefix() -> None:
    """GetProfile has namespace and id at the top."""
    with pytest.raises(InvalidArgument) as caught:
        admit_identity("email", "", STATE, NAMESPACES, "")
    assert caught.value.field == "id"


def test_text_may_be_absent_unless_required() -> None:
    """Empty text is absence."""
    assert admit_text("", "request_id", 128) == ""
    with pytest.raises(InvalidArgument) as caught:
        admit_text("", "request_id", 128, required=True)
    assert caught.value.reason is Reason.MISSING_FIELD
