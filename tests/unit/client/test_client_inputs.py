"""What the clients refuse before anything is sent."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import offerd_client
from offerd_client import (
    AsyncClient,
    Client,
    ClientSettings,
    ConfigurationError,
    Content,
    Event,
    Identity,
    InvalidArgument,
    Outcome,
    Reason,
    RetryPolicy,
    Scope,
    Tls,
)

NOBODY = "localhost:1"
HALF = "\ud800"


@pytest.mark.parametrize(
    ("arguments", "reason", "field"),
    [
        ({"scopes": [HALF]}, Reason.INVALID_TEXT, "scopes[0].name"),
        (
            {"scopes": [Scope("s", item_count=2**31)]},
            Reason.OUT_OF_RANGE,
            "scopes[0].item_count",
        ),
        (
            {"identities": [Identity("email", HALF)]},
            Reason.INVALID_TEXT,
            "identities[0].id",
        ),
        ({"context": {"chanel": "web"}}, Reason.UNKNOWN_FIELD, "context.chanel"),
        ({"context": {"locales": "sv"}}, Reason.WRONG_TYPE, "context.locales"),
        ({"context": {"locales": [1]}}, Reason.WRONG_TYPE, "context.locales[0]"),
        ({"context": {"channel": 1}}, Reason.WRONG_TYPE, "context.channel"),
        ({"context": {"location": 1}}, Reason.WRONG_TYPE, "context.location"),
        (
            {"context": {"location": {"latitude": "1"}}},
            Reason.WRONG_TYPE,
            "context.location.latitude",
        ),
        (
            {"context": {"location": {"lat": 1}}},
            Reason.UNKNOWN_FIELD,
            "context.location.lat",
        ),
        (
            {"context": {"attributes": {"a": {"b": [1, math.nan]}}}},
            Reason.OUT_OF_RANGE,
            "context.attributes.a.b[1]",
        ),
        (
            {"context": {"attributes": {"a": 2**53 + 1}}},
            Reason.OUT_OF_RANGE,
            "context.attributes.a",
        ),
        (
            {"context": {"attributes": {"a": object()}}},
            Reason.WRONG_TYPE,
            "context.attributes.a",
        ),
        ({"context": {"attributes": {1: 2}}}, Reason.WRONG_TYPE, "context.attributes"),
        ({"decide_time": datetime(2026, 1, 1)}, Reason.INVALID_TIME, "decide_time"),
        ({"request_id": HALF}, Reason.INVALID_TEXT, "request_id"),
    ],
)
def test_a_wrong_argument_names_its_field(
    arguments: dict[str, Any], reason: Reason, field: str
) -> None:
    """A mistake in the caller's code is an InvalidArgument that says where, default or not."""
    with Client(NOBODY) as client, pytest.raises(InvalidArgument) as caught:
        client.decide(**({"scopes": ["s"], "default": Content(text="x")} | arguments))
    assert (caught.value.reason, caught.value.field) == (reason, field)


def test_a_wrong_event_names_its_field() -> None:
    """Events are checked as decisions are."""
    event = Event("purchase", [], properties={"amount": math.inf})
    with Client(NOBODY) as client, pytest.raises(InvalidArgument) as caught:
        client.collect([event])
    assert caught.value.field == "events[0].properties.amount"


def test_an_unknown_context_field_gets_the_nearest_name() -> None:
    """A slip of the pen is told with what may have been meant."""
    with Client(NOBODY) as client, pytest.raises(InvalidArgument, match="did you mean `channel`"):
        client.decide(["s"], context={"chanel": "web"})


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClientSettings(decide_timeout_s=0),
        lambda: ClientSettings(timeout_s=-1),
        lambda: RetryPolicy(max_attempts=0),
        lambda: RetryPolicy(multiplier=0.5),
        lambda: Tls(certificate=Path("a.pem")),
        lambda: Client(NOBODY, ClientSettings(tls=Tls(authority=Path("/no/such.pem")))),
    ],
    ids=["decide timeout", "timeout", "attempts", "multiplier", "half a pair", "missing file"],
)
def test_wrong_settings_are_refused(make: Any) -> None:
    """Settings that can't work are a ConfigurationError where they are made."""
    with pytest.raises(ConfigurationError):
        make()


def test_exports_are_complete() -> None:
    """Every name that the package promises exists, in alphabetical order."""
    assert offerd_client.__all__ == sorted(offerd_client.__all__)
    assert all(hasattr(offerd_client, name) for name in offerd_client.__all__)


def test_the_client_is_thin() -> None:
    """Importing the client loads grpc, protobuf and the contract, and nothing of the service."""
    code = (
        "import sys; before = set(sys.modules); import offerd_client;"
        "print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = answer.stdout.split()
    roots = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    # grpc loads its own optional parts where they are installed.
    others = {root for root in roots if not root.startswith(("grpc", "_cython", "cython"))}
    assert others <= {"google", "offerd", "offerd_client", "typing_extensions"}
    own = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("offerd.")}
    assert own == {"offerd.errors", "offerd.v1"}


def test_decide_says_what_a_default_comes_with() -> None:
    """The documentation of both clients names the outcome as it is."""
    for client in (Client, AsyncClient):
        words = " ".join(str(client.decide.__doc__).split())
        assert f"the outcome {Outcome.DEFAULT.value} and" in words
