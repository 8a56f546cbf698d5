"""Properties of land prices and fees: they grow with what they are charged on, close, round as said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_UP
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elements.engine.engine import Evaluation, evaluate, load_catalogue, read_inputs
from elements.fees import FeeLine, fee_codes, fee_inputs, fee_rates, run_fee
from elements.library.price_parts import percent_list
from elements.library.supplement import changed_parts, parcel_shares, supplement_change
from elements.places import with_settings
from project_box.kernel.errors import BadInput

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
FEW = settings(max_examples=40, deadline=None)
AREAS = st.decimals("0.01", 10**7, places=2)
MONEY = st.decimals("0.01", 10**9, places=2)
RATIOS = st.decimals("0.0001", "9.9999", places=4)

FOREST = {"SL_FOREST": "竹林地", "SL_PUBLIC": "其他林地", "SL_PLACE": "城市规划区内"}
#: (fee, what it is charged on, the rest)
CHARGED: list[tuple[str, str, dict[str, Any]]] = [
    ("YHS", "HT_PRICE", {}),
    ("QS", "HT_PRICE", {"QS_RATE": 4}),
    ("GDZYS", "GD_AREA", {"GD_CLASS": "耕地"}),
    ("GDKKF", "KK_AREA", {"KK_GRADE": "旱地"}),
    ("XZJSYDF", "XZ_AREA", {"XZ_GRADE": "十等"}),
    ("SLJJ", "XZ_AREA", {"XZ_GRADE": "十等"}),
    ("SBZH", "ZD_AREA", {"SBZH_RATE": 30}),
    ("RFYD", "RF_AREA", {"JURISDICTION": "湘潭县"}),
    ("SBBC", "SB_AREA", {}),
    ("SLZBHF", "SL_AREA", {"JURISDICTION": "广东省", **FOREST}),
    ("PTF", "PT_BUILD_AREA", {"PTF_RATE": "85.5"}),
    ("XZF", "XZF_PRICE", {"XZF_YEARS": 1}),
    ("WYJ", "WY_AMOUNT", {"WY_DAYS": 7}),
    ("HBBJ", "HB_PRICE", {"HB_SHARE": 40}),
]  # fmt: skip


def fee(code: str, inputs: Mapping[str, Any]) -> FeeLine:
    return run_fee(code, {"JURISDICTION": "湖南省", **inputs}, AT, CATALOGUE)


def values(inputs: Mapping[str, Any], *codes: str) -> Evaluation:
    typed = with_settings(CATALOGUE, read_inputs(CATALOGUE, inputs, AT), AT)
    return evaluate(CATALOGUE, typed, AT, codes)


@pytest.mark.parametrize(
    ("code", "charged", "rest"), CHARGED, ids=lambda v: str(v) if isinstance(v, str) else ""
)
@FEW
@given(AREAS, AREAS)
def test_a_fee_grows_with_what_it_is_charged_on(
    code: str, charged: str, rest: dict[str, Any], one: D, two: D
) -> None:
    small, large = sorted((one, two))
    amounts = [fee(code, {**rest, charged: v}).amount for v in (small, large)]
    assert amounts[0] is not None
    assert amounts[1] is not None
    assert 0 <= amounts[0] <= amounts[1]
    assert all(a == a.quantize(D("0.01")) for a in amounts if a is not None)


def test_every_fee_line_says_where_its_numbers_come_from() -> None:
    for code, charged, rest in CHARGED:
        line = fee(code, {**rest, charged: 1000})
        assert line.outcome == "computed"
        assert line.basis and line.quantity and line.unit and line.formula and line.substituted, code
        assert line.rounding.startswith("四舍五入")
        assert code == "HBBJ" or (line.rate and line.rate_doc and line.tag), code
        assert set(line.own) <= set(rest)
        assert line.verified is False or not line.own


PRICE = {
    "JURISDICTION": "道县", "LP_USAGE": "居住用地", "LP_FAR": 2, "LP_AREA": 1000, "LP_P0": 600,
    "LP_BASE_KIND": "地面地价",
    "LP_SKI": 0, "LP_KY": 1, "LP_KV": 1, "LP_KT": 1, "LP_KS": 1, "LP_KA": 1, "LP_KE": 1, "LP_KTO": 1, "LP_KU": 1,
    "LP_DEVELOPMENT": 0,
}  # fmt: skip
FACTORS = ("LP_KY", "LP_KV", "LP_KT", "LP_KS", "LP_KA", "LP_KE", "LP_KTO", "LP_KU")


@FEW
@given(MONEY, st.decimals("-99", 99, places=4), st.lists(RATIOS, min_size=8, max_size=8))
def test_the_price_is_the_product_of_rounded_factors_to_one_decimal(
    base: D, ski: D, factors: list[D]
) -> None:
    found = values(
        {**PRICE, "LP_P0": base, "LP_SKI": ski, **dict(zip(FACTORS, factors, strict=True))}, "LP_PRICE"
    )
    expected = base * (1 + ski / 100)
    for factor in factors:
        expected *= factor
    wanted = expected.quantize(D("0.1"), rounding=ROUND_HALF_UP)
    assert abs(D(found["LP_PRICE"].display) - wanted) <= (D("0.1") if wanted > 10**15 else 0)


@FEW
@given(st.decimals("0.1", 8, places=2), st.decimals("0.1", 8, places=2))
def test_the_far_factor_grows_with_the_far_and_stays_in_the_table(one: D, two: D) -> None:
    parcel = {"JURISDICTION": "通道县", "LP_USAGE": "居住用地", "LP_LEVEL": "二级"}
    low, high = (D(values({**parcel, "LP_FAR": f}, "LP_KV")["LP_KV"].display) for f in sorted((one, two)))
    assert D("0.7384") <= low <= high <= D("1.4932")


@FEW
@given(st.decimals("0.5", 15, places=2), st.decimals("0.1", 70, places=2), st.decimals("0.1", 70, places=2))
def test_the_term_factor_lies_between_nothing_and_one(rate: D, one: D, two: D) -> None:
    short, long = sorted((one, two))
    found = [
        values({"NQ_RATE": rate, "NQ_TERM": n, "NQ_FULL": 70}, "NQ_K")["NQ_K"].value for n in (short, long)
    ]
    assert isinstance(found[0], D)
    assert isinstance(found[1], D)
    assert 0 < found[0] <= found[1] <= 1


@FEW
@given(MONEY, st.lists(st.decimals("0.01", 10**6, places=2), min_size=1, max_size=12))
def test_what_is_shared_among_parcels_adds_up(total: D, weights: list[D]) -> None:
    rows = [{"parcel": f"宗{i}", "weight": w} for i, w in enumerate(weights)]
    shares = parcel_shares(total, rows).value
    assert isinstance(shares, dict)
    parts = [D(v) for v in shares.values()]
    assert sum(parts) == total
    whole = sum(weights)
    assert all(abs(p - total * w / whole) < D("0.01") for p, w in zip(parts, weights, strict=True))


@FEW
@given(MONEY, RATIOS, RATIOS, AREAS)
def test_a_supplement_is_never_negative_and_none_without_change(price: D, one: D, two: D, area: D) -> None:
    assert supplement_change(price, one, two, area).value >= 0
    assert supplement_change(price, one, one, area).value == 0
    both = supplement_change(price, max(one, two), min(one, two), area).value
    assert both == price * (max(one, two) - min(one, two)) * area


@pytest.mark.parametrize("code", fee_codes(CATALOGUE, AT))
def test_own_rates_stand_and_are_marked(code: str) -> None:
    for rate in fee_rates(CATALOGUE, code, AT):
        spec = CATALOGUE.at(AT).entries[rate].spec
        raw = spec.options[0] if spec.options else "2025-04-01" if rate == "LP_BASE_DATE" else "3"
        line = run_fee(code, {rate: raw}, AT, CATALOGUE)
        if rate in line.own:
            assert line.verified is False
            assert any(rate in n and "自带" in n for n in line.notes)
            assert not any(s["code"] == rate and s["missing"] for s in line.steps)


@pytest.mark.parametrize("code", fee_codes(CATALOGUE, AT))
def test_another_unit_is_never_taken_for_the_number(code: str) -> None:
    """元/亩 for 元/㎡, 万元 for 元, 亩 for ㎡: refused, or turned into the element's unit."""
    wrong = {"元": "万元", "元/㎡": "元/亩", "㎡": "亩", "万元/亩": "元/㎡", "%": "‰", "年": "月", "m": "km"}
    entries = CATALOGUE.at(AT).entries
    for name in [*fee_inputs(CATALOGUE, code, AT), *fee_rates(CATALOGUE, code, AT)]:
        unit = wrong.get(entries[name].spec.unit)
        if unit is None:
            continue
        try:
            typed = read_inputs(CATALOGUE, {name: f"12{unit}"}, AT)
        except BadInput as refused:
            assert refused.place == name
            assert unit in refused.zh
        else:
            assert typed[name].value != 12


