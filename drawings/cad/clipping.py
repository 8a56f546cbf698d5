"""Block references of which only a part is shown (XCLIP): the whole of the block is read, and that is told."""

from __future__ import annotations

import re
from dataclasses import replace

from drawings.cad.model import CadFile
from drawings.cad.selection import Wanted, picked
from drawings.issues import Collector
from drawings.reading import Reading

_FILTER = b"SPATIAL_FILTER"
#: a value that is 0 is followed by a group code, the group code 0 by a name
_OBJECT = re.compile(
    rb"\n *0\r?\n *(SPATIAL_FILTER|DICTIONARY)[ \t]*\r?\n(.*?)(?=\n *0\r?\n *[A-Z])", re.DOTALL
)
_HANDLE = re.compile(rb"(?:^|\n) *5\r?\n *([0-9A-Fa-f]+)")
_OWNER = re.compile(rb"\n *330\r?\n *([0-9A-Fa-f]+)")
_SWITCHED_OFF = re.compile(rb"\n *71\r?\n *0[ \t]*(?:\r?\n|$)")
_SUBCLASS = re.compile(rb"\n *100\r?\n")


def with_clipped_told(found: CadFile, data: bytes, settings: Reading) -> CadFile:
    """A DXF as read, with an issue for each reference that a boundary clips."""
    if not found.readable or _FILTER not in data:
        return found
    handles = clipped(data)
    issues = Collector(settings.limits.issues_per_code, file=found.name)
    for reference in picked(found.entities, Wanted(kinds={"INSERT"})) if handles else ():
        if reference.handle.rpartition("/")[2].upper() in handles:
            issues.add(
                "DXF-CLIPPED",
                name=reference.block or "",
                handle=reference.handle,
                layer=reference.layer,
                at=reference.at,
            )
    return replace(found, issues=(*found.issues, *issues.finish()))


def clipped(data: bytes) -> set[str]:
    """Handles of the references with a boundary that is switched on.

    A boundary lies in a dictionary (ACAD_FILTER) in the extension dictionary of its reference.
    """
    owners: dict[bytes, bytes] = {}
    boundaries: list[bytes] = []
    for kind, body in _OBJECT.findall(data, max(0, data.rfind(b"OBJECTS"))):
        head, *rest = _SUBCLASS.split(body, maxsplit=1)  # owners are named before the first subclass
        named, handle = _OWNER.findall(head), _HANDLE.search(head)
        if not named or handle is None:
            continue
        owners[handle.group(1).upper()] = named[-1].upper()
        if kind == _FILTER and not any(map(_SWITCHED_OFF.search, rest)):
            boundaries.append(named[-1].upper())
    return {owners[owners[b]].decode() for b in boundaries if owners.get(b) in owners}
