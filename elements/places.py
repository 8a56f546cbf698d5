"""What a jurisdiction settles without being asked: itself, and the rule sets its city has chosen."""

from __future__ import annotations

import datetime as dt

from elements.engine.engine import JURISDICTION, Catalogue
from elements.engine.values import ElementValue, Undecided

_TOPICS = {"AREA_RULES": "面积", "FAR_RULES": "计容", "GREEN_RULES": "绿地", "HX_TIERS": "核实"}


def rule_sets(catalogue: Catalogue, place: str, at: dt.date) -> dict[str, ElementValue]:
    """Rule sets of areas, FAR, green and the tolerance tiers of 规划核实, as the jurisdiction's table says."""
    out: dict[str, ElementValue] = {}
    for code, topic in _TOPICS.items():
        try:
            found = catalogue.tariffs.find("city-rule-sets", {"topic": topic}, place, at)
        except Undecided as error:
            out[code] = ElementValue(code, None, source="settings", missing=tuple(error.missing))
        else:
            out[code] = ElementValue(code, str(found.rows[0]["value"]), source=f"规则集：{found.document}")
    return out


def with_settings(
    catalogue: Catalogue, values: dict[str, ElementValue], at: dt.date
) -> dict[str, ElementValue]:
    """The given values over the jurisdiction (this installation's where none is given) and its rule sets."""
    given = values.get(JURISDICTION)
    place = str(given.value) if given is not None and given.value else catalogue.tariffs.home
    settled = {JURISDICTION: ElementValue(JURISDICTION, place, source="settings")} | rule_sets(
        catalogue, place, at
    )
    return settled | values
