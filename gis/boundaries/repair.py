"""拓扑修复: accepted proposals applied to a boundary; never in silence, and never to the file itself.

:func:`proposals` lists what could be mended, :func:`repair` applies what a person accepted and gives a new reading
that went through every check again and says what was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from shapely.geometry import MultiPolygon

from gis.boundaries.declared_area import compare_area
from gis.boundaries.faults import Proposal, every_proposal, site_of, vertices_of
from gis.boundaries.parcel import Parcel
from gis.boundaries.reading import BoundaryReading, finish
from gis.boundaries.topology import Ring
from gis.remarks import error, info
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue, Level

#: ``repair`` gives up after so many steps: one step mends one place
MAX_STEPS = 500


def proposals(reading: BoundaryReading, *, most: int | None = None) -> list[Proposal]:
    """What could mend the reading's topology, in the order it would be applied; empty when nothing is wrong.

    Args:
        most: how many are wanted; looking for more takes time where much is wrong.
    """
    if reading.geometry is None or any(i.code == "CRS-OUTSIDE-AREA" for i in reading.issues):
        return []
    return list(islice(every_proposal(site_of(reading.geometry, reading.crs)), most))


def repair(reading: BoundaryReading, accept: Sequence[str]) -> BoundaryReading:
    """The reading with the accepted proposals applied and everything checked anew.

    Args:
        reading: as read from the file.
        accept: ids of proposals, or ``["all"]`` for every recommended one until none is left.

    Returns:
        a reading whose ``attributes["repairs"]`` lists what was done (id, kind, message, area_change_m2) and whose
        issues name each as ``REPAIR-ACCEPTED``; the same reading when nothing is accepted.

    Raises:
        BadInput: an id is none of the reading's proposals.
    """
    if not accept or reading.geometry is None:
        if accept and list(accept) != ["all"]:
            raise _unknown(accept[0])
        return reading
    everything = list(accept) == ["all"]
    wanted, applied = set(accept), set[str]()
    parts, done = reading.geometry, list[Proposal]()
    left_over = set[bytes]()
    for _ in range(MAX_STEPS):
        remaining = (p for p in every_proposal(site_of(parts, reading.crs)) if p.id not in applied)
        step = next(
            (p for p in remaining if (_goes_without_saying(p, left_over) if everything else p.id in wanted)),
            None,
        )
        if step is None:
            break
        done.append(step)
        applied.add(step.id)
        wanted.discard(step.id)
        if step.kind == "CUT-OVERLAP":
            left_over |= {p.wkb for p in step.after.geoms} - {p.wkb for p in step.before.geoms}
        rest = [p for n, p in enumerate(parts.geoms) if n not in step.parts]
        parts = MultiPolygon([*rest, *step.after.geoms])
    if wanted and not everything:
        raise _unknown(sorted(wanted)[0])
    return _read_again(reading, parts, done)


def _goes_without_saying(proposal: Proposal, left_over: set[bytes]) -> bool:
    """Whether accepting everything takes a proposal: the recommended ones, and to count a part inside another once
    when that part is what an accepted cut has left, and so was never meant as a hole."""
    if proposal.recommended or proposal.kind != "CUT-OVERLAP":
        return proposal.recommended
    return min(proposal.before.geoms, key=lambda part: part.area).wkb in left_over


def _unknown(identifier: str) -> BadInput:
    return BadInput(
        f"没有编号为 {identifier[:60]} 的修复建议",
        f"there is no repair proposal {identifier[:60]}",
        code="repair_unknown",
        place="repairs",
        remedy="重新校验文件，按列出的编号选择；同一处有两种修复办法时只能选一种",
        remedy_en="read the file again and choose by number; of two repairs at one place only one holds",
    )


def _read_again(reading: BoundaryReading, parts: MultiPolygon, done: Sequence[Proposal]) -> BoundaryReading:
    """The repaired parts through every check a file goes through; declared areas are compared in total."""
    parcels = [
        Parcel(
            [Ring(vertices_of(part.exterior), label="", hole=False)]
            + [Ring(vertices_of(ring), label="", hole=True) for ring in part.interiors],
            grouped=True,
        )
        for part in parts.geoms
    ]
    issues = [
        info(
            "REPAIR-ACCEPTED",
            f"已按接受的建议修复：{p.message}",
            f"repaired as accepted: {p.message_en}",
            at=p.at,
        )
        for p in done
    ]
    attributes = reading.attributes | {
        "repairs": [
            {"id": p.id, "kind": p.kind, "at": list(p.at), "message": p.message, "message_en": p.message_en,
             "area_change_m2": p.area_change_m2}
            for p in done
        ]
    }  # fmt: skip
    if not parcels:
        issues.append(
            error(
                "NO-AREA",
                "修复后没有面积，图形围不成面",
                "no area is left after the repair",
                "重新提供界址点",
                "hand in the boundary again",
            )
        )
    again = finish(parcels, reading.crs, issues, format_name=reading.format, attributes=attributes)
    declared = reading.declared
    if again.area_m2 is not None and declared and reading.declared_area_m2 is not None:
        more: list[Issue] = []
        unit = declared[0].unit
        total = sum((d.value for d in declared), Decimal(0))
        if all(d.unit == unit for d in declared):
            whole = replace(declared[0], text=str(total), value=total)
            declared = (compare_area(whole, again.area_m2, "", more),)
        again = replace(again, issues=again.issues + tuple(more))
    kept = tuple(i for i in reading.issues if i.code not in _CHECKED_ANEW)
    every = sorted((*again.issues, *kept), key=lambda i: (_RANK[i.level], i.line or 0))
    return replace(again, issues=tuple(every), declared=declared, declared_area_m2=reading.declared_area_m2)


_RANK = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
#: what a repair may mend and the new reading therefore looks for again; everything else is still true of the file
_CHECKED_ANEW = frozenset(
    {
        "RING-SELF-CROSSING",
        "RING-INVALID",
        "RING-SPIKE",
        "RING-NEAR-POINTS",
        "RINGS-OVERLAP",
        "PARTS-OVERLAP",
        "POLYGON-INVALID",
        "HOLE-OUTSIDE",
        "BOUNDARY-GAP",
        "BOUNDARY-SLIVER",
        "AREA-MISMATCH",
        "AREA-TINY",
        "CRS-NEAR-EDGE",
        "CRS-OUTSIDE-AREA",
        "CRS-NOT-FOR-AREA",
    }
)
