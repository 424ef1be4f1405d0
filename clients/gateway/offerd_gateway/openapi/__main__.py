"""`python -m offerd_gateway.openapi`: writes openapi.json beside the package's code."""

from __future__ import annotations

from pathlib import Path

from offerd_gateway.openapi.document import render

PACKAGE = Path(__file__).parents[1]
PROTO_FOLDER = PACKAGE.parents[2] / "proto"

if __name__ == "__main__":
    (PACKAGE / "openapi.json").write_text(render(PROTO_FOLDER), encoding="utf-8")
