"""The map workbench by keyboard and mouse; its address holds its state; the map report opens without a network."""

from __future__ import annotations

import shapely

from gis import service
from gis.check.report import folium_report

_MAP = "document.querySelector('plan-map')"
_LOADED = f"{_MAP}.tree && {_MAP}.tree.families && {_MAP}.layers.size > 0"


def until(page, expression):
    """Wait until an expression of the page is true (the pages' own policy forbids evaluating text inside of them)."""
    for _ in range(150):
        if page.evaluate(f"Boolean({expression})"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {expression}")


def opened(somebody, path="/map"):
    """The workbench with its layers."""
    somebody.open(path)
    until(somebody.page, _LOADED)
    return somebody.page


def drawn(page):
    """Wait until the tiles are there."""
    page.evaluate(
        f"new Promise((done) => {{ {_MAP}.map.once('rendercomplete', done); {_MAP}.map.render(); }})"
    )


def test_workbench_by_keyboard_and_its_address(person) -> None:
    developer = person("developer")
    page = opened(developer)
    drawn(page)
    # a whole family on, one layer fainter, the order stays that of the catalogue
    page.get_by_label("控制线：整类显示").check()
    page.locator("#layer-KG_DK ~ input[type=range]").fill("50")
    until(page, "location.search.includes('KG_DK:50')")
    assert page.evaluate("new URLSearchParams(location.search).get('l').split(',').length") > 8
    page.get_by_label("查找图层").fill("永久")
    assert page.locator(".map-panel li:visible").all_inner_texts() == ["永久基本农田\n◎\n2026.1 · 禁止占用"]
    page.get_by_label("查找图层").fill("")
    # go to a plot by its number
    found = page.evaluate("fetch('/api/v1/map/find?q=XQ-9').then((answer) => answer.json())")
    label = next(place["title"] for place in found["places"] if place["layer"] == "KG_DK")
    page.fill(".map-goto input.short", label.split()[0])
    page.press(".map-goto input.short", "Enter")
    until(page, f"{_MAP}.identify.chosen || document.querySelector('.map-places')")
    if page.locator(".map-places").count():
        page.locator(".map-places button", has_text=label).first.click()
    until(page, f"{_MAP}.identify.chosen && {_MAP}.map.getView().getZoom() > 14")
    page.wait_for_timeout(500)
    # identify at the cross
    page.focus(".map")
    page.keyboard.press("Enter")
    page.wait_for_selector(".identified tr.lit")
    assert "用地代码" in page.inner_text(".identified") and "详细规划" in page.inner_text(".identified")
    assert page.evaluate("document.activeElement.classList.contains('map-identify')")
    until(page, "location.search.includes('p=')")
    developer.shoot("map-identify")
    # the address alone brings everything back
    kept = page.evaluate("location.pathname + location.search")
    page = opened(developer, kept)
    page.wait_for_selector(".identified tr.lit")
    assert page.evaluate(f"{_MAP}.shown.get('KG_DK')") == 50
    # back and forward
    page.focus(".map")
    page.keyboard.press("Escape")
    until(page, "!location.search.includes('p=')")
    page.go_back()
    page.wait_for_selector(".identified tr.lit")
    page.go_forward()
    page.wait_for_selector(".map-identify", state="hidden")


def test_curtain_and_measure(person) -> None:
    officer = person("handler")
    page = opened(officer)
    page.get_by_role("button", name="卷帘").click()
    page.select_option("select[aria-label=左侧]", "KG_DK")
    page.select_option("select[aria-label=右侧]", "DLTB")
    page.focus(".map-curtain-slider")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    until(page, "location.search.includes('cut=KG_DK~DLTB~45')")
    visible = f"[...{_MAP}.layers].filter(([, layer]) => layer.getVisible()).map(([code]) => code)"
    assert page.evaluate(visible) == ["KG_DK"]
    assert page.evaluate(f"[...{_MAP}.swipe.sides[1].keys()]") == ["DLTB@null"]
    officer.shoot("map-curtain")
    page.get_by_role("button", name="卷帘").click()
    assert len(page.evaluate(visible)) == 5
    # an area of known corners, by keyboard: move, Enter
    page.get_by_role("button", name="测面积").click()
    page.evaluate(f"{_MAP}.map.getView().setZoom(17)")
    for key in ("ArrowRight", "ArrowDown", ""):
        page.focus(".map")
        page.keyboard.press("Enter")
        if key:
            page.keyboard.press(key)
            page.wait_for_timeout(400)
    until(page, "document.querySelector('.measure-total').innerText.includes('椭球面')")
    points = page.evaluate(f"{_MAP}.measuring.points.map((p) => {_MAP}.project(p))")
    area = shapely.Polygon(points).area
    assert area > 100 and f"{area:,.2f} ㎡" in page.inner_text(".measure-total")
    page.keyboard.press("Backspace")
    assert page.evaluate(f"{_MAP}.measuring.points.length") == 2
    page.keyboard.press("Escape")
    # the frame of a sheet, and the sheet itself
    page.get_by_role("button", name="打印").click()
    page.select_option("select[name=scale]", "5000")
    assert "加盖机关印章" in page.inner_text(".map-tool:not([hidden])")
    with (
        page.context.expect_page() as tab,
        page.context.expect_event("response", lambda r: "/map/print" in r.url) as sent,
    ):
        page.get_by_role("button", name="生成 PDF").click()
    assert sent.value.status == 200 and sent.value.headers["content-type"] == "application/pdf"
    tab.value.close()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(officer.server + "/language/en?next=/map")
    until(page, _LOADED)
    officer.shoot("map-en")


def test_the_report_opens_offline_and_lights_up(chromium, city, tmp_path) -> None:
    site = shapely.box(487_800, 3_114_000, 491_500, 3_118_200)
    with city.transaction() as session:
        report = service.check_geometry(session, site, 4547).payload()
    path = tmp_path / "report.html"
    path.write_bytes(folium_report(report, site, crs=4547, title="离线"))
    assert path.stat().st_size < 4_000_000
    context = chromium.new_context(offline=True)
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector(".leaflet-interactive")
    assert page.locator("tr[data-finding]").count() > 20
    assert page.locator(".leaflet-control-layers label").count() > 10
    row = page.locator("tr[data-finding='plan.STBHHX']")
    row.locator("button").click()
    assert row.evaluate("(node) => node.classList.contains('lit')")
    assert page.locator("path[stroke='#ffd400'][stroke-width='6']").count() > 0
    page.locator("tr[data-finding='plan.YJJBNT'] td").first.click()
    assert not row.evaluate("(node) => node.classList.contains('lit')")
    assert not errors and not [a for a in asked if not a.startswith(("file:", "data:", "blob:"))]
    context.close()


def test_far_out_few_tiles_are_asked_for(person) -> None:
    page = opened(person("planner"))
    drawn(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/tiles/" in request.url else None)
    page.evaluate(f"{_MAP}.map.getView().setZoom(3)")
    drawn(page)
    assert asked and len(asked) < 40 * page.evaluate(f"{_MAP}.shown.size")


def test_the_read_out_agrees_with_the_server_on_another_datum(person) -> None:
    """OSGB36 lies about 120 m beside WGS 84; the browser has no grid and no parameters of its own."""
    page = opened(person("planner"), "/map?crs=27700")
    shown = page.evaluate(f"{_MAP}.project(ol.proj.fromLonLat([-0.1276, 51.5072]))")
    found = page.evaluate(
        "fetch('/api/v1/map/find?q=530030,180380&crs=27700').then((answer) => answer.json())"
    )
    lon, lat = found["places"][0]["at"]
    there = page.evaluate(f"{_MAP}.project(ol.proj.fromLonLat([{lon}, {lat}]))")
    assert abs(shown[0] - 530030) < 500 and abs(shown[1] - 180380) < 500
    # the fit is made for where the layers are, or for the middle of the system's own area
    assert abs(there[0] - 530030) < 5 and abs(there[1] - 180380) < 5
