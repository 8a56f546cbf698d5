"""From bytes to clean DXF text: what kind of file it is, whether it is whole, and how its text is encoded."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from drawings.issues import Collector
from drawings.reading import CATALOGUE

_BINARY_SENTINEL = b"AutoCAD Binary DXF\r\n\x1a\x00"
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "PDF 文件", "a PDF file"),
    (b"PK\x03\x04", "ZIP 压缩包（或 Office 文件）", "a ZIP archive (or Office file)"),
    (b"PK\x05\x06", "空的 ZIP 压缩包", "an empty ZIP archive"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"),
    (b"7z\xbc\xaf", "7z 压缩包", "a 7z archive"),
    (b"\x1f\x8b", "GZIP 压缩文件", "a gzip file"),
    (b"\x89PNG", "PNG 图片", "a PNG image"),
    (b"\xff\xd8\xff", "JPEG 图片", "a JPEG image"),
    (b"GIF8", "GIF 图片", "a GIF image"),
    (b"II*\x00", "TIFF 图片", "a TIFF image"),
    (b"MM\x00*", "TIFF 图片", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "旧版 Office 文件", "an old Office file"),
    (b"MZ", "可执行程序", "an executable program"),
    (b"\x7fELF", "可执行程序", "an executable program"),
    (b"<", "XML 或 HTML 文件", "an XML or HTML file"),
    (b"ISO-10303-21", "IFC/STEP 文件", "an IFC/STEP file"),
    (b"{", "JSON 文件", "a JSON file"),
)
RELEASES = {
    "AC1006": "R10", "AC1009": "R12", "AC1012": "R13", "AC1014": "R14", "AC1015": "R2000", "AC1018": "R2004",
    "AC1021": "R2007", "AC1024": "R2010", "AC1027": "R2013", "AC1032": "R2018",
}  # fmt: skip
_CODEPAGES = {
    "ANSI_874": "cp874", "ANSI_932": "cp932", "ANSI_936": "gb18030", "ANSI_949": "cp949", "ANSI_950": "cp950",
    "ANSI_1250": "cp1250", "ANSI_1251": "cp1251", "ANSI_1252": "cp1252", "ANSI_1253": "cp1253",
    "ANSI_1254": "cp1254", "ANSI_1255": "cp1255", "ANSI_1256": "cp1256", "ANSI_1257": "cp1257",
    "ANSI_1258": "cp1258", "GB2312": "gb18030", "GBK": "gb18030", "UTF-8": "utf-8", "UTF8": "utf-8",
    "DOS932": "cp932", "DOS950": "cp950", "KSC5601": "cp949", "BIG5": "cp950",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that look like a whole DXF.

    Attributes:
        data: ASCII DXF (binary DXF converted), line structure untouched.
        format: ``dxf`` or ``dxf-binary``.
        version: ``AC1009`` … as the header says; R12 if it says nothing.
        encoding: Python codec for the text.
    """

    data: bytes
    format: str
    version: str
    encoding: str


def open_source(data: bytes, issues: Collector, limit_bytes: int) -> Source | None:
    """Recognise the file; None (with an error among the issues) when it cannot be used."""
    if not data:
        issues.add("DXF-EMPTY-FILE")
        return None
    if len(data) > limit_bytes:
        issues.add("DXF-TOO-LARGE", size=round(len(data) / 1e6), limit=round(limit_bytes / 1e6))
        return None
    kind = "dxf"
    if data.startswith(_BINARY_SENTINEL):
        converted = _from_binary(data, issues)
        if converted is None:
            return None
        kind, data = "dxf-binary", converted
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode()
    elif data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    if kind == "dxf" and not _looks_like_dxf(data):
        what, what_en = "无法识别的内容", "something unknown"
        head = data.lstrip()[:16]
        for signature, zh, en in _SIGNATURES:
            if head.startswith(signature):
                what, what_en = zh, en
                break
        issues.add("DXF-NOT-DXF", what=what, what_en=what_en)
        return None
    if not _is_whole(data, issues):
        return None
    version = header_value(data, b"$ACADVER") or "AC1009"
    return Source(data, kind, version, _encoding(data, version, issues))


