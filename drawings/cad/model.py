"""What reading a CAD file gives, whichever reader did it.

Readers (ezdxf now) fill these dataclasses; everything above knows only them. Coordinates are world coordinates in
drawing units, elevation dropped into ``z``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from drawings.cad.curve import Curve, Point
from project_box.kernel.finding import Issue

#: layers that findings are written to (``drawings.cad.audit_copy``); their names begin with this
AUDIT_PREFIX = "PB_AUDIT"


@dataclass(frozen=True, slots=True)
class UnitVote:
    """One piece of evidence for (or, with a negative ``weight``, against) a unit.

    Attributes:
        sort: a key of ``units.said`` in ``catalogue/reading.yaml``: ``header``, ``size``, ``stated_area`` …
        says: the unit. detail: what was seen, in that unit.
    """

    sort: str
    says: str
    weight: float
    detail: str


@dataclass(frozen=True, slots=True)
class Units:
    """The length unit of a drawing and why it is believed.

    Attributes:
        unit: ``m``, ``mm``, ``cm``, ``km``, ``in``, ``ft`` … or ``unknown``.
        metres_per_unit: factor to metres.
        source: ``confirmed`` (a person said so), ``header``, ``extents`` (header missing or contradicted) or
            ``assumed``.
        header: the unit the header claims, None if it claims nothing.
        evidence: what speaks for the unit, in sentences; evidence_en: the same in English.
        size: characteristic size in drawing units. national: unit in which coordinates are national ones, if any.
        stated: unit written in the drawing, if any.
        confidence: 0…1, share of the belief that this unit got; 1 if confirmed.
        votes: all evidence with its weight.
    """

    unit: str
    metres_per_unit: float
    source: str
    header: str | None = None
    evidence: tuple[str, ...] = ()
    evidence_en: tuple[str, ...] = ()
    size: float | None = None
    national: str | None = None
    stated: str | None = None
    confidence: float = 1.0
    votes: tuple[UnitVote, ...] = ()


@dataclass(frozen=True, slots=True)
class CadLayer:
    """One layer of the file: ``color`` is ``#rrggbb``; ``entities`` counts what lies on it in model space.

    ``part_of``: the layer of the file of which this is the part that holds shapes of one role.
    """

    name: str
    color: str
    visible: bool = True
    frozen: bool = False
    locked: bool = False
    linetype: str = ""
    entities: int = 0
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class CadEntity:
    """One entity flattened to primitive geometry.

    Attributes:
        handle: CAD handle; inside blocks the handles of the inserts and the entity joined by ``/``.
        kind: DXF type (``LWPOLYLINE``, ``TEXT`` …).
        layer: effective layer (entities on layer 0 of a block take their insert's layer).
        color: ``#rrggbb`` with BYLAYER and BYBLOCK resolved.
        curves: its geometry; several for hatches and blocks.
        filled: the curves bound a filled area (HATCH, SOLID).
        at: anchor: text or insertion point, else first vertex.
        text: content of a text, formatting removed.
        height, rotation: of a text, drawing units and degrees.
        attributes: ATTRIB tag → value of an INSERT.
        xdata: application name → strings of its extended data.
        block: block name of an INSERT.
        in_block: the entity came out of a block.
        z: elevation (the first one if it varies).
    """

    handle: str
    kind: str
    layer: str
    color: str
    curves: tuple[Curve, ...] = ()
    filled: bool = False
    at: Point | None = None
    text: str | None = None
    height: float = 0.0
    rotation: float = 0.0
    attributes: dict[str, str] = field(default_factory=dict)
    xdata: dict[str, tuple[str, ...]] = field(default_factory=dict)
    block: str | None = None
    in_block: bool = False
    z: float = 0.0

    def without_curves(self) -> CadEntity:
        """The entity without its geometry, for what must not keep all of a large drawing in memory."""
        return CadEntity(
            self.handle, self.kind, self.layer, self.color, (), self.filled, self.at, self.text, self.height,
            self.rotation, self.attributes, self.xdata, self.block, self.in_block, self.z,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CadDimension:
    """A dimension: what it measures and what it says.

    Attributes:
        kind: ``linear``, ``aligned``, ``angular``, ``diameter``, ``radius``, ``ordinate``, ``arc``.
        measured: true value from its points: drawing units, degrees for angles; None if it cannot be computed.
        factor: the style's display factor (DIMLFAC).
        text: typed text, formatting removed; None if the dimension shows its measurement.
        points: the measured points.
    """

    handle: str
    layer: str
    kind: str
    measured: float | None
    factor: float
    text: str | None
    at: Point | None
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class CadSheet:
    """A layout: model space or a paper sheet, with its entity count."""

    name: str
    kind: str
    entities: int


@dataclass(frozen=True, slots=True)
class CadFile:
    """One CAD file as read.

    Attributes:
        name: file name as handed in; ``sha256`` of its bytes.
        format: ``dxf``, ``dxf-binary``, ``dwg``, ``ifc`` or ``unknown``.
        version: ``AC1009`` … ``AC1032``; ``release`` the name people know (R12 … R2018).
        encoding: text encoding used.
        readable: False if nothing in the file can be relied on; the issues say why.
        extents: (min x, min y, max x, max y) of the geometry, drawing units.
        entities: in drawing order; of a large file they may be made when they are looked at and not kept, so
            compare them by value or handle, not by identity.
        geodata: facts of a GEODATA object, if any.
        ifc: what an IFC says of itself (:mod:`drawings.cad.ifc_worker`), None for CAD files.
    """

    name: str
    sha256: str
    format: str
    version: str = ""
    release: str = ""
    encoding: str = ""
    readable: bool = False
    units: Units = Units("unknown", 1.0, "assumed")
    extents: tuple[float, float, float, float] | None = None
    layers: dict[str, CadLayer] = field(default_factory=dict)
    entities: Sequence[CadEntity] = ()
    dimensions: tuple[CadDimension, ...] = ()
    sheets: tuple[CadSheet, ...] = ()
    blocks: dict[str, int] = field(default_factory=dict)
    geodata: dict[str, str] = field(default_factory=dict)
    ifc: dict[str, Any] | None = None
    issues: tuple[Issue, ...] = ()
