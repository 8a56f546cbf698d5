"""Floor ranges 起止层 as the trade writes them: ``1``, ``5-13``, ``-2--1``, ``2-16,18-33``.

Floors are storey numbers: 1 is the ground floor, -1 the first basement; there is no floor 0, so ``-1-2`` means
the three
floors -1, 1, 2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial

from drawings.standards.languages import FloorName
from drawings.standards.shared_words import any_floor_name, floor_names, numeral

_MAX_FLOORS = 400
_LONGEST_TITLE = 200  # characters
_PART = re.compile(r"(B?-?\d{1,3})(?:(?:-|~|至|到)(B?-?\d{1,3}))?")
_ROOF = re.compile(r"屋面|屋顶|机房|出屋面|^R(F|\d)?$|(?<![A-Z])RF\d?(?![A-Z])", re.IGNORECASE)
_DECORATION = re.compile(r"[\s第层楼F]+")


class BadRange(ValueError):
    """A floor range that cannot be read; carries Chinese and English reasons."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def parse_floors(text: str) -> tuple[int, ...]:
    """Floor numbers of a range text, ascending, each once.

    Accepts full-width characters, ``~ ^ 至 到`` for the dash, ``、 , ; /`` between parts, ``B2`` for floor -2 and
    a trailing
    ``F`` or ``层``.

    Raises:
        BadRange: empty, malformed, floor 0, a descending or an overlapping range.
    """
    clean = unicodedata.normalize("NFKC", text).upper()
    clean = re.sub(r"[—–―−‐‑^]+", "-", clean)
    clean = re.sub(r"地下(?=\d)", "-", clean)
    clean = _DECORATION.sub("", clean)
    clean = re.sub(r"[、;/,]+", ",", clean).strip(",")
    if not clean:
        raise BadRange("没有内容", "empty")
    floors: list[int] = []
    for part in clean.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise BadRange(f"“{part}”不是楼层", f"'{part}' is not a floor")
        first = _floor(found.group(1))
        last = _floor(found.group(2)) if found.group(2) else first
        if last < first:
            raise BadRange(f"“{part}”起始层高于终止层", f"'{part}' runs downwards")
        floors += [n for n in range(first, last + 1) if n != 0]
        if len(floors) > _MAX_FLOORS:
            raise BadRange("楼层过多", "too many floors")
    if len(set(floors)) != len(floors):
        raise BadRange("楼层重复", "a floor occurs twice")
    return tuple(sorted(floors))


_NUMERAL = re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_TITLE = re.compile(
    r"((?:地下|B)?-?\d{1,3}(?:\s*(?:[-~,、]|至|到)\s*(?:地下|B)?-?\d{1,3})*)\s*(?:层|F(?![A-Z]))",
    re.IGNORECASE,
)

#: 2F-8F, 3层至5层: the first one's name of a storey says nothing more
_EACH_NAMED = re.compile(r"(?:层|F)(\s*(?:[-~]|至|到)\s*)(?=(?:第|地下|B)?\s*-?\d)", re.IGNORECASE)
#: 地下室二层, 地下车库负一层: the storey, whatever it is used for
_BASEMENT = re.compile(
    r"(?:半?地下(?:停?车库|室|库)|地库)\s*(?=[(（]?(?:地下|负|-)?第?[\d一二三四五六七八九十]+层)(?:[(（]?(?:地下|负|-))?"
)
#: a range written with dots: 2...9
_DOTTED = re.compile(r"(?<=\d)\s*(?:\.{2,3}|÷)\s*(?=\d)")
#: what joins single storeys, where other words tell a range
_AND = re.compile(r"[,&]|(?<!\w)(?:и|und|and|et|y|e|en|ve|và|및|と)(?!\w)", re.IGNORECASE)
#: what joins a storey to one before it
_JOINT = r"[,&+]|и|und|and|et|y|e|en|ve|và|i|・"
#: a number, or a word for one, and an "and" before a storey
_LEFT_OVER = re.compile(
    rf"(?:\d[^\s\d]{{0,3}}|(?P<word>[^\W\d_]{{3,12}})\.?)\s*(?:{_JOINT})\s*$", re.IGNORECASE
)
#: a range that begins with a name nobody knows
_RANGE_BEFORE = re.compile(
    r"(?<!\w)(?:to|thru|through|bis|до|по|t/m|tot(?: en met)?|à|ao|đến|a|al|do)\s*$", re.IGNORECASE
)
#: digits and signs of storeys that were named in words, and what stands for them while further names are looked for
_DIGITS = "0123456789-,"
_HIDDEN = {ord(sign): 0xE000 + number for number, sign in enumerate(_DIGITS)}
_SHOWN = {hidden: sign for sign, hidden in _HIDDEN.items()}
#: how many storeys there are is no name of one
_HOW_MANY = re.compile(r"\s*(?:共|总共|总层数|地上|层数)")
_EVERY_OTHER = re.compile(r"[奇单偶双]数")
_ODD = {"奇": 1, "单": 1, "偶": 0, "双": 0}
#: whose plan a title names, before the storey: 1#楼一层平面图
_OF_BUILDING = re.compile(
    r"^[^\d]{0,14}?((?:(?<![A-Z])[A-Z]{1,2}-?)?\d{1,3}(?:-\d{1,3})?\s*(?:#\s*(?:楼|栋|幢|座)?|号楼|号?(?:栋|幢|座))"
    r"|[A-Z]\d{0,2}\s*(?:栋|幢|座|塔楼|塔)|T\d{1,2}(?=[^\d-]))",
    re.IGNORECASE,
)


