"""What speaks for the roles of rings and lines besides the names of their layers: areas that the drawing declares,
labels, words that stand in them or on them, the legend, what lies around what, the sizes of parking bays."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict
from shapely.geometry import Polygon, box

from drawings.interpreting.claims import Claim
from drawings.interpreting.legend import is_title
from drawings.interpreting.scene import Drawn, Scene, Written
from drawings.reading import CATALOGUE
from drawings.standards.guess import guesses, words
from drawings.standards.vocabulary import vocabulary
from project_box.kernel.catalogue import parse

_FIGURES = re.compile(r"[\d.,]+\s*(?:m2|m²|㎡|平方米|公顷|亩)?")
_EDGES = re.compile(r"^[\s:;()]+|[\s:;()]+$")
_LONGEST_NAME = 18
#: a ring with more texts is a table or a sheet, no building and no green
_MOST_TEXTS = 8
#: roles that a word inside a ring may give it
_INSIDE = frozenset(
    {"green", "basement", "parking_car", "parking_bike", "dedicated_road", "dedicated_green", "adjacent", "water",
     "roof_green"}
)  # fmt: skip
_BUILDINGS = frozenset({"footprint", "outline"})
#: roles that a word on a line may give it
_ON = frozenset({"site_boundary", "control_line", "road_red_line", "green_line", "blue_line", "basement"})
#: in text heights: how far a line may be from the text that names it; how large the legend and a sample in it are
_NEAR, _BESIDE, _ABOVE, _BELOW, _SAMPLE, _ROW, _AWAY = 1.6, 60.0, 4.0, 80.0, 15.0, 1.3, 8.0
_TOUCH = 1e-3
#: so many lines and texts make a table
_ROWS = 4


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bay(_Strict):
    """Sizes of a parking bay, from and to, and how many alike there must be."""

    short: tuple[float, float]
    long: tuple[float, float]
    least: int


class Evidence(_Strict):
    """``evidence.yaml``."""

    weights: dict[str, float]
    decide_from: float
    margin: float
    tolerance: float
    bays: dict[str, Bay]
    frames: tuple[float, ...]
    most: dict[str, int]
    figures: dict[str, str]
    written: dict[str, str]


@lru_cache
def evidence() -> Evidence:
    """The weights in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(Evidence, CATALOGUE / "evidence.yaml")


@dataclass(frozen=True, slots=True)
class Clue:
    """What speaks for a role, how much (0 to 1), and why in words."""

    role: str
    sort: str
    weight: float
    why: str
    why_en: str


def clue(role: str, sort: str, why: str, why_en: str) -> Clue:
    """A clue of a sort with its weight."""
    return Clue(role, sort, evidence().weights[sort], why, why_en)


@dataclass(slots=True)
class Clues:
    """Clues of rings (by number), of lines and rings by layer and colour, and of whole layers.

    ``samples``: rings of the legend, which have no role of their own.
    """

    rings: dict[int, list[Clue]] = field(default_factory=lambda: defaultdict(list))
    pens: dict[tuple[str, str], list[Clue]] = field(default_factory=lambda: defaultdict(list))
    layers: dict[str, list[Clue]] = field(default_factory=lambda: defaultdict(list))
    samples: set[int] = field(default_factory=set)


def find_clues(scene: Scene, found: Sequence[Claim], known: Mapping[str, str], *, plans: bool) -> Clues:
    """All clues of a scene.

    Args:
        found: the areas the drawing gives. known: layer → role its name tells surely.
        plans: the drawing holds floor plans; their texts name storeys, not buildings.
    """
    clues = Clues()
    _legend(scene, clues)
    _declared(scene, found, known, clues)
    _named(scene, clues)
    _on_lines(scene, clues)
    _bays(scene, clues)
    if not plans:
        buildings = _labelled(scene, known, clues)
        _around(scene, buildings, known, clues)
    return clues


