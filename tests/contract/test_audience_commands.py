"""`offerd audience` beside and against a running service."""

from __future__ import annotations

import json
from pathlib import Path

import grpc
import pytest

from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import audience_service_pb2_grpc as audiences_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from processes import run, serve_process
from serving import compile_to
from unit.client.certificates import Authority

DEFINITIONS = """
namespaces: [{id: web, type: cookie}]
profile: [{name: tier, type: string}]
audiences: [{id: plus, name: Plus, rule: "profile.tier == 'plus'"}]
placements: [{id: web, channel: web, content_type: text}]
offers: [{id: one, representations: [{placement: web, text: A}]}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [one]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web}]
"""


@pytest.fixture(scope="module")
def bundle_of_audiences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with one audience, `plus`."""
    folder = tmp_path_factory.mktemp("audiences")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return compile_to(folder, folder / "definitions")


def _fill(address: str) -> None:
    """Makes five customers, two of them members, and waits until that is tracked."""
    with grpc.insecure_channel(address) as channel:
        stub = profiles_grpc.ProfileServiceStub(channel)
        for number in range(5):
            request = profiles.SetProfileRequest(namespace="web", id=f"d{number}")
            request.attributes["tier"] = "plus" if number < 2 else "basic"
            stub.SetProfile(request)
        watch = audiences.WatchAudiencesRequest(after_position="beginning")
        stream = audiences_grpc.AudienceServiceStub(channel).WatchAudiences(watch, timeout=30)
        assert {next(stream).identity.id for _ in range(2)} == {"d0", "d1"}
        stream.cancel()


def test_audiences_are_asked_of_a_service_and_of_its_state(
    bundle_of_audiences: Path, tmp_path: Path
) -> None:
    """Both ways tell the same, while the service runs."""
    state = tmp_path / "state"
    with serve_process(bundle_of_audiences, state) as served:
        _fill(served.grpc_address)
        beside = ("--state", state, "--bundle", bundle_of_audiences)
        for where in (beside, ("--address", served.grpc_address)):
            told = run("audience", "estimate", "--audience", "plus", *where, "--json")
            assert told.returncode == 0, told.stderr
            found = json.loads(told.stdout)
            assert (found["members"], sorted(found["sample"])) == (2, ["web:d0", "web:d1"])
            member = run("audience", "why", "web:d0", "plus", *where)
            assert (member.returncode, member.stdout.split(":")[0]) == (0, "yes")
            assert "since" in member.stdout
            assert run("audience", "why", "web:d3", "plus", *where).returncode == 3
        wrong = run("audience", "why", "web:d0", "pluss", "--address", served.grpc_address)
        assert "did you mean `plus`" in wrong.stderr


def test_audiences_are_asked_over_tls(bundle_of_audiences: Path, tmp_path: Path) -> None:
    """As every command that asks a service; without its authority nobody answers."""
    authority = Authority(tmp_path)
    own, client = authority.sign("server"), authority.sign("client")
    options = ("--tls-cert", own.certificate, "--tls-key", own.key)
    mutual = ("--tls-client-ca", authority.certificate)
    with serve_process(bundle_of_audiences, tmp_path / "state", *options, *mutual) as served:
        where = ("--address", served.grpc_address, "--tls-ca", authority.certificate)
        shown = ("--tls-cert", client.certificate, "--tls-key", client.key)
        told = run("audience", "estimate", "--audience", "plus", *where, *shown, "--json")
        assert told.returncode == 0, told.stderr
        assert json.loads(told.stdout)["members"] == 0
        plain = run("audience", "why", "web:d0", "plus", "--address", served.grpc_address)
        assert plain.returncode == 1, plain
        alone = ("--state", tmp_path / "state", "--bundle", bundle_of_audiences)
        odd = run("audience", "why", "web:d0", "plus", *alone, *where[2:])
        assert "go with --address" in odd.stderr
