"""Bytes of a DXF made such that the parser takes them for what they are: version, encoding and handles put right.

Everything keeps its line, so that messages name the lines of the file as it was handed in; only a version that is
missing altogether comes in front.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

_SECTION = re.compile(
    rb"SECTION[ \t]*(?:\r\n|\n|\r)[ \t]*2[ \t]*(?:\r\n|\n|\r)[ \t]*(HEADER|TABLES|BLOCKS|ENTITIES)\b"
)
_VERSION = re.compile(
    rb"((?:\A|[\r\n])[ \t]*9[ \t]*(?:\r\n|\n|\r)\$ACADVER[ \t]*(?:\r\n|\n|\r)[ \t]*1[ \t]*(?:\r\n|\n|\r)[ \t]*)AC10\d\d"
)
_HEAD_BYTES = 400_000
_SUBCLASS = b"AcDbEntity"  # a mark that came after R12
_TAG = re.compile(rb"([^\n]*)\n([^\n]*)(?:\n|\Z)")
_SUBCLASSES = {
    b"LWPOLYLINE": b"AcDbPolyline", b"ELLIPSE": b"AcDbEllipse", b"SPLINE": b"AcDbSpline", b"HATCH": b"AcDbHatch",
    b"MTEXT": b"AcDbMText", b"LEADER": b"AcDbLeader",
}  # fmt: skip
_FIRST_CODES = frozenset((b"0", b"5", b"330"))
_COMMON_CODES = frozenset(
    (b"5", b"330", b"8", b"6", b"62", b"48", b"60", b"67", b"370", b"420", b"430", b"440")
)
_HANDLE = re.compile(rb"0*[1-9A-Fa-f][0-9A-Fa-f]{0,15}")


def repeated_section(data: bytes) -> str | None:
    """Name of a section that a DXF holds twice: a parser would drop one of them without a word."""
    counts = Counter(found.group(1) for found in _SECTION.finditer(data))
    return next((name.decode("ascii") for name, count in counts.items() if count > 1), None)


def with_true_version(data: bytes, version: str) -> bytes:
    """A drawing with marks of R2000 that says R12, or nothing, says R2000: as R12 its layers would not be found."""
    if version > "AC1014" or _SUBCLASS not in data:
        return data
    head, rest = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    changed, count = _VERSION.subn(rb"\1AC1015", head, count=1)
    if count:
        return changed + rest
    said = b"  9\n$ACADVER\n  1\nAC1015\n"
    found = _SECTION.search(head)
    if found is not None and found.group(1) == b"HEADER":
        line = head.find(b"\n", found.end()) + 1 or head.find(b"\r", found.end()) + 1
        return head[:line] + said + head[line:] + rest
    return b"  0\nSECTION\n  2\nHEADER\n" + said + b"  0\nENDSEC\n" + data


def in_plain_letters(data: bytes, encoding: str) -> bytes:
    """The same text with DXF's escapes for all characters beyond ASCII, for a parser that guesses encodings."""
    return data if data.isascii() else data.decode(encoding, "surrogateescape").encode("ascii", "dxfreplace")


def without_bad_handles(data: bytes) -> tuple[bytes, int, str]:
    """Handles that are none (``0``, other letters, too long) or were there before turned into comments.

    Returns: the text, how many there were, the first of them.
    """
    out: list[bytes] = []
    begin = count = 0
    first = ""
    seen: set[bytes] = set()
    for tag in _TAG.finditer(data):
        if tag.group(1).strip() != b"5":
            continue
        handle = tag.group(2).strip()
        if _HANDLE.fullmatch(handle) is not None and handle not in seen:
            seen.add(handle)
            continue
        first = first or handle[:40].decode("ascii", "replace")
        out += (data[begin : tag.start()], tag.group(1).replace(b"5", b"999"))
        begin = tag.end(1)
        count += 1
    return b"".join((*out, data[begin:])), count, first


def with_subclasses(data: bytes) -> bytes:
    """Entities of kinds that came after R12, written without subclass marks, get them; other tags stay as they are."""
    out: list[bytes] = []
    entity: list[re.Match[bytes]] = []
    for tag in _TAG.finditer(data):
        if tag.group(1).strip() == b"0" and entity:
            out.append(_marked(entity))
            entity = []
        entity.append(tag)
    return b"".join(out) + (_marked(entity) if entity else b"")


def without_kinds(data: bytes, kinds: Collection[str]) -> tuple[bytes, int, str]:
    """The file without entities of some kinds; how many there were, and which kind came first."""
    names = {kind.encode() for kind in kinds}
    out: list[bytes] = []
    count, first, begin, dropped = 0, "", 0, False
    for tag in _TAG.finditer(data):
        if tag.group(1).strip() != b"0":
            continue
        if not dropped:
            out.append(data[begin : tag.start()])
        begin, kind = tag.start(), tag.group(2).strip()
        dropped = kind in names
        count += dropped
        first = first or (kind.decode() if dropped else "")
    return b"".join((*out, data[begin:])), count, first


def _marked(entity: list[re.Match[bytes]]) -> bytes:
    kind = entity[0].group(2).strip()
    codes = [tag.group(1).strip() for tag in entity]
    if kind not in _SUBCLASSES or b"100" in codes:
        return entity[0].string[entity[0].start() : entity[-1].end()]
    parts: dict[bytes, list[bytes]] = {b"": [], b"AcDbEntity": [], _SUBCLASSES[kind]: []}
    for tag, code in zip(entity, codes, strict=True):
        of = b"" if code in _FIRST_CODES else b"AcDbEntity" if code in _COMMON_CODES else _SUBCLASSES[kind]
        parts[of].append(tag.group())
    return b"".join(
        (b"100\n" + mark + b"\n" if mark else b"") + b"".join(tags) for mark, tags in parts.items()
    )
