"""Text as boundary files hold it: its encoding, full-width signs, rows of fields, numbers and angles. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

#: every full-width sign of ASCII to the half-width one, the ideographic space and comma, and the old section brackets
_HALF_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {
    0x3000: " ",
    0x00A0: " ",
    0x3001: ",",
    0x3010: "[",
    0x3011: "]",
    0x3014: "[",
    0x3015: "]",
}
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?(nan|inf|infinity)", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
#: a comma that can only be a decimal sign: not three digits behind it, or more than three before it
_DECIMAL_COMMA = re.compile(r"[-+]?(\d{4,},\d+|\d{1,3},(\d{1,2}|\d{4,}))")
#: what stands before a coordinate (``X=``, ``东:``) and its unit behind it
_LABELLED = re.compile(r"^[^\d=:.+-]{1,8}[=:]|(?<=[\d.])(m|米)$", re.IGNORECASE)
_SIDE = r"(?:([NSEW]|[北南][纬緯]?|[东西東][经經]?)[:=]?)"
#: 28°09′08.5″N, 28°09.142′, 北纬28度9分8.5秒, 28.1523°N
_ANGLE = re.compile(
    _SIDE + r"?(\d{1,3}(?:\.\d*)?)[°º度](?:(\d{1,2}(?:\.\d*)?)['′分’](?:(\d{1,2}(?:\.\d*)?)(?:[\"″秒”]|''|′′)?)?)?"
    + _SIDE + "?", re.IGNORECASE,
)  # fmt: skip
#: 28.1523N, E114.1256
_SIDED = re.compile(rf"(?:{_SIDE}(\d{{1,3}}\.\d+)|(\d{{1,3}}\.\d+){_SIDE})", re.IGNORECASE)
#: N28-09-08.5, 28:09:08.5, 28 09 08.5: parted by signs that part other things too, so with a side or decimals
_PARTED_ANGLE = re.compile(
    _SIDE + r"?(\d{1,3})([-: ])(\d{1,2})\3(\d{1,2}(?:\.\d*)?)" + _SIDE + "?", re.IGNORECASE
)
#: 3.09812E+06 and 3.84E+07: decimals behind the point, and the exponent of a grid coordinate in metres
_EXPONENT = re.compile(r"(?<![\d.])\d\.(\d*)[eE]\+?0?([5-7])(?!\d)")
_SAMPLE = 200_000


def decode_text(data: bytes) -> tuple[str, str] | None:
    """Text and encoding name of a text file (UTF-8, UTF-16, GB 18030), or None when it is not text.

    UTF-16 is known by its mark, or by every other byte being zero. A character cut in half at the very end does not
    make a file unreadable, nor do zero bytes that fill it up, nor a few damaged characters (names cut at so many
    bytes), which become U+FFFD.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    else:
        candidates = _unmarked_utf16(data[:4096])
        data = data if candidates else data.rstrip(b"\x00")
        candidates += ["utf-8", "gb18030"]
    for encoding in candidates:
        for cut in range(4):
            try:
                text = data[: len(data) - cut].decode(encoding)
            except UnicodeDecodeError as problem:
                if problem.start < len(data) - 4:
                    break
                continue
            if not _printable(text):
                break
            return text, encoding
    return _damaged(data)


def _printable(text: str) -> bool:
    return not any(ord(c) < 32 and c not in "\t\r\n\x1a\x1e\f" for c in text[:_SAMPLE])


def _damaged(data: bytes) -> tuple[str, str] | None:
    """Text of which at most one character in a hundred is damaged, in the encoding that damages fewest."""
    found = min(
        ((data.decode(e, errors="replace"), e) for e in ("utf-8", "gb18030")),
        key=lambda each: each[0].count("\ufffd"),
    )
    return found if _printable(found[0]) and found[0].count("\ufffd") * 100 <= len(found[0]) else None


def _unmarked_utf16(sample: bytes) -> list[str]:
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 < len(sample) or min(even, odd) * 10 > max(even, odd):
        return []
    return ["utf-16-le" if odd > even else "utf-16-be"]


def half_width(text: str) -> str:
    """``text`` with full-width digits, letters and punctuation made half-width, character by character."""
    return text.translate(_HALF_WIDTH)


