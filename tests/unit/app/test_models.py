"""Ranking models that packages bring."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from offerd.app.models import installed_models, logged
from offerd.errors import ConfigurationError


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, target: str, code: str) -> None:
    """Puts a package with one entry point where Python finds it."""
    module = f"ranked_{folder.name}".replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    info = folder / "ranked-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ranked\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[offerd.ranking_models]\nlearned = {module}:{target}\n"
    )
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def test_a_package_brings_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point's name is the model's name."""
    code = "class M:\n    def scores(self, *asked):\n        return [1.0] * len(asked[0])\nm = M()"
    install(tmp_path, monkeypatch, "m", code)
    model = installed_models()["learned"]
    assert list(model.scores(["a", "b"], None, None, 0)) == [1.0, 1.0]  # type: ignore[list-item, arg-type]


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        ("m", "m = 7", "`learned` is no model: .* has no `scores`"),
        ("m", "raise RuntimeError('no licence')", "`learned` can't be loaded .*: no licence"),
        ("other", "m = 7", "`learned` can't be loaded"),
    ],
)
def test_what_is_no_model_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, code: str, message: str
) -> None:
    """A package that is broken stops the start with its name and cause."""
    install(tmp_path, monkeypatch, target, code)
    with pytest.raises(ConfigurationError, match=message):
        installed_models()


def test_what_a_model_raises_is_logged_and_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and then each time there are twice as many; what works goes through."""
    code = (
        "class M:\n    def scores(self, offers, *asked):\n"
        "        if not offers: raise ValueError('no offers')\n        return [1.0]\nm = M()"
    )
    install(tmp_path, monkeypatch, "m", code)
    log = LogCapture()
    logger = structlog.wrap_logger(structlog.PrintLogger(), processors=[log])
    model = logged(installed_models(), logger)["learned"]
    assert model.scores(["a"], None, None, 0) == [1.0]  # type: ignore[list-item, arg-type]
    for _ in range(9):
        with pytest.raises(ValueError, match="no offers"):
            model.scores([], None, None, 0)  # type: ignore[arg-type]
    assert [line["errors_total"] for line in log.entries] == [1, 2, 4, 8]
    assert log.entries[0] == {
        "event": "ranking model raised",
        "log_level": "warning",
        "model": "learned",
        "error": "ValueError('no offers')",
        "errors_total": 1,
    }
