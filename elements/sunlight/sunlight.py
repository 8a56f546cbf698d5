"""Sunlight check 日照分析: hours of sun of dwellings on 大寒日 and 冬至日, and the conclusion against the standard.

Entry points: :func:`sunlight_values` (drawings in, inputs of the engine out), :func:`analyse` (drawings in, report
out), :func:`elements.sunlight.check.check` (any scene and windows), :func:`findings` (for lists and maps) and
:func:`central_green` (集中绿地). What is computed and what is assumed: ``docs/explanation/sunlight.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import shapely
from shapely.geometry import LineString, Point, mapping

from drawings.drawing import DrawingModel
from elements.engine.rounding import measured, plain_number, round_to
from elements.engine.values import ElementValue, Missing, Undecided, union_evidence, union_missing
from elements.sunlight.check import SAME, TALL, Subject, check, no_standard, path_of, subject_of_facades
from elements.sunlight.drawing import Situation, read_situation
from elements.sunlight.report import DaySun, SunReport, UnitSun
from elements.sunlight.rules import DWELLING, ELDERLY, RENEWAL, SunRules
from elements.sunlight.scene import Facade, Window
from elements.sunlight.shadow import SunnyShare, sunny_share
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import EntityRef, Finding, Outcome


def analyse(
    models: Sequence[DrawingModel],
    epsg: int | None,
    rules: SunRules,
    *,
    windows: Mapping[str, Sequence[Window]] | None = None,
    spacing: float = 1.0,
    latitude: float | None = None,
) -> SunReport:
    """Sunlight check of a drawing set: own dwellings and the neighbours', with the project built.

    Args:
        models: interpreted drawings of one revision (the site plan is what counts).
        epsg: projected CRS of the project; latitude, longitude, convergence and scale come from it.
        rules: of :func:`elements.sunlight.rules.sun_rules`.
        windows: given windows by 楼号 (positions in the project's CRS, ``z`` as height of the sill); buildings
            without an entry are judged by their facades.
        spacing: metres between window points on facades.
        latitude: degrees, in place of the CRS.

    Raises:
        Undecided: the latitude, the site plan or its footprints are missing; what is missing is named.
        BadInput: the CRS is geographic or unknown, spacing not positive, windows of a building that is not drawn.
    """
    situation = read_situation(models, epsg, latitude=latitude)
    return check_situation(situation, rules, windows=windows, spacing=spacing)


def check_situation(
    situation: Situation,
    rules: SunRules,
    *,
    windows: Mapping[str, Sequence[Window]] | None = None,
    spacing: float = 1.0,
) -> SunReport:
    """:func:`analyse` for a situation already read."""
    given = dict(windows or {})
    strangers = sorted(set(given) - {b.name for b in situation.buildings})
    if strangers:
        raise BadInput(
            f"窗位所属的建筑不在图中：{'、'.join(strangers)}", f"no buildings {strangers}", place="windows"
        )
    sill = max(rule.sill for rule in rules.days)
    subjects = []
    for building in situation.buildings:
        case = rules.case_of(building.use, own=building.own)
        if case == "":
            continue
        if building.name in given:
            subjects.append(
                Subject(building.name, building.own, case, tuple(given[building.name]), refs=building.refs)
            )
            continue
        subjects.append(
            subject_of_facades(
                building.name,
                building.block.footprint,
                situation.site,
                building.block.base + building.floor + sill,
                spacing=spacing,
                own=building.own,
                case=case,
                refs=building.refs,
            )
        )
    return check(situation.scene, subjects, rules, before=situation.before, assumptions=situation.assumptions)


@dataclass(frozen=True, slots=True)
class GreenSun:
    """Sun on the central greens: shares by area, between bounds; what was asked, and the outcome."""

    day: str
    hours: float
    share: SunnyShare
    needed: float
    outcome: Outcome
    refs: tuple[EntityRef, ...]


def central_green(situation: Situation, rules: SunRules) -> GreenSun | None:
    """Share of the central greens 集中绿地 outside the standard building-shadow line (GB 50180-2018 4.0.7).

    The shadow line is taken as the line on the ground on which the sun shines as long as the dwellings' standard asks
    for, all intervals added up. None when no central green is drawn.

    Raises:
        Undecided: no standard, no rule for greens, or the outcome hangs on a building without height.
    """
    if not situation.greens:
        return None
    case = rules.own_case or DWELLING
    standard = rules.standards.get(case)
    if standard is None:
        raise Undecided(*no_standard(Subject("", True, case, ()), rules))
    if rules.green is None:
        raise Undecided(
            Missing("table:sunlight-green", "集中绿地日照要求", "没有集中绿地日照要求", "no rule for greens")
        )
    area = shapely.union_all([g for _, g in situation.greens])
    _, path = path_of(rules.day(standard.day), situation.site, rules.year)
    scene = situation.scene
    share = sunny_share(
        area, scene.raised(scene.unknown, TALL).blocks, path, standard.hours, threshold=rules.green
    )
    if scene.unknown and share.low < rules.green:
        best = sunny_share(
            area, scene.without(scene.unknown).blocks, path, standard.hours, threshold=rules.green
        )
        if best.high >= rules.green:
            raise Undecided(
                *(
                    Missing(
                        f"{n}.建筑高度", "建筑高度", f"{n} 未注建筑高度", f"the height of {n} is not given"
                    )
                    for n in sorted(scene.unknown)
                )
            )
        share = best
    outcome = (
        Outcome.PASS
        if share.low >= rules.green
        else Outcome.FAIL
        if share.high < rules.green
        else Outcome.UNDECIDED
    )
    refs = tuple(dict.fromkeys(ref for ref, _ in situation.greens))
    return GreenSun(standard.day, standard.hours, share, rules.green, outcome, refs)


# ---------------------------------------------------------------- for the engine and the pages

#: element code → (own, case kinds, day)
_ELEMENTS: dict[str, tuple[bool, tuple[str, ...], str]] = {
    "RZ_DAHAN": (True, (DWELLING, RENEWAL), "大寒日"),
    "RZ_DONGZHI": (True, (DWELLING, RENEWAL), "冬至日"),
    "RZ_LN_DONGZHI": (True, (ELDERLY,), "冬至日"),
    "RZ_XL_DAHAN": (False, (DWELLING,), "大寒日"),
    "RZ_XL_DONGZHI": (False, (DWELLING,), "冬至日"),
}
_COUNTS: dict[str, tuple[bool, tuple[str, ...], str]] = {
    "RZ_COUNT": (True, (DWELLING, RENEWAL), "大寒日"),
    "RZ_LN_COUNT": (True, (ELDERLY,), "冬至日"),
    "RZ_XL_COUNT": (False, (DWELLING,), ""),
}


def element_values(report: SunReport) -> list[ElementValue]:
    """The report as inputs of the engine (business ``sunlight``).

    ``RZ_…``: hours (2 bounds folded into one value) of the worst unit on a day. Where a standard asks for that day a
    value is given only when the unit's outcome is certain: the lower bound when it passes, the upper when it fails.
    On other days it is the lower bound. Neighbours count when the project takes sun from them.
    """
    out = []
    for code, (own, cases, day) in _ELEMENTS.items():
        out.append(_worst(code, report, _units_of(report, own, cases, day)))
    for code, (own, cases, day) in _COUNTS.items():
        days = [day] if day else [d.name for d in report.days]
        found = {u.name for d in days for u in _units_of(report, own, cases, d)}
        out.append(
            ElementValue(code, len(found), "个", source="drawing", details={"names": sorted(found)[:50]})
        )
    return out


def _units_of(report: SunReport, own: bool, cases: Sequence[str], day: str) -> list[UnitSun]:
    """Units of some cases on a day; a unit whose use is unknown counts as an ordinary dwelling."""
    units = next((d.units for d in report.days if d.name == day), ())
    return [
        u
        for u in units
        if u.own == own
        and (u.case in cases or (u.case is None and DWELLING in cases))
        and (own or u.affected is not False)
    ]


def _worst(code: str, report: SunReport, units: Sequence[UnitSun]) -> ElementValue:
    if not units:
        return ElementValue(
            code, Decimal(0), "h", source="drawing", details={"note": "没有此类须计算的居住单元"}
        )
    failed = [u for u in units if u.outcome is Outcome.FAIL]
    if failed:
        worst = min(failed, key=lambda u: u.high)
        return _value(code, report, worst, worst.high, [worst])
    doubtful = [u for u in units if u.outcome is Outcome.UNDECIDED]
    if doubtful:
        return ElementValue(
            code,
            None,
            source="drawing",
            missing=union_missing(u.missing for u in doubtful),
            evidence=union_evidence(u.refs for u in doubtful),
        )
    worst = min(units, key=lambda u: u.low)
    return _value(code, report, worst, worst.low, units)


def _value(
    code: str, report: SunReport, worst: UnitSun, hours: float, units: Sequence[UnitSun]
) -> ElementValue:
    certain = report.verified and all(u.basis == "windows" for u in units)
    return ElementValue(
        code,
        measured(hours),
        "h",
        evidence=worst.refs,
        source="drawing",
        verified=certain,
        details={
            "unit": worst.name,
            "basis": worst.basis,
            "low": plain_number(round_to(measured(worst.low), 4)),
            "high": plain_number(round_to(measured(worst.high), 4)),
            "shaded_by": list(worst.shaded_by),
            "counting": report.counting,
            "assumptions": list(report.assumptions),
        },
    )


def green_value(green: GreenSun) -> ElementValue:
    """RZ_LD, the share in % of the central greens, as input of the engine: the bound that decides."""
    if green.outcome is Outcome.UNDECIDED:
        reason = Missing(
            "RZ_LD",
            "集中绿地日照",
            f"阴影线外比例在 {green.share.low:.1%}–{green.share.high:.1%} 之间，与限值过于接近",
            "the share is too close to the limit to tell",
        )
        return ElementValue("RZ_LD", None, source="drawing", missing=(reason,), evidence=green.refs)
    share = green.share.low if green.outcome is Outcome.PASS else green.share.high
    return ElementValue("RZ_LD", measured(share * 100), "%", evidence=green.refs, source="drawing")


@dataclass(frozen=True, slots=True)
class Study:
    """A drawing set studied: inputs of the engine, and what they came from (None when nothing could be computed)."""

    values: list[ElementValue]
    situation: Situation | None = None
    report: SunReport | None = None


def sunlight_values(models: Sequence[DrawingModel], epsg: int | None, rules: SunRules) -> list[ElementValue]:
    """All inputs of the business ``sunlight`` from a drawing set; what cannot be had comes with its reason."""
    return sunlight_study(models, epsg, rules).values


def sunlight_study(models: Sequence[DrawingModel], epsg: int | None, rules: SunRules) -> Study:
    """:func:`sunlight_values` together with situation and report. Never raises for what a drawing lacks."""
    codes = [*_ELEMENTS, *_COUNTS]
    try:
        situation = read_situation(models, epsg)
    except Undecided as error:
        return Study(
            [
                ElementValue(c, None, source="drawing", missing=tuple(error.missing), evidence=error.evidence)
                for c in [*codes, "RZ_LD"]
            ]
        )
    report = check_situation(situation, rules)
    out = element_values(report)
    try:
        green = central_green(situation, rules)
    except Undecided as error:
        out.append(ElementValue("RZ_LD", None, source="drawing", missing=tuple(error.missing)))
    else:
        if green is not None:
            out.append(green_value(green))
        else:
            reason = Missing("RZ_LD", "集中绿地", "总平面图中没有集中绿地", "no central green is drawn")
            out.append(ElementValue("RZ_LD", None, source="drawing", missing=(reason,)))
    return Study(out, situation, report)


def findings(report: SunReport) -> list[Finding]:
    """One finding per unit and day that its standard asks about (or might), with a marker for the map."""
    out = []
    for day in report.days:
        for unit in day.units:
            if unit.standard is None and unit.outcome is not Outcome.UNDECIDED:
                continue
            out.append(
                Finding(
                    code=f"planning.RZ.{'own' if unit.own else 'adjacent'}.{unit.name}.{day.name}",
                    title=f"日照 {unit.name}({day.name})",
                    title_en=f"Sunlight of {unit.name} ({day.name})",
                    outcome=unit.outcome,
                    message=unit.message,
                    message_en=unit.message_en,
                    measured=plain_number(round_to(measured(unit.low), 2)),
                    limit=f"≥{unit.standard.hours:g}" if unit.standard else None,
                    unit="h",
                    clause=unit.standard.clause if unit.standard else None,
                    marker=_marker(day, unit),
                    marker_crs=report.site.epsg,
                    entities=unit.refs,
                    source={
                        "date": day.date.isoformat(),
                        "declination": round(day.declination, 4),
                        "solar_time": [day.start, day.end],
                        "low": round(unit.low, 4),
                        "high": round(unit.high, 4),
                        "basis": unit.basis,
                        "shaded_by": list(unit.shaded_by),
                        "counting": report.counting,
                        "documents": list(report.documents),
                        "verified": report.verified,
                    },
                )
            )
    return out


def _marker(day: DaySun, unit: UnitSun) -> dict[str, object] | None:
    limit = unit.standard.hours if unit.standard else 0.0
    short = [
        LineString([_along(f.facade, a), _along(f.facade, b)])
        for f in day.facades
        if f.facade.building == unit.building and f.main
        for a, b in f.short
    ]
    if unit.basis == "facade" and short:
        return dict(mapping(shapely.union_all(short)))
    worst = [day.windows[i].window for i in unit.windows if day.windows[i].low < limit - SAME]
    spots = worst or [day.windows[i].window for i in unit.windows]
    return dict(mapping(shapely.union_all([Point(w.x, w.y) for w in spots]))) if spots else None


def _along(facade: Facade, station: float) -> tuple[float, float]:
    share = min(max(station / facade.length, 0.0), 1.0)
    (x1, y1), (x2, y2) = facade.start, facade.end
    return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