def test_what_has_run_out_is_said() -> None:
    line = run_fee("XZJSYDF", {"JURISDICTION": "湖南省", "XZ_AREA": 1, "XZ_GRADE": "一等"}, AT)
    assert any("湘财综〔2018〕42号" in n and "2023-12-19" in n for n in line.notes)
    before = run_fee(
        "XZJSYDF", {"JURISDICTION": "湖南省", "XZ_AREA": 1, "XZ_GRADE": "一等"}, dt.date(2023, 12, 19)
    )
    assert before.rate_doc == "湘财综〔2018〕42号(湖南省)"
    assert not any("届满" in n for n in before.notes)


def test_what_does_not_belong_to_a_fee_is_told() -> None:
    line = run_fee("YHS", {"HT_PRICE": 100, "LP_AREA": 3}, AT)
    assert any("LP_AREA" in n and "没有用到" in n for n in line.notes)


@pytest.mark.parametrize(
    ("code", "inputs", "meant"),
    [
        ("GDZYS", {"面积": 1, "地类": "耕地", "税额": 20}, {"GD_AREA", "GD_CLASS", "GDZYS_RATE"}),
        ("RFYD", {"面积": 1, "比例": 4, "单价": 500}, {"RF_AREA", "RF_SHARE", "RF_PRICE"}),
        ("QS", {"价款": 100, "税率": 3}, {"HT_PRICE", "QS_RATE"}),
        ("DJF", {"住宅": 1, "证书": 2}, {"DJ_HOUSE", "DJ_CERTS"}),
        ("TDCRJ", {"容积率": 2, "年期": 70, "area": 5}, {"LP_FAR", "LP_TERM", "LP_AREA"}),
    ],
)
def test_short_names(code: str, inputs: dict[str, Any], meant: set[str]) -> None:
    line = run_fee(code, inputs, AT)
    assert meant <= {s["code"] for s in line.steps if s["value"] != "无法判定"}


