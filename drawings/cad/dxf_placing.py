"""Blocks drawn out into world coordinates: nested, scaled, mirrored, in rows and columns, within the bounds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from drawings.cad.curve import IDENTITY, Affine, apply, compose
from drawings.cad.dxf_entities import BYBLOCK, BYLAYER, Converter, Insert, Stop
from drawings.cad.model import CadEntity, CadLayer
from drawings.cad.source import decode_escapes


class Placer:
    """Draws what a :class:`Converter` gives.

    Attributes:
        entities: drawn so far. inserted: block name → how often.
    """

    def __init__(self, converter: Converter, layers: Mapping[str, CadLayer]) -> None:
        self.converter = converter
        self.limits = converter.limits
        self.issues = converter.issues
        self.layers = layers
        self.entities: list[CadEntity] = []
        self.inserted: Counter[str] = Counter()
        self.vertices = 0
        self._blocks: dict[str, list[CadEntity | Insert]] = {}
        self._missing: set[str] = set()
        self._recursive: set[str] = set()

    def draw_all(self, items: Any) -> None:
        """Draw a layout until everything is drawn or a bound is reached."""
        try:
            for item in self.converter.convert(items):
                self._draw(item, IDENTITY, None, None, "", 0, ())
        except Stop:
            pass

    def _draw(
        self,
        item: CadEntity | Insert,
        matrix: Affine,
        layer: str | None,
        color: str | None,
        prefix: str,
        depth: int,
        stack: tuple[str, ...],
    ) -> None:
        if isinstance(item, CadEntity):
            self._emit(item, matrix, layer, color, prefix)
            return
        proto = item.proto
        own_layer = layer if layer is not None and proto.layer == "0" else proto.layer
        own_color = self._color(item.color, own_layer, color)
        self._emit(proto, matrix, layer, color, prefix)
        for part in item.parts:  # ATTRIBs are in the space of the reference
            self._emit(part, matrix, own_layer, own_color, prefix)
        name = item.block
        if name in stack:
            if name not in self._recursive:
                self._recursive.add(name)
                self.issues.add(
                    "DXF-BLOCK-RECURSION", name=name, handle=prefix + proto.handle, layer=own_layer
                )
            return
        if depth >= self.limits.block_depth:
            self.issues.add(
                "DXF-BLOCK-DEPTH", name=name, limit=self.limits.block_depth, handle=prefix + proto.handle
            )
            return
        content = self._block(name, prefix + proto.handle, own_layer)
        if not content:
            return
        self.inserted[name] += len(item.matrices)
        inner = prefix + proto.handle + "/"
        for own in item.matrices:
            combined = compose(matrix, own)
            for child in content:
                self._draw(child, combined, own_layer, own_color, inner, depth + 1, (*stack, name))

    def _emit(
        self, entity: CadEntity, matrix: Affine, layer: str | None, color: str | None, prefix: str
    ) -> None:
        if len(self.entities) >= self.limits.entities:
            self._stop("DXF-TOO-MANY", what="实体", what_en="entities", limit=self.limits.entities)
        if len(self.entities) % 500 == 0 and self.converter.clock() > self.converter.deadline:
            self._stop("DXF-TIME", seconds=self.limits.seconds)
        own_layer = layer if layer is not None and entity.layer == "0" else entity.layer
        own_color = self._color(entity.color, own_layer, color)
        curves = entity.curves
        at, height, rotation = entity.at, entity.height, entity.rotation
        if matrix != IDENTITY:
            try:
                curves = tuple(c.transformed(matrix) for c in curves)
            except (ValueError, OverflowError, ZeroDivisionError):
                curves = ()
            if at is not None:
                at = apply(matrix, at)
            if entity.text is not None:
                a, b, c, d, _, _ = matrix
                height *= math.sqrt(abs(a * d - b * c))
                rotation += math.degrees(math.atan2(b, a))
        finite = (at is None or (math.isfinite(at[0]) and math.isfinite(at[1]))) and all(
            c.is_finite() for c in curves
        )
        if not finite or not math.isfinite(height) or not math.isfinite(rotation):
            self.issues.add("DXF-NONFINITE", handle=prefix + entity.handle, layer=own_layer)
            return
        self.vertices += sum(len(c.points) for c in curves)
        if self.vertices > self.limits.vertices:
            self._stop("DXF-TOO-MANY", what="顶点", what_en="vertices", limit=self.limits.vertices)
        if prefix or layer is not None or own_color != entity.color or matrix != IDENTITY:
            entity = replace(
                entity,
                handle=prefix + entity.handle,
                layer=own_layer,
                color=own_color,
                curves=curves,
                at=at,
                height=height,
                rotation=rotation,
                in_block=bool(prefix),
            )
        self.entities.append(entity)

    def _stop(self, code: str, **values: Any) -> NoReturn:
        """Tell a bound with the last thing drawn, and stop."""
        last = self.entities[-1] if self.entities else None
        if last is not None:
            values |= {"handle": last.handle, "layer": last.layer, "at": last.at}
        self.issues.add(code, **values)
        raise Stop

    def _color(self, color: str, layer: str, inherited: str | None) -> str:
        if color == BYBLOCK:
            return inherited or "#ffffff"
        if color == BYLAYER:
            found = self.layers.get(layer)
            return found.color if found else "#ffffff"
        return color

    def _block(self, name: str, handle: str, layer: str) -> list[CadEntity | Insert]:
        if name in self._blocks:
            return self._blocks[name]
        block: Any = self.converter.document.blocks.get(name)  # None for an unknown name
        if block is None:
            if name not in self._missing:
                self._missing.add(name)
                self.issues.add("DXF-BLOCK-MISSING", name=name, handle=handle, layer=layer)
            self._blocks[name] = []
            return []
        head = block.block
        if head is not None and (head.is_xref or head.is_xref_overlay):
            self.issues.add("DXF-XREF", name=decode_escapes(name), handle=handle, layer=layer)
        self._blocks[name] = list(self.converter.convert(block))
        return self._blocks[name]
