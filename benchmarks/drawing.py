"""Pictures of what was measured, as SVG that stands by itself, without scripts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pygal
from pygal.style import Style

_LOOK = Style(
    background="white", plot_background="white", foreground="#3a3f47",
    foreground_strong="#1d2127", foreground_subtle="#c9ced6", guide_stroke_color="#e3e6ea",
    major_guide_stroke_color="#d5d9df", guide_stroke_dasharray="none",
    major_guide_stroke_dasharray="none", font_family="'DejaVu Sans', sans-serif",
    title_font_size=16, label_font_size=12, major_label_font_size=12, legend_font_size=12,
    value_font_size=11, colors=("#2f6fb2", "#d9a441", "#c75b4a", "#8fbbe3"),
)  # fmt: skip
_NEEDLESS = re.compile(rb"<script.*?</script>|<script[^>]*/>|<desc.*?</desc>|<!--.*?-->", re.DOTALL)
_WIDTH, _ROW, _FRAME = 900, 22, 130


def bars(
    path: Path,
    title: str,
    rows: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    by_tens: bool = False,
) -> None:
    """Draws horizontal bars, the first row on top; `by_tens` on a logarithmic scale."""
    chart = pygal.HorizontalBar(
        style=_LOOK, js=(), title=title, width=_WIDTH, logarithmic=by_tens,
        height=_FRAME + _ROW * len(rows) * len(series), legend_at_bottom=True,
        margin_right=40, show_legend=len(series) > 1, print_values=True, show_y_guides=True,
        truncate_label=-1, truncate_legend=-1, value_formatter=short,
    )  # fmt: skip
    chart.uuid = path.stem
    chart.x_labels = [*reversed(rows)]
    if by_tens:
        given = [one for values in series.values() for one in values if one]
        first, last = math.floor(math.log10(min(given))), math.ceil(math.log10(max(given)))
        chart.y_labels = [10**power for power in range(first, last + 1)]
        chart.zero, chart.range = 10**first, (10**first, 10**last)
    for name, values in series.items():
        chart.add(name, [*reversed(values)])
    _write(path, chart.render())


def lines(
    path: Path,
    title: str,
    points: Mapping[str, Sequence[tuple[float, float]]],
    axes: tuple[str, str],
) -> None:
    """Draws lines through points, from left to right by tens."""
    chart = pygal.XY(
        style=_LOOK, js=(), title=title, width=_WIDTH, height=420, margin_right=40,
        range=(0, 1.1 * max(y for several in points.values() for _, y in several)),
        legend_at_bottom=True, truncate_legend=-1, x_title=axes[0], y_title=axes[1],
        value_formatter=short, x_value_formatter=lambda value: f"{10**value:,.0f}", dots_size=4,
    )  # fmt: skip
    chart.uuid = path.stem
    chart.x_labels = sorted({math.log10(x) for several in points.values() for x, _ in several})
    for name, several in points.items():
        chart.add(name, [(math.log10(x), y) for x, y in several])
    _write(path, chart.render())


def short(value: float | None) -> str:
    """Returns a number with as many places as it deserves."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _write(path: Path, drawn: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_NEEDLESS.sub(b"", drawn).strip() + b"\n")
