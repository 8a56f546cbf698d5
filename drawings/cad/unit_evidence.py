"""A second look at the length unit: everything in a drawing that says how large a unit is, weighed together.

A reader's first estimate knows header, size and coordinates (:mod:`drawings.cad.units`). This adds text heights,
scale texts (1:500), dimensions, stated areas and heights, bays, doors, round lengths. Each piece of evidence votes
for or against a unit with a weight of ``catalogue/reading.yaml``; the header's own claim is only one of them. A
header that is outvoted is asked about.
"""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drawings.cad.model import AUDIT_PREFIX, CadEntity, CadFile, Units, UnitVote
from drawings.cad.numbers import number_in
from drawings.cad.unit_geometry import areas_of_lines, drawn_votes
from drawings.cad.units import distance_from_usual, is_plausible
from drawings.issues import issue
from drawings.reading import Reading, UnitRules

#: not from the middle of a number on: time grows with the text, not its square
_NUMBER = r"(?<![\d.,])(\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)"
_AREA = re.compile(
    _NUMBER + r"\s*(?:㎡|m\s?²|m2\b|平方米|平米|кв\.?\s*м|м\s?²|м2\b"
    r"|sq\.?\s*m(?:t|trs?|etres?|eters?)?\b|sqm\b|qm\b|제곱미터|वर्ग\s*मी)",
    re.IGNORECASE,
)
#: a number and what may be another unit of area: 12,917 SQ.FT, 84.7평, 0,33 га
_OTHER_AREA = re.compile(_NUMBER + r"\s*([^\W\d_]+\.?(?:\s?[^\W\d_]+)?)")
_HEIGHT = re.compile(
    r"(?:高度|层高|建筑高|height|высота|높이|층고|höhe|ऊंचाई)\D{0,12}?"
    + _NUMBER
    + r"\s*(mm|毫米|мм|m\b|米|м\b)?",
    re.IGNORECASE,
)
#: an area whose unit stands with its name; a cell of a table that holds a number with two decimals
_AREA_KEY = re.compile(r"AREA_?(?:IN_?)?(SQ_?M(?:T|TS|TR|TRS)?|M2)\s*=\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_EXACT_CELL = re.compile(r"\d{2,7}[.,]\d{2}|\d{1,3}(?:[, ]\d{3})+[.,]\d{2}")
_FEET_MARK = re.compile(r"\d\s*['’′](?!\w)|\d\s*[\"”″]|\b(?:sq\.?\s*ft|sft|feet|ft)\b", re.IGNORECASE)
_SCALE = re.compile(r"(?<![\d.:])1\s*[:/]\s*(\d{2,5})(?![\d.:])")
_MOST = 4000  # texts and rings looked at
#: what fits several units alike proves none
_WEAK = frozenset({"header", "size", "text_height", "round_lengths"})


@dataclass(slots=True)
class _Facts:
    texts: list[str]
    heights: list[float]
    areas: list[float]


def second_look(cad: CadFile, settings: Reading) -> CadFile:
    """The file with its unit settled anew and its unit issues replaced; unchanged if a person confirmed the unit."""
    if not cad.readable or cad.units.source == "confirmed":
        return cad
    votes = _alike(_votes(cad, _facts(cad), settings.units), cad.units.header, settings.units)
    units, code, values = _settle(cad, votes, settings.units)
    kept = [i for i in cad.issues if not i.code.startswith("DXF-UNITS-")]
    if code is not None:
        kept.append(issue(code, file=cad.name, **values))
    order = {"error": 0, "warning": 1, "info": 2}
    return replace(cad, units=units, issues=tuple(sorted(kept, key=lambda i: order[i.level.value])))


def _alike(votes: list[UnitVote], header: str | None, rules: UnitRules) -> list[UnitVote]:
    """What speaks for a unit that the header's hardly differs from (ft, us-ft) speaks for the header's."""
    near = [
        u
        for u in rules.metres
        if header is not None and u != header and abs(rules.metres[u] / rules.metres[header] - 1) < 1e-4
    ]
    own = {v.sort for v in votes if v.says == header}
    moved = [replace(v, says=header) if v.says in near and header else v for v in votes]
    return [m for v, m in zip(votes, moved, strict=True) if v.says not in near or v.sort not in own]


def _facts(cad: CadFile) -> _Facts:
    sample = getattr(cad.entities, "sample_of_texts", None)
    drawn: Iterable[CadEntity]
    areas: list[float] = []
    if sample is not None:
        drawn = sample(_MOST)
    else:
        drawn = [e for e in cad.entities if e.text][:_MOST]
        for entity in cad.entities:
            if entity.kind == "DIMENSION" or entity.filled:
                continue
            areas += [abs(c.area()) for c in entity.curves if c.closed and len(c.points) < 5000]
            if len(areas) > _MOST:
                break
        areas += areas_of_lines(cad)
    texts = [e for e in drawn if not e.layer.upper().startswith(AUDIT_PREFIX)]
    return _Facts(
        [unicodedata.normalize("NFKC", t.text or "") for t in texts if len(t.text or "") < 2000],
        [t.height for t in texts if t.height > 0 and t.kind != "DIMENSION"],
        areas,
    )


def _number(text: str) -> float:
    plain = text.replace(" ", "")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain):
        return float(plain.replace(",", ""))
    return float(plain.replace(",", "."))


