"""What of a review still stands when a new revision comes: a discipline whose concern is untouched need not look again.

Pure. The sheets are compared entity by entity, so a change on a layer no standard knows counts too: it concerns
everybody. Only where every change lies on layers whose roles a discipline has nothing to do with
(``disciplines.yaml``, ``unconcerned``) does its agreement stand.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drawings.sheets.sheet import TEXT, Sheet


@dataclass(frozen=True, slots=True)
class LayerChange:
    """Entities that differ on one layer: ``role`` None if the standard does not know the layer."""

    file: str
    layer: str
    role: str | None
    added: int
    removed: int


def _entities(sheet: Sheet) -> Counter[tuple[int, bytes]]:
    """How often each entity is drawn, by layer number and by what it looks like (its handle does not matter)."""
    starts, parts, layers = sheet.part_start.tolist(), sheet.item_part.tolist(), sheet.layer.tolist()
    kinds, flags = sheet.kind.tolist(), sheet.flags.tolist()
    names = [k.encode() for k in sheet.header["kinds"]]
    coords, bulge = sheet.coords, sheet.bulge
    first_text = len(sheet) - len(sheet.texts)
    out: Counter[tuple[int, bytes]] = Counter()
    for i, layer in enumerate(layers):
        a, b = starts[parts[i]], starts[parts[i + 1]]
        look = names[kinds[i]] + coords[2 * a : 2 * b].tobytes() + bulge[a:b].tobytes()
        if flags[i] & TEXT:
            look += sheet.texts[i - first_text].encode()
        out[layer, look] += 1
    return out


def changed_layers(name: str, before: Sheet | None, after: Sheet | None) -> list[LayerChange]:
    """Layers of a file on which something was added or removed; a file that came or went is all change."""
    counts: dict[str, list[int]] = {}
    role: dict[str, str | None] = {}
    found: list[dict[tuple[str, bytes], int]] = []
    for sheet in (before, after):
        named: Counter[tuple[str, bytes]] = Counter()
        if sheet is not None:
            for layer in sheet.header["layers"]:
                role[layer["name"]] = layer["role"]
            names = [layer["name"] for layer in sheet.header["layers"]]
            for (number, look), count in _entities(sheet).items():
                named[names[number], look] += count
        found.append(named)
    old, new = Counter(found[0]), Counter(found[1])
    for k, difference in ((0, new - old), (1, old - new)):
        for (layer, _), count in difference.items():
            counts.setdefault(layer, [0, 0])[k] += count
    return [LayerChange(name, layer, role[layer], *counts[layer]) for layer in sorted(counts)]


def successors(
    before: Sequence[tuple[uuid.UUID, str, str]], after: Sequence[tuple[uuid.UUID, str, str]]
) -> dict[uuid.UUID, uuid.UUID]:
    """Which file of the later revision takes the place of each earlier one, by (id, name, kind).

    A file of the same name, else the only one left of the same kind on both sides; none where that is not certain.
    """
    named = {name: key for key, name, _ in after}
    out = {key: named[name] for key, name, _ in before if name in named}
    taken = set(out.values())
    old = [(key, kind) for key, _, kind in before if key not in out]
    new = [(key, kind) for key, _, kind in after if key not in taken]
    for key, kind in old:
        mates = [k for k, other in new if other == kind]
        if len(mates) == 1 and sum(other == kind for _, other in old) == 1:
            out[key] = mates[0]
    return out


def standing_over(
    agreed: Iterable[str],
    marked: Iterable[str],
    changes: Sequence[LayerChange],
    unconcerned: Mapping[str, Sequence[str]],
    role_names: Mapping[str, str],
) -> dict[str, str]:
    """Disciplines that need not look again, with the reason in Chinese.

    Args:
        agreed: disciplines whose latest verdict was 同意. marked: disciplines with open marks (they look again).
        unconcerned: discipline → roles whose changes do not concern it.
    """
    busy = set(marked)
    out: dict[str, str] = {}
    for discipline in agreed:
        own = set(unconcerned.get(discipline, ()))
        if discipline in busy or any(c.role not in own for c in changes):
            continue
        if not changes:
            out[discipline] = "图纸与上一轮完全一致"
        else:
            named = "、".join(dict.fromkeys(role_names.get(c.role or "", c.layer) for c in changes))
            out[discipline] = f"本版改动只涉及：{named}，与本专业审查内容无关"
    return out
