"""The shareable map report of a multi-plan check: one HTML file that opens without a network.

Made with folium; Leaflet's script, style sheet and icons are written into the page, so no address outside remains.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from branca.element import Element, Figure
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.layers.layer import layer_catalogue
from project_box.kernel.errors import PlatformError
from project_box.kernel.settings import REPOSITORY_ROOT

_OUTCOMES = {
    "pass": ("✓", "符合", "Complies"),
    "fail": ("✕", "不符合", "Fails"),
    "note": ("!", "提示", "Note"),
    "undecided": ("?", "无法判定", "Undecided"),
}
_TOUCH = {"hit": ("重叠", "overlap"), "touch": ("相邻", "touches")}


class _Speech:
    """Words of the report, as HTML, in one language."""

    def __init__(self, *, english: bool) -> None:
        self.english = english

    def __call__(self, zh: str, en: str) -> str:
        return html.escape(en if self.english and en else zh)

    def of(self, entry: Mapping[str, Any], key: str) -> str:
        """A text that has its English beside it under ``<key>_en``."""
        return self(str(entry[key] or ""), str(entry.get(f"{key}_en") or ""))

    def outcome(self, outcome: str) -> str:
        """Mark and word."""
        mark, zh, en = _OUTCOMES[outcome]
        return f'<span class="word {outcome}">{mark} {self(zh, en)}</span>'


_STYLE = """
html, body { height: auto !important; margin: 0; }
body { display: flex; flex-direction: column; } .report.tables { order: 2; }
body { font: 15px/1.6 "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; color: #1b2430;
  background: #fff; font-variant-numeric: tabular-nums; }
.report { box-sizing: border-box; width: 100%; max-width: 78rem; margin: 0 auto; padding: 1rem 1.2rem; }
.report h1 { font-size: 1.4rem; margin: 0 0 .3rem; } .report .meta { color: #55606f; margin: 0 0 .6rem; }
.report table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .6rem 0 1.4rem; }
.report caption { text-align: left; font-weight: 600; padding: .3rem 0; }
.report th, .report td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #d5dbe5;
  vertical-align: top; }
