"""Plan layers and differences between plans in a browser, at both widths."""

from __future__ import annotations

import re
import time

import geopandas
import numpy as np
import shapely
from playwright.sync_api import expect

from gis.deliveries.batches import read_batches


def test_layers_and_differences(person):
    admin = person("admin")
    admin.open("/layers")
    assert admin.page.locator("#import select#code option").count() > 20
    admin.shoot("layers")
    admin.open("/layers/KG_DK")
    admin.shoot("layer")
    admin.open("/map/differences?a=KG_DK&b=ZGYT&relation=mismatch")
    admin.page.wait_for_selector("plan-map canvas")
    row = admin.page.locator("[data-shape-row]").first
    row.locator("[data-show-shape]").click()
    assert "lit" in (row.get_attribute("class") or "")
    row.locator("summary").click()
    row.locator("select[name=verdict]").select_option("tolerated")
    row.locator("input[name=reason]").fill("现状与规划的正常差别")
    row.locator("form button").click()
    admin.page.wait_for_url("**/map/differences?a=KG_DK**#d-*")
    assert "允许保留" in admin.page.locator("[data-shape-row]").first.inner_text()
    # all rows at once, by keyboard
    rows = admin.page.locator("[data-shape-row] input[type=checkbox][name=polygon]").count()
    admin.page.focus("[data-tick-all]")
    for key, ticked in (("Space", f"({rows})"), ("Space", "")):
        admin.page.keyboard.press(key)
        assert admin.page.inner_text("[data-ticked]") == ticked
    admin.shoot("differences")


def test_an_import_shows_how_far_it_is_and_is_stopped(person, tmp_path, monkeypatch):
    def slowly(*args, **options):
        for batch in read_batches(*args, **options):
            time.sleep(0.7)
            yield batch

    monkeypatch.setattr("gis.layers.importing.read_batches", slowly)
    count = 8_000
    east, north = np.divmod(np.arange(count), 200)
    plots = shapely.box(
        500_000 + 20 * east, 3_200_000 + 20 * north, 500_015 + 20 * east, 3_200_015 + 20 * north
    )
    frame = geopandas.GeoDataFrame({"MC": [str(n) for n in range(count)]}, geometry=plots, crs=4547)
    frame.to_file(tmp_path / "many.gpkg")
    admin = person("admin")
    admin.open("/layers")
    page = admin.page
    form = page.locator("#import form")
    form.locator("select#code").select_option("LX")
    form.locator("input[type=file]").set_input_files(tmp_path / "many.gpkg")
    form.locator("button.primary").first.click()
    page.wait_for_url("**/layers/deliveries/*")
    page.locator("input#version").fill("stopped")
    section = page.locator("[data-import]")
    assert not section.is_visible()
    page.locator("button[value=import]").click(no_wait_after=True)
    expect(page.locator("[data-count=read]")).to_have_text(re.compile("[1-9]"), timeout=30_000)
    admin.shoot("importing")
    section.locator("[data-stop]").click()
    page.wait_for_selector("#error-summary")
    assert "导入已取消" in page.locator("#error-summary").inner_text()
    assert page.locator("input#version").input_value() == "stopped"
