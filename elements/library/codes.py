"""Named functions over codes and certificate numbers 代码、证件号: structure, parts and check digits.

What makes a code sound stands in :mod:`project_box.codes`.
"""

from __future__ import annotations

import datetime as dt
import re

from elements.engine.functions import function
from elements.engine.trace import Rows, verdict
from elements.engine.values import Computed, Missing, Undecided
from project_box.codes import (
    check_credit_code,
    check_id_card,
    check_parcel_code,
    check_project_code,
    check_property_unit,
    fault_in,
    normal,
    parts_of,
)
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome


def _checked(code: str, fault: str, sound: str = "结构正确") -> Computed:
    return Computed(verdict(not fault), substituted=fault or f"{normal(code)}：{sound}")


@function("reg.code_part", "宗地代码、不动产单元号的一段")
def code_part(code: str, part: str) -> Computed:
    """One part of a 宗地代码 (19) or 不动产单元号 (28): 县级区划 … 顺序号, and of a unit 定着物, 幢号, 户号."""
    try:
        return Computed(parts_of(code)[part], substituted=f"{normal(code)} → {part}")
    except KeyError:
        why = f"宗地代码没有{part}"
    except BadInput as fault:
        why = fault.zh
    raise Undecided(Missing(part, part, f"{why}，取不出{part}", "malformed code"))


@function("reg.parcel_code", "宗地代码 19 位：6 区划 + 3 地籍区 + 3 地籍子区 + 2 特征码 + 5 顺序号")
def parcel_code(code: str) -> Computed:
    """Whether a 宗地代码 has the structure of GB/T 37346-2019."""
    return _checked(code, fault_in(check_parcel_code, code))


@function("reg.unit_code", "不动产单元号 28 位：宗地代码 19 + 定着物特征码 1 + 幢 4 + 户 4")
def unit_code(code: str) -> Computed:
    """Whether a 不动产单元号 has the structure of GB/T 37346-2019; ``W`` (no fixture) is followed by zeros only."""
    return _checked(code, fault_in(check_property_unit, code))


@function("reg.feature_fits", "宗地特征码与登记权利类型对应")
def feature_fits(code: str, right: str, features: Rows) -> Computed:
    """Whether the two feature letters of a code belong to the right registered (rows ``right, letters``)."""
    try:
        parts = parts_of(code)
    except BadInput as fault:
        raise Undecided(Missing("code", "宗地代码", fault.zh, "malformed code")) from fault
    letters = parts["所有权类型"] + parts["使用权类型"]
    allowed = [str(r["letters"]) for r in features if r["right"] == right]
    if not allowed:
        raise Undecided(
            Missing("right", "权利类型", f"没有“{right}”对应的特征码", "no letters for this right")
        )
    fits = letters in allowed
    return Computed(
        verdict(fits),
        substituted=f"{letters} {'∈' if fits else '∉'} {right}（{'、'.join(allowed)}）",
        limit="、".join(allowed),
    )


_CHECK_DIGITS = {"统一社会信用代码": check_credit_code, "身份证": check_id_card}


@function("reg.identity", "证件号码的校验位与其余各位相符")
def identity(kind: str, number: str) -> Computed:
    """Check digit of a 身份证 (GB 11643-1999) or 统一社会信用代码 (GB 32100-2015); other documents are 提示."""
    check = _CHECK_DIGITS.get(kind)
    if check is None:
        return Computed(Outcome.NOTE, substituted=f"{kind}没有校验位，须核对原件")
    return _checked(number, fault_in(check, number), "校验位正确")


@function("cadastre.next_code", "同一地籍子区、同一特征码的最大顺序号 + 1")
def cadastre_next_code(codes: Rows, code: str) -> Computed:
    """Next free 5-digit number among the used parcel codes that share ``code``'s first 14 characters."""
    stem = normal(code)[:14]
    known = [normal(str(r.get("code") or "")) for r in codes]
    used = [int(c[14:19]) for c in known if c[:14] == stem and not fault_in(check_parcel_code, c[:19])]
    return Computed(f"{max(used, default=0) + 1:05d}", substituted=f"{stem} 已用 {len(used)} 个")


@function("house.unit_codes", "各户不动产单元号结构正确、属于本宗地和本幢、互不重复")
def house_unit_codes(units: Rows, parcel: str, building: str) -> Computed:
    """Whether every unit's ``code`` is sound, lies on the parcel and in the building (4 digits), and stands once."""
    faults: list[str] = []
    seen: set[str] = set()
    for row in units:
        name, code = str(row.get("unit")), normal(str(row.get("code") or ""))
        why = fault_in(check_property_unit, code)
        if why:
            faults.append(f"{name}：{why}")
        elif code[:19] != normal(parcel):
            faults.append(f"{name}：不属于宗地 {normal(parcel)}")
        elif code[19:24] != f"F{building}":
            faults.append(f"{name}：幢号不是 {building}")
        elif code in seen:
            faults.append(f"{name}：单元号重复")
        seen.add(code)
    return Computed(
        verdict(not faults), substituted="；".join(faults[:6]) or f"{len(units)} 户的单元号均正确"
    )


@function("code.project", "时间4-地区6-部门2-类型2-随机码及校验码6")
def code_project(text: str, district: str | None = None) -> Computed:
    """Whether a 项目代码 has the structure XXXX-XXXXXX-BB-TT-NNNNNN and, if given, names the district.

    The check digit's rule is not public, so only the structure is checked.
    """
    fault = fault_in(check_project_code, text)
    if fault:
        return Computed(Outcome.FAIL, substituted=fault)
    own = normal(text).split("-")[1]
    same = district is None or own[:4] == district[:4]
    return Computed(
        verdict(same), substituted=f"区划 {own} {'与' if same else '不属于'} {district or '（未给区划）'}"
    )


@function("code.licence", "区划6 + 年份4 + 顺序5")
def code_licence(number: str, district: str, issued: dt.date) -> Computed:
    """Whether the digits of a 地字第…号 are district (6), year of issue (4) and a running number (5)."""
    digits = "".join(re.findall(r"\d", number))
    want = f"{district}{issued.year}"
    holds = len(digits) == 15 and digits.startswith(want)
    return Computed(
        verdict(holds),
        substituted=f"{digits}{'以' if holds else '应以'} {want} 开头，共 15 位",
        limit=f"{want}+5位",
    )
