"""Where a drawing lies on the earth: national coordinates, a GEODATA object, or points fitted by a person.

Nothing here moves a drawing. It says what the coordinates are, with the reason, and asks when that is open; the map of
:func:`fit` is handed to whoever places the drawing.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from drawings.cad.curve import Affine, Point, apply
from drawings.cad.model import CadFile
from drawings.reading import National, Reading, reading
from drawings.standards.guess import spoken
from project_box.kernel.errors import BadInput

#: EPSG codes of CGCS2000 / Gauss-Kruger: zone numbers in the easting, and central meridians without one
_ZONE_3, _ZONE_6 = 4513 - 25, 4491 - 13
_MERIDIAN_3, _MERIDIAN_6 = 4534, 4502
_EPSG_TEXT = re.compile(r"EPSG\s*[::]?\s*(\d{4,5})", re.IGNORECASE)
_MERIDIAN_TEXT = re.compile(
    r"(?:中央子午线|中央经线|central meridian|\bL0|\bCM)\D{0,6}(\d{2,3})(?!\d)(?:\.(\d+)|\s*[°度]\s*(\d{1,2}))?",
    re.IGNORECASE,
)
_CGCS_TEXT = re.compile(r"CGCS\s*2000|2000\s*国家大地坐标", re.IGNORECASE)
#: scripts no Chinese drawing is written in, and Chinese ones
_OTHER_SCRIPT = re.compile(r"[\u0400-\u04ff\uac00-\ud7a3\u3040-\u30ff\u0900-\u097f]{2}")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
#: languages that drawings from China are written in
_OF_CHINA = frozenset({"zh", "en"})
_MOST_LAYERS = 400
_SYSTEM_TEXT = re.compile(
    r"(?:西安\s*80|北京\s*54|1954|1980|独立坐标|地方坐标|城市坐标|Gauss|ETRS89|UTM|МСК[- ]?\d+|GRS\s*80|WGS\s*84)",
    re.IGNORECASE,
)


def locate(cad: CadFile, settings: Reading | None = None) -> dict[str, Any]:
    """What is known of the drawing's place.

    Returns:
        ``kind`` (``geodata``, ``national``, ``local`` or ``unknown``), ``epsg`` (None if open), ``axis_swapped`` (x is
        the northing), ``zone``, ``reason``, ``reason_en``, ``stated`` (coordinate systems named in texts), and for
        GEODATA its facts.
    """
    settings = settings or reading()
    texts = _texts(cad)
    stated = sorted({m.group() for t in texts for m in (*_SYSTEM_TEXT.finditer(t), *_CGCS_TEXT.finditer(t))})
    if cad.geodata:
        return {**_from_geodata(cad.geodata), "stated": stated}
    middle = _middle(cad)
    if middle is None:
        return _place("unknown", None, "没有图形", "nothing is drawn", stated=stated)
    if _foreign(cad, texts):
        return _stated_system(texts, stated)
    x, y = middle[0] * cad.units.metres_per_unit, middle[1] * cad.units.metres_per_unit
    for swapped, (east, north) in ((False, (x, y)), (True, (y, x))):
        found = _national(east, north, texts, settings.units.national)
        if found is not None:
            return {**found, "axis_swapped": swapped, "stated": stated}
    return _place(
        "local",
        None,
        "坐标不是国家平面坐标，需给出两个以上对应点（--fit）",
        "the coordinates are local; give two or more corresponding points (--fit)",
        stated=stated,
    )


def _foreign(cad: CadFile, texts: Sequence[str]) -> bool:
    """True if a drawing is written in a language other than Chinese: its coordinates are of no Chinese system."""
    written = " ".join([*islice(cad.layers, _MOST_LAYERS), *texts])
    if _OTHER_SCRIPT.search(written) is not None:
        return True
    heard = spoken(cad.layers)
    if _CHINESE.search(written) is not None:
        return "ja" in heard and "zh" not in heard
    return not heard <= _OF_CHINA


def _stated_system(texts: Sequence[str], stated: Sequence[str]) -> dict[str, Any]:
    """The system a drawing from abroad names; its coordinates alone tell none."""
    codes = {int(m.group(1)) for t in texts for m in _EPSG_TEXT.finditer(t)}
    if len(codes) == 1:
        code = codes.pop()
        return _place(
            "national", code, f"图上写明 EPSG:{code}", f"the drawing says EPSG:{code}", stated=stated
        )
    return _place(
        "local",
        None,
        "图上没有写明坐标系（EPSG 代码），坐标按当地坐标；需给出两个以上对应点（--fit）",
        "the drawing names no coordinate system (EPSG code); give two or more corresponding points (--fit)",
        stated=stated,
    )


def _place(kind: str, epsg: int | None, zh: str, en: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "epsg": epsg,
        "axis_swapped": False,
        "zone": None,
        "reason": zh,
        "reason_en": en,
        **more,
    }


def _texts(cad: CadFile) -> list[str]:
    sample = getattr(cad.entities, "sample_of_texts", None)
    drawn = sample(4000) if sample is not None else [e for e in cad.entities if e.text][:4000]
    return [unicodedata.normalize("NFKC", e.text or "") for e in drawn if len(e.text or "") < 2000]


def _middle(cad: CadFile) -> Point | None:
    if cad.extents is None:
        return None
    x0, y0, x1, y1 = cad.extents
    return (x0 + x1) / 2, (y0 + y1) / 2


def _national(east: float, north: float, texts: Sequence[str], ranges: National) -> dict[str, Any] | None:
    if not ranges.northing[0] <= north <= ranges.northing[1]:
        return None
    written = {int(m.group(1)) for t in texts for m in _EPSG_TEXT.finditer(t)}
    meridians = {_meridian(m) for t in texts for m in _MERIDIAN_TEXT.finditer(t)}
    if ranges.zoned_easting[0] <= east <= ranges.zoned_easting[1]:
        zone = int(east // 1_000_000)
        if 25 <= zone <= 45:
            zh, en = f"东坐标带 3 度带带号 {zone}", f"3-degree zone {zone} in the easting"
            return _place("national", _ZONE_3 + zone, zh, en, zone=zone)
        if 13 <= zone <= 23:
            zh, en = f"东坐标带 6 度带带号 {zone}", f"6-degree zone {zone} in the easting"
            return _place("national", _ZONE_6 + zone, zh, en, zone=zone)
        return None
    if not ranges.easting[0] <= east <= ranges.easting[1]:
        return None
    if len(written) == 1:
        code = next(iter(written))
        return _place("national", code, f"图上写明 EPSG:{code}", f"the drawing says EPSG:{code}")
    if len(meridians) == 1:
        meridian = next(iter(meridians))
        if meridian is not None and meridian % 3 == 0 and 75 <= meridian <= 135:
            code = _MERIDIAN_3 + (meridian - 75) // 3
            return _place(
                "national",
                code,
                f"图上写明中央子午线 {meridian}°，按 3 度带",
                f"central meridian {meridian} stated",
            )
    return _place(
        "national",
        None,
        "像不带带号的国家平面坐标；未写中央子午线，请选择坐标系",
        "looks like national plane coordinates without a zone; the central meridian is not stated, choose the system",
    )


def _meridian(found: re.Match[str]) -> int | None:
    """Whole degrees of a central meridian; None for one between them (114°30′), which belongs to a local system."""
    degrees, decimals, minutes = found.groups()
    return None if int(decimals or 0) or int(minutes or 0) else int(degrees)


def _from_geodata(facts: dict[str, str]) -> dict[str, Any]:
    code = epsg_of(facts.get("coordinate_system", ""))
    kind = {"1": "local grid", "2": "projected grid", "3": "geographic"}.get(
        facts.get("coordinate_type", ""), "unknown"
    )
    points = {name: _numbers(facts.get(name, "")) for name in ("design_point", "reference_point")}
    zh = f"文件含地理参照（GEODATA）{f'，EPSG:{code}' if code else '，坐标系未能识别'}"
    en = f"the file holds GEODATA{f', EPSG:{code}' if code else ', its system is not recognised'}"
    return _place("geodata", code, zh, en, grid=kind, **points)


def _numbers(text: str) -> list[float]:
    return [float(v) for v in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text)][:3]


def epsg_of(definition: str) -> int | None:
    """EPSG code named in a coordinate system definition (WKT or the XML of GEODATA), the last one named."""
    found = re.findall(
        r'(?:EPSG["\']?\s*[:,]\s*["\']?|<Alias id="(?=\d+" type="CoordinateSystem"))(\d{4,5})', definition
    )
    return int(found[-1]) if found else None


# --- fitting ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """A similarity from drawing units to target metres, by least squares.

    Attributes:
        matrix: the map. scale: metres per drawing unit. rotation: degrees, counter-clockwise.
        residuals: metres left at every pair; rms and greatest of them. Two pairs always leave none: only three or more
            can show a wrong one.
        unit_ratio: scale over the drawing's own unit in metres; 1 where both agree.
    """

    matrix: Affine
    scale: float
    rotation: float
    residuals: tuple[float, ...]
    rms: float
    greatest: float
    unit_ratio: float

    def place(self, point: Point) -> Point:
        """Target coordinates of a drawing point."""
        return apply(self.matrix, point)


def parse_pairs(text: str) -> list[tuple[Point, Point]]:
    """``x1,y1=E1,N1;x2,y2=E2,N2`` as pairs (drawing units, target metres).

    Raises:
        BadInput: malformed; names the part.
    """
    out: list[tuple[Point, Point]] = []
    for part in (p.strip() for p in unicodedata.normalize("NFKC", text).split(";")):
        if not part:
            continue
        sides = part.split("=")
        try:
            here, there = (tuple(float(v) for v in side.split(",")) for side in sides)
            if len(here) != 2 or len(there) != 2 or not all(math.isfinite(v) for v in (*here, *there)):
                raise ValueError
        except ValueError as error:
            raise BadInput(
                f"对应点“{part}”写法有误",
                f"{part!r} is not a pair of points",
                place="--fit",
                remedy="写成 x1,y1=E1,N1;x2,y2=E2,N2（图上坐标=实地坐标）",
                remedy_en="write x1,y1=E1,N1;x2,y2=E2,N2 (drawing = ground)",
            ) from error
        out.append(((here[0], here[1]), (there[0], there[1])))
    return out


def fit(pairs: Sequence[tuple[Point, Point]], metres_per_unit: float = 1.0) -> Fit:
    """Fit a similarity (shift, turn, scale; no mirroring) to pairs of points.

    Raises:
        BadInput: fewer than two pairs, or points that coincide.
    """
    if len(pairs) < 2:
        raise BadInput(
            "至少需要两个对应点",
            "two pairs of points are needed",
            place="--fit",
            remedy="再给一个对应点",
            remedy_en="give one more pair of points",
        )
    count = len(pairs)
    cx, cy = (sum(p[0][k] for p in pairs) / count for k in (0, 1))
    ce, cn = (sum(p[1][k] for p in pairs) / count for k in (0, 1))
    spread = along = across = far = 0.0
    for (x, y), (e, n) in pairs:
        dx, dy, de, dn = x - cx, y - cy, e - ce, n - cn
        spread += dx * dx + dy * dy
        far += de * de + dn * dn
        along += dx * de + dy * dn
        across += dx * dn - dy * de
    if spread <= 1e-18 or far <= 1e-12 or math.hypot(along, across) <= 1e-12 * math.sqrt(spread * far):
        raise BadInput(
            "对应点重合或互相矛盾，无法拟合",
            "the points coincide or contradict",
            place="--fit",
            remedy="选相距较远的点",
            remedy_en="choose points farther apart",
        )
    a, b = along / spread, across / spread
    matrix: Affine = (a, b, -b, a, ce - a * cx + b * cy, cn - b * cx - a * cy)
    # from the centre, so that large coordinates cost no accuracy
    left = tuple(
        math.hypot(a * (x - cx) - b * (y - cy) - (e - ce), b * (x - cx) + a * (y - cy) - (n - cn))
        for (x, y), (e, n) in pairs
    )
    scale = math.hypot(a, b)
    return Fit(
        matrix,
        scale,
        math.degrees(math.atan2(b, a)),
        left,
        math.sqrt(sum(r * r for r in left) / count),
        max(left),
        scale / metres_per_unit,
    )


def fit_report(found: Fit, extents: tuple[float, float, float, float] | None) -> dict[str, Any]:
    """JSON form of a fit, with the drawing's extent in target coordinates."""
    corners: Iterable[Point] = ()
    if extents is not None:
        x0, y0, x1, y1 = extents
        corners = [found.place(p) for p in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    listed = list(corners)
    return {
        "matrix": list(found.matrix),
        "scale": found.scale,
        "rotation_deg": round(found.rotation, 9),
        "unit_ratio": round(found.unit_ratio, 9),
        "residuals_m": [round(r, 4) for r in found.residuals],
        "rms_m": round(found.rms, 4),
        "greatest_m": round(found.greatest, 4),
        "checked": len(found.residuals) > 2,
        "extents": [
            round(min(p[0] for p in listed), 4),
            round(min(p[1] for p in listed), 4),
            round(max(p[0] for p in listed), 4),
            round(max(p[1] for p in listed), 4),
        ]
        if listed
        else None,
    }
