"""DWG → :class:`~drawings.cad.model.CadFile`.

``dwg2geo`` gives the entities (handles, layers, texts, blocks drawn out with the handles of their references),
``ezdwg`` the header's unit, the layer table and the dimensions; ``docs/adr/0005-dwg-reading.md`` says why. Both run in
a child process with bounded memory and time (:mod:`drawings.cad.dwg_worker`). Arcs come flattened and are put together
again, so that areas are exact as in DXF.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ezdxf.colors import aci2rgb, int2rgb

from drawings.cad import dwg_worker
from drawings.cad.curve import Curve, Point, arc, circle
from drawings.cad.model import CadDimension, CadEntity, CadFile, CadLayer, CadSheet
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import RELEASES
from drawings.cad.units import weigh
from drawings.issues import Collector, quotable
from drawings.reading import Limits, Reading

CHORD = 1e-4  # drawing units; asked of the flattening of curves
_MOST_SEGMENTS = 250  # the reader stops refining an arc near this count
_SILENT = frozenset({"ATTDEF", "VIEWPORT", "SEQEND"})
_DIMENSIONS = {
    "LINEAR": "linear",
    "ALIGNED": "aligned",
    "ANG2LN": "angular",
    "ANG3PT": "angular",
    "RADIUS": "radius",
    "DIAMETER": "diameter",
    "ORDINATE": "ordinate",
}
_MEMORY_BYTES = 2_000_000_000
_OUTPUT_BYTES = 300_000_000
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def is_dwg(data: bytes) -> bool:
    """True if the bytes begin like a DWG of any release."""
    return data[:4] == b"AC10" and data[4:6].isdigit()


def read_dwg(data: bytes, name: str, settings: Reading, unit: str | None) -> CadFile:
    """Read DWG bytes; every fault becomes an issue, nothing is raised for bad content.

    Args:
        unit: the length unit a person has confirmed, None to weigh it.
    """
    issues = Collector(settings.limits.issues_per_code, file=name)
    version = data[:6].decode("ascii", "replace")
    bare = CadFile(
        name,
        hashlib.sha256(data).hexdigest(),
        "dwg",
        version=version,
        release=RELEASES.get(version, version),
        encoding="utf-8",
    )
    try:
        found = _take_apart(data, settings.limits, issues, bare.release)
        if found is None:
            return replace(bare, issues=issues.finish())
        return _Reader(found, settings, issues).read(bare, unit)
    except (RecursionError, MemoryError) as error:
        issues.add("DWG-UNREADABLE", reason=type(error).__name__)
    except Exception as error:  # whatever a hostile file makes the readers say is an issue of the file
        issues.add("DWG-UNREADABLE", reason=quotable(error))
    return replace(bare, issues=issues.finish())


def _take_apart(data: bytes, limits: Limits, issues: Collector, release: str) -> dict[str, Any] | None:
    """What the readers give, None (with an error among the issues) when that is nothing."""
    if len(data) > limits.file_bytes:
        issues.add("DXF-TOO-LARGE", size=round(len(data) / 1e6), limit=round(limits.file_bytes / 1e6))
        return None
    if data[:6].decode("ascii", "replace") not in RELEASES or data[:6] < b"AC1012":
        issues.add("DWG-VERSION", version=release)
        return None
    # since R2004 the plain file header holds the security type; its first bit says that the data are encrypted
    if data[:6] >= b"AC1018" and len(data) > 0x1C and int.from_bytes(data[0x18:0x1C], "little") & 1:
        issues.add("DWG-ENCRYPTED")
        return None
    with tempfile.TemporaryDirectory(prefix="dwg-") as folder:
        source, target = Path(folder, "in.dwg"), Path(folder, "out.json")
        source.write_bytes(data)
        command = [sys.executable, "-I", dwg_worker.__file__, str(source), str(target)]
        command += [str(_MEMORY_BYTES), str(_OUTPUT_BYTES), str(math.ceil(limits.seconds)), str(CHORD)]
        try:
            ended = subprocess.run(
                command, capture_output=True, timeout=limits.seconds, check=False, cwd=folder
            )
        except subprocess.TimeoutExpired:
            issues.add("DWG-BOUND", seconds=limits.seconds)
            return None
        if ended.returncode != 0 or not target.is_file():
            last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            if ended.returncode in (-9, -24, -25) or any(
                "MemoryError" in t or "too large" in t for t in last
            ):
                issues.add("DWG-BOUND", seconds=limits.seconds)
            else:
                issues.add("DWG-UNREADABLE", reason=quotable(last[0] if last else f"exit {ended.returncode}"))
            return None
        found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    if "error" in found:
        text = str(found["error"])
        cut = "fill whole buffer" in text or "end of file" in text or "eof" in text.lower()
        issues.add("DWG-CUT" if cut else "DWG-UNREADABLE", reason=quotable(text))
        return None
    return found


class _Reader:
    """One reading of what the child process gave."""

    def __init__(self, found: dict[str, Any], settings: Reading, issues: Collector) -> None:
        self.found = found
        self.settings = settings
        self.limits = settings.limits
        self.issues = issues
        tables: dict[str, Any] = found.get("tables") or {}
        self.tables = tables
        self.layer_names: dict[int, str] = {int(h): str(n) for h, n in tables.get("layer_names") or ()}
        self.layer_of: dict[str, str] = {
            f"{int(h):X}": self.layer_names.get(int(layer), "0") for h, layer in tables.get("layer_of") or ()
        }
        self.places: dict[str, tuple[Point, str | None]] = {}
        for part in tables.get("inserts") or ():
            for row in part:
                last = row[-1]
                block = last if isinstance(last, str) else (last[-1] if isinstance(last, list) else None)
                self.places[f"{int(row[0]):X}"] = ((float(row[1]), float(row[2])), block)
        self.entities: list[CadEntity] = []
        self.blocks: Counter[str] = Counter()

    def read(self, bare: CadFile, unit: str | None) -> CadFile:
        """Entities, dimensions, layers, units."""
        dimensions = self._dimensions()
        self._read_entities({d.handle for d in dimensions})
        self._tell_skipped()
        if not self.entities and not dimensions:
            self.issues.add("DXF-EMPTY")
        header = (self.tables.get("header") or [None])[0]
        rings = [c for e in self.entities if e.kind != "DIMENSION" for c in e.curves if c.closed]
        box, middle = _extents(self.entities)
        units = weigh(
            int(header) if isinstance(header, int) else None,
            rings=rings,
            extents=box,
            middle=middle,
            texts=[e.text for e in self.entities if e.text and len(e.text) < 200],
            rules=self.settings.units,
            issues=self.issues,
            confirmed=unit,
        )
        bound = self.limits.coordinate_m / units.metres_per_unit
        kept = [e for e in self.entities if not self._far(e, bound)]
        if len(kept) < len(self.entities):
            self.entities = kept
            box, _ = _extents(kept)
        self.issues.add("DWG-NO-XDATA")
        geodata = self.found.get("geodata") or {}
        return replace(
            bare,
            readable=True,
            units=units,
            extents=box,
            layers=self._layers(),
            entities=tuple(self.entities),
            dimensions=dimensions,
            sheets=(CadSheet("Model", "model", int(self.found.get("model_space_entities") or 0)),),
            blocks=dict(self.blocks),
            geodata={
                **{str(k): str(v) for k, v in geodata.items() if not isinstance(v, dict)},
                **({"coordinate_system": str(geodata["definition_summary"])[:4000]}
                   if geodata.get("definition_summary") else {}),
            },
            issues=self.issues.finish(),
        )  # fmt: skip

    def _tell_skipped(self) -> None:
        for row in self.found.get("skipped") or ():
            if row.get("entity_type") in _SILENT:
                continue
            handles = row.get("sample_handles") or [""]
            self.issues.add(
                "DXF-UNSUPPORTED",
                kind=str(row.get("entity_type")),
                count=int(row.get("count") or 1),
                handle=_handle(str(handles[0])),
            )
        for row in self.found.get("failed") or ():
            fields = row if isinstance(row, dict) else {"reason": str(row)}
            self.issues.add(
                "DXF-BAD-ENTITY",
                kind=str(fields.get("entity_type") or "?"),
                reason=quotable(str(fields.get("reason") or "")),
                handle=_handle(str((fields.get("sample_handles") or [""])[0])),
            )
        for text in (self.found.get("warnings") or ())[:20]:
            self.issues.add("DWG-PARTIAL", reason=quotable(str(text)))
        if self.tables.get("header") is None:
            self.issues.add("DWG-PARTIAL", reason="header")

    def _layers(self) -> dict[str, CadLayer]:
        counts = Counter(e.layer for e in self.entities if not e.in_block)
        states = {int(row[0]): row for row in self.tables.get("layer_states") or ()}
        colors = {int(row[0]): row for row in self.tables.get("layer_colors") or ()}
        out: dict[str, CadLayer] = {}
        for handle, name in self.layer_names.items():
            state = states.get(handle, (handle, False, False, False, False))
            out[name] = CadLayer(
                name,
                _color(colors.get(handle)),
                visible=not state[2],
                frozen=bool(state[1]),
                locked=bool(state[4]),
                entities=counts.get(name, 0),
            )
        for name in counts:
            out.setdefault(name, CadLayer(name, "#ffffff", entities=counts[name]))
        return out

    # --- entities -------------------------------------------------------------------------------------------------

    def _read_entities(self, dimensions: set[str]) -> None:
        pictures: dict[str, list[CadEntity]] = {}
        seen: dict[str, int] = {}
        meshes: list[CadEntity] = []
        vertices = 0
        for feature in self.found["features"]:
            facts = feature.get("properties") or {}
            if facts.get("space", "model") != "model":
                continue
            try:
                entity = self._entity(str(feature.get("id") or facts.get("handle") or ""), facts, feature)
            except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError, OverflowError) as error:
                self.issues.add(
                    "DXF-BAD-ENTITY",
                    kind=str(facts.get("entity_type")),
                    reason=quotable(str(error)),
                    handle=_handle(str(feature.get("id") or "")),
                )
                continue
            if not all(c.is_finite() for c in entity.curves) or not math.isfinite(sum(entity.at or (0.0,))):
                self.issues.add("DXF-NONFINITE", handle=entity.handle, layer=entity.layer)
                continue
            if facts.get("face_count"):  # a mesh is no outline
                meshes.append(entity)
                continue
            first = entity.handle.split("/", 1)[0]
            if first in dimensions:
                pictures.setdefault(first, []).append(entity)
                continue
            vertices += sum(len(c.points) for c in entity.curves)
            if len(self.entities) >= self.limits.entities:
                self.issues.add("DXF-TOO-MANY", what="实体", what_en="entities", limit=self.limits.entities)
                break
            if vertices > self.limits.vertices:
                self.issues.add("DXF-TOO-MANY", what="顶点", what_en="vertices", limit=self.limits.vertices)
                break
            self._references(entity, facts, seen)
            if entity.kind != "INSERT":
                self.entities.append(entity)
            elif entity.handle not in seen:
                self._reference(entity, seen)
            else:  # its parts came first: the reference learns its attributes and place
                index = seen[entity.handle]
                self.entities[index] = replace(entity, block=entity.block or self.entities[index].block)
        if meshes:
            first_mesh = meshes[0]
            self.issues.add(
                "DXF-UNSUPPORTED",
                kind="POLYLINE (mesh)",
                count=len(meshes),
                handle=first_mesh.handle,
                layer=first_mesh.layer,
                at=first_mesh.at,
            )
        for handle, parts in pictures.items():
            shown = next((p for p in parts if p.text is not None), None)
            self.entities.append(
                CadEntity(
                    handle,
                    "DIMENSION",
                    self.layer_of.get(handle, parts[0].layer),
                    parts[0].color,
                    curves=tuple(c for p in parts for c in p.curves),
                    at=shown.at if shown else next((p.at for p in parts if p.at), None),
                    text=shown.text if shown else None,
                    height=shown.height if shown else 0.0,
                    rotation=shown.rotation if shown else 0.0,
                )
            )

    def _references(self, entity: CadEntity, facts: dict[str, Any], seen: dict[str, int]) -> None:
        """Block references are not given as entities unless they hold attributes: made from the handles of parts."""
        path = entity.handle.split("/")
        names = str(facts.get("block_path") or "").split("/")
        for depth in range(1, len(path)):
            handle = "/".join(path[:depth])
            if handle in seen:
                continue
            own = path[depth - 1]
            place, block = self.places.get(own, (None, None))
            layer = self.layer_of.get(own) or (entity.layer if facts.get("source_layer") == "0" else "0")
            block = block or (names[depth - 1] if depth <= len(names) else None)
            self._reference(
                CadEntity(handle, "INSERT", layer, entity.color, at=place if depth == 1 else None,
                          block=block, in_block=depth > 1), seen
            )  # fmt: skip

    def _reference(self, insert: CadEntity, seen: dict[str, int]) -> None:
        seen[insert.handle] = len(self.entities)
        if insert.block:
            self.blocks[insert.block] += 1
        self.entities.append(insert)

    def _entity(self, identity: str, facts: dict[str, Any], feature: dict[str, Any]) -> CadEntity:
        kind = str(facts.get("entity_type") or "?")
        handle = _handle(identity)
        geometry = feature.get("geometry")
        layer = str(facts.get("layer") or "0")
        base = CadEntity(
            handle,
            kind,
            layer,
            str(facts.get("color_rgb") or "#ffffff").lower(),
            in_block="/" in handle,
        )
        if geometry is None:
            return base
        shape, coordinates = str(geometry["type"]), geometry["coordinates"]
        if kind == "INSERT":
            place, block = self.places.get(handle, (None, None))
            return replace(
                base,
                at=_point(coordinates) if shape == "Point" else place,
                block=block or facts.get("block_name"),
                attributes={str(k): str(v).strip() for k, v in (facts.get("attributes") or {}).items()},
            )
        if shape == "Point":
            at = _point(coordinates)
            if facts.get("text") is None:
                return replace(base, at=at)
            return replace(
                base,
                at=at,
                text=_text(facts),
                height=float(facts.get("text_height") or 0.0),
                rotation=float(facts.get("text_rotation_deg") or 0.0),
            )
        curves = tuple(_curves(shape, coordinates, kind, facts))
        text = str(facts["text"]) if kind == "MULTILEADER" and facts.get("text") else None
        filled = kind in ("HATCH", "MPOLYGON", "SOLID", "TRACE", "3DFACE")
        return replace(base, curves=curves, filled=filled, at=curves[0].start if curves else None, text=text)

    def _far(self, entity: CadEntity, bound: float) -> bool:
        values = [abs(v) for c in entity.curves for p in c.points for v in p] + [
            abs(v) for v in entity.at or ()
        ]
        worst = max(values, default=0.0)
        if worst > bound:
            self.issues.add(
                "DXF-HUGE", handle=entity.handle, layer=entity.layer, at=entity.at, value=f"{worst:.3g}"
            )
            return True
        return False

    # --- dimensions -----------------------------------------------------------------------------------------------

    def _dimensions(self) -> tuple[CadDimension, ...]:
        out: list[CadDimension] = []
        for row in self.tables.get("dimensions") or ():
            try:
                out.append(self._dimension(str(row[0]), row[1]))
            except (TypeError, ValueError, IndexError):
                continue
        return tuple(out)

    def _dimension(self, type_name: str, row: Sequence[Any]) -> CadDimension:
        kind = _DIMENSIONS.get(type_name, "linear")
        first, second = _point(row[3]), _point(row[4])
        measured: float | None
        if kind == "aligned":
            measured = math.dist(first, second)
        elif kind == "linear":
            turn = float(row[8][3])
            measured = abs((second[0] - first[0]) * math.cos(turn) + (second[1] - first[1]) * math.sin(turn))
        else:
            stored = float(row[9][1])
            measured = math.degrees(stored) if kind == "angular" else abs(stored)
        if not math.isfinite(measured):
            measured = None
        typed = str(row[1] or "").strip()
        text = None if typed in ("", "<>") else typed
        points = (first, second) if kind in ("linear", "aligned", "ordinate") else (_point(row[2]), first)
        if not all(math.isfinite(v) for p in points for v in p):
            raise ValueError("not finite")
        handle = f"{int(row[0]):X}"
        at = _point(row[5]) if row[5] is not None else None
        return CadDimension(
            handle,
            self.layer_of.get(handle, "0"),
            kind,
            measured,
            _factor(text, measured) if kind != "angular" else 1.0,
            text,
            at,
            points,
        )


def _factor(text: str | None, measured: float | None) -> float:
    """Display factor of a dimension: its style's is not read from DWG, so a typed number that is the measured one
    in another decimal unit is taken as shown with that factor, and not as an edited dimension."""
    number = _NUMBER.search(text or "")
    if number is None or not measured:
        return 1.0
    shown = float(number.group().replace(",", "."))
    for factor in (1000.0, 100.0, 10.0, 0.1, 0.01, 0.001):
        if shown and abs(measured * factor / shown - 1) < 0.005:
            return factor
    return 1.0


def _text(facts: dict[str, Any]) -> str:
    """The text of an entity; characters written as ``\\U+00B0`` are decoded from the raw text."""
    raw = str(facts.get("text_raw") or "")
    if "\\U+" in raw or "\\M+" in raw:
        return plain_mtext(raw)
    return str(facts["text"])


def _handle(identity: str) -> str:
    """``0x704/0x6F5`` as ``704/6F5``."""
    return "/".join(part.removeprefix("0x").upper() for part in identity.split("/"))


def _point(value: Any) -> Point:
    return float(value[0]), float(value[1])


def _color(row: Sequence[Any] | None) -> str:
    if row is None:
        return "#ffffff"
    try:
        rgb = int2rgb(int(row[2])) if row[2] is not None else aci2rgb(abs(int(row[1])) or 7)
    except (IndexError, TypeError, ValueError):
        return "#ffffff"
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _extents(
    entities: Iterable[CadEntity],
) -> tuple[tuple[float, float, float, float] | None, Point | None]:
    boxes = [c.bounds() for e in entities for c in e.curves]
    boxes += [(*e.at, *e.at) for e in entities if not e.curves and e.at is not None]
    if not boxes:
        return None, None
    box = (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
    middle = (
        statistics.median((b[0] + b[2]) / 2 for b in boxes),
        statistics.median((b[1] + b[3]) / 2 for b in boxes),
    )
    return box, middle


# --- arcs put together again ------------------------------------------------------------------------


def _curves(shape: str, coordinates: Any, kind: str, facts: dict[str, Any]) -> Iterator[Curve]:
    lines: list[Any]
    if shape == "LineString":
        lines = [coordinates]
    elif shape in ("MultiLineString", "Polygon"):
        lines = list(coordinates)
    elif shape == "MultiPolygon":
        lines = [ring for polygon in coordinates for ring in polygon]
    else:
        return
    closed = "Polygon" in shape or bool(facts.get("is_closed"))
    scale = max([1.0, *(float(s) for w in facts.get("warnings") or ()
                        for s in re.findall(r"scale ([\d.]+(?:e[+-]?\d+)?)", str(w)))])  # fmt: skip
    for line in lines:
        points = [_point(p) for p in line]
        ring = closed or (len(points) > 3 and points[0] == points[-1])
        if ring and len(points) > 1 and math.dist(points[0], points[-1]) <= 1e-9 * (1 + abs(points[0][0])):
            points.pop()
        if len(points) < 2:
            continue
        if not facts.get("approximated") or kind == "SPLINE":
            yield Curve(tuple(points), None, ring)
        elif kind in ("CIRCLE", "ELLIPSE") and ring and len(points) > 7:
            yield _round(points)
        elif kind == "ARC" and not ring and len(points) > 3:
            yield _one_arc(points)
        elif kind == "ELLIPSE":
            yield Curve(tuple(points), None, ring)
        else:
            yield rebuild_arcs(points, ring, CHORD * scale)


def _round(points: list[Point]) -> Curve:
    """A full circle from points equally spaced on it; an ellipse as chords that enclose its exact area."""
    cx = sum(p[0] for p in points) / len(points)
    cy = sum(p[1] for p in points) / len(points)
    radii = [math.dist(p, (cx, cy)) for p in points]
    if max(radii) - min(radii) <= 1e-6 * max(radii):
        return circle((cx, cy), sum(radii) / len(radii))
    step = 2 * math.pi / len(points)
    growth = math.sqrt(step / math.sin(step))
    return Curve(tuple((cx + (x - cx) * growth, cy + (y - cy) * growth) for x, y in points), None, True)


def _centre(a: Point, b: Point, c: Point) -> Point | None:
    """Centre of the circle through three points, None if they are in line."""
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    twice = 2 * (bx * cy - by * cx)
    if abs(twice) <= 1e-12 * (bx * bx + by * by + cx * cx + cy * cy):
        return None
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    return a[0] + (cy * b2 - by * c2) / twice, a[1] + (bx * c2 - cx * b2) / twice


def _one_arc(points: list[Point]) -> Curve:
    middle = points[len(points) // 2]
    centre = _centre(points[0], middle, points[-1])
    if centre is None:
        return Curve(tuple(points))
    radius = math.dist(centre, points[0])
    if any(abs(math.dist(p, centre) - radius) > 1e-6 * radius for p in points):
        return Curve(tuple(points))  # a circle drawn through a block that is not scaled equally
    start, end = (math.atan2(p[1] - centre[1], p[0] - centre[0]) for p in (points[0], points[-1]))
    a, b = points[0], points[1]
    clockwise = (a[0] - centre[0]) * (b[1] - centre[1]) - (a[1] - centre[1]) * (b[0] - centre[0]) < 0
    return arc(centre, radius, end, start).reversed() if clockwise else arc(centre, radius, start, end)


def rebuild_arcs(points: list[Point], closed: bool, chord: float) -> Curve:
    """A flattened polyline with its arcs: runs of chords of one length and one turn become one segment with a bulge.

    Only chords that leave their arc by no more than the flattening's tolerance count (or runs as long as the flattening
    goes), so a polygon drawn with straight sides stays one.

    Args:
        points: vertices; a closed line does not repeat its first one.
        chord: the tolerance of the flattening, drawing units.
    """
    ring = [*points, points[0]] if closed else points
    edges = [math.dist(ring[i], ring[i + 1]) for i in range(len(ring) - 1)]
    turns = [0.0]
    for i in range(1, len(edges)):
        ux, uy = ring[i][0] - ring[i - 1][0], ring[i][1] - ring[i - 1][1]
        vx, vy = ring[i + 1][0] - ring[i][0], ring[i + 1][1] - ring[i][1]
        turns.append(math.atan2(ux * vy - uy * vx, ux * vx + uy * vy))
    out: list[Point] = []
    bulges: list[float] = []
    noise = 4e-16 * max(max(abs(x), abs(y)) for x, y in ring)
    i = 0
    while i < len(edges):
        j = i + 1
        while (
            j < len(edges)
            and abs(edges[j] - edges[i]) <= 1e-6 * edges[i] + 4 * noise
            and abs(turns[j]) > 1e-9
            and abs(turns[j] - turns[i + 1]) <= 1e-6 * abs(turns[i + 1]) + 8 * noise / max(edges[i], 1e-300)
        ):
            j += 1
        count = j - i
        sagitta = edges[i] / 2 * math.tan(abs(turns[i + 1]) / 4) if count > 2 else math.inf
        out.append(ring[i])
        if count > 2 and (sagitta <= 1.05 * chord + noise or count >= _MOST_SEGMENTS):
            whole = turns[i + 1] * count
            half = count // 2
            if abs(whole) > math.pi:  # in two, so that no bulge exceeds 1
                bulges.append(math.tan(turns[i + 1] * half / 4))
                out.append(ring[i + half])
                bulges.append(math.tan(turns[i + 1] * (count - half) / 4))
            else:
                bulges.append(math.tan(whole / 4))
            i = j
        else:
            bulges.append(0.0)
            i += 1
    if not closed:
        out.append(ring[-1])
        bulges.append(0.0)
    return Curve(tuple(out), tuple(bulges) if any(bulges) else None, closed)
