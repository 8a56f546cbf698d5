"""Canonical JSON of a check's report, the same bytes as of its plain form but put together from parts made once. Pure.

Most of a report is the same for every site: names, clauses and advice of the layers, whole lines of layers that are
clear, the words around a few values in those that are met. Those words are found by writing such a line with signs in
place of the values; what a site brings is then put where the signs stood.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from math import isfinite
from types import NoneType
from typing import Any, NamedTuple

from gis.check.conflict import Attributes, LayerResult, LoadedVersion, Overlap, PlanningConditions, Status
from gis.check.lines import Judgement, Line, Met, Rule, Values, Whole, finding_of, line_of, words
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import to_plain


class Answer(NamedTuple):
    """Answer for one site of many: the outcome (None: it could not be checked) and canonical JSON."""

    outcome: Outcome | None
    json: bytes


#: what a site brings to a line
_NAMES = (*Values._fields, "features", "message", "message_en")
#: stand for these; no text has these noncharacters of Unicode
_SIGNS = tuple(chr(0xFDD0 + n) for n in range(len(_NAMES)))
_SIGN = re.compile(f"([{''.join(_SIGNS)}])")
#: those that are not within quotes
_BARE = frozenset({"features", "overlap_m2", "share"})
#: kinds of values of a summary of which there are few
_FEW = frozenset({bool, dt.date, Outcome, NoneType})


def _plain(value: Any) -> Any:
    """One level of a value that is no JSON type; all keys of a report are words."""
    if isinstance(value, Attributes):
        return value.values_read
    names = getattr(type(value), "__dataclass_fields__", None)
    return to_plain(value) if names is None else {name: getattr(value, name) for name in names}


#: as :func:`~project_box.kernel.plain.canonical_json`, without making a plain copy of everything first
_text = json.JSONEncoder(
    default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


class _Form(NamedTuple):
    """Text around values, after a comma: every other part is left open for a value; ``order`` tells which ones."""

    parts: tuple[bytes, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, entry: Any) -> _Form:
        """From an entry written with signs."""
        text = _text(entry)
        for name, sign in zip(_NAMES, _SIGNS, strict=True):
            if name in _BARE:
                text = text.replace(f'"{sign}"', sign)
        parts = _SIGN.split(f",{text}")
        return cls(tuple(part.encode() for part in parts), tuple(_SIGNS.index(sign) for sign in parts[1::2]))

    def filled(self, values: tuple[bytes, ...]) -> list[bytes]:
        """The parts with values between them."""
        parts = [*self.parts]
        parts[1::2] = map(values.__getitem__, self.order)
        return parts


class _Forms(NamedTuple):
    """A layer's line and finding around the values of a site; none where it has no finding."""

    version: LoadedVersion
    line: _Form
    finding: _Form | None

    @classmethod
    def of(cls, rule: Rule, version: LoadedVersion, status: Status, outcome: Outcome | None) -> _Forms:
        """Written with signs by the very functions that write lines and findings.

        ``outcome`` is that of a line in words of its own.
        """
        *signs, features, message, message_en = _SIGNS
        values: Any = Values._make(signs)
        usual = words(rule.definition, status, values)
        line = line_of(rule, version, status, values, (outcome, message, message_en) if outcome else usual)
        finding = finding_of(rule, line, values.measured, 0)
        named = _named(line) | {"features": features}
        return cls(version, _Form.of(named), None if finding is None else _Form.of(finding))


