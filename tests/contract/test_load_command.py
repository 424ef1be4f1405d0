"""`offerd load` as people run it, against a service in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import load_service_pb2_grpc as pb_grpc
from processes import ServeProcess, run, serve_process
from serving import compile_to
from unit.client.certificates import Authority

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}, {id: ecid, type: cookie}]
profile: [{name: tier, type: string, person: true}]
scores: [{id: propensity}]
audiences: [{id: vip, external: true, name: VIPs}]
placements: [{id: web, channel: web, content_type: text}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with something to load."""
    folder = tmp_path_factory.mktemp("loads")
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    return compile_to(folder, folder / "definitions")


@pytest.fixture
def served(compiled: Path, tmp_path: Path) -> Iterator[ServeProcess]:
    """A service with nothing in it."""
    with serve_process(compiled, tmp_path / "state") as served:
        yield served


def load(
    served: ServeProcess, *files: Path, kind: str, target: str, more: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    options = ("--to", served.grpc_address, "--kind", kind, "--target", target)
    as_of = () if "--as-of" in more else ("--as-of", "2026-01-31")
    return run("load", *files, *options, *as_of, *more)


def rows_in_force(served: ServeProcess) -> dict[str, int]:
    """Returns the rows of each target."""
    with grpc.insecure_channel(served.grpc_address) as channel:
        listed = pb_grpc.LoadServiceStub(channel).ListLoads(pb.ListLoadsRequest())
    return {loads.target: loads.rows for loads in listed.loads}


def test_several_files_are_one_load(served: ServeProcess, tmp_path: Path) -> None:
    """All their rows are in force, and progress is told with its rate."""
    one, other = tmp_path / "one.csv", tmp_path / "other.jsonl"
    one.write_text("crm\n1\n2\n")
    other.write_text('{"namespace": "ecid", "id": "3"}\n')
    ended = load(served, one, other, kind="memberships", target="vip")
    assert ended.stdout == "vip: 3 rows in force, 0 left out, 0 of deleted customers\n"
    assert "loaded 3 of 3 rows in" in ended.stderr
    assert "rows/s" in ended.stderr
    assert ended.returncode == 0
    assert rows_in_force(served) == {"vip": 3}


def test_a_delta_adds(served: ServeProcess, tmp_path: Path) -> None:
    """And replacing, which is the default, doesn't."""
    file = tmp_path / "scores.csv"
    file.write_text("crm,score\n1,2.5\n2,3\n")
    assert load(served, file, kind="scores", target="propensity").returncode == 0
    more = ("--mode", "delta", "--as-of", "2026-02-01T09:30:00+01:00")
    assert load(served, file, kind="scores", target="propensity", more=more).returncode == 0
    assert rows_in_force(served) == {"propensity": 4}
    more = ("--as-of", "2026-02-02")
    assert load(served, file, kind="scores", target="propensity", more=more).returncode == 0
    assert rows_in_force(served) == {"propensity": 2}


def test_bad_rows_are_listed_by_file_and_row(served: ServeProcess, tmp_path: Path) -> None:
    """Those that the file spoils and those that the service refuses; the exit status is 3."""
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("namespace,id,tier\ncrm,1,a\n,2,a\ncrm,3,a\necid,4,a\n")
    other.write_text("namespace,id,tier\nnope,1,a\ncrm,,a\necid,3,a\ncrm,5,a\n")
    ended = load(served, one, other, kind="profiles", target="warehouse")
    assert ended.returncode == 3
    assert ended.stdout == "warehouse: 3 rows in force, 5 left out, 0 of deleted customers\n"
    person = "`tier` is person data, and `ecid` names no person"
    assert ended.stderr.splitlines()[1:] == [
        f"left out: `{one}`, row 2: `namespace` is empty",
        f"left out: `{one}`, row 4: {person}",
        f"left out: `{other}`, row 1: no namespace `nope` is declared; "
        "expected one of `crm`, `ecid`",
        f"left out: `{other}`, row 2: `id` is empty",
        f"left out: `{other}`, row 3: {person}",
    ]


@pytest.mark.parametrize("row", ["ecid,4,a", ",4,a"])
def test_a_strict_load_changes_nothing(served: ServeProcess, tmp_path: Path, row: str) -> None:
    """It names the first bad row, wherever that was found; the exit status is 1."""
    file = tmp_path / "one.csv"
    file.write_text(f"namespace,id,tier\ncrm,1,a\n{row}\n")
    ended = load(served, file, kind="profiles", target="warehouse", more=("--strict",))
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"error: `{file}`, row 2: ")
    assert rows_in_force(served) == {}