def split_row(row: str) -> list[str]:
    """The fields of a row: by commas (quoted ones kept together), semicolons, bars, or white space.

    Commas that are decimal signs (``J1;1;3115000,123;485900,456``) part no fields: whatever else stands between does.
    """
    if "," in row and '"' not in row:
        for other in (";", "|", "\t", None):
            fields = [f.strip() for f in row.split(other)]
            with_comma = [f for f in fields if "," in f]
            if len(fields) > 1 and all(number(f) is not None for f in with_comma):
                return _unquoted(fields)
    outside = _QUOTED.sub("", row) if '"' in row else row
    for separator in (",", ";", "|"):
        if separator in outside:
            return _separated(row, separator)
    if '"' in row and not outside.strip():
        return _separated(row, ",")  # one cell in quotation marks
    if "\t" in row:
        return _unquoted([part for cell in row.split("\t") for part in _words_of(cell.strip())])
    return _unquoted(row.split())


def _words_of(cell: str) -> list[str]:
    """A cell between tabs: words stay together (``Point name``), a name with numbers behind it does not."""
    parts = cell.split()
    return [cell] if parts and not any(c.isdigit() for c in parts[0]) else parts


def _separated(row: str, separator: str) -> list[str]:
    if '"' in row:
        try:
            return [f.strip() for f in next(csv.reader([row], delimiter=separator, skipinitialspace=True))]
        except csv.Error:
            pass  # a stray quotation mark: the plain split below
    return _unquoted([f.strip() for f in row.split(separator)])


def _unquoted(fields: Sequence[str]) -> list[str]:
    return [f.strip('"') if len(f) > 1 and f[0] == f[-1] == '"' else f for f in fields]


def number(text: str) -> float | None:
    """The number in a field: ``3115000.000``, ``3,115,000``, ``3115000,123``, ``X=3115000``, ``485900m``,
    ``28°09′08.5″``, ``N28-09-08.5``; else None.

    The text must be half-width.
    """
    text = text.replace("。", ".").strip()
    cleaned = text.replace(" ", "")
    if not cleaned:
        return None
    if cleaned[-1] not in "0123456789." or cleaned[0] not in "0123456789.+-":
        found = _angle(cleaned)
        if found is not None:
            return found
        cleaned = _LABELLED.sub("", cleaned)
    elif any(c in text for c in "-: "):
        found = _parted_angle(text)
        if found is not None:
            return found
    if "," in cleaned and _THOUSANDS.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    elif "," in cleaned and _DECIMAL_COMMA.fullmatch(cleaned):
        cleaned = cleaned.replace(",", ".")
    return float(cleaned) if _NUMBER.fullmatch(cleaned) else None


def rounded_number(text: str) -> tuple[str, int] | None:
    """The first coordinate that a spreadsheet wrote with an exponent and too few digits (``3.09812E+06``), and its
    line; None when there is none. What stands behind the last digit written is lost: metres, or tens of them."""
    for found in _EXPONENT.finditer(text):
        if len(found[1]) < int(found[2]):
            return found[0], len(re.split(r"\r\n|\r|\n", text[: found.start()]))
    return None


def _angle(text: str) -> float | None:
    """Degrees with their signs, also of minutes with decimals or none."""
    sided = _SIDED.fullmatch(text)
    if sided is not None:
        return _degrees(sided[2] or sided[3], "0", "0", sided[1] or sided[4])
    found = _ANGLE.fullmatch(text)
    if found is None:
        return _parted_angle(text)
    side, degrees, minutes, seconds, behind = found.groups()
    return _degrees(degrees, minutes or "0", seconds or "0", side or behind)


def _parted_angle(text: str) -> float | None:
    found = _PARTED_ANGLE.fullmatch(text)
    if found is None:
        return None
    side, degrees, _, minutes, seconds, behind = found.groups()
    said = side or behind
    return _degrees(degrees, minutes, seconds, said) if said or "." in seconds else None


def _degrees(degrees: str, minutes: str, seconds: str, side: str | None) -> float | None:
    if float(minutes) >= 60 or float(seconds) >= 60:
        return None
    value = float(degrees) + float(minutes) / 60 + float(seconds) / 3600
    return -value if (side or "")[:1].upper() in ("S", "W", "南", "西") else value
