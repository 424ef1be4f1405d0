"""Paths come from the annotations of the contract."""

from __future__ import annotations

from google.api import annotations_pb2

import offerd_gateway
from offerd_gateway.routes import SERVICE_FILES, Router, rpcs


def test_every_rpc_is_served_under_its_annotation() -> None:
    """Each rpc that is asked once has the method and path that the contract gives it."""
    methods = [
        method
        for file in SERVICE_FILES
        for service in file.services_by_name.values()
        for method in service.methods
        if not method.client_streaming
    ]
    assert [rpc.descriptor for rpc in rpcs()] == methods
    for rpc in rpcs():
        rule = rpc.descriptor.GetOptions().Extensions[annotations_pb2.http]
        assert getattr(rule, rpc.http_method.lower()) == rpc.template
        assert rpc.has_body is (rule.body == "*")


def test_a_path_holds_its_variables() -> None:
    """Variables are taken from the path as it was sent, so that they may hold a slash."""
    match = Router().match("/v1/profiles/email/a/b", "/v1/profiles/email/a%2Fb")
    assert match is not None
    assert match.values == {"namespace": "email", "id": "a/b"}
    assert sorted(match.by_method) == ["DELETE", "GET", "PATCH", "PUT"]


def test_a_path_is_matched_whole() -> None:
    """Neither more nor less than the whole path matches."""
    for path in ("/v1/profiles/email", "/v1/profiles/email/a/b", "/x/v1/profiles/email/a"):
        assert Router().match(path, path) is None


def test_exports_are_complete() -> None:
    """Every name that the package promises exists, in alphabetical order."""
    assert offerd_gateway.__all__ == sorted(offerd_gateway.__all__)
    assert all(hasattr(offerd_gateway, name) for name in offerd_gateway.__all__)