def header_value(data: bytes, name: bytes) -> str | None:
    """Value of a one-value header variable, None if it is absent; comments before the header may have any length."""
    begun = _BEGINNING.match(data)
    first = begun.end() if begun is not None else 0
    end = _SECTION_END.search(data, first, first + _LONGEST_HEADER)
    found = re.compile(
        rb"(?:\A|[\r\n])[ \t]*9[ \t]*(?:\r\n|\n|\r)"  # from line ends only: time grows with the text, not its square
        + re.escape(name)
        + rb"[ \t]*(?:\r\n|\n|\r)[^\r\n]*(?:\r\n|\n|\r)([^\r\n]*)"
    ).search(data, first, end.start() if end is not None else first + _USUAL_HEADER)
    return found.group(1).decode("ascii", "replace").strip() if found else None


_SECTION_END = re.compile(rb"[\r\n][ \t]*+0[ \t]*+(?:\r\n|\n|\r)[ \t]*+ENDSEC")
_USUAL_HEADER, _LONGEST_HEADER = 400_000, 16_000_000  # bytes
#: comments, then a section or the end
_BEGINNING = re.compile(
    rb"\s*+(?:999[ \t]*+(?:\r\n|\n|\r)[^\r\n]*+(?:\r\n|\n|\r)[ \t]*+)*+"
    rb"0[ \t]*+(?:\r\n|\n|\r)[ \t]*+(?:SECTION|EOF)[ \t]*+(?:[\r\n]|\Z)",
    re.IGNORECASE,
)


def _looks_like_dxf(data: bytes) -> bool:
    return _BEGINNING.match(data) is not None


def _is_whole(data: bytes, issues: Collector) -> bool:
    tail = data[-400:].rstrip(b"\x00\x1a \t\r\n")
    if re.search(rb"(?:^|[\r\n])[ \t]*0[ \t]*(?:\r\n|\n|\r)[ \t]*EOF$", tail):
        return True
    names = list(
        re.finditer(rb"[\r\n][ \t]*0[ \t]*[\r\n]+SECTION[ \t]*[\r\n]+[ \t]*2[ \t]*[\r\n]+(\w+)", b"\n" + data)
    )
    ends = data.rfind(b"ENDSEC")
    last = names[-1] if names else None
    complete = last is not None and ends > last.end() and re.fullmatch(rb"ENDSEC\s*", data[ends:] + b"")
    if complete and any(m.group(1) == b"ENTITIES" for m in names):
        issues.add("DXF-NO-EOF")
        return True
    section = last.group(1).decode("ascii", "replace") if last else "?"
    line = data.count(b"\n") + 1
    issues.add(
        "DXF-TRUNCATED",
        place=f"{section} 段，第 {line} 行",
        place_en=f"section {section}, line {line}",
        line=line,
    )
    return False


#: scripts whose letters have two bytes in UTF-8, by the first word of their letters' names
_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "ARMENIAN"})

# --- text encoding ---------------------------------------------------------------------------------------------------


def _foreign_text(data: bytes) -> bytes:
    """Line ends from the first byte above 127 on, up to about 200 kB."""
    out: list[bytes] = []
    size = 0
    for found in re.finditer(rb"[\x80-\xff][^\r\n]*", data):
        out.append(found.group())
        size += len(found.group())
        if size > 200_000:
            break
    return b"\n".join(out)