def test_short_names_that_fit_several_are_refused_and_listed() -> None:
    with pytest.raises(BadInput, match="GD_AREA, GD_CLASS"):
        run_fee("GDZYS", {"占用": 1}, AT)
    with pytest.raises(BadInput) as error:
        run_fee("GDZYS", {"GD_AREA": 1, "占用面积": 2}, AT)
    assert "同一项" in error.value.zh


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.3873,-0.3202", ["0.3873", "-0.3202"]),
        ("+0.5%；−2.0%", ["0.5", "-2.0"]),
        ("0.5 − 0.2 + 1", ["0.5", "-0.2", "1"]),
    ],
)
def test_percentages_in_a_list(text: str, numbers: list[str]) -> None:
    assert percent_list(text, "LP_KI") == [D(n) for n in numbers]


def test_percentages_that_are_words_are_refused() -> None:
    with pytest.raises(BadInput, match="优"):
        percent_list("优,0.3", "LP_KI")


def test_changed_parts_in_any_words() -> None:
    assert changed_parts("容积率与用途") == changed_parts("容积率、用途") == ["容积率", "用途"]
    assert changed_parts("容积率+年期, 容积率") == ["容积率", "年期"]
    with pytest.raises(BadInput, match="高度"):
        changed_parts("高度")
