"""What of a review still stands when a new revision comes: a discipline whose concern is untouched need not look again.

Pure. The sheets are compared entity by entity, so a change on a layer no standard knows counts too: it concerns
everybody. Only where every change lies on layers whose roles a discipline has nothing to do with
(``disciplines.yaml``, ``unconcerned``) does its agreement stand.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from drawings.sheets.sheet import TEXT, Sheet

#: more that look alike than this are not told apart by where they lie
_MOST_PAIRS = 250_000


@dataclass(frozen=True, slots=True)
class LayerChange:
    """Entities that differ on one layer: ``role`` None if the standard does not know the layer."""

    file: str
    layer: str
    role: str | None
    added: int
    removed: int


def _grid(sheet: Sheet) -> npt.NDArray[np.int64]:
    """Coordinates in whole tenths of a millimetre, whatever unit the drawing is in."""
    metres = float(sheet.header["metres_per_unit"])
    return np.rint(sheet.coords * (metres * 10_000)).astype(np.int64)


def _looks(sheet: Sheet, grid: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, bytes]]:
    """(item, layer number, what it looks like) of every entity; its handle does not matter."""
    starts, parts, layers = sheet.part_start.tolist(), sheet.item_part.tolist(), sheet.layer.tolist()
    kinds, flags, bulge = sheet.kind.tolist(), sheet.flags.tolist(), sheet.bulge
    names = [k.encode() for k in sheet.header["kinds"]]
    for i, layer in enumerate(layers):
        a, b = starts[parts[i]], starts[parts[i + 1]]
        look = names[kinds[i]] + grid[2 * a : 2 * b].tobytes() + bulge[a:b].tobytes()
        if flags[i] & TEXT:
            look += _words(sheet, i)
        yield i, layer, look


def _entities(sheet: Sheet) -> Counter[tuple[int, bytes]]:
    """How often each entity is drawn, by layer number and look."""
    return Counter((layer, look) for _, layer, look in _looks(sheet, _grid(sheet)))


def follow_handles(handles: Collection[str], before: Sheet, after: Sheet) -> dict[str, str]:
    """What CAD handles of a sheet are in the sheet that takes its place; CAD programs number anew when they save.

    The entity that looks the same; else the one of that handle, layer and kind, which was changed; else the
    nearest new one of that layer and outline, which was moved. Of an entity that is gone the handle stays, unless it
    names something else by now.
    """
    wanted = {h: i for i, h in enumerate(before.handles) if h in handles}
    if not wanted:
        return {}
    old, new = _grid(before), _grid(after)
    looks = {i: look for i, _, look in _looks(before, old)}
    theirs = {j: look for j, _, look in _looks(after, new)}
    alike: dict[bytes, list[int]] = defaultdict(list)
    for j, look in theirs.items():
        alike[look].append(j)
    known, named = set(looks.values()), {h: j for j, h in enumerate(after.handles)}
    moved = _moved(
        _by_outline(before, old, (i for i, look in looks.items() if look not in alike)),
        _by_outline(after, new, (j for j, look in theirs.items() if look not in known)),
    )
    out: dict[str, str] = {}
    for handle, i in wanted.items():
        same = sorted(
            alike.get(looks[i], ()),
            key=lambda j, h=handle, i=i: (after.handles[j] != h, _kind(after, j) != _kind(before, i)),
        )
        other = named.get(handle)
        if same:
            out[handle] = after.handles[same[0]]
        elif other is not None and _kind(after, other) == _kind(before, i):
            out[handle] = handle
        elif i in moved:
            out[handle] = after.handles[moved[i]]
        else:
            out[handle] = handle if other is None else ""
    return out


#: items that look alike but for where they lie, each with its first point
_Alike = dict[tuple[str, str, bytes], dict[int, tuple[int, int]]]


def _by_outline(sheet: Sheet, grid: npt.NDArray[np.int64], items: Iterable[int]) -> _Alike:
    """Items by layer, kind, outline and words."""
    out: _Alike = defaultdict(dict)
    for i in items:
        a, b = (int(sheet.part_start[sheet.item_part[i + k]]) for k in (0, 1))
        points = grid[2 * a : 2 * b].reshape(-1, 2)
        outline = (points - points[:1]).tobytes() + sheet.bulge[a:b].tobytes() + _words(sheet, i)
        x, y = points[0].tolist()
        out[*_kind(sheet, i), outline][i] = (x, y)
    return out


def _moved(before: _Alike, after: _Alike) -> dict[int, int]:
    """Which item of the later sheet is which of the earlier: those nearest to each other both ways."""
    out: dict[int, int] = {}
    for outline, mine in before.items():
        theirs = after.get(outline, {})
        if not theirs or len(mine) * len(theirs) > _MOST_PAIRS:
            continue
        for i, place in mine.items():
            j = min(theirs, key=lambda k: math.dist(theirs[k], place))
            if min(mine, key=lambda k: math.dist(mine[k], theirs[j])) == i:
                out[i] = j
    return out


def _kind(sheet: Sheet, i: int) -> tuple[str, str]:
    """Layer and kind of an item."""
    return sheet.header["layers"][int(sheet.layer[i])]["name"], sheet.header["kinds"][int(sheet.kind[i])]


def _words(sheet: Sheet, i: int) -> bytes:
    return sheet.texts[i - (len(sheet) - len(sheet.texts))].encode() if sheet.flags[i] & TEXT else b""


def rescaled(geometry: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """A mark's geometry in another drawing unit."""

    def walk(value: Any) -> Any:
        return [walk(v) for v in value] if isinstance(value, list) else round(value * factor, 6)

    return {**geometry, "coordinates": walk(geometry["coordinates"])}


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
