"""Ranking models that packages bring."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from offerd.app.models import installed_models
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
