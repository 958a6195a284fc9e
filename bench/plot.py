"""The picture of the results kept: `python -m bench.plot` writes docs/images/bench-night.svg.

Left the night and its floor over the size of the book, right the night beside its peers. Of several results of one
size the newest counts. Drawn as the report's chart is, by Vega-Lite, in colours that do for light and dark.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import vl_convert

from bench.keep import kept

PICTURE: Final = Path(__file__).parents[1] / "docs" / "images" / "bench-night.svg"
_TEXT: Final = "#768390"  # reads on white and on black
_BOUND: Final = "four times its floor"
_LINES: Final = {"night": "#2f81f7", _BOUND: "#d29922", "its floor": "#a371f7"}
_PEERS: Final = {
    "night": "night", "pandas": "pandas", "polars": "Polars", "duckdb": "DuckDB", "python": "Python loop"
}  # fmt: skip
_HEIGHT: Final = 260


def newest(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest result of each size, smallest first."""
    found = {line["result"]["loans"]: line["result"] for line in lines}
    return [found[loans] for loans in sorted(found)]


def over_size(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the chart of seconds over loans, both in powers of ten."""
    points = [
        {"loans": one["loans"], "seconds": seconds, "what": what}
        for one in results
        for what, seconds in zip(
            _LINES, (one["night_seconds"], 4 * one["floor_seconds"], one["floor_seconds"]), strict=True
        )
    ]
    axis = {"grid": True, "format": "~s"}
    return {
        "title": "Seconds of a night over loans in the book",
        "width": 340,
        "height": _HEIGHT,
        "data": {"values": points},
        "mark": {"type": "line", "point": {"size": 40, "filled": True}, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "loans", "type": "quantitative", "scale": {"type": "log", "nice": False}, "title": "loans",
                  "axis": axis | {"values": sorted({one["loans"] for one in points})}},
            "y": {"field": "seconds", "type": "quantitative", "scale": {"type": "log"}, "title": "seconds",
                  "axis": {"values": [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000], "format": "~g"}},
            "color": {"field": "what", "type": "nominal", "legend": {"orient": "top-left", "title": None},
                      "scale": {"domain": list(_LINES), "range": list(_LINES.values())}},
            "strokeDash": {"condition": {"test": f"datum.what == '{_BOUND}'", "value": [5, 4]}, "value": [1, 0]},
        },
    }  # fmt: skip


def beside_peers(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chart of the night and its peers on a book of one size: bars with their seconds."""
    bars = [
        {"who": said, "seconds": one[name].get("seconds", 0), "label": _label(one[name])}
        for name, said in _PEERS.items()
        if name in one
    ]
    y = {
        "field": "who",
        "type": "nominal",
        "sort": list(_PEERS.values()),
        "title": None,
        "axis": {"ticks": False, "labelPadding": 6},
    }
    x = {"field": "seconds", "type": "quantitative", "axis": None}
    colour = {"condition": {"test": "datum.who == 'night'", "value": _LINES["night"]}, "value": _TEXT}
    text = {"type": "text", "align": "left", "dx": 5, "color": _TEXT, "fontSize": 12}
    return {
        "title": f"The same positions and acts, {one['loans']:,} loans",
        "width": 260,
        "height": 26 * len(bars),
        "data": {"values": bars},
        "encoding": {"y": y, "x": x},
        "layer": [
            {"mark": {"type": "bar", "height": 16}, "encoding": {"color": colour}},
            {"mark": text, "encoding": {"text": {"field": "label"}}},
        ],
    }


def _label(one: Mapping[str, Any]) -> str:
    return f"{one['seconds']:.1f} s" if "seconds" in one else "out of memory"


def picture(nights: Iterable[Mapping[str, Any]], peers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the whole picture as Vega-Lite has it, of the lines kept of both benches."""
    left, right = newest(nights), [beside_peers(one) for one in newest(peers)]
    charts = [over_size(left)] * bool(left) + [{"vconcat": right, "spacing": 30}] * bool(right)
    words = {f"{kind}Color": _TEXT for kind in ("label", "title")}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "hconcat": charts,
        "spacing": 40,
        "background": None,
        "padding": 8,
        "config": {
            "font": "sans-serif",
            "view": {"stroke": None},
            "title": {"color": _TEXT, "fontSize": 13, "anchor": "start", "offset": 12},
            "axis": {**words, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
                     "gridColor": _TEXT, "gridOpacity": 0.25, "domain": False, "tickColor": _TEXT, "tickOpacity": 0.4},
            "legend": {**words, "labelFontSize": 12, "symbolType": "stroke", "symbolStrokeWidth": 2},
        },
    }  # fmt: skip


def main() -> None:
    """Draw what was kept; an error where nothing was."""
    nights, peers = kept("night"), kept("peers")
    if not nights and not peers:
        raise SystemExit("bench: no result was kept: run `make bench-night KEEP=1` first")
    PICTURE.write_text(vl_convert.vegalite_to_svg(picture(nights, peers)), encoding="utf-8")
    sys.stdout.write(json.dumps({"picture": str(PICTURE), "bytes": PICTURE.stat().st_size}) + "\n")


if __name__ == "__main__":
    main()
