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
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ezdxf.colors import aci2rgb, int2rgb

from drawings.cad import dwg_worker
from drawings.cad.bounded import PATIENCE
from drawings.cad.curve import Point
from drawings.cad.dwg_arcs import CHORD, point
from drawings.cad.dwg_arcs import curves as curves_of
from drawings.cad.dwg_dimensions import dimensions as dimensions_of
from drawings.cad.model import CadEntity, CadFile, CadLayer, CadSheet
from drawings.cad.mtext import plain_mtext
from drawings.cad.source import RELEASES
from drawings.cad.units import weigh
from drawings.cad.unsupported import tell_unsupported
from drawings.issues import Collector, quotable
from drawings.reading import Limits, Reading

_SILENT = frozenset({"ATTDEF", "VIEWPORT", "SEQEND"})
_MEMORY_BYTES = 2_000_000_000
_OUTPUT_BYTES = 300_000_000


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
                command, capture_output=True, timeout=PATIENCE * limits.seconds, check=False, cwd=folder
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
        with target.open(
            encoding="utf-8"
        ) as stream:  # one feature a line: the text never stands in memory whole
            found: dict[str, Any] = json.loads(stream.readline())
            found["features"] = [json.loads(line) for line in stream]
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
        self.elevations = {f"{int(h):X}": float(z) for h, z in tables.get("elevations") or ()}
        self.entities: list[CadEntity] = []
        self.blocks: Counter[str] = Counter()

    def read(self, bare: CadFile, unit: str | None) -> CadFile:
        """Entities, dimensions, layers, units."""
        dimensions = dimensions_of(self.tables.get("dimensions") or (), self.layer_of)
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
            tell_unsupported(
                self.issues,
                str(row.get("entity_type")),
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
            if z := self._elevation(entity.handle):
                entity = replace(entity, z=z)
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
            tell_unsupported(
                self.issues,
                "POLYLINE (mesh)",
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

    def _elevation(self, path: str) -> float:
        """Height of an entity; a part of a block lies as much higher as its reference."""
        return sum(self.elevations.get(part, 0.0) for part in path.split("/")) if self.elevations else 0.0

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
            if layer == "0" and depth > 1:  # of the reference it lies in
                layer = self.entities[seen["/".join(path[: depth - 1])]].layer
            block = block or (names[depth - 1] if depth <= len(names) else None)
            self._reference(
                CadEntity(handle, "INSERT", layer, entity.color, at=place if depth == 1 else None,
                          block=block, in_block=depth > 1, z=self._elevation(handle)), seen
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
                at=point(coordinates) if shape == "Point" else place,
                block=block or facts.get("block_name"),
                attributes={str(k): str(v).strip() for k, v in (facts.get("attributes") or {}).items()},
            )
        if shape == "Point":
            at = point(coordinates)
            if facts.get("text") is None:
                return replace(base, at=at)
            return replace(
                base,
                at=at,
                text=_text(facts),
                height=float(facts.get("text_height") or 0.0),
                rotation=float(facts.get("text_rotation_deg") or 0.0),
            )
        curves = tuple(curves_of(shape, coordinates, kind, facts))
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


def _text(facts: dict[str, Any]) -> str:
    """The text of an entity; characters written as ``\\U+00B0`` are decoded from the raw text."""
    raw = str(facts.get("text_raw") or "")
    if "\\U+" in raw or "\\M+" in raw:
        return plain_mtext(raw)
    return str(facts["text"])


def _handle(identity: str) -> str:
    """``0x704/0x6F5`` as ``704/6F5``."""
    return "/".join(part.removeprefix("0x").upper() for part in identity.split("/"))


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