@lru_cache(maxsize=8192)
def _role_of(text: str) -> str | None:
    """The role that the words of a short text tell, figures aside; the name of a figure without it (Площадь участка)
    is a cell of a table and tells none."""
    plain = _EDGES.sub("", _FIGURES.sub("", text))
    if not 1 < len(plain) <= _LONGEST_NAME or vocabulary().labels(text):
        return None
    offer = next(iter(guesses(plain)), None)
    if offer is None or offer.confidence < words().accept_from:
        return None
    in_part = offer.confidence < words().confidence.exact
    return None if in_part and plain == _EDGES.sub("", text) and vocabulary().knows(plain) else offer.role


def _legend(scene: Scene, clues: Clues) -> None:
    """Samples beside the texts of a legend tell what their layer and colour mean."""
    for title in [t for t in scene.texts if is_title(t.text)][:5]:
        x0, y0, _, y1 = title.region.bounds
        h = title.height
        region = box(x0 - _BESIDE * h, y0 - _BELOW * h, x0 + _BESIDE * h, y1 + _ABOVE * h)
        items = [
            (t, role)
            for t in scene.texts
            if region.contains(t.region) and (role := _role_of(t.text)) is not None
        ]
        for number, ring in enumerate(scene.rings):
            small = region.contains(ring.polygon) and _small(ring.polygon.bounds, h)
            if small and _explain(items, ring.polygon.bounds, (ring.layer, ring.color), clues):
                clues.samples.add(number)
        for stroke in scene.strokes:
            if region.contains(stroke.line) and _small(stroke.line.bounds, h):
                _explain(items, stroke.line.bounds, (stroke.layer, stroke.color), clues)


def _small(bounds: Sequence[float], height: float) -> bool:
    return max(bounds[2] - bounds[0], bounds[3] - bounds[1]) <= _SAMPLE * height


def _explain(
    items: Iterable[tuple[Written, str]], bounds: Sequence[float], pen: tuple[str, str], clues: Clues
) -> bool:
    """The text right of a sample says what is drawn with its layer and colour; False if none stands there."""
    middle = (bounds[1] + bounds[3]) / 2
    row = [
        (text.region.bounds[0] - bounds[2], text, role)
        for text, role in items
        if abs(text.region.centroid.y - middle) <= _ROW * text.height
        and -text.height < text.region.bounds[0] - bounds[2] <= _AWAY * text.height
    ]
    if not row:
        return False
    _, text, role = min(row, key=lambda r: r[0])
    why = f"图例“{text.text}”（文字 {text.handle}）", f"legend {text.text!r} (text {text.handle})"
    clues.pens[pen].append(clue(role, "legend", *why))
    return True


def _declared(scene: Scene, found: Sequence[Claim], known: Mapping[str, str], clues: Clues) -> None:
    """Rings, and layers, whose area is one that the drawing gives."""
    if not scene.rings or not found:
        return
    sums: dict[tuple[str, str | None], float] = defaultdict(float)
    labelled = _with_labels(scene, known)
    built: dict[str, float] = defaultdict(float)  # of rings that hold labels of buildings
    for number, ring in enumerate(scene.rings):
        if number not in clues.samples and not ring.hatch:
            sums[ring.layer, None] += ring.area
            sums[ring.layer, ring.color] += ring.area
            built[ring.layer] += ring.area if number in labelled else 0.0
    for claim in found:
        slack = claim.rounding + evidence().tolerance * claim.area
        hits = np.flatnonzero(np.abs(scene.areas - claim.area) <= slack).tolist()
        meant = {name for name, area in built.items() if abs(area - claim.area) <= slack}
        # a road as large as the site by chance is none where the site's own layer has a ring of that area
        hits = [n for n in hits if known.get(scene.rings[n].layer) == claim.role] or hits
        if claim.role not in _BUILDINGS:
            hits = [n for n in hits if n not in labelled] or hits
        elif meant:  # a green as large as all buildings together is none of them
            hits = [n for n in hits if n in labelled]
        sort = "declared" if claim.text is None or claim.figure in evidence().figures else "written"
        sort = "derived" if claim.derived else sort
        for number in _meant(scene, claim, hits):
            clues.rings[number].append(_equals(claim, sort))
        if not hits and sort == "declared" and claim.role != "site_boundary":
            for (layer, color), area in sums.items():
                if claim.role in _BUILDINGS and meant and layer not in meant:
                    continue
                if abs(area - claim.area) <= slack and color is not None:
                    clues.pens[layer, color].append(_equals(claim, sort))
                elif abs(area - claim.area) <= slack:
                    clues.layers[layer].append(_equals(claim, sort))


