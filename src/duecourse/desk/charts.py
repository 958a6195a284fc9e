"""Charts as SVG, drawn on the server without a network: shares with the interval in which each true one lies.

    shares("Promises kept", [Share("early", 40, 100), ...]) -> bytes

The numbers of a chart stand in a table beside it.
"""

from collections.abc import Sequence
from typing import Any, Final

import vl_convert

from duecourse.desk.figures import Share

_WIDTH: Final = 520
_BLUE: Final = "#0b5fa5"
_GREY: Final = "#4b5563"


def shares(title: str, found: Sequence[Share]) -> bytes:
    """Return a chart of shares; those of too few are left out."""
    rows = [
        {"key": one.key, "share": one.count / one.of, "low": one.interval[0], "high": one.interval[1]}  # float: shares
        for one in found
        if one.interval is not None
    ]
    key = {"field": "key", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 180}}
    scale, axis = {"domain": [0, 1]}, {"format": "%", "title": None}
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": title,
        "width": _WIDTH,
        "height": {"step": 26},
        "data": {"values": rows},
        "encoding": {"y": key},
        "layer": [
            {
                "mark": {"type": "rule", "color": _GREY, "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "low", "type": "quantitative", "axis": axis, "scale": scale},
                    "x2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "color": _BLUE},
                "encoding": {"x": {"field": "share", "type": "quantitative", "scale": scale}},
            },
        ],
    }
    return str(vl_convert.vegalite_to_svg(spec)).encode()
