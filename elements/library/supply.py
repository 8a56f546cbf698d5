"""Named functions of land supply 土地供应: conditions of public sale, agreement, allocation and conversion.

All pure; areas in ㎡ unless they say 公顷.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from elements.calculators.terms import add_days
from elements.engine.decisions import compare
from elements.engine.functions import function
from elements.engine.rounding import round_to
from elements.engine.trace import num, verdict
from elements.engine.values import Computed, Missing, Undecided, Value
from elements.library.terms import term_kept
from project_box.kernel.finding import Outcome


@function("supply.source", "新增用地有转用批准文号，存量用地有收储入库文号")
def source(
    new_land: Decimal, stock_land: Decimal, conversion: str | None = None, reserve: str | None = None
) -> Computed:
    """Whether each kind of land in a parcel (㎡) has the approval it comes from."""
    lacking = [
        word
        for area, document, word in (
            (new_land, conversion, "农用地转用批准文号"),
            (stock_land, reserve, "收储入库批准文号"),
        )
        if area > 0 and document is None
    ]
    return Computed(
        verdict(not lacking),
        substituted=f"新增 {num(new_land)}、存量 {num(stock_land)};"
        + (f"缺{'、'.join(lacking)}" if lacking else "文件齐全"),
    )


@function("supply.planned", "列入供应计划 且 规划条件已出具")
def planned(on_plan: bool, condition: str | None = None) -> Computed:
    """Whether a parcel is on the supply plan and has planning conditions; lacking conditions count against it."""
    good = on_plan and condition is not None
    return Computed(
        verdict(good),
        substituted=f"计划内：{'是' if on_plan else '否'}，规划条件：{condition or '无'}",
    )


@function("supply.listing", "挂牌天数 ≥ 下限（仅挂牌）")
def listing(method: str, minimum: Decimal, days_listed: int | None = None) -> Computed:
    """Whether a listing lasts long enough; a tender or auction has no listing period (提示)."""
    if method != "挂牌":
        return Computed(Outcome.NOTE, substituted=f"{method}不适用挂牌时间")
    if days_listed is None:
        raise Undecided(
            Missing("PM_LIST_DAYS", "挂牌天数", "缺少挂牌起止日", "days of listing are not given")
        )
    good = days_listed >= minimum
    return Computed(
        verdict(good),
        substituted=f"{days_listed} {'≥' if good else '<'} {num(minimum)}",
        limit=f"≥{num(minimum)}日",
    )


@function("supply.same_day", "两个日期相同")
def same_day(a: dt.date, b: dt.date) -> Computed:
    """Whether two dates are the same day."""
    return Computed(
        Outcome.PASS if a == b else Outcome.FAIL,
        substituted=f"{a} {'=' if a == b else '≠'} {b}",
        limit=str(b),
    )


@function("supply.check", "适用时：值与要求比较")
def check(
    operator: str,
    what: str,
    subject: Value | None = None,
    value: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "",
) -> Computed:
    """Compare ``value`` with ``limit`` where ``subject`` is there; without it the check does not apply (提示)."""
    if subject is None:
        return Computed(Outcome.NOTE, substituted=f"没有{what}，不适用")
    if value is None or limit is None:
        raise Undecided(
            Missing("value", what, f"{what}的数值或要求尚未得出", f"no value or limit for {what}")
        )
    sign = {"<=": "≤", ">=": "≥", "=": "="}[operator]
    holds = compare(Decimal(value), operator, Decimal(limit))
    return Computed(
        verdict(holds),
        substituted=f"{num(round_to(Decimal(value), 4))} {'满足' if holds else '不满足'} {sign}{num(Decimal(limit))}",
        limit=f"{sign}{num(Decimal(limit))}{unit}",
    )


@function("supply.when", "条件成立时要求必须满足")
def when(condition: bool, what: str, then: bool | None = None) -> Computed:
    """A requirement that only matters under a condition: 符合 when the condition does not hold."""
    if not condition:
        return Computed(Outcome.PASS, substituted=f"不涉及{what}")
    if then is None:
        raise Undecided(Missing("then", what, f"缺少{what}", f"{what} is not given"))
    return Computed(verdict(then), substituted=f"{what}:{'是' if then else '否'}")


@function("supply.committee", "招标：评标小组人数 ≥ 下限且为单数")
def committee(method: str, minimum: Decimal, members: int | None = None) -> Computed:
    """Size of the bid committee of a tender; other ways of sale have none (提示)."""
    if method != "招标":
        return Computed(Outcome.NOTE, substituted=f"{method}不设评标小组")
    if members is None:
        raise Undecided(Missing("PM_COMMITTEE", "评标小组人数", "缺少评标小组人数", "committee is not given"))
    good = members >= minimum and members % 2 == 1
    return Computed(
        verdict(good),
        substituted=f"{members} 人，{'单数' if members % 2 else '双数'}",
        limit=f"≥{num(minimum)}人且为单数",
    )


@function("supply.housing_parcel", "住宅：单宗面积 ≤ 上限 且 容积率 > 下限")
def housing_parcel(
    usage: str,
    hectares: Decimal,
    far_above: Decimal,
    far: Decimal | None = None,
    largest: Decimal | None = None,
) -> Computed:
    """Size (公顷) and FAR of a housing parcel; other uses are not limited here (提示)."""
    if usage != "居住用地":
        return Computed(Outcome.NOTE, substituted=f"{usage}不适用")
    lacking = [w for w, v in (("城市规模", largest), ("容积率", far)) if v is None]
    if lacking or largest is None or far is None:
        raise Undecided(*(Missing(w, w, f"缺少{w}", f"{w} is not given") for w in lacking))
    good = hectares <= largest and far > far_above
    return Computed(
        verdict(good),
        substituted=f"{num(hectares)} 公顷（上限 {num(largest)}），容积率 {num(far)}（须大于 {num(far_above)}）",
        limit=f"≤{num(largest)}公顷",
    )


_BY_AGREEMENT = frozenset(
    {"划拨土地办理协议出让", "划拨土地转让办理协议出让", "出让土地续期", "地下空间连建"}
)


@function("supply.agreement_case", "法定协议情形；公布后供地的须非经营性且仅一个意向用地者")
def agreement_case(case: str, operating: bool, intended: int | None = None) -> Computed:
    """Whether land may be granted by agreement at all (民法典 art. 347); a named special case needs no competition."""
    if case in _BY_AGREEMENT:
        return Computed(Outcome.PASS, substituted=case)
    if case != "公布后仅一个意向用地者" or operating:
        why = "经营性用地" if operating else case
        return Computed(Outcome.FAIL, substituted=why)
    if intended is None:
        raise Undecided(
            Missing("XY_INTENDED", "意向用地者数", "缺少意向用地者数", "interested users not given")
        )
    return Computed(Outcome.PASS if intended == 1 else Outcome.FAIL, substituted=f"意向用地者 {intended} 个")


@function("supply.renewal", "申请日 ≤ 届满前一年 且 不因公共利益收回")
def renewal(asked: dt.date, limit: dt.date, take_back: bool) -> Computed:
    """Whether a renewal is asked for in time and the land is not taken back in the public interest."""
    if take_back:
        return Computed(Outcome.FAIL, substituted="因公共利益需要收回")
    return term_kept(asked, limit)


@function("supply.shifted", "约定日 + max(迟延交地天数, 0)")
def shifted(day: dt.date, late: int) -> Computed:
    """A day moved back by the days the authority handed the land over late; an early handover moves nothing."""
    return Computed(add_days(day, max(late, 0)), substituted=f"{day} + {max(late, 0)} 日")


@function("supply.allocable", "目录项属法定划拨情形，限非营利的须有证明")
def allocable(category: str, must_nonprofit: str, nonprofit: bool | None = None) -> Computed:
    """Whether an item of the allocation catalogue lets land be allocated; a non-profit item needs the proof."""
    if category == "无":
        return Computed(Outcome.FAIL, substituted="不在划拨用地目录内")
    if must_nonprofit != "是":
        return Computed(Outcome.PASS, substituted=category)
    if nonprofit is None:
        raise Undecided(
            Missing("HG_NONPROFIT", "非营利性证明", "缺少非营利性证明", "non-profit proof not given")
        )
    return Computed(
        verdict(nonprofit),
        substituted=f"{category}，非营利性证明：{'有' if nonprofit else '无'}",
    )


@function("supply.disposable", "使用者为公司、企业、经济组织和个人，有土地权证和建筑物产权证明")
def disposable(kind: str, certificate: str | None = None, building: str | None = None) -> Computed:
    """The first three conditions of 暂行条例 art. 45; the fourth is the contract and the fee itself."""
    lacking = [w for w, v in (("土地权证", certificate), ("建筑物产权证明", building)) if v is None]
    if kind in ("国家机关", "军队"):
        lacking.insert(0, "使用者类别")
    return Computed(
        verdict(not lacking),
        substituted=f"不具备：{'、'.join(lacking)}" if lacking else "三项条件具备",
    )