def _meant(scene: Scene, claim: Claim, hits: Sequence[int]) -> Sequence[int]:
    """Of rings with the area of a claim those meant: the one around its text, else the one nearest to it."""
    if claim.text is None or len(hits) < 2:
        return hits
    around = [n for n in hits if n in scene.around[claim.text]]
    if around:
        return around[:1]
    region = scene.texts[claim.text].region
    return [min(hits, key=lambda n: float(shapely.distance(scene.rings[n].polygon, region)))]


def _equals(claim: Claim, sort: str) -> Clue:
    return clue(
        claim.role,
        sort,
        f"面积等于“{claim.figure}”{claim.area:,.2f}㎡（文字 {claim.handle}）",
        f"area equals {claim.figure} {claim.area:,.2f} ㎡ of text {claim.handle}",
    )


def _named(scene: Scene, clues: Clues) -> None:
    """Words inside a ring that say what it is."""
    for number, texts in scene.held.items():
        if len(texts) > _MOST_TEXTS or number in clues.samples:
            continue
        told = {role: t for t in texts if (role := _role_of(scene.texts[t].text)) in _INSIDE}
        if len(told) == 1:
            role, text = next(iter(told.items()))
            said = scene.texts[text]
            clues.rings[number].append(
                clue(role or "", "named", f"内有“{said.text}”（文字 {said.handle}）",
                     f"{said.text!r} stands in it (text {said.handle})")
            )  # fmt: skip


def _on_lines(scene: Scene, clues: Clues) -> None:
    """Words that stand on a line and say what it is: 用地红线 along the boundary."""
    texts = [(t, role) for t in scene.texts if (role := _role_of(t.text)) in _ON]
    if not texts or not (scene.rings or scene.strokes):
        return
    edges = [*shapely.boundary(scene.polygons), *(s.line for s in scene.strokes)]
    tree = shapely.STRtree(edges)
    ruled = _ruled(scene)
    for text, role in texts:
        near = tree.query(text.region, predicate="dwithin", distance=_NEAR * text.height).tolist()
        near = [n for n in near if n not in clues.samples and n not in ruled]
        if not near:
            continue
        away = {n: float(shapely.distance(edges[n], text.region)) for n in near}
        best = min(near, key=lambda n: away[n])
        pens = {_pen(scene, n) for n in near if away[n] <= away[best] + 0.3 * text.height}
        if len(pens) > 1:
            continue  # which line is meant is not clear
        told = clue(role or "", "line_named", f"线上有“{text.text}”（文字 {text.handle}）",
                    f"{text.text!r} stands on it (text {text.handle})")  # fmt: skip
        if best < len(scene.rings):
            clues.rings[best].append(told)
        else:
            clues.pens[_pen(scene, best)].append(told)


