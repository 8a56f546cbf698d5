"""Plan layers and differences between plans in a browser, at both widths."""

from __future__ import annotations


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
