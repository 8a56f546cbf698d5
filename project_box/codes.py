"""Codes that forms, registers and elements carry: 统一社会信用代码, 身份证, 项目代码, 宗地代码, 不动产单元号.

Each ``check_*`` function returns the normalised code (no spaces, upper case) or raises :class:`BadInput` whose sentence
names what is wrong; ``fault_in`` gives that sentence instead. ``VALIDATORS`` maps the names item catalogues use to
these functions.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from project_box.kernel.errors import BadInput

#: GB 32100-2015: digits and letters without I, O, S, V, Z, valued 0–30
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: 3^(i-1) mod 31
_CREDIT_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_PROJECT_CODE = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", re.ASCII)
#: GB/T 37346-2019: 县级区划 6 + 地籍区 3 + 地籍子区 3 + 宗地特征码 2 (所有权, 使用权) + 顺序号 5
_PARCEL = re.compile(r"(\d{6})(\d{3})(\d{3})([GJZ])([A-Z])(\d{5})", re.ASCII)
_PARCEL_PARTS = ("县级区划", "地籍区", "地籍子区", "所有权类型", "使用权类型", "顺序号")
#: 房屋等, 林木, 其他, 无
_FIXTURES = "FLQW"


def normal(text: str) -> str:
    """The code as it is compared: without any spaces, upper case."""
    return "".join(text.split()).upper()


def _bad(name: str, zh: str, en: str) -> BadInput:
    return BadInput(
        f"{name}有误：{zh}",
        f"{name}: {en}",
        code="bad_code",
        remedy="请对照证照原件核对后重新填写",
        remedy_en="compare with the original document and enter it again",
    )


def credit_check_character(body: str) -> str:
    """Check character of the first 17 characters of a 统一社会信用代码 (31 − Σ CᵢWᵢ mod 31, 31 → 0)."""
    total = sum(CREDIT_ALPHABET.index(c) * w for c, w in zip(body, _CREDIT_WEIGHTS, strict=True))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def check_credit_code(text: str) -> str:
    """A valid 统一社会信用代码 (GB 32100-2015), upper case.

    Raises:
        BadInput: wrong length, a character outside the alphabet (named), or a wrong check character.
    """
    name, code = "统一社会信用代码", normal(text)
    if len(code) != 18:
        raise _bad(name, f"应为 18 位，实为 {len(code)} 位", f"{len(code)} characters, 18 expected")
    for position, character in enumerate(code, 1):
        if character not in CREDIT_ALPHABET:
            raise _bad(
                name,
                f"第 {position} 位“{character}”不在允许的字符内（不用 I、O、S、V、Z）",
                f"character {position} {character!r} is not allowed",
            )
    if not code[2:8].isdigit():
        raise _bad(name, "第 3–8 位行政区划码应为数字", "characters 3-8 (division) must be digits")
    if (expected := credit_check_character(code[:17])) != code[17]:
        raise _bad(
            name,
            f"校验位（第 18 位）应为“{expected}”，实为“{code[17]}”",
            f"check character should be {expected}, is {code[17]}",
        )
    return code


def id_check_character(body: str) -> str:
    """Check character of the first 17 digits of a 公民身份号码 (GB 11643-1999)."""
    return _ID_CHECKS[sum(int(c) * w for c, w in zip(body, _ID_WEIGHTS, strict=True)) % 11]


def check_id_card(text: str) -> str:
    """A valid 18-digit 公民身份号码 (GB 11643-1999), upper case.

    Raises:
        BadInput: length, digits, impossible birth date, or check character.
    """
    name, code = "身份证号码", normal(text)
    if len(code) != 18:
        raise _bad(name, f"应为 18 位，实为 {len(code)} 位", f"{len(code)} characters, 18 expected")
    if not re.fullmatch(r"\d{17}[\dX]", code, re.ASCII):
        raise _bad(name, "前 17 位应为数字，末位为数字或 X", "17 digits and a digit or X expected")
    try:
        dt.date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
    except ValueError:
        raise _bad(name, f"出生日期 {code[6:14]} 不存在", f"birth date {code[6:14]} does not exist") from None
    if (expected := id_check_character(code[:17])) != code[17]:
        raise _bad(
            name,
            f"校验位应为“{expected}”，实为“{code[17]}”",
            f"check character should be {expected}, is {code[17]}",
        )
    return code


def check_project_code(text: str) -> str:
    """A 项目代码 of the structure of GB/T 40058-2021: ``YYMM-XXXXXX-BB-TT-NNNNNC``, 24 characters.

    Only the structure is checked: no source for the check digit's algorithm was found.

    Raises:
        BadInput: wrong length, or the hyphens are not where they belong.
    """
    name, code = "项目代码", normal(text)
    if len(code) != 24:
        raise _bad(
            name,
            f"应为 24 个字符（20 位数字和 4 个连字符），实为 {len(code)} 个",
            f"{len(code)} characters, 24 expected (20 digits, 4 hyphens)",
        )
    if not _PROJECT_CODE.fullmatch(code):
        raise _bad(
            name,
            "格式应为 4-6-2-2-6 位数字并以连字符分隔，如 2101-430104-04-01-123456",
            "expected digit groups 4-6-2-2-6 separated by hyphens",
        )
    return code


def check_parcel_code(text: str) -> str:
    """A 19-character 宗地代码 (GB/T 37346-2019), e.g. ``450103001001GB00001``.

    Raises:
        BadInput: length or structure.
    """
    name, code = "宗地代码", normal(text)
    if len(code) != 19:
        raise _bad(name, f"应为 19 位，实为 {len(code)} 位", f"{len(code)} characters, 19 expected")
    if not _PARCEL.fullmatch(code):
        raise _bad(
            name,
            "应为 12 位数字、2 位特征码（G/J/Z 加字母）和 5 位顺序号",
            "expected 12 digits, two letters (G, J or Z first) and 5 digits",
        )
    return code


def check_property_unit(text: str) -> str:
    """A 28-character 不动产单元号 (GB/T 37346-2019): 宗地代码 19 + 定着物特征码 1 + 单元编号 8.

    Raises:
        BadInput: length, parcel part, fixture letter (F, L, Q, W) or unit number; ``W`` is followed by zeros.
    """
    name, code = "不动产单元号", normal(text)
    if len(code) != 28:
        raise _bad(name, f"应为 28 位，实为 {len(code)} 位", f"{len(code)} characters, 28 expected")
    check_parcel_code(code[:19])
    letter, unit = code[19], code[20:]
    if letter not in _FIXTURES:
        raise _bad(
            name,
            f"第 20 位定着物特征码应为 F(房屋等)、L(林木)、Q(其他)或 W(无)，实为“{letter}”",
            f"fixture letter must be F, L, Q or W, is {letter}",
        )
    if not re.fullmatch(r"\d{8}", unit, re.ASCII):
        raise _bad(name, "末 8 位单元编号应为数字", "the last 8 characters must be digits")
    if letter == "W" and unit != "00000000":
        raise _bad(name, "无定着物（W）时单元编号应为 00000000", "W must be followed by 00000000")
    if letter == "F" and unit[:4] == "0000":
        raise _bad(name, "房屋等（F）的幢号不得为 0000", "F must be followed by a building number")
    return code


def parts_of(text: str) -> dict[str, str]:
    """The parts of a 宗地代码 or 不动产单元号 by name; of a unit also 定着物, 幢号 and 户号.

    Raises:
        BadInput: the code is not sound.
    """
    code = normal(text)
    if len(code) != 28:
        code = check_parcel_code(code)
    match = _PARCEL.match(check_property_unit(code) if len(code) == 28 else code)
    parts = dict(zip(_PARCEL_PARTS, match.groups() if match else (), strict=True))
    if len(code) == 28:
        parts |= {"定着物": code[19], "幢号": code[20:24], "户号": code[24:]}
    return parts


def check_phone(text: str) -> str:
    """A telephone number: 11-digit mobile number, or area code and number.

    Raises:
        BadInput: anything else.
    """
    code = text.strip()
    if not re.fullmatch(r"1\d{10}|0\d{2,3}-?\d{7,8}", code, re.ASCII):
        raise _bad(
            "联系电话", "应为 11 位手机号或“区号-号码”", "expected a mobile number or area code and number"
        )
    return code


def fault_in(check: Callable[[str], str], text: str) -> str:
    """What is wrong with a code, as a Chinese sentence; empty when it is sound."""
    try:
        check(text)
    except BadInput as fault:
        return fault.zh
    return ""


#: names used by item catalogues → function
VALIDATORS: Mapping[str, Callable[[str], str]] = {
    "credit_code": check_credit_code,
    "id_card": check_id_card,
    "project_code": check_project_code,
    "parcel_code": check_parcel_code,
    "property_unit": check_property_unit,
    "phone": check_phone,
}
