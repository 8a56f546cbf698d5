"""Area-wide evaluations 区域评估: which of those registered make an individual evaluation unnecessary. Pure.

An evaluation is shared when one registered area covers the whole site (99.9 %, as for the layer QYPG) on the day.
Areas ㎡ in the site's CRS.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry.base import BaseGeometry

from gis.rules import CATALOGUE
from project_box.kernel.catalogue import parse

#: kinds 评估类型, as the triggers and the layer QYPG name them
KINDS = {
    "DZZH": ("地质灾害危险性评估", "Geological hazard"),
    "YFK": ("压覆矿产资源评估", "Overlain minerals"),
    "DZAP": ("地震安全性评价", "Seismic safety"),
    "STBC": ("水土保持方案", "Soil and water"),
    "HLFX": ("洪水影响评价", "Flood impact"),
    "KGDC": ("考古调查勘探", "Archaeology"),
    "HJYX": ("环境影响评价", "Environmental impact"),
    "QHKX": ("气候可行性论证", "Climate"),
    "JTYX": ("交通影响评价", "Traffic impact"),
    "JNPG": ("节能评价", "Energy saving"),
}
STATES = {
    "covered": "可共享",
    "partly": "部分覆盖",
    "expired": "已过期",
    "not_yet": "尚未生效",
    "none": "无区域评估",
}


class RegionalRules(BaseModel):
    """``catalogue/regional.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    doc_no: str
    verified: bool
    effective_from: dt.date
    authority: str
    covers_share: float = Field(gt=0.5, le=1)
    least_m2: float = Field(gt=0)


@lru_cache
def regional_rules() -> RegionalRules:
    """The rules in force.

    Raises:
        CatalogueError: the file is wrong; names line and field.
    """
    return parse(RegionalRules, CATALOGUE / "regional.yaml")


@dataclass(frozen=True, slots=True)
class Area:
    """A registered area in the site's CRS."""

    kind: str
    name: str
    report_no: str
    valid_from: dt.date
    valid_until: dt.date
    geometry: BaseGeometry


def entries(areas: Sequence[Area], site: BaseGeometry, on: dt.date) -> list[dict[str, Any]]:
    """Areas that meet the site, as ``zones.regional_evaluations`` of a check lists them, most useful first."""
    found = []
    rules = regional_rules()
    for area in areas:
        share = area.geometry.intersection(site).area / site.area if site.area else 0.0
        if share * site.area < rules.least_m2:
            continue
        expired, early = area.valid_until < on, area.valid_from > on
        found.append(
            {
                "kind": area.kind,
                "name": area.name,
                "report_no": area.report_no,
                "valid_from": area.valid_from.isoformat(),
                "valid_until": area.valid_until.isoformat(),
                "expired": expired,
                "not_yet": early,
                "share": round(min(share, 1.0), 6),
                "covers": share >= rules.covers_share and not expired and not early,
                "source": "register",
            }
        )
    return sorted(
        found, key=lambda e: (not e["covers"], e["kind"], -float(str(e["share"])), str(e["report_no"]))
    )


def with_registered(
    known: Sequence[dict[str, Any]] | None, registered: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Evaluations of the layer QYPG together with those of the register, each report once."""
    told = {(e["kind"], e["report_no"]) for e in known or ()}
    return [*(known or ()), *(e for e in registered if (e["kind"], e["report_no"]) not in told)]


def answers(found: Sequence[dict[str, Any]], kinds: Sequence[str]) -> list[dict[str, Any]]:
    """One answer a kind: covered, partly, expired, not_yet or none, with the report it rests on."""
    out = []
    for kind in kinds:
        mine = [e for e in found if e["kind"] == kind]
        state, chosen = "none", None
        for wanted, test in (
            ("covered", lambda e: e["covers"]),
            ("partly", lambda e: not e["expired"] and not e.get("not_yet")),
            ("not_yet", lambda e: e.get("not_yet")),
            ("expired", lambda e: e["expired"]),
        ):
            chosen = next((e for e in mine if test(e)), None)
            if chosen is not None:
                state = wanted
                break
        name, name_en = KINDS.get(kind, (kind, kind))
        out.append(
            {
                "kind": kind,
                "name": name,
                "name_en": name_en,
                "state": state,
                "state_name": STATES[state],
                "needed": state != "covered",
                "evaluation": chosen,
            }
        )
    return out
