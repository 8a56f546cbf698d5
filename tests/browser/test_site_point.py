"""A correction's boundary point on the map: marked, labelled, zoomed to, and shown again from its line."""

from __future__ import annotations

import secrets

from shapely.geometry import Polygon

from gis.boundaries.boundary import write_txt
from web.seed.sites import A_FRAME, A_SITE, CRS

#: the marked point in pixels of the map, its label, and metres per pixel
_MARK = """() => {
  const map = document.querySelector("plan-map");
  const [feature] = map.vertexSource.getFeatures();
  return {
    label: feature.get("label"),
    at: map.map.getPixelFromCoordinate(feature.getGeometry().getCoordinates()),
    size: map.map.getSize(),
    resolution: map.map.getView().getResolution(),
  };
}"""


def test_a_correction_leads_to_its_boundary_point(person):
    developer = person("developer")
    page = developer.page
    developer.open("/projects/new")
    page.fill("#code", f"2601-439901-04-01-{secrets.randbelow(10**6):06d}")
    page.fill("#name", "界址点测试")
    page.click("main button.primary")
    page.wait_for_url("**/projects/*-*-*")
    home = page.url.removeprefix(developer.server).rstrip("/")
    developer.open(f"{home}/site")
    data = write_txt(Polygon([A_FRAME.at(u, v) for u, v in A_SITE]), CRS)
    page.set_input_files("#file", {"name": "红线.txt", "mimeType": "text/plain", "buffer": data})
    page.click(f'form[action="{home}/site"] button')
    page.wait_for_selector("#points")
    developer.open(f"{home}/site?vertex=J5")
    assert "J5" in page.inner_text("#vertex")
    assert page.inner_text("#points tr.lit").startswith("J5")
    page.wait_for_timeout(1200)
    mark = page.evaluate(_MARK)
    assert mark["label"] == "J5"
    assert abs(mark["at"][0] - mark["size"][0] / 2) < 5
    assert abs(mark["at"][1] - mark["size"][1] / 2) < 5
    assert mark["resolution"] < 0.5
    page.evaluate("document.querySelector('plan-map').map.getView().setZoom(12)")
    page.click("[data-show-vertex]")
    page.wait_for_timeout(800)
    assert page.evaluate(_MARK)["resolution"] < 0.5
    developer.shoot("site-vertex")