.report thead th { background: #eef1f6; } .report td.num { text-align: right; white-space: nowrap; }
.report button { font: inherit; border: 1px solid #12447f; color: #12447f; background: #fff; border-radius: 4px;
  white-space: nowrap; }
.word { font-weight: 600; white-space: nowrap; } .pass { color: #1d6b3a; } .fail { color: #b3201f; }
.note { color: #8a5a00; } .undecided { color: #5b4a8a; }
.folium-map { position: relative !important; width: 100% !important; height: 62vh !important; min-height: 22rem;
  background: #f4f6f9; border-block: 1px solid #aeb8c6; }
.report tr.lit > td { background: #fff6cc; } .report tr[data-finding] { cursor: pointer; }
.report.tables td:nth-child(2) { min-width: 6.5em; }
.leaflet-control-scale-line:not(:first-child) { display: none; }
.report button:focus-visible, .leaflet-container a:focus-visible { outline: 3px solid #d97706; outline-offset: 2px; }
@media (max-width: 48rem) {
  .report.tables { padding: .6rem; } .report.tables thead { display: none; }
  .report.tables tr { display: flex; flex-wrap: wrap; gap: 0 .6rem; padding: .4rem 0; border-bottom: 1px solid; }
  .report.tables td { border: 0; padding: .1rem 0; } .report.tables td:nth-child(3) { flex: 1 0 100%; }
  .folium-map { height: 48vh !important; }
  .leaflet-control-layers { max-height: 9rem; overflow-y: auto; font-size: 12px; }
}
@media print { .report button { display: none; } }
"""


class _OfflineMap(folium.Map):
    """A folium map that links nothing: Leaflet is put into the page by :func:`folium_report`."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium reads it as a class attribute
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - folium reads it as a class attribute


@lru_cache
def _leaflet() -> tuple[str, str]:
    """(script, style sheet) of Leaflet with its pictures as data addresses."""
    folder = REPOSITORY_ROOT / "node_modules" / "leaflet" / "dist"
    try:
        script = (folder / "leaflet.js").read_text(encoding="utf-8")
        style = (folder / "leaflet.css").read_text(encoding="utf-8")
        style = re.sub(r"url\((images/[\w.-]+)\)", lambda m: f"url({_picture(folder / m.group(1))})", style)
    except OSError as error:
        raise PlatformError(
            "地图组件 Leaflet 没有安装",
            f"Leaflet is not installed: {error}",
            code="leaflet_missing",
            remedy="运行 make setup",
            remedy_en="run make setup",
        ) from error
    script = re.sub(r"//# sourceMappingURL=\S+", "", script)
    return script.replace("</script", "<\\/script"), style


def _picture(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def folium_report(
    report: Mapping[str, Any],
    boundary: BaseGeometry,
    *,
    crs: int | None = None,
    title: str = "",
    english: bool = False,
) -> bytes:
    """The report page.

    Args:
        report: payload of a ``conflict_report``.
        boundary: the site, in ``crs`` (EPSG; the report's own when not given).
        title: name of the project or file.
        english: its words in English where there are any.

    Returns:
        UTF-8 HTML that needs nothing else to open.
    """
    say = _Speech(english=english)
    site_crs = int(crs if crs is not None else report["crs"])
    site = crs_module.transform_unchecked(boundary, site_crs, crs_module.WGS84)
    west, south, east, north = site.bounds
    margin_x, margin_y = (east - west) * 0.25 or 0.001, (north - south) * 0.25 or 0.001
    page = _OfflineMap(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=16,
        max_zoom=22,
        control_scale=True,
        attribution_control=False,
    )
    page.options["preferCanvas"] = False
    page.fit_bounds([[south - margin_y, west - margin_x], [north + margin_y, east + margin_x]])
    drawn = _draw(page, report, site, say)
    figure = page.get_root()
    assert isinstance(figure, Figure)  # folium puts every map into one
    script, style = _leaflet()
    figure.title = f"{say(*_TITLE)} {html.escape(title)}".strip()
    figure.header.add_child(Element(f"<style>{style}</style>"), name="leaflet_css_inline", index=0)
    figure.header.add_child(Element(f"<script>{script}</script>"), name="leaflet_js_inline", index=0)
    figure.header.add_child(Element(f"<style>{_STYLE}</style>"), name="report_css")
    figure.html.add_child(Element(_head(report, title, say)), name="report_head", index=0)
    figure.html.add_child(Element(_tables(report, say)), name="report_tables")
    figure.script.add_child(Element(_links(page.get_name(), drawn)), name="report_links")
    return str(figure.render()).encode("utf-8")


def _draw(
    page: folium.Map, report: Mapping[str, Any], site: BaseGeometry, say: _Speech
) -> dict[str, tuple[str, str]]:
    """Put the layers, the worst on top, and the site (longitude, latitude) on the map; what each layer is there."""
    rank = {"pass": 0, "undecided": 1, "note": 2, "fail": 3}
    drawn: dict[str, tuple[str, str]] = {}
    for line in sorted(report["layers"], key=lambda entry: rank[entry["outcome"]]):
        names = _add_layer(page, line, int(report["crs"]), say)
        if names is not None:
            drawn[f"plan.{line['code']}"] = names
    outline = folium.FeatureGroup(name=say("用地红线", "Site boundary"), control=True)
    geojson = _geojson(site)
    for colour, weight in (("#ffd400", 7), ("#c8161d", 3)):
        folium.GeoJson(geojson, style_function=_fixed(colour, weight), interactive=False).add_to(outline)
    outline.add_to(page)
    folium.LayerControl(collapsed=False).add_to(page)
    return drawn


def _fixed(colour: str, weight: int) -> Any:
    return lambda _: {"color": colour, "weight": weight, "fill": False}


def _geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """GeoJSON with seven decimals (a centimetre): more makes the file larger, not better."""
    found: dict[str, Any] = json.loads(
        shapely.to_geojson(shapely.transform(geometry, lambda c: np.round(c, 7)))
    )
    return found


def _add_layer(page: folium.Map, line: Mapping[str, Any], crs: int, say: _Speech) -> tuple[str, str] | None:
    """The overlaps of one layer as a group of its own, in the layer's colours.

    Returns:
        the page's names of the group and of its shapes; None where there is nothing to draw.
    """
    features = []
    for feature in line["features"]:
        if feature["marker"] is None:
            continue
        geometry = crs_module.transform_unchecked(shape(feature["marker"]), crs, crs_module.WGS84)
        met = f"{say(*_TOUCH[feature['status']])} {feature['overlap_m2']:,.2f} ㎡"
        words = f"{say.of(line, 'name')} · {html.escape(feature['label'])} · {met}"
        features.append(
            {
                "type": "Feature",
                "properties": {"words": words},
                "geometry": _geojson(geometry),
            }
        )
    if line["marker"] is not None:
        outside = crs_module.transform_unchecked(shape(line["marker"]), crs, crs_module.WGS84)
        words = f"{say.of(line, 'name')} · {say.of(line, 'status_name')} {line['overlap_m2']:,.2f} ㎡"
        features = [
            {
                "type": "Feature",
                "properties": {"words": words},
                "geometry": _geojson(outside),
            }
        ]
    if not features:
        return None
    symbol = layer_catalogue().get(line["code"]).symbol
    style = {
        "color": symbol.stroke,
        "weight": max(symbol.width, 1),
        "fillColor": symbol.fill,
        "fillOpacity": max(symbol.opacity, 0.25),
        "dashArray": " ".join(f"{d:g}" for d in symbol.dash) or None,
    }
    decisive = line["outcome"] == "fail" or line["status"] == "touch" or line["policy"] == "within"
    group = folium.FeatureGroup(name=f"{say.of(line, 'name')} ({say.of(line, 'status_name')})", show=decisive)
    shapes = folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=lambda _: style,
        tooltip=folium.GeoJsonTooltip(fields=["words"], labels=False),
    )
    shapes.add_to(group)
    group.add_to(page)
    return group.get_name(), shapes.get_name()


_TITLE = "多规合一检查报告", "Multi-plan check report"


def _head(report: Mapping[str, Any], title: str, say: _Speech) -> str:
    crs = int(report["crs"])
    system = f"{say(crs_module.name(crs), crs_module.name_en(crs))} (EPSG:{crs})"
    return (
        f'<div class="report"><h1>{say(*_TITLE)} {html.escape(title)}</h1>'
        f'<p class="meta">{say("用地面积", "Site area")} {report["site_area_m2"]:,.2f} ㎡ · {system} · '
        f"{say('检查日期', 'Checked on')} {html.escape(str(report['checked_on']))} · "
        f"{say.outcome(report['outcome'])}</p></div>"
    )


_FOOT = (
    "项目盒 Project Box 生成；地图组件 Leaflet(BSD-2-Clause)。本文件可离线打开。",
    "Made by Project Box; map by Leaflet (BSD-2-Clause). This file opens without a network.",
)
_HEADS = (
    ("结论", "Result"), ("图层", "Layer"), ("说明", "Finding"), ("面积", "Area"), ("依据", "Legal basis"),
    ("图层版本", "Layer version"), ("", ""),
)  # fmt: skip


def _tables(report: Mapping[str, Any], say: _Speech) -> str:
    clauses = {f"plan.{line['code']}": say.of(line, "clause") for line in report["layers"]}
    order = {"fail": 0, "undecided": 1, "note": 2, "pass": 3}
    rows = []
    for finding in sorted(report["findings"], key=lambda f: order[f["outcome"]]):
        button = ""
        if finding["marker"] is not None:
            geometry = crs_module.transform_unchecked(
                shape(finding["marker"]), int(finding["marker_crs"]), crs_module.WGS84
            )
            west, south, east, north = geometry.bounds
            corners = f"[[{south:.7f},{west:.7f}],[{north:.7f},{east:.7f}]]"
            button = f'<button type="button" data-bounds="{corners}">{say("在图上看", "Show")}</button>'
        version = finding["source"].get("version")
        cells = [
            f"<td>{say.outcome(finding['outcome'])}</td>",
            f"<td>{say.of(finding, 'title')}</td>",
            f"<td>{say.of(finding, 'message')}</td>",
            f'<td class="num">{_measured(finding)}</td>',
            f"<td>{clauses.get(finding['code']) or html.escape(finding['clause'] or '')}</td>",
            f"<td>{html.escape(str(version or '—'))}</td>",
            f"<td>{button}</td>",
        ]
        rows.append(f'<tr data-finding="{html.escape(finding["code"])}">{"".join(cells)}</tr>')
    heads = "".join(f"<th>{say(*words)}</th>" for words in _HEADS)
    parts = [
        f'<div class="report tables"><table><caption>{say("检查结论", "Findings")}</caption>'
        f"<thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    ]
    planning = report.get("planning")
    if planning is not None:
        none = f"<tr><td>{say('无法判定', 'undecided')}</td></tr>"
        conditions = "".join(
            f"<tr><td>{say.of(c, 'name')}</td><td>{say.of(c, 'text')}</td>"
            f"<td>{html.escape(c['clause'])}</td></tr>"
            for c in planning["conditions"]
        )
        parts.append(
            f"<table><caption>{say('规划条件', 'Planning conditions')} · {say.of(planning, 'reason')}</caption>"
            f"<tbody>{conditions or none}</tbody></table>"
        )
    parts.append(f"<p class='meta'>{say(*_FOOT)}</p></div>")
    return "".join(parts)


def _measured(finding: Mapping[str, Any]) -> str:
    if not finding["measured"]:
        return ""
    return f"{float(finding['measured']):,.2f} {html.escape(finding['unit'] or '')}"


_LIGHTS = """
window.addEventListener("load", function () {
  var lit = null;
  function rows() { return document.querySelectorAll("tr[data-finding]"); }
  function light(code, fly) {
    if (lit && DRAWN[lit]) { window[DRAWN[lit][1]].setStyle(window[DRAWN[lit][1]].options.style); }
    lit = code;
    rows().forEach(function (row) { row.classList.toggle("lit", row.dataset.finding === code); });
    if (!DRAWN[code]) { return; }
    MAP.addLayer(window[DRAWN[code][0]]);
    window[DRAWN[code][1]].setStyle({ color: "#ffd400", weight: 6 });
    window[DRAWN[code][1]].bringToFront();
    if (!fly) { document.querySelector("tr.lit").scrollIntoView({ block: "nearest" }); }
  }
  rows().forEach(function (row) {
    var button = row.querySelector("button[data-bounds]");
    row.addEventListener("click", function (event) {
      light(row.dataset.finding, true);
      if (event.target !== button) { return; }
      MAP.fitBounds(JSON.parse(button.dataset.bounds), { maxZoom: 20, padding: [30, 30] });
      MAP.getContainer().scrollIntoView({ block: "start" });
    });
  });
  Object.keys(DRAWN).forEach(function (code) {
    window[DRAWN[code][1]].on("click", function () { light(code, false); });
  });
});
"""


def _links(map_name: str, drawn: Mapping[str, tuple[str, str]]) -> str:
    """Script that lets rows light their shapes and shapes their row."""
    names = json.dumps({code: list(pair) for code, pair in drawn.items()})
    return (
        _LIGHTS.replace("DRAWN", "drawnFindings")
        .replace("MAP", map_name)
        .replace(
            'window.addEventListener("load", function () {',
            f'window.addEventListener("load", function () {{\n  var drawnFindings = {names};',
            1,
        )
    )
