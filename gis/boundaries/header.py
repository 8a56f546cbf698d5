"""What a list of points says of its coordinate system: words of a header, in Chinese or English, and titles. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gis import crs as crs_module
from gis.boundaries.angles import PACKED
from gis.crs import Family

#: words of a header in the spelling of the format, and how else they are written (compared without spaces and case)
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "坐标系": (
        "坐標系",
        "坐標系統",
        "坐标系统",
        "坐标系名称",
        "坐标系类型",
        "平面坐标系",
        "平面坐标系统",
        "大地基准",
        "coordinatesystem",
        "coordsys",
        "crs",
        "srs",
        "datum",
    ),
    "几度分带": (
        "分带",
        "分带方式",
        "带宽",
        "度带",
        "分带宽度",
        "zonewidth",
        "degree",
        "beltwidth",
        "zonetype",
    ),
    "带号": (
        "帶號",
        "投影带号",
        "投影带",
        "分带号",
        "zone",
        "zonenumber",
        "zoneno",
        "zonenum",
        "beltnumber",
        "projectionzone",
    ),
    "中央经线": (
        "中央經線",
        "中央子午線",
        "中央子午线",
        "中央子午线经度",
        "中央经度",
        "centralmeridian",
        "meridian",
    ),
    "投影类型": ("投影", "投影方式", "projection", "projectiontype"),
    "计量单位": ("坐标单位", "长度单位", "unit", "units", "linearunit"),
}
_WORDS = {other: word for word, others in _SPELLINGS.items() for other in (word, *others)}

#: what a title, or the name of a system, says, by the word of the header that means the same
_SAID = (
    (
        "坐标系",
        re.compile(
            r"wgs[\s_-]*(?:19)?84|2000\s*国家|国家\s*2000|cgcs[\s_]*2000"
            r"|(?:1980|80)\s*西安|西安\s*(?:19)?80|xi'?an[\s_-]*(?:19)?80"
            r"|(?:1954|54)年?\s*北京|北京\s*(?:19)?54|beijing[\s_-]*(?:19)?54"
            r"|[\u4e00-\u9fff]{2,8}(?:独立|地方|城建|城市)坐标系",
            re.IGNORECASE,
        ),
    ),
    ("几度分带", re.compile(r"[36三六](?=\s*[°度]\s*分?带|[\s_-]*deg)", re.IGNORECASE)),
    (
        "带号",
        re.compile(
            r"(?<=带号)[:=\s]*\d{2}(?!\d)|(?<!\d)\d{2}(?=\s*号?带)|(?<=zone)[\s_:=]*\d{2}(?!\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "中央经线",
        re.compile(
            r"(?<=中央子午线|.中央经线)[^\d]{0,6}\d{2,3}(?:\.\d+)?(?:\s*[°度]\s*\d{1,2}\s*['′分])?"
            r"|(?<![a-z])cm[\s_]*\d{2,3}(?=\s*e?\b)",
            re.IGNORECASE,
        ),
    ),
)
_ANGLES = "角度格式"
_EPSG = re.compile(r"\bepsg\s*:{0,2}\s*(\d{4,5})\b", re.IGNORECASE)
_LOCAL = re.compile(r"独立|地方|城建|城市|local|grid", re.IGNORECASE)
_LENGTH = re.compile(r"(毫|厘|千|公)?[米尺里]|[mck]?m|(milli|kilo)?met(er|re)s?|ft|feet|foot", re.IGNORECASE)
_CONVERTED = re.compile(r"转换(?!参数)|换算|转自|convert|transform", re.IGNORECASE)
_INTO = re.compile(
    r"(?:转换|换算|convert\w*|transform\w*)[^,;。]{0,12}?(?:为|到|成|至|\bto\b)(.*)", re.IGNORECASE
)


def header_word(key: str, value: str) -> str | None:
    """The format's word for a header line; None when it says nothing about coordinates.

    Other spellings count only with a fitting value: a ``Datum`` may be that of heights, a ``Unit`` an office.
    """
    word = _WORDS.get(re.sub(r"[\s_-]", "", key).lower())
    if word is None or key == word:
        return word
    if (
        word == "坐标系"
        and not said_about_crs(value)
        and family_of(value) is None
        and not _LOCAL.search(value)
    ):
        return None
    return None if word == "计量单位" and _LENGTH.fullmatch(value.strip()) is None else word


def same_said(word: str, one: str, other: str) -> bool:
    """Whether two values of a word mean the same: ``2000国家大地坐标系`` and ``CGCS2000``, ``3`` and ``3度带``."""
    if re.sub(r"\s", "", one).lower() == re.sub(r"\s", "", other).lower() or word == "投影类型":
        return True
    if word == "坐标系":
        return family_of(one) is not None and family_of(one) is family_of(other)
    return integer(one) is not None and integer(one) == integer(other)


def said_about_crs(text: str) -> dict[str, str]:
    """What a title, a remark or the name of a system says, by the words of a header.

    Of coordinates that were converted only what they were converted to counts.
    """
    if _CONVERTED.search(text):
        into = _INTO.search(text)
        text = into[1] if into is not None else ""
    said = {}
    for key, pattern in _SAID:
        found = pattern.search(text)
        if found is not None:
            said[key] = found[0].strip(" :=_")
    written = PACKED.search(text)
    if written is not None:
        said[_ANGLES] = written[0]
    return said | _of_code(text)


def _of_code(text: str) -> dict[str, str]:
    """The datum, width and zone of a Gauss-Krüger zone named by its EPSG code."""
    code = _EPSG.search(text)
    zone = crs_module.gauss_kruger(int(code[1])) if code is not None else None
    if zone is None:
        return {}
    return {"坐标系": zone.family.zh, "几度分带": str(zone.width), "带号": str(zone.zone)}


def family_of(text: str) -> Family | None:
    """The datum a text names; None for a local grid, another datum, or none."""
    words = text.replace(" ", "").lower()
    if any(w in words for w in ("独立", "地方", "城建", "城市", "local")):
        return None
    if "2000" in words or "cgcs" in words:
        return Family.CGCS2000
    if "西安" in words or "1980" in words or "xian" in words or "xi'an" in words or words.startswith("80"):
        return Family.XIAN80
    if "北京" in words or "1954" in words or "beijing" in words or words.startswith("54"):
        return Family.BEIJING54
    return None


def geographic_of(header: Mapping[str, str]) -> int | None:
    """Longitude and latitude on the datum a header names."""
    text = header.get("坐标系", "")
    if re.search(r"wgs[\s_-]*(19)?84", text, re.IGNORECASE):
        return crs_module.WGS84
    return crs_module.geographic(family_of(text))


def integer(text: str) -> int | None:
    """The first whole number in a text, 三 and 六 among them."""
    chinese = {"三": "3", "六": "6"}
    match = re.search(r"\d+", "".join(chinese.get(c, c) for c in text))
    return int(match.group()) if match else None


def width_written(header: Mapping[str, str]) -> int | None:
    """3 or 6 as the header writes it, unchecked."""
    return integer(header.get("几度分带", ""))


def meridian_of(header: Mapping[str, str]) -> float | None:
    """Central meridian in degrees: ``114``, ``114°00′``, ``113°30'``, ``113.5``; written under 带号 too."""
    for key in ("中央经线", "带号"):
        found = re.search(r"(\d{2,3}(?:\.\d+)?)(?:\s*[°度]\s*(\d{1,2})\s*['′分])?", header.get(key, ""))
        if found is not None and float(found[1]) >= 72:
            return float(found[1]) + int(found[2] or 0) / 60
    return None


def zone_of(header: Mapping[str, str]) -> int | None:
    """Zone number the header gives as 带号, or by its central meridian."""
    number = integer(header.get("带号", ""))
    if number is not None and crs_module.zone_width(number) is not None:
        return number
    meridian = meridian_of(header)
    if meridian is None or not meridian.is_integer():
        return None
    # without a width: a meridian of both widths gives the same projection
    width = width_written(header)
    return crs_module.zone_of_meridian(int(meridian), width if width in (3, 6) else 3)