def _score(text: bytes, encoding: str) -> float:
    """How much the decoded text looks like a language written in this encoding, 0…1; -1 if it does not decode."""
    try:
        decoded = text.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return -1.0
    letters = [c for c in decoded if ord(c) > 127]
    if not letters:
        return 0.0
    if encoding == "gb18030":
        # GB 2312 level 1 holds the characters in daily use (lead bytes B0…D7); symbols A1…A9
        good = sum(
            1 for c in letters if 0xA1 <= c.encode("gb18030")[0] <= 0xD7 and len(c.encode("gb18030")) == 2
        )
    elif encoding == "cp949":
        good = sum(1 for c in letters if "가" <= c <= "힣" and 0xB0 <= c.encode("cp949")[0] <= 0xC8)
    elif encoding == "cp932":
        good = sum(1 for c in letters if "ぁ" <= c <= "ヿ" or "一" <= c <= "鿿")
    elif encoding == "cp1251":
        good = sum(1 for c in letters if "А" <= c <= "я" or c in "Ёё№")
    else:
        good = sum(1 for c in letters if c.isalpha() or c in "°±²³µ·×Øø")
    return good / len(letters)


_ONE_SCRIPT = 0.8  # of the letters of a real text


def _by_accident(text: bytes) -> bool:
    """True if bytes are UTF-8 by accident: a few Chinese characters of GBK can be pairs of it, of several scripts."""
    decoded = [c for c in text.decode("utf-8") if ord(c) > 127]
    if any(ord(c) > 0x7FF for c in decoded):
        return False  # three bytes that fit are no accident
    scripts = Counter("SIGN" if c in "°±²³µ·×Øø" else unicodedata.name(c, "?").split()[0] for c in decoded)
    signs = scripts.pop("SIGN", 0)
    most = max((n for script, n in scripts.items() if script in _SCRIPTS), default=0)
    return signs + most < _ONE_SCRIPT * len(decoded)


@lru_cache
def _trade_characters() -> frozenset[str]:
    """Chinese characters that the catalogue itself uses."""
    texts = (path.read_text(encoding="utf-8") for path in CATALOGUE.rglob("*.yaml"))
    return frozenset(c for t in texts for c in t if "\u4e00" <= c <= "\u9fff")


def _encoding(data: bytes, version: str, issues: Collector) -> str:
    """The codec of the file's text: what the header declares if that decodes sensibly, else what fits best."""
    declared_name = header_value(data, b"$DWGCODEPAGE") or ""
    unicode_file = version >= "AC1021"
    declared = "utf-8" if unicode_file else _CODEPAGES.get(declared_name.upper(), "")
    if data.isascii():
        return declared or "utf-8"
    text = _foreign_text(data)
    if _score(text, "utf-8") >= 0 and (unicode_file or not _by_accident(text)):
        if declared != "utf-8":
            issues.add("DXF-CODEPAGE", declared=declared_name or "—", used="utf-8")
        return "utf-8"
    by_codepage = _CODEPAGES.get(declared_name.upper(), "")
    if by_codepage not in ("", "cp1252") and _score(text, by_codepage) >= 0.5:
        if unicode_file:
            issues.add("DXF-CODEPAGE", declared="utf-8", used=by_codepage)
        return by_codepage
    scores = {name: _score(text, name) for name in ("gb18030", "cp949", "cp1251", "cp1252")}
    scores["cp1252"] *= 0.6  # almost any bytes are letters in it
    runs = [len(r) for r in re.findall(rb"[\x80-\xff]+", text)]
    if sum(n == 1 for n in runs) >= 0.6 * len(
        runs
    ):  # single accented letters among plain ones: a Latin script
        scores["cp1252"] += 0.6
    if scores["cp949"] >= 0:
        # hangul bytes are a subset of the hanzi ones: a Chinese drawing uses the words of the trade, Korean read as
        # Chinese gives rare characters
        hanzi = [c for c in text.decode("gb18030", "replace") if "\u4e00" <= c <= "\u9fff"]
        known = sum(c in _trade_characters() for c in hanzi)
        scores["cp949"] += -0.3 if not hanzi or known >= 0.5 * len(hanzi) else 0.3
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < 0:
        best = "cp1252"
    if best != (by_codepage or None):
        issues.add("DXF-CODEPAGE", declared=declared_name or "—", used=best)
    return best


# --- binary DXF -----------------------------------------------------------------------------------------