def _ruled(scene: Scene) -> set[int]:
    """Open lines that rule a table (numbered after the rings): several equally long ones one below the other, with
    texts between them. What stands on them says nothing of them."""
    alike: dict[tuple[str, float, float, float], list[int]] = defaultdict(list)
    for number, stroke in enumerate(scene.strokes, start=len(scene.rings)):
        (x0, y0), (x1, y1) = sorted((stroke.line.coords[0][:2], stroke.line.coords[-1][:2]))
        along = (x0 * (x1 - x0) + y0 * (y1 - y0)) / (
            stroke.line.length or 1.0
        )  # where it begins in its own direction
        alike[stroke.layer, round(x1 - x0, 2), round(y1 - y0, 2), round(along, 1)].append(number)
    spots = shapely.STRtree([t.region for t in scene.texts])
    out: set[int] = set()
    for rows in alike.values():
        if len(rows) >= _ROWS:
            lines = shapely.multilinestrings([scene.strokes[n - len(scene.rings)].line for n in rows])
            if len(spots.query(shapely.oriented_envelope(lines), predicate="intersects")) >= _ROWS:
                out.update(rows)
    return out


def _pen(scene: Scene, number: int) -> tuple[str, str]:
    if number < len(scene.rings):
        return scene.rings[number].layer, scene.rings[number].color
    stroke = scene.strokes[number - len(scene.rings)]
    return stroke.layer, stroke.color


def _bays(scene: Scene, clues: Clues) -> None:
    """Rectangles of the size of a parking bay, several alike."""
    sides: dict[int, tuple[float, float]] = {}
    for number, ring in enumerate(scene.rings):
        if 0.5 < ring.area < 25 and len(ring.polygon.exterior.coords) == 5 and number not in clues.samples:
            corners = shapely.get_coordinates(ring.polygon)
            a, b = np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))
            if abs(float(a * b) - ring.area) <= 0.02 * ring.area:  # right angles
                sides[number] = (round(float(min(a, b)), 2), round(float(max(a, b)), 2))
    alike = Counter(sides.values())
    for role, bay in evidence().bays.items():
        for number, (short, long) in sides.items():
            fits = bay.short[0] <= short <= bay.short[1] and bay.long[0] <= long <= bay.long[1]
            if fits and alike[short, long] >= bay.least:
                size = f"{short:g}×{long:g}m"
                count = alike[short, long]
                clues.rings[number].append(
                    clue(role, "bay", f"{count} 个 {size} 的矩形", f"{count} rectangles of {size}")
                )


def _names_building(text: str) -> bool:
    return not {"楼号", "层数"}.isdisjoint(vocabulary().labels(text))


def _held(scene: Scene, known: Mapping[str, str]) -> dict[int, list[int]]:
    """Ring → texts whose smallest ring it is; over a roof garden they are those of the building below."""
    other = {name for name, role in known.items() if role not in (*_BUILDINGS, "adjacent", "reference")}
    out: dict[int, list[int]] = defaultdict(list)
    for text, around in scene.around.items():
        holder = next((n for n in around if scene.rings[n].layer not in other), None)
        if holder is not None:
            out[holder].append(text)
    return out


def _with_labels(scene: Scene, known: Mapping[str, str]) -> dict[int, int]:
    """Ring → text in it that is the label of a building."""
    found = {
        number: next((t for t in texts if _names_building(scene.texts[t].text)), None)
        for number, texts in _held(scene, known).items()
    }
    return {number: text for number, text in found.items() if text is not None}


def _labelled(scene: Scene, known: Mapping[str, str], clues: Clues) -> list[int]:
    """The smallest rings around labels of buildings."""
    out: list[int] = []
    held = _held(scene, known)
    for number, said in _with_labels(scene, known).items():
        if len(held[number]) > _MOST_TEXTS or number in clues.samples or scene.rings[number].hatch:
            continue
        text = scene.texts[said]
        out.append(number)
        clues.rings[number].append(
            clue("outline", "labelled", f"内有楼栋标注“{text.text}”（文字 {text.handle}）",
                 f"label {text.text!r} of a building stands in it (text {text.handle})")
        )  # fmt: skip
    return out


