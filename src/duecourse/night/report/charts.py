"""The one picture that needs axes: the cure curve, as SVG drawn by Vega-Lite.

The SVG holds numbers only: every word stands in the page around it, so that no font for them is needed, and
its colours are set by the page's style sheet, for light and dark.
"""

from collections.abc import Sequence
from typing import Any, Final

from duecourse.night.measures import CurvePoint

_POINTS: Final = 400


def cure_curve_svg(points: Sequence[CurvePoint], width: int, height: int) -> str:
    """Draw the share of spells that ended (0 to 100 %) over the days since they began.

    `width` and `height` are in pixels. Returns one `<svg>` element. Long curves are drawn through some 400 of
    their steps.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_spec(points, width, height))
    return svg


def _spec(points: Sequence[CurvePoint], width: int, height: int) -> dict[str, Any]:
    stride = -(-len(points) // _POINTS)  # rounded up, so that at most _POINTS steps are drawn
    drawn = [point for i, point in enumerate(points) if i % stride == 0 or i == len(points) - 1]
    # ppm / 10^4 is a per cent; a drawing is the one place where a float does no harm
    steps = [{"d": 0, "s": 0}, *({"d": point.days, "s": point.ended_ppm / 10_000} for point in drawn)]
    axis = {"domain": False, "ticks": False, "title": None, "labelPadding": 6, "labelFontSize": 12}
    x_axis = axis | {"grid": False, "tickCount": max(width // 90, 3), "format": "d"}
    y_axis = axis | {"values": [0, 25, 50, 75, 100], "labelExpr": "datum.value + '%'"}
    x = {"field": "d", "type": "quantitative", "scale": {"nice": False}, "axis": x_axis}
    y = {"field": "s", "type": "quantitative", "scale": {"domain": [0, 100]}, "axis": y_axis}
    line = {"type": "line", "interpolate": "step-after", "strokeWidth": 2}
    area = {"type": "area", "interpolate": "step-after"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": steps},
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": None,
        "padding": 4,
        "layer": [{"mark": area}, {"mark": line}],
        "encoding": {"x": x, "y": y},
        "config": {"font": "sans-serif", "view": {"stroke": None}},
    }