_MOST_BINARY_TAGS = 15_000_000  # 100 MB of a real drawing have ten million


def _kind_of(code: int) -> str:
    """How binary DXF stores a group code's value: string, double, h int16, i int32, q int64, bool, x chunk, ?
    unknown."""
    if code < 10 or 100 <= code <= 109 or 300 <= code <= 309 or 320 <= code <= 369 or code == 999:
        return "s"
    if 10 <= code <= 59 or 110 <= code <= 149 or 210 <= code <= 239 or 460 <= code <= 469:
        return "d"
    if (
        60 <= code <= 79
        or 170 <= code <= 179
        or 270 <= code <= 289
        or 370 <= code <= 389
        or 400 <= code <= 409
    ):
        return "h"
    if 90 <= code <= 99 or 420 <= code <= 429 or 440 <= code <= 459 or code == 1071:
        return "i"
    if 160 <= code <= 169:
        return "q"
    if 290 <= code <= 299:
        return "b"
    if 310 <= code <= 319 or code == 1004:
        return "x"
    if (
        390 <= code <= 399
        or 410 <= code <= 419
        or 430 <= code <= 439
        or 470 <= code <= 481
        or 1000 <= code <= 1009
    ):
        return "s"
    if 1010 <= code <= 1059:
        return "d"
    return "h" if 1060 <= code <= 1070 else "?"


def _from_binary(data: bytes, issues: Collector) -> bytes | None:
    """Binary DXF as ASCII DXF; None (with an issue) if it breaks off or holds an unknown code."""
    position = len(_BINARY_SENTINEL)
    # R12 writes one-byte codes: the first tag is 0 SECTION, so the second byte tells
    short = data[position : position + 2] == b"\x00S"
    out = bytearray()
    tags = 0
    sizes = {"d": 8, "h": 2, "i": 4, "q": 8, "b": 1}
    formats = {"h": "<h", "i": "<i", "q": "<q", "b": "<b"}
    try:
        while position < len(data):
            if short:
                code = data[position]
                position += 1
                if code == 255:
                    code = struct.unpack_from("<H", data, position)[0]
                    position += 2
            else:
                code = struct.unpack_from("<H", data, position)[0]
                position += 2
            kind = _kind_of(code)
            if kind == "s":
                end = data.index(b"\x00", position)
                value = data[position:end].replace(b"\r", b" ").replace(b"\n", b" ")
                position = end + 1
            elif kind == "x":
                size = data[position]
                value = data[position + 1 : position + 1 + size].hex().upper().encode()
                position += 1 + size
            elif kind == "d":
                value = repr(struct.unpack_from("<d", data, position)[0]).encode()
                position += 8
            elif kind in formats:
                value = str(struct.unpack_from(formats[kind], data, position)[0]).encode()
                position += sizes[kind]
            else:
                issues.add("DXF-STRUCTURE", reason=f"group code {code} @ byte {position}")
                return None
            out += b"%d\n%b\n" % (code, value)
            tags += 1
            if tags > _MOST_BINARY_TAGS:
                issues.add("DXF-TOO-MANY", what="组码", what_en="tags", limit=_MOST_BINARY_TAGS)
                return None
            if code == 0 and value == b"EOF":
                break
    except (struct.error, ValueError, IndexError):
        issues.add("DXF-TRUNCATED", place=f"第 {len(data)} 字节", place_en=f"byte {len(data)}")
        return None
    return bytes(out)


# --- finding the bad line -------------------------------------------------------------------------------


