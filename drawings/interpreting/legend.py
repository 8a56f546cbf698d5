"""Samples in the legend of a site plan (图例): drawn on the layers they explain, but no part of what is planned."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import shapely
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from drawings.drawing import RoleShape
from drawings.shapes.work import Work
from drawings.standards.shared_words import attribute_words

#: in text heights of the title: how far samples may stand beside it, above and below it, and how large they are
_BESIDE, _ABOVE, _BELOW, _LARGEST = 60.0, 4.0, 80.0, 15.0
#: a ring on the layer of the site is the site from this share of the largest one on
_SITE = 0.02
_MOST = 20  # titles looked at


@lru_cache
def _title() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{e})" for e in attribute_words().legends), re.IGNORECASE)


def is_title(text: str) -> bool:
    """True if a text is the title of a legend."""
    first = unicodedata.normalize("NFKC", text.split("\n")[0]).strip()
    return len(first) <= 30 and _title().fullmatch(first) is not None


def without_legend(work: Work, shapes: tuple[RoleShape, ...]) -> tuple[RoleShape, ...]:
    """The shapes without small ones beside a legend's title and off every site; what is left out is told."""
    regions = _regions(work)
    if not regions:
        return shapes
    area = max((s.area_m2 or 0.0 for s in shapes if s.role == "site_boundary"), default=0.0)
    sites = [s.geometry for s in shapes if s.role == "site_boundary" and (s.area_m2 or 0.0) > _SITE * area]
    kept: list[RoleShape] = []
    samples: list[RoleShape] = []
    for shape in shapes:
        planned = work.catalogue.roles[shape.role].kind == "site_plan"
        if planned and _sample(shape.geometry, regions) and not _on(shape.geometry, sites):
            samples.append(shape)
        else:
            kept.append(shape)
    if samples:
        spot = samples[0].geometry.representative_point()
        work.issues.add(
            "DXF-LEGEND",
            handle=samples[0].handle,
            layer=samples[0].layer,
            at=(spot.x / work.scale, spot.y / work.scale),
            count=len(samples),
            handles="、".join(s.handle for s in samples[:10]),
        )
    return tuple(kept)


def _regions(work: Work) -> list[tuple[BaseGeometry, float]]:
    """Where samples of a legend may stand, with the largest size of one, metres."""
    out: list[tuple[BaseGeometry, float]] = []
    for entity in work.written():
        if not entity.text or entity.at is None or entity.kind in ("DIMENSION", "INSERT", "ATTRIB"):
            continue
        if is_title(entity.text):
            x, y = work.metres(entity.at)
            h = max(entity.height * work.scale, 1e-3)
            area = box(x - _BESIDE * h, y - _BELOW * h, x + _BESIDE * h, y + _ABOVE * h)
            out.append((area, _LARGEST * h))
            if len(out) == _MOST:
                break
    return out


def _sample(geometry: BaseGeometry, regions: list[tuple[BaseGeometry, float]]) -> bool:
    x0, y0, x1, y1 = geometry.bounds
    return any(max(x1 - x0, y1 - y0) <= largest and region.covers(geometry) for region, largest in regions)


def _on(geometry: BaseGeometry, sites: list[BaseGeometry]) -> bool:
    return bool(shapely.intersects(sites, geometry).any()) if sites else True
