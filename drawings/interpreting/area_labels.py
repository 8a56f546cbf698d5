"""Areas written inside a ring (``S=560.00㎡``, ``建筑面积 600 m²``) against what the ring encloses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import shapely
from shapely.geometry import MultiPolygon, Point, Polygon

from drawings.cad.numbers import number_in
from drawings.drawing import RoleShape
from drawings.shapes.work import Work
from drawings.standards.shared_words import attribute_words

#: what may stand before the number; a room's area inside a floor is none of the ring's
_LABEL = re.compile(
    r"(?:(?:S|A)\s*=|(?:建筑|占地|基底|用地|绿地|绿化)?面积\s*[:=]?|AREA\s*[:=]?|BUA\s*[:=]?|ПЛОЩАДЬ\s*[:=]?"
    r"|(?:GRUND|GESCHOSS)?FLÄCHE\s*[:=]?|면적\s*[:=]?)?\s*(?P<value>\d[\d.,  ]*\s*[^\d\s].{0,8})",
    re.IGNORECASE,
)
_ROLES = ("site_boundary", "footprint", "outline", "basement", "green", "area_full", "area_half", "area_none")
#: a number that differs by more than this share is not meant for the ring; by less than the second it is rounding
_MEANT, _ROUNDING = 0.3, 0.001
_LONGEST = 60
#: figures of the drawing that speak of the part they stand in
_OF_PARTS = frozenset({"建筑基底面积", "绿地面积", "地下建筑面积"})


def check_area_labels(work: Work, shapes: Sequence[RoleShape]) -> None:
    """Tell (``DXF-AREA-LABEL``) areas that differ from the ring they are written in and from all around it."""
    sorts = (Polygon, MultiPolygon)
    rings = [s for s in shapes if s.role in _ROLES and isinstance(s.geometry, sorts) and s.area_m2]
    if not rings:
        return
    tree = shapely.STRtree([s.geometry for s in rings])
    units, known = attribute_words().units["㎡"], work.catalogue.keys
    for entity in work.written():
        if not entity.text or entity.at is None or entity.kind in ("DIMENSION", "INSERT", "ATTRIB"):
            continue
        for line in entity.text.split("\n")[:8]:
            plain = unicodedata.normalize("NFKC", line).strip()
            found = _LABEL.fullmatch(plain) if len(plain) <= _LONGEST else None
            value = found.group("value") if found is not None else ""
            stated = number_in(value, "㎡", units) if value.strip("0123456789., ") else None
            if (
                stated and not (set(work.words.pairs(plain)[0]) & known) - _OF_PARTS
            ):  # an attribute is compared elsewhere
                around = tree.query(Point(work.metres(entity.at)), predicate="intersects").tolist()
                _compare(work, stated, [rings[n] for n in around])


def _compare(work: Work, stated: float, around: Sequence[RoleShape]) -> None:
    away = {s.handle: abs((s.area_m2 or 0.0) - stated) for s in around}
    meant = [s for s in around if away[s.handle] <= _MEANT * stated]
    slack = max(work.tolerances.declared_warning, _ROUNDING * stated)
    if not meant or min(away.values()) <= slack:
        return
    shape = min(meant, key=lambda s: s.area_m2 or 0.0)
    role, spot = work.catalogue.roles[shape.role], shape.geometry.representative_point()
    drawn = shape.area_m2 or 0.0
    work.issues.add(
        "DXF-AREA-LABEL",
        handle=shape.handle,
        layer=shape.layer,
        at=(spot.x / work.scale, spot.y / work.scale),
        role=role.zh,
        role_en=role.en,
        declared=f"{stated:.2f}",
        drawn=f"{drawn:.2f}",
        difference=f"{drawn - stated:+.2f}",
        share=f"{abs(drawn - stated) / stated:.2%}",
    )
