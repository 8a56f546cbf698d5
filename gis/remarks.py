"""Coded remarks on a boundary, as every reader makes them."""

from __future__ import annotations

from typing import Any

from project_box.kernel.finding import Issue, Level


def error(
    code: str, message: str, message_en: str, remedy: str = "", remedy_en: str = "", **where: Any
) -> Issue:
    """An error-level issue."""
    return Issue(code, Level.ERROR, message, message_en, remedy, remedy_en, **where)


def warning(
    code: str, message: str, message_en: str, remedy: str = "", remedy_en: str = "", **where: Any
) -> Issue:
    """A warning-level issue."""
    return Issue(code, Level.WARNING, message, message_en, remedy, remedy_en, **where)


def info(
    code: str, message: str, message_en: str, remedy: str = "", remedy_en: str = "", **where: Any
) -> Issue:
    """An info-level issue."""
    return Issue(code, Level.INFO, message, message_en, remedy, remedy_en, **where)


def spot_text(x: float, y: float) -> str:
    """A place in words: to the millimetre, or to six decimals of a degree."""
    digits = 6 if abs(x) <= 180 and abs(y) <= 180 else 3
    return f"({x:.{digits}f}, {y:.{digits}f})"


def crs_overridden(own: int, stated: int) -> Issue:
    """The file says one CRS, whoever hands it in another, which is taken."""
    return warning(
        "CRS-OVERRIDDEN",
        f"文件本身是 EPSG:{own}，按指定的 EPSG:{stated} 读取",
        f"the file says EPSG:{own}; read as EPSG:{stated} as stated",
        "核对指定的坐标系",
        "check the stated coordinate system",
    )


def crs_unknown(hint: str = "", hint_en: str = "") -> Issue:
    """The question every file without a CRS is answered with."""
    return error(
        "CRS-UNKNOWN",
        f"文件没有说明坐标系{f'（{hint}）' if hint else ''}",
        f"the file does not say its coordinate system{f' ({hint_en})' if hint_en else ''}",
        "请指明坐标系（命令行用 --crs，网页在“坐标系”中选择），例如 4547、4526、4490",
        "state the coordinate system (--crs on the command line), e.g. 4547, 4526, 4490",
    )
