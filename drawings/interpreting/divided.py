"""Layers that hold shapes of several roles, divided for an interpretation: each role gets a layer of its own, which
knows the layer of the file that it is a part of (``CadLayer.part_of``). Shapes, repairs and issues name the latter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drawings.cad.model import CadEntity, CadFile
from drawings.cad.selection import prefixes
from drawings.drawing import DrawingModel


def part_name(layer: str, role: str) -> str:
    """The name of the part of a layer that holds shapes of a role; no layer of a file can bear it."""
    return f"{layer}<{role}>"


def divided(cad: CadFile, parts: Mapping[str, tuple[str, str]]) -> CadFile:
    """The drawing with entities on parts of their layers: handle (of a block: all that is in it) → layer and role."""
    if not parts:
        return cad
    entities = [_moved(e, parts) for e in cad.entities]
    layers = dict(cad.layers)
    for layer, role in dict.fromkeys(parts.values()):
        if layer in cad.layers:
            name = part_name(layer, role)
            count = sum(e.layer == name for e in entities)
            layers[name] = replace(cad.layers[layer], name=name, entities=count, part_of=layer)
    return replace(cad, entities=entities, layers=layers)


def _moved(entity: CadEntity, parts: Mapping[str, tuple[str, str]]) -> CadEntity:
    part = parts.get(entity.handle) or next((parts[p] for p in prefixes(entity.handle) if p in parts), None)
    return replace(entity, layer=part_name(*part)) if part is not None else entity


def parts_of(cad: CadFile) -> dict[str, str]:
    """Part of a layer → the layer of the file; empty if no layer is divided."""
    return {name: layer.part_of for name, layer in cad.layers.items() if layer.part_of is not None}


def whole(model: DrawingModel, parts: Mapping[str, str]) -> DrawingModel:
    """The model with shapes on the layers that are in the file."""
    if not parts:
        return model
    return replace(
        model,
        shapes=tuple(replace(s, layer=parts.get(s.layer, s.layer)) for s in model.shapes),
        layers=tuple(x for x in model.layers if x.name not in parts),
    )