def _votes(cad: CadFile, facts: _Facts, rules: UnitRules) -> list[UnitVote]:
    weights = rules.votes
    first = cad.units
    metres = rules.metres
    candidates = list(
        dict.fromkeys([*rules.candidates, *rules.rare, *((first.header,) if first.header else ())])
    )
    out: list[UnitVote] = []
    if not any(_FEET_MARK.search(t) for t in (*facts.texts, *(d.text or "" for d in cad.dimensions[:_MOST]))):
        out += [UnitVote("rare", u, -weights.rare, "") for u in rules.rare if u != first.header]
    if first.header:
        out.append(UnitVote("header", first.header, weights.header, first.header))
    if first.national:
        out.append(UnitVote("coordinates", first.national, weights.coordinates, first.national))
    if first.stated:
        out.append(UnitVote("stated", first.stated, weights.stated, first.stated))
    if first.size is not None:
        for unit in candidates:
            away = distance_from_usual(first.size, metres[unit], rules)
            likely = is_plausible(first.size, metres[unit], rules)
            weight = weights.size * max(0.0, 1.0 - away) if likely else -weights.size_implausible
            out.append(UnitVote("size", unit, round(weight, 2), f"{first.size * metres[unit]:.4g} m"))
    out += _text_votes(facts, candidates, rules)
    out += _dimension_votes(cad, rules)
    out += _stated_votes(cad, facts, candidates, rules)
    if any(v.says == first.header and v.weight > 0 and v.sort not in _WEAK for v in out):
        return out  # the header is borne out; outlines of a large drawing need not be looked at
    return out + drawn_votes(cad, candidates, rules)