#: more buildings that the same plan stands for: 1#、2#楼
_AND_BUILDINGS = re.compile(
    r"(?:\s*[、,~和及]\s*(?:[A-Z]{1,2}-?)?\d{1,3}\s*(?:#\s*楼?|号楼|栋|幢|座)?)+", re.IGNORECASE
)
_SEVERAL = re.compile(
    r"\d\s*(?:#|号|栋)?\s*楼?\s*[、,~和及]\s*(?:[A-Z]{1,2}-?)?\d+\s*(?:#|号楼|栋|幢|座)", re.IGNORECASE
)


def names_several(building: str) -> bool:
    """True for the name of more buildings than one (``1#、2#楼``)."""
    return _SEVERAL.search(unicodedata.normalize("NFKC", building)) is not None


def building_of_title(text: str) -> str:
    """The building a sheet title begins with, if it goes on with a storey (``1#楼二至五层平面图``); else empty."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _OF_BUILDING.match(plain) if len(plain) <= _LONGEST_TITLE else None
    if found is None or not (floors_of_title(plain) or is_once(plain)):
        return ""
    several = _AND_BUILDINGS.match(plain, found.end(1))
    return plain[found.start(1) : several.end() if several is not None else found.end(1)].strip()


@lru_cache(maxsize=65_536)
def floors_of_title(text: str, *, ground: int = 0) -> str | None:
    """The floor range in a sheet title: ``二至十七层平面图`` gives 2-17, ``首层平面图`` 1, ``2.-4. OG`` 3-5.

    None if the text names no floor, or holds several titles.

    Args:
        ground: storeys from the ground up that the drawing names below its FIRST FLOOR (:func:`ground_floors`).
    """
    if len(text) > _LONGEST_TITLE or is_between(text) or _HOW_MANY.match(text):
        return None
    clean = unicodedata.normalize("NFKC", text).replace("首层", "1层").replace("底层", "1层")
    clean = _DOTTED.sub("-", clean)
    clean = _OF_BUILDING.sub("", clean)
    clean = _BASEMENT.sub("地下", clean).replace("负", "地下")
    named = floor_names() if any_floor_name().search(clean) else ()
    for pattern, name in named:
        clean = pattern.sub(" ", clean) if name.roof else clean  # 옥탑1층 is no first storey
    for pattern, name in named:
        if not name.roof and not name.between:
            clean = pattern.sub(partial(_storey, name=name, ground=ground), clean)
    clean = clean.translate(_SHOWN)
    clean = _NUMERAL.sub(lambda found: str(numeral(found.group())), re.sub(r"(?<=[地屋])下(?=室)", "", clean))
    clean = clean.replace("第", "")
    clean = _EACH_NAMED.sub(r"\1", clean)
    groups = _groups(clean)
    if groups and _joined(clean[: groups[0][0].start()]):
        return None
    said = {_floors_said(clean, group) for group in groups}
    floors = said.pop() if len(said) == 1 else None
    if floors is None:
        return None  # several titles in one text: which one holds is not for us to guess
    return format_floors(
        [n for n in floors if n % 2 == _ODD[found.group()[0]]]
        if (found := _EVERY_OTHER.search(clean))
        else floors
    )


def _joined(before: str) -> bool:
    """True if a title's first storey is joined to a further one whose name is not understood: Tweede t/m vierde."""
    found = _LEFT_OVER.search(before)
    told = found is not None and (found.group("word") is None or numeral(found.group("word")) is not None)
    return told or _RANGE_BEFORE.search(before) is not None