def _around(scene: Scene, buildings: Sequence[int], known: Mapping[str, str], clues: Clues) -> None:
    """The outermost ring around all buildings is the site, sheets of paper aside."""
    sites = {name for name, role in known.items() if role == "site_boundary"}
    if not sites and any(
        c.role == "site_boundary" and c.sort in ("declared", "line_named", "legend")
        for found in (*clues.rings.values(), *clues.pens.values())
        for c in found
    ):
        return  # something says it better
    named = [n for n, r in enumerate(scene.rings) if known.get(r.layer) in ("footprint", "outline")]
    inner = sorted({*buildings, *named} - clues.samples)
    others = [n for n in range(len(scene.rings)) if n not in inner and n not in clues.samples]
    if not inner or len(inner) + len(others) < (2 if sites else 3):
        return
    spots = shapely.point_on_surface(scene.polygons[inner])
    around = [
        n
        for n in others
        if not scene.rings[n].hatch
        and (scene.rings[n].layer in sites if sites else known.get(scene.rings[n].layer) is None)
        and bool(shapely.contains(scene.rings[n].polygon, spots).all())
    ]
    if not sites:
        around = _without_frames(scene, around)
    elif not around:
        _around_together(scene, sites, inner, clues)
    around = sorted(around, key=lambda n: -scene.rings[n].area)
    count = len(inner)
    for place, number in enumerate(around[: 1 if sites else 2]):
        role, sort = ("site_boundary", "around") if place == 0 else ("control_line", "within_around")
        clues.rings[number].append(
            clue(role, sort, f"围住全部 {count} 栋建筑", f"lies around all {count} buildings")
        )
    if sites and around:
        for number in buildings:
            clues.rings[number].append(clue("outline", "inside", "位于用地之内", "lies in the site"))


def _around_together(scene: Scene, sites: AbstractSet[str], inner: Sequence[int], clues: Clues) -> None:
    """Rings on the layers of the site that lie around all buildings together: a site on both sides of a road."""
    rings = [n for n, r in enumerate(scene.rings) if r.layer in sites and n not in clues.samples]
    spots = shapely.point_on_surface(scene.polygons[inner])
    holders = [n for n in rings if bool(shapely.contains(scene.polygons[n], spots).any())]
    if len(holders) > 1 and bool(shapely.contains(shapely.union_all(scene.polygons[holders]), spots).all()):
        count = len(inner)
        for number in holders:
            clues.rings[number].append(
                clue("site_boundary", "around", f"共同围住全部 {count} 栋建筑",
                     f"lies around all {count} buildings together with others")
            )  # fmt: skip


def _without_frames(scene: Scene, around: Sequence[int]) -> list[int]:
    """Rings without sheets of paper: rectangles of a sheet's shape, or with a table, around another such ring."""
    out = []
    for number in around:
        polygon = scene.rings[number].polygon
        inside = [n for n in around if n != number and polygon.contains(scene.rings[n].polygon)]
        if not (inside and _sheet(polygon) and _holds_tables(scene, number, inside)):
            out.append(number)
    return out


def _sheet(polygon: Polygon) -> bool:
    """A rectangle; whether one of a usual ratio is asked of what stands in it too."""
    return len(polygon.exterior.coords) == 5 and polygon.area > 0.99 * polygon.minimum_rotated_rectangle.area


def _holds_tables(scene: Scene, number: int, inside: Sequence[int]) -> bool:
    """Texts stand in the ring beside the next one in it, or it has the shape of a sheet."""
    next_in = max(inside, key=lambda n: scene.rings[n].area)
    own = [t for t, rings in scene.around.items() if number in rings and next_in not in rings]
    corners = shapely.get_coordinates(scene.rings[number].polygon)
    a, b = np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))
    ratio = float(max(a, b) / max(min(a, b), _TOUCH))
    paper = any(abs(ratio - known) < 0.01 for known in evidence().frames)
    tells = any(
        vocabulary().pairs(scene.texts[t].text)[0] or vocabulary().knows(scene.texts[t].text) for t in own
    )
    return paper or tells


def rings_of(drawn: Iterable[Drawn], most: int) -> list[Drawn]:
    """The largest rings, at most some."""
    return sorted(drawn, key=lambda r: -r.area)[:most]