_BLANK = rb"[ \t\x0b\x0c]*+"
_END = rb"[ \t\x0b\x0c\r]*+(?:\n|\Z)"
_CODE = _BLANK + rb"[-+]?+[0-9]{1,9}+" + _END
_NUMERIC_CODE = (
    _BLANK
    + rb"(?:[1-7][0-9]|9[0-9]|1[1-4][0-9]|1[67][0-9]|2[1-3][0-9]|2[7-9][0-9]|3[78][0-9]|40[0-9]|4[2456][0-9]"
    rb"|10[1-6][0-9]|107[01])" + _END
)
_NUMBER = (
    _BLANK + rb"[-+]?+(?:(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][-+]?+[0-9]++)?+"
    rb"|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?+|[nN][aA][nN])" + _END
)
_ANY = rb"[^\n]*+(?:\n|\Z)"
#: whole tags from the beginning on; possessive, so that time and memory do not depend on what is in them
_GOOD_CODES = re.compile(b"(?:" + _CODE + _ANY + b")*+")
_GOOD_TAGS = re.compile(
    b"(?:" + _NUMERIC_CODE + _NUMBER + b"|(?!" + _NUMERIC_CODE + b")" + _CODE + _ANY + b")*+"
)
_EOF_TAG = re.compile(rb"(?:\A|\n)[ \t]*0[ \t\r]*\n[ \t]*EOF[ \t\r]*(?:\n|\Z)")


def first_bad_code(data: bytes, encoding: str) -> tuple[int, str] | None:
    """(1-based line, what stands there) of the first group code of an ASCII DXF that is no integer.

    Half a second for 100 MB, whatever they hold.
    """
    found = _first_beyond(_GOOD_CODES, data)
    return None if found is None else (found[0], _shown(found[1], encoding))


def first_bad_tag(data: bytes, encoding: str) -> tuple[str, int, str] | None:
    """(``code`` or ``value``, 1-based line, what stands there) of the first malformed tag of an ASCII DXF."""
    code = first_bad_code(data, encoding)
    tag = _first_beyond(_GOOD_TAGS, data)
    if tag is None or (code is not None and code[0] <= tag[0]):
        return None if code is None else ("code", *code)
    line, _, value = tag
    return "value", line + 1, _shown(value, encoding)


def _first_beyond(good: re.Pattern[bytes], data: bytes) -> tuple[int, bytes, bytes] | None:
    """(1-based line, that line, the next one) where well-formed tags end before ``EOF``."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    matched = good.match(data)
    end = matched.end() if matched is not None else 0
    if end >= len(data) or _ends_with_eof(data[max(0, end - 200) : end]):
        return None
    lines = data[end : end + 4000].split(b"\n")
    return data.count(b"\n", 0, end) + 1, lines[0].strip(), (lines[1] if len(lines) > 1 else b"").strip()


def _ends_with_eof(text: bytes) -> bool:
    return any(found.end() == len(text) for found in _EOF_TAG.finditer(text))


def _shown(raw: bytes, encoding: str) -> str:
    text = raw[:40].decode(encoding, "replace")
    return "".join(c if c.isprintable() else "�" for c in text)


#: four digits; eight where a writer gives a character beyond the basic plane whole (``\U+0001F600``)
_UNICODE_ESCAPE = re.compile(r"\\[Uu]\+(000[1-9A-Fa-f][0-9A-Fa-f]{4}|0010[0-9A-Fa-f]{4}|[0-9A-Fa-f]{4})")
_MIF_ESCAPE = re.compile(r"\\[Mm]\+([1-5])([0-9A-Fa-f]{4})")
_HALF = re.compile("[\ud800-\udfff]")
_MIF_CODEPAGES = {"1": "cp932", "2": "cp950", "3": "cp949", "4": "johab", "5": "gb18030"}


def decode_escapes(text: str) -> str:
    r"""Replace ``\U+XXXX`` and ``\M+nXXXX`` by their characters, and undecodable bytes by U+FFFD."""

    if "\\" in text:
        text = _UNICODE_ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), text)
        text = _MIF_ESCAPE.sub(_mif_character, text)
    if not text.isascii() and _HALF.search(text):  # two escapes may be one character
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\x00", "")


def _mif_character(found: re.Match[str]) -> str:
    try:
        return bytes.fromhex(found.group(2)).decode(_MIF_CODEPAGES[found.group(1)])
    except UnicodeDecodeError:
        return "�"