class Fragments:
    """Texts of lines and findings of one catalogue; made as they are met."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, Status, Outcome | None], _Forms] = {}
        self._few: dict[Any, bytes] = {}
        self._planning: dict[int, tuple[PlanningConditions, bytes]] = {}

    def keep(self, line: Whole) -> None:
        """Make the texts of a line that will come again as the same object."""
        line.texts = _texts(line, 0)
        if line.planning is not None:
            self._planning[id(line.planning)] = line.planning, _value(line.planning).encode()

    def report(self, judged: Judgement, head: Mapping[str, Any]) -> bytes:
        """Canonical JSON of ``head`` and the payload of the report.

        All bytes are joined at once: to format, encode and copy kilobytes takes most of a report's time.
        """
        lines: list[bytes] = []
        findings: list[bytes] = []
        for line in judged.lines:
            texts = line.texts
            if texts is not None:
                lines.append(texts[0])
                findings.append(texts[1])
            else:
                self._put(line, judged.crs, lines, findings)
        counts = judged.counts
        parts = {
            "findings": _listed(findings),
            "layers": _listed(lines),
            "counts": [self._short(tuple(counts.values()), counts)],
            "planning": [self._planned(judged.planned)],
            "zones": [_text(judged.zones).encode()],
        }
        own = (("checked_on", judged.checked_on), ("crs", judged.crs), ("outcome", judged.outcome))
        for name, value in (*own, ("site_area_m2", judged.site_area_m2), *head.items()):
            kind = type(value)
            parts[name] = [self._short((kind, value), value) if kind in _FEW else _value(value).encode()]
        all_parts = [b"{"]
        for name in sorted(parts):
            all_parts += (b'"', name.encode(), b'":', *parts[name], b",")
        all_parts[-1] = b"}"
        return b"".join(all_parts)

    def _short(self, key: Any, value: Any) -> bytes:
        """A value of a summary of which there are few."""
        text = self._few.get(key)
        if text is None:
            text = self._few[key] = _value(value).encode()
        return text

    def _planned(self, line: Whole | None) -> bytes:
        if line is None:
            return b"null"
        kept = self._planning.get(id(line.planning))
        return kept[1] if kept is not None else _value(line.planning).encode()

    def _put(self, line: Line, crs: int, lines: list[bytes], findings: list[bytes]) -> None:
        """Add the texts of a line and of its findings."""
        forms = None if isinstance(line, Whole) or _is_marked(line) else self._forms_of(line)
        if isinstance(line, Whole) or forms is None:
            text, found = _texts(line, crs)
            lines.append(text)
            findings.append(found)
            return
        values = _values(line)
        lines += forms.line.filled(values)
        if forms.finding is not None:
            findings += forms.finding.filled(values)

    def _forms_of(self, line: Met) -> _Forms | None:
        """The texts around the values of a line; none where a version is named with such signs."""
        outcome = None if line.said is None else line.said[0]
        key = line.rule.code, line.status, outcome
        forms = self._forms.get(key)
        if forms is None or forms.version is not line.version:
            if _SIGN.search(line.version.version):
                return None
            forms = self._forms[key] = _Forms.of(line.rule, line.version, line.status, outcome)
        return forms


def _is_marked(line: Met) -> bool:
    """Whether a line or one of its features has a shape."""
    return line.outside is not None or any(o.marker is not None for o in (*line.hits, *line.touching))


def _listed(entries: list[bytes]) -> list[bytes]:
    """A list of entries that each begin with a comma; the first one's is left out."""
    first = next((n for n, entry in enumerate(entries) if entry), None)
    if first is not None:
        entries[first] = entries[first][1:]
    return [b"[", *entries, b"]"]


def _texts(line: Line, crs: int) -> tuple[bytes, bytes]:
    """Canonical JSON of any line and of its findings, each after a comma."""
    result, found = line.told(crs)
    findings = "".join([f",{_value(finding)}" for finding in found])
    return f",{_text(_named(result))}".encode(), findings.encode()


def _named(line: LayerResult) -> dict[str, Any]:
    """A line with the words for its status."""
    zh, en = line.status_words
    named: dict[str, Any] = _plain(line)
    return named | {"status_name": zh, "status_name_en": en}


def _values(line: Met) -> tuple[bytes, ...]:
    """What a site changes in a line, as it stands in JSON; words without their quotes."""
    overlap, share, size, part, named, measured = line.values
    area = line.site_area_m2
    features = [_feature(overlap, "hit", area) for overlap in line.hits]
    if line.touching:
        features += [_feature(overlap, "touch", area) for overlap in line.touching]
    _, message, message_en = line.said or _UNSAID
    return (
        hundredths(overlap).encode(),
        millionths(share).encode(),
        size.encode(),
        part.encode(),
        _within_quotes(named),
        measured.encode(),
        f"[{','.join(features)}]".encode(),
        _within_quotes(message),
        _within_quotes(message_en),
    )


_UNSAID = None, "", ""


def _within_quotes(words: str) -> bytes:
    return encode_basestring(words)[1:-1].encode() if words else b""


def _feature(overlap: Overlap, status: str, site_area: float) -> str:
    """A feature as :func:`~gis.check.lines.feature_of` tells it; its attributes come from JSON, so they are plain."""
    key, marker, detail, attributes = overlap.class_key, overlap.marker, overlap.detail, overlap.attributes
    text = attributes.text if type(attributes) is Attributes else _text(attributes)
    area = overlap.overlap_m2
    return (
        f'{{"attributes":{text},'
        f'"class_key":{"null" if key is None else encode_basestring(key)},'
        f'"detail":{"null" if detail is None else _value(detail)},"fid":{overlap.fid},'
        f'"label":{encode_basestring(overlap.label)},'
        f'"marker":{"null" if marker is None else _value(marker)},'
        f'"overlap_m2":{hundredths(area)},"share":{millionths(area / site_area if site_area else 0.0)},'
        f'"status":"{status}"}}'
    )


def hundredths(value: float) -> str:
    """``repr(round(value, 2))`` of a number not below 0, in half the time."""
    if value >= _MANY:
        return repr(round(value, 2))
    text = f"{value:.2f}"
    return text[:-1] if text[-1] == "0" else text


def millionths(value: float) -> str:
    """``repr(round(value, 6))`` of a number not below 0, in half the time."""
    if value >= _MANY or 0 < value < 0.0001:
        return repr(round(value, 6))
    text = f"{value:.6f}".rstrip("0")
    return f"{text}0" if text[-1] == "." else text


#: from here on, not all decimals of a number are its own
_MANY = 1e9


def _value(value: Any) -> str:
    """Canonical JSON of any value."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return str(value)
    return repr(value) if kind is float and isfinite(value) else _text(value)
