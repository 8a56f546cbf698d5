"""The bytes a signature covers: the whole file but one gap, and in the gap nothing but the signature."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence

from asn1crypto import cms

from project_box.seal.cms_form import der_length
from project_box.seal.examination import Examination

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")


def byte_ranges(data: bytes) -> list[tuple[int, ...]]:
    """Every byte range written in a file: start, end of the first part, start and length of the second."""
    return [tuple(int(group) for group in match.groups()) for match in _BYTE_RANGE.finditer(data)]


def digest_differs(data: bytes, ranges: Iterable[tuple[int, ...]]) -> bool:
    """For a file with unreadable structure: does the digest of the widest byte range differ from the signed one?"""
    start, first, second, rest = max(ranges, key=lambda r: r[2] + r[3])
    try:
        raw = binascii.unhexlify(data[first + 1 : second - 1])
        attributes = cms.ContentInfo.load(raw[: der_length(raw)])["content"]["signer_infos"][0][
            "signed_attrs"
        ]
        signed = next(bytes(a["values"][0]) for a in attributes if a["type"].native == "message_digest")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, StopIteration):
        return False
    return hashlib.sha256(data[start:first] + data[second : second + rest]).digest() != signed


def examine_coverage(data: bytes, ranges: Iterable[tuple[int, ...]], found: Examination) -> None:
    """Does the widest byte range cover the whole file but one gap that is exactly the signature string?"""
    start, first, second, rest = max(ranges, key=lambda r: r[2] + r[3])
    end = second + rest
    if start != 0 or first >= second:
        found.tampered("签名覆盖范围（ByteRange）不从文件开头开始或前后颠倒，不予认可")
    elif end < len(data):
        found.tampered(f"盖章后文件末尾被追加了 {len(data) - end} 个字节")
    elif end > len(data):
        found.tampered(f"文件被截断：盖章时 {end} 字节，现有 {len(data)} 字节")
    else:
        found.covers = True


def signature_string(data: bytes, byte_range: Sequence[int], found: Examination) -> bytes | None:
    """DER bytes in the gap of a byte range; None (with a sentence) when it is not in the one allowed form."""
    start, first, second, _ = (int(n) for n in byte_range)
    gap = data[first:second]
    if start != 0 or gap[:1] != b"<" or gap[-1:] != b">":
        found.say("签名覆盖范围的空隙不是签名本身，文件中有未被签名保护的内容")
        return None
    digits = gap[1:-1]
    if re.fullmatch(rb"(?:[0-9A-F]{2})+", digits) is None:
        found.say("签名数据区（Contents）的字符被改动：不是规范的十六进制")
        return None
    raw = binascii.unhexlify(digits)
    length = der_length(raw)
    if length is None or length > len(raw):
        found.say("签名数据区（Contents）的结构已损坏")
        return None
    if raw[length:].strip(b"\0"):
        found.say("签名数据区（Contents）的填充字节被改动：应全为零")
        return None
    return raw[:length]
