"""What a sheet says, in Chinese and English. Names of authorities, seals and what plans hold stay as they are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; ``{}`` stands for what is filled in."""

    lang: str
    untitled: str
    titled: str
    north: str
    legend: str
    red_line: str
    nothing_here: str
    no_data: str
    not_movable: str
    not_current: str
    joined: str
    said_of: str
    more: str
    scale: str
    unit: str
    east: str
    north_axis: str
    printed_on: str
    printed_by: str
    advice: str

    def made(self, day: dt.date, author: str) -> str:
        """When and by whom the sheet was made."""
        return self.printed_on.format(f"{day:%Y-%m-%d}") + (self.printed_by.format(author) if author else "")


ZH = Words(
    lang="zh",
    untitled="规划一张图",
    titled="{} 规划图",
    north="北",
    legend="图例",
    red_line="用地红线",
    nothing_here="图幅内没有图斑",
    no_data="无数据",
    not_movable="坐标系不能换算，未绘",
    not_current="{}，非现行",
    joined="{}({})",
    said_of="{}：{}",
    more="另有 {} 项未列",
    scale="比例尺 1:{}",
    unit="EPSG:{}，坐标单位：米，上方为坐标北",
    east="东 {:.2f} - {:.2f}",
    north_axis="北 {:.2f} - {:.2f}",
    printed_on="制图日期 {}",
    printed_by="　制图 {}",
    advice="图层版本见图例。按实际大小打印，不缩放。",
)
EN = Words(
    lang="en",
    untitled="Planning map",
    titled="Planning map of {}",
    north="N",
    legend="Legend",
    red_line="Site boundary",
    nothing_here="nothing on this sheet",
    no_data="no data",
    not_movable="not drawn: CRS cannot be converted",
    not_current="{}, not current",
    joined="{} ({})",
    said_of="{}: {}",
    more="{} more not listed",
    scale="Scale 1:{}",
    unit="EPSG:{}, metres, grid north up",
    east="E {:.2f} - {:.2f}",
    north_axis="N {:.2f} - {:.2f}",
    printed_on="Made on {}",
    printed_by=" by {}",
    advice="Versions in the legend. Print at actual size.",
)


def words(english: bool) -> Words:
    """The words of a sheet in the language asked for."""
    return EN if english else ZH
