"""Labels: short texts without a key inside a building (``1#楼 18F``), on whatever layer they stand."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

import shapely
from shapely.geometry import MultiPolygon, Polygon

from drawings.shapes.work import Ring, Work
from drawings.standards.shared_words import attribute_words

#: rings whose areas differ by less than this share are the same building drawn twice
_TWIN = 0.01
#: a text that speaks of a building, whatever else it says: no hole of another one holds it
_SPEAKS = re.compile(r"\d\s*(?:F\b|F(?=\W)|层|層|#|栋|幢|号楼|층|эт)|塔楼|裙[房楼]|主楼", re.IGNORECASE)

#: a building's code without a word: believed beside other labels of the building only
_CODE = re.compile(r"[A-Z]{1,2}-?\d{1,3}(?:-\d{1,2})?|\d{1,3}-\d{1,2}", re.IGNORECASE)
_LETTERED = re.compile(r"[AC]-?\d{1,2}")
#: a height without a word: of a building, not of a storey
_HEIGHT = re.compile(r"\d{1,3}\.\d{1,3}\s*(?:m|米)", re.IGNORECASE)


class Labels:
    """The labels of one drawing and the rings that take them; what a ring was told otherwise goes before."""

    def __init__(self, work: Work, rings: list[Ring]) -> None:
        self.work = work
        self.rings = [
            r
            for r in rings
            if r.role in attribute_words().labelled and isinstance(r.geometry, (Polygon, MultiPolygon))
        ]
        self.noted: list[tuple[tuple[float, float], str]] = []
        self.found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def note(self, at: tuple[float, float], text: str) -> None:
        """Remember a text with its place (drawing units)."""
        if self.rings and text:
            self.noted.append((self.work.metres(at), text))

    def _assign(self) -> None:
        """What every text inside a building says, to the smallest rings around it that take it."""
        tree = shapely.STRtree([r.geometry for r in self.rings])
        hits, rings = tree.query(shapely.points([spot for spot, _ in self.noted]), predicate="intersects")
        around: dict[int, list[int]] = defaultdict(list)
        # 34.2m, A1: what is meant tell other labels of the building
        bare: list[tuple[list[int], str, str]] = []
        for hit, ring in zip(hits.tolist(), rings.tolist(), strict=True):
            around[hit].append(ring)
        # B1 is a building where others are called A1 or C1, else a basement
        lettered = any(
            _LETTERED.fullmatch(line.strip()) for _, text in self.noted for line in text.split("\n")
        )
        for hit, numbers in sorted(around.items()):
            self.work.deadline.check()
            numbers.sort(key=lambda n: self.rings[n].geometry.area)
            for line in self.noted[hit][1].split("\n"):
                told = self.work.words.labels(line)
                self.rings[numbers[0]].speaks |= bool(told) or _SPEAKS.search(line) is not None
                plain = unicodedata.normalize("NFKC", line).strip()
                if not told and _HEIGHT.fullmatch(plain):
                    bare.append((numbers, "建筑高度", line.strip()))
                elif _CODE.fullmatch(plain) and (not told or (lettered and "地下层数" in told)):
                    bare.append((numbers, "楼号", plain))
                    continue
                for key, value in told.items():
                    for number in self._takers(numbers, key):
                        self.found[number][key].append(value)
        spoken = {n for n, said in self.found.items() if not {"楼号", "层数"}.isdisjoint(said)}
        known = {(n, key) for n, said in self.found.items() for key in said}
        for numbers, key, value in bare:
            for number in self._takers(numbers, key):
                if number in spoken and (number, key) not in known:
                    self.found[number][key].append(value)

    def _takers(self, around: list[int], key: str) -> list[int]:
        takers = [n for n in around if key in self.work.role(self.rings[n].match).keys]
        least = self.rings[takers[0]].geometry.area * (1 + _TWIN) if takers else 0.0
        return [n for n in takers if self.rings[n].geometry.area <= least]

    def give(self) -> None:
        """Give the labels to the rings; where two say different things neither is taken, and that is told."""
        if self.noted:
            self._assign()
        for number, keys in self.found.items():
            ring = self.rings[number]
            known = {k for pairs in ring.gathered.values.values() for k, v in pairs.items() if v}
            for key, values in keys.items():
                if key in known:
                    continue
                different = list(dict.fromkeys(values))
                if len(different) == 1:
                    ring.gathered.add("text", {key: different[0]})
                    continue
                self.work.tell(
                    "DXF-TWO-LABELS",
                    ring.match,
                    ring.entity,
                    key=key,
                    first=different[0],
                    second=different[1],
                )
