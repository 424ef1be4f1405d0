"""A service that can't start says why in one clear line and leaves with status 1."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from processes import HOST, run, serve_process
from unit.client.certificates import Authority

NOWHERE = ("--grpc", f"{HOST}:0", "--http", f"{HOST}:0")


def _refused(*arguments: str | Path) -> str:
    """Returns the one line with which a command fails."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return lines[0].removeprefix("error: ")


def _serve(bundle: Path, state: Path, *options: str | Path) -> str:
    return _refused("serve", "--bundle", bundle, "--state", state, *NOWHERE, *options)


def test_no_bundle(tmp_path: Path) -> None:
    """A bundle that isn't there is named."""
    message = _serve(tmp_path / "nothing", tmp_path / "state")
    assert f"`{tmp_path / 'nothing'}`" in message


def test_truncated_bundle(bundle: Path, tmp_path: Path) -> None:
    """A bundle that was cut off is told from a whole one."""
    broken = tmp_path / "broken"
    broken.write_bytes(bundle.read_bytes()[:-4096])
    message = _serve(broken, tmp_path / "state")
    assert f"`{broken}`" in message
    assert "truncated" in message


def test_no_bundle_at_all(tmp_path: Path) -> None:
    """A file that is something else is told from a bundle."""
    other = tmp_path / "other"
    other.write_text("definitions: none\n" * 1000, encoding="utf-8")
    assert f"`{other}`" in _serve(other, tmp_path / "state")


def test_foreign_state(bundle: Path, tmp_path: Path) -> None:
    """A folder with other files in it is not made a state."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "letter.txt").write_text("Dear", encoding="utf-8")
    message = _serve(bundle, tmp_path / "state")
    assert "is no state of offerd: it holds `letter.txt`" in message


def test_state_in_use(bundle: Path, tmp_path: Path) -> None:
    """A second server on the same state is refused and told who has it."""
    with serve_process(bundle, tmp_path / "state") as served:
        message = _serve(bundle, tmp_path / "state")
        served.wait_until_ready()
    assert (
        message == f"the state in `{tmp_path / 'state'}` is in use by process {served.process.pid}"
    )


@pytest.mark.parametrize("door", ["--grpc", "--http"])
def test_port_in_use(door: str, bundle: Path, tmp_path: Path) -> None:
    """A port that another has is named, whichever door it is for."""
    with socket.create_server((HOST, 0)) as taken:
        address = f"{HOST}:{taken.getsockname()[1]}"
        message = _serve(bundle, tmp_path / "state", door, address)
    assert message.startswith(f"can't listen on `{address}`: ")
    assert "in use" in message


@pytest.mark.parametrize("address", ["8080", "localhost:", "localhost:http", "localhost:70000"])
def test_bad_address(address: str, bundle: Path, tmp_path: Path) -> None:
    """An address that is none is quoted."""
    assert f"`{address}`" in _serve(bundle, tmp_path / "state", "--grpc", address)


def test_public_address_without_tls(bundle: Path, tmp_path: Path) -> None:
    """An address that others can reach needs TLS, or a word that something else does it."""
    message = _serve(bundle, tmp_path / "state", "--http", "0.0.0.0:0")
    assert "can be reached from other machines and there is no TLS" in message
    assert not (tmp_path / "state").exists()


def test_public_address_by_its_own_word(bundle: Path, tmp_path: Path) -> None:
    """With `--insecure-listen` the same address is served; the address comes last and counts."""
    options = ("--insecure-listen", "--http", f"{HOST}:0")
    with serve_process(bundle, tmp_path / "state", *options) as served:
        assert served.terminate() == 0


def test_half_of_tls(bundle: Path, tmp_path: Path) -> None:
    """A certificate without its key is refused."""
    pair = Authority(tmp_path).sign("server")
    message = _serve(bundle, tmp_path / "state", "--tls-cert", pair.certificate)
    assert message == "TLS needs both `--tls-cert` and `--tls-key`"


def test_missing_key(bundle: Path, tmp_path: Path) -> None:
    """A key that can't be read is named."""
    pair = Authority(tmp_path).sign("server")
    tls = ("--tls-cert", pair.certificate, "--tls-key", tmp_path / "no.pem")
    message = _serve(bundle, tmp_path / "state", *tls)
    assert (
        message == f"private key `{tmp_path / 'no.pem'}` can't be read: no such file or directory"
    )


def test_key_of_another(bundle: Path, tmp_path: Path) -> None:
    """A key that doesn't belong to the certificate is refused before anything starts."""
    authority = Authority(tmp_path)
    tls = ("--tls-cert", authority.sign("a").certificate, "--tls-key", authority.sign("b").key)
    assert "are no usable pair" in _serve(bundle, tmp_path / "state", *tls)
    assert not (tmp_path / "state").exists()