def _groups(text: str) -> list[list[re.Match[str]]]:
    """Storeys that a title names, those of one list together: 1、2层 is one group, B2F PLAN (지하2층) are two."""
    out: list[list[re.Match[str]]] = []
    for part in _TITLE.finditer(text):
        if out and text[out[-1][-1].end() : part.start()].strip() in "、,和及/":
            out[-1].append(part)
        else:
            out.append([part])
    return out


def _floors_said(text: str, group: Sequence[re.Match[str]]) -> tuple[int, ...] | None:
    try:
        return parse_floors(",".join(dict.fromkeys(part.group(1) for part in group)))
    except BadRange:
        return None


def _storey(found: re.Match[str], name: FloorName, ground: int) -> str:
    """A storey of any language as ``3-5层``, in signs that no name of a storey is written with."""
    return _numbered(found, name, ground).translate(_HIDDEN) + "层"


def _numbered(found: re.Match[str], name: FloorName, ground: int) -> str:
    if name.floor is not None:
        lifted = name.floor > 0 and not name.stilt
        return str(name.floor + (max(0, ground - 1) if lifted else 0))
    numbers = [numeral(v) or 0 for k in ("a", "b") if (v := found.groupdict().get(k))]
    if name.below:
        return f"-{numbers[0] if numbers else 1}"
    add = name.add + (ground if name.above_ground else 0)
    if listed := found.groupdict().get("list"):
        told = [n for word in re.findall(r"\d+|[^\W\d_]+", listed) if (n := numeral(word)) is not None]
        return ",".join(str(n + add) for n in told)
    single = len(numbers) > 1 and _AND.search(found.string, found.end("a"), found.start("b"))
    return ("," if single else "-").join(str(n + add) for n in numbers)


def ground_floors(texts: Iterable[str]) -> int:
    """How many storeys that lie below the first floor texts name: none, the ground floor, or that on stilts too."""
    named = [(pattern, name) for pattern, name in floor_names() if name.floor == 1]
    met = {name.stilt for text in texts for pattern, name in _ends_alone(text, named)}
    return len(met)


def _ends_alone(
    text: str, named: Sequence[tuple[re.Pattern[str], FloorName]]
) -> Sequence[tuple[re.Pattern[str], FloorName]]:
    """Names of lowest storeys in a text; a text that names that on stilts and the ground floor (S+GF+FF) is a label."""
    found = [(pattern, name) for pattern, name in named if pattern.search(text)]
    return found[:1] if len({name.stilt for _, name in found}) > 1 else found


def format_floors(floors: tuple[int, ...] | list[int]) -> str:
    """The shortest range text of floor numbers; ``parse_floors`` of it gives them back."""
    out: list[str] = []
    ordered = sorted(set(floors))
    start = 0
    for index, floor in enumerate(ordered):
        following = ordered[index + 1] if index + 1 < len(ordered) else None
        step = 2 if floor == -1 else 1
        if following is None or following != floor + step:
            first = ordered[start]
            out.append(str(first) if first == floor else f"{first}-{floor}")
            start = index + 1
    return ",".join(out)


def _floor(text: str) -> int:
    number = -int(text[1:].lstrip("-")) if text.startswith("B") else int(text)
    if number == 0:
        raise BadRange("没有第 0 层", "there is no floor 0")
    return number


def is_between(text: str) -> bool:
    """True for a storey between two others (夹层, mezzanine): it is counted once and is no natural storey."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return any_floor_name().search(plain) is not None and any(
        name.between and pattern.search(plain) for pattern, name in floor_names()
    )


def is_once(text: str) -> bool:
    """True for a floor that is counted once and is no natural storey: above the last one, or between two."""
    return is_roof(text) or is_between(text)


def is_roof(text: str) -> bool:
    """True for a frame above the last storey (屋面层, 机房层, RF): it is counted once and is no natural storey."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if _ROOF.search(plain) is not None:
        return True
    if any_floor_name().search(plain) is None:
        return False
    return any(name.roof and pattern.search(plain) for pattern, name in floor_names())


def is_below(text: str) -> bool:
    """True for a name that places a storey below ground: 地下一层夹层."""
    return (
        re.search(r"地下|负[一二三四五六\d]|(?<![A-Z])B\d", unicodedata.normalize("NFKC", text).upper())
        is not None
    )
