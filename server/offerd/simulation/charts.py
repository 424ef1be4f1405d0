"""Charts as SVG that stands in a page: no scripts, no fonts or styles from elsewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree as Xml

import pygal
from markupsafe import Markup
from pygal import PluginImportFixer
from pygal.style import Style

# It sets up a finder for its maps, in a form that Python has given up and warns about at every
# import that follows. There are no maps here.
sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, PluginImportFixer)]

_LOOK: Final[Mapping[str, str | int]] = {
    "background": "transparent",
    "plot_background": "transparent",
    "foreground": "#3a3f47",
    "foreground_strong": "#1d2127",
    "foreground_subtle": "#c9ced6",
    "font_family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
    "label_font_size": 13,
    "major_label_font_size": 13,
    "legend_font_size": 13,
    "value_font_size": 12,
    "no_data_font_size": 16,
    "opacity": ".95",
    "opacity_hover": ".95",
    "guide_stroke_color": "#e3e6ea",
    "major_guide_stroke_color": "#d5d9df",
    "guide_stroke_dasharray": "none",
    "major_guide_stroke_dasharray": "none",
}
BLUE: Final = "#2f6fb2"
LIGHT_BLUE: Final = "#8fbbe3"
AMBER: Final = "#d9a441"
GREY: Final = "#c3c8d0"
RED: Final = "#c75b4a"
_WIDTH: Final = 900
_ROW_HEIGHT: Final = 26
_FRAME_HEIGHT: Final = 84
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_NEEDLESS: Final = frozenset({"script", "desc"})
_OUTSIDE: Final = re.compile(r"@import|url\(|//")


def bars(
    rows: Sequence[str],
    series: Mapping[str, Sequence[int]],
    *,
    name: str,
    colours: Sequence[str] = (BLUE, LIGHT_BLUE, AMBER),
    stacked: bool = False,
    most: int | None = None,
) -> Markup:
    """Returns horizontal bars: a row for each name, a bar or a part of it for each series.

    `name` tells the chart from others of its page. `colours` are those of the series; `most` is
    where the scale ends.
    """
    if not rows or not series:
        return Markup('<p class="none">Nothing to show.</p>')
    kind = pygal.HorizontalStackedBar if stacked else pygal.HorizontalBar
    bars_of_row = 1 if stacked else len(series)
    chart = kind(
        style=Style(**_LOOK, colors=tuple(colours)),
        js=(),
        width=_WIDTH,
        height=_FRAME_HEIGHT + len(rows) * _ROW_HEIGHT * (1 + (bars_of_row - 1) // 2),
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        legend_box_size=12,
        show_x_guides=False,
        show_y_guides=True,
        print_values=False,
        formatter=lambda value: f"{value:,.0f}",
        range=(0, max(most or 0, 1)),
        y_labels=[{"value": mark, "label": f"{mark:,}"} for mark in _marks(max(most or 0, 1))],
        truncate_label=40,
        margin=8,
        spacing=6,
        no_data_text="0",
    )
    chart.uuid = name
    # Bars grow upwards from the first: turned, so that the first row is on top.
    chart.x_labels = list(reversed(rows))
    for title, values in series.items():
        chart.add(title, list(reversed(values)))
    return _inline(chart.render_tree())


def _marks(most: int) -> list[int]:
    """Returns some five round whole numbers from 0 on that go as far as the scale."""
    step = 1
    while step * 6 < most:
        step = {1: 2, 2: 5, 5: 10}[int(str(step)[0])] * 10 ** (len(str(step)) - 1)
    return [*range(0, most, step), most] if most % step else list(range(0, most + 1, step))


def _inline(tree: Xml.Element) -> Markup:
    """Returns a chart's tree as text, without what runs, is loaded, or only scripts use."""
    for parent in list(tree.iter()):
        for child in list(parent):
            tag = child.tag if isinstance(child.tag, str) else ""
            if not tag or tag.rpartition("}")[2] in _NEEDLESS:
                parent.remove(child)
            elif tag.rpartition("}")[2] == "style" and _OUTSIDE.search(child.text or ""):
                child.text = _OUTSIDE.sub("", child.text or "")
    tree.set("role", "img")
    Xml.register_namespace("", _SVG)
    Xml.register_namespace("xlink", _XLINK)
    return Markup(Xml.tostring(tree, encoding="unicode"))  # noqa: S704 - escaped by its writer