def _text_votes(facts: _Facts, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    if not facts.heights:
        return []
    weights, metres = rules.votes, rules.metres
    height = statistics.median(facts.heights)
    scales = {int(m.group(1)) for t in facts.texts if len(t) < 80 for m in _SCALE.finditer(t)}
    scales = {s for s in scales if s >= 20}
    out = []
    for unit in candidates:
        size = height * metres[unit]
        low, high = rules.text_height_m
        weight = weights.text_height if low <= size <= high else -weights.text_height
        if size > rules.text_absurd * high or size < low / rules.text_absurd:
            weight = -weights.text_absurd
        out.append(UnitVote("text_height", unit, weight, f"{size:.3g} m"))
        if len(scales) == 1:
            scale = next(iter(scales))
            low, high = rules.paper_height_m
            on_paper = size / scale
            weight = weights.scale if low <= on_paper <= high else -weights.scale / 2
            out.append(UnitVote("scale", unit, weight, f"1:{scale}, {on_paper * 1000:.3g} mm"))
    return out


def _dimension_votes(cad: CadFile, rules: UnitRules) -> list[UnitVote]:
    """Dimensions show millimetres (large whole numbers) or metres: with their factor that tells the drawing unit."""
    shown: list[tuple[float, float]] = []  # number shown, number per drawing unit
    imperial: list[float] = []  # metres per drawing unit
    for dimension in cad.dimensions[:_MOST]:
        measured = dimension.measured
        if dimension.kind == "angular" or not measured or not math.isfinite(measured):
            continue
        if dimension.text is None:
            shown.append((measured * dimension.factor, dimension.factor))
            continue
        plain = unicodedata.normalize("NFKC", dimension.text).strip().replace(" ", "")
        written = number_in(plain, "m", {}) if _FEET_MARK.search(plain) else None
        if written:
            imperial.append(written / measured)
            continue
        if re.fullmatch(r"\d+(?:\.\d+)?(?:mm|m)?", plain):
            number = float(plain.rstrip("m"))
            for factor in (1.0, 1000.0, 0.001, 10.0, 0.01, 100.0):
                if number and abs(number / measured / factor - 1) < 0.01:
                    shown.append((number, factor))
    if len(imperial) >= 2 and len(imperial) >= len(shown):
        per_unit = statistics.median(imperial)
        unit = next((u for u in _all(rules) if abs(rules.metres[u] / per_unit - 1) < 0.01), None)
        return [UnitVote("feet", unit, 3 * rules.votes.dimensions, str(len(imperial)))] if unit else []
    if len(shown) < 2:
        return []
    middle = statistics.median(n for n, _ in shown)
    whole = sum(abs(n - round(n)) < 1e-3 * max(1.0, n / 1000) for n, _ in shown) / len(shown)
    factor = statistics.median(f for _, f in shown)
    if middle >= rules.dimension_mm_from and whole >= 0.5:
        per_unit, what = factor / 1000, "mm"  # metres per drawing unit
    elif middle <= rules.dimension_m_up_to:
        per_unit, what = factor, "m"
    else:
        return []
    unit = next((u for u in _all(rules) if abs(rules.metres[u] / per_unit - 1) < 0.01), None)
    if unit is None:
        return []
    return [UnitVote("dimensions", unit, rules.votes.dimensions, f"{middle:.5g} {what}")]


def _all(rules: UnitRules) -> list[str]:
    return [*rules.candidates, *rules.rare]


def _stated_votes(cad: CadFile, facts: _Facts, candidates: Sequence[str], rules: UnitRules) -> list[UnitVote]:
    """Areas and heights written as text that one of the rings or dimensions has in a unit."""
    out: list[UnitVote] = []
    areas = {_number(m.group(1)) for t in facts.texts for m in _AREA.finditer(t)}
    areas |= {float(m.group(2)) for t in facts.texts for m in _AREA_KEY.finditer(t)}
    areas |= {area for t in facts.texts for area in _other_areas(t, rules)}
    areas |= {_number(t.strip()) for t in facts.texts if _EXACT_CELL.fullmatch(t.strip())}
    heights: set[float] = set()
    for text in facts.texts:
        for found in _HEIGHT.finditer(text):
            number = _number(found.group(1))
            heights.add(number / 1000 if found.group(2) in ("mm", "毫米", "мм") else number)
    lengths = [d.measured for d in cad.dimensions[:_MOST] if d.measured and d.kind != "angular"]
    for unit in candidates:
        factor = rules.metres[unit]
        met = _matches({a for a in areas if a >= 5}, [a * factor * factor for a in facts.areas])
        if met:
            weight = rules.votes.stated_area * min(1.0, 0.8 + 0.1 * len(met))
            out.append(UnitVote("stated_area", unit, weight, f"{met[0]:g} ㎡"))
        met = _matches({h for h in heights if 2 <= h <= 400}, [v * factor for v in lengths])
        if met:
            out.append(UnitVote("stated_height", unit, rules.votes.stated_height, f"{met[0]:g} m"))
    return out


def _other_areas(text: str, rules: UnitRules) -> Iterator[float]:
    """Areas of a text in other units than square metres, ㎡."""
    for found in _OTHER_AREA.finditer(text):
        unit = re.sub(r"[\s.]+", "", found.group(2)).casefold()
        first = re.split(r"[\s.]", found.group(2))[0].casefold()
        factor = rules.areas_m2.get(unit) or rules.areas_m2.get(first)
        if factor is not None:
            yield _number(found.group(1)) * factor


def _matches(stated: set[float], drawn: Iterable[float]) -> list[float]:
    values = sorted(drawn)
    out = []
    for number in sorted(stated, reverse=True)[:500]:
        if any(abs(v - number) <= max(0.006, 0.0005 * number) for v in values):
            out.append(number)
    return out


def _settle(
    cad: CadFile, votes: list[UnitVote], rules: UnitRules
) -> tuple[Units, str | None, dict[str, Any]]:
    first = cad.units
    scores: dict[str, float] = defaultdict(float)
    for vote in votes:
        scores[vote.says] += vote.weight
    if not scores:
        scores[first.unit if first.unit in rules.metres else rules.candidates[0]] = 0.0
    best = max(scores, key=lambda u: scores[u])
    if first.header and scores[best] < scores[first.header] + (
        rules.overturn_by if _can_be(first, first.header, rules) else 1e-9
    ):
        best = first.header
    confidence = round(1 / sum(math.exp(min(60.0, s - scores[best])) for s in scores.values()), 2)
    strong = any(v.says == best and v.weight > 0 and v.sort not in _WEAK for v in votes)
    plausible = _can_be(first, best, rules)
    spoken = [(rules.said[v.sort], v.detail) for v in votes if v.says == best and v.weight > 0]
    evidence = tuple(said.zh.format(of=detail) for said, detail in spoken)
    evidence_en = tuple(said.en.format(of=detail) for said, detail in spoken)
    code: str | None = None
    source = "header" if best == first.header else "extents"
    values: dict[str, Any] = {"unit": best, "size": f"{first.size or 0:.4g}", "header": first.header or "—"}
    values |= {"why": "；".join(evidence), "why_en": "; ".join(evidence_en)}
    if not strong and not plausible:
        code, source = "DXF-UNITS-UNKNOWN", "assumed"
        if first.header:
            best = values["unit"] = first.header
    elif first.header is None:
        code = "DXF-UNITS-ASSUMED" if first.size is not None or strong else "DXF-UNITS-UNKNOWN"
        source = "extents" if code == "DXF-UNITS-ASSUMED" else "assumed"
    elif best != first.header:
        code = "DXF-UNITS-DOUBTFUL"
    elif confidence < rules.ask_below:
        code = "DXF-UNITS-CONFIRM"
        values["rival"] = max((u for u in scores if u != best), key=lambda u: scores[u])
    elif not strong:
        rivals = [u for u in _all(rules) if u != best and scores[u] > -1 and _can_be(first, u, rules)]
        if rivals:
            code = "DXF-UNITS-HEADER-ONLY"
            values["rival"] = "、".join(rivals)
    settled = replace(
        first,
        unit=best,
        metres_per_unit=rules.metres[best],
        source=source,
        evidence=evidence,
        evidence_en=evidence_en,
        confidence=0.0 if source == "assumed" and not strong else confidence,
        votes=tuple(votes),
    )
    return settled, code, values


def _can_be(first: Units, unit: str, rules: UnitRules) -> bool:
    return first.size is None or is_plausible(first.size, rules.metres[unit], rules)
