"""Layers that hold shapes of several roles, divided for an interpretation: each role gets a layer of its own.

The names of these layers hold a sign no program lets anybody type; :func:`whole` takes it off again, so that shapes and
issues name the layers that are in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from drawings.cad.model import CadEntity, CadFile
from drawings.cad.selection import prefixes
from drawings.drawing import DrawingModel
from drawings.standards.standards import roles
from project_box.kernel.finding import Issue

_SIGN = "\x1f"


def part_of(layer: str, role: str) -> str:
    """The part of a layer that holds shapes of a role."""
    return f"{layer}{_SIGN}{list(roles().roles).index(role)}"


def bare(layer: str) -> str:
    """The layer that a part is of."""
    return layer.partition(_SIGN)[0]


def divided(cad: CadFile, parts: Mapping[str, str]) -> CadFile:
    """The drawing with entities on other layers: handle (of a block: all that is in it) → name of the part."""
    if not parts:
        return cad
    entities = [_moved(e, parts) for e in cad.entities]
    layers = dict(cad.layers)
    for name in dict.fromkeys(parts.values()):
        origin = cad.layers.get(bare(name))
        if origin is not None:
            layers[name] = replace(origin, name=name, entities=sum(e.layer == name for e in entities))
    return replace(cad, entities=entities, layers=layers)


def _moved(entity: CadEntity, parts: Mapping[str, str]) -> CadEntity:
    layer = parts.get(entity.handle) or next((parts[p] for p in prefixes(entity.handle) if p in parts), None)
    return replace(entity, layer=layer) if layer is not None else entity


def whole(model: DrawingModel) -> DrawingModel:
    """The model with the layers that are in the file."""
    if not any(_SIGN in layer.name for layer in model.layers):
        return model
    return replace(
        model,
        shapes=tuple(replace(s, layer=bare(s.layer)) for s in model.shapes),
        layers=tuple(x for x in model.layers if _SIGN not in x.name),
        issues=_issues(model.issues),
        repairs=tuple(_plain(r) for r in model.repairs),
    )


def _issues(found: Iterable[Issue]) -> tuple[Issue, ...]:
    return tuple(_plain(i) for i in found)


def _plain(value: Any) -> Any:
    """A value without the signs, whatever it is made of."""
    if isinstance(value, str):
        return value if _SIGN not in value else _without(value)
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, Issue):
        fields = {n: _plain(getattr(value, n)) for n in value.__dataclass_fields__}
        return replace(value, **fields)
    if isinstance(value, Sequence):
        return type(value)(_plain(v) for v in value)  # type: ignore[call-arg]  # lists and tuples are made of one argument
    return value


def _without(text: str) -> str:
    first, *rest = text.split(_SIGN)
    return first + "".join(part.lstrip("0123456789") for part in rest)