def test_what_the_service_refuses_is_told(served: ServeProcess, tmp_path: Path) -> None:
    """As one line, with exit status 1."""
    file = tmp_path / "one.csv"
    file.write_text("crm\n1\n")
    ended = load(served, file, kind="memberships", target="vipp")
    assert ended.stderr == ("error: no external audience `vipp` is declared; did you mean `vip`\n")
    assert ended.returncode == 1
    assert load(served, file, kind="memberships", target="vip").returncode == 0
    again = load(served, file, kind="memberships", target="vip")
    assert again.returncode == 1
    assert "isn't newer" in again.stderr


def test_a_file_that_breaks_off_changes_nothing(served: ServeProcess, tmp_path: Path) -> None:
    """Though rows before the fault had been sent."""
    file = tmp_path / "one.csv"
    lines = [f"{number},2026-01-31" for number in range(50_000)]
    file.write_text("\n".join(["crm,since", *lines, "1,2,3", ""]))
    ended = load(served, file, kind="memberships", target="vip")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: `{file}`")
    assert rows_in_force(served) == {}


WRONG_OPTIONS = {
    "as of": (("--as-of", "yesterday"), "`yesterday` is no time such as"),
    "column": (("--column", "id"), "`id` isn't `FIELD=COLUMN`"),
    "zone": (("--time-zone", "Mars"), "`Mars` is no time zone"),
}


@pytest.mark.parametrize("name", WRONG_OPTIONS)
def test_wrong_options_are_refused(name: str, tmp_path: Path) -> None:
    """Before anything is asked of a service; the exit status is 2."""
    more, message = WRONG_OPTIONS[name]
    file = tmp_path / "one.csv"
    file.write_text("crm\n1\n")
    as_of = () if "--as-of" in more else ("--as-of", "2026-01-31")
    ended = run("load", file, "--kind", "memberships", "--target", "vip", *as_of, *more)
    assert ended.returncode == 2
    assert message in ended.stderr


def test_nobody_there(tmp_path: Path) -> None:
    """A service that can't be reached is one line, with exit status 1."""
    file = tmp_path / "one.csv"
    file.write_text("crm\n1\n")
    options = ("--kind", "memberships", "--target", "vip", "--as-of", "2026-01-31")
    ended = run("load", file, "--to", "127.0.0.1:1", *options)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert "Traceback" not in ended.stderr


def test_a_load_over_mutual_tls(compiled: Path, tmp_path: Path) -> None:
    """The service's certificate is checked, and the loader's is shown."""
    authority = Authority(tmp_path)
    server, client = authority.sign("server"), authority.sign("client")
    file = tmp_path / "one.csv"
    file.write_text("crm\n1\n")
    options = (
        "--tls-cert", server.certificate, "--tls-key", server.key,
        "--tls-client-ca", authority.certificate,
    )  # fmt: skip
    with serve_process(compiled, tmp_path / "state", *options) as served:
        shown = ("--tls-cert", str(client.certificate), "--tls-key", str(client.key))
        trusted = ("--tls-ca", str(authority.certificate))
        ended = load(served, file, kind="memberships", target="vip", more=(*trusted, *shown))
        assert (ended.returncode, ended.stderr.count("error")) == (0, 0)
        ended = load(served, file, kind="memberships", target="vip", more=trusted)
        assert ended.returncode == 1
