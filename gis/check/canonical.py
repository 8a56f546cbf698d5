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

from gis.check.conflict import Attributes, FeatureHit, LayerResult, LoadedVersion, PlanningConditions, Status
from gis.check.lines import Judgement, Line, Met, Rule, Values, Whole, finding_of, line_of, words
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import to_plain


class Answer(NamedTuple):
    """Answer for one site of many: the outcome (None: it could not be checked) and canonical JSON."""

    outcome: Outcome | None
    json: bytes


#: stand for the values of a site, in the order of :class:`Values`; no text has these noncharacters of Unicode
_SIGNS = tuple(chr(0xFDD0 + n) for n in range(len(Values._fields)))
_SIGN = re.compile(f"([{''.join(_SIGNS)}])")
#: values that are not within quotes
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
        for name, sign in zip(Values._fields, _SIGNS, strict=True):
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
    def of(cls, rule: Rule, version: LoadedVersion, status: Status) -> _Forms:
        """Written with signs by the very functions that write lines and findings."""
        signs: Any = Values._make(_SIGNS)._replace(features=())
        line = line_of(rule, version, status, signs, words(rule.definition, status, signs))
        finding = finding_of(rule, line, signs.measured, 0)
        named = _named(line) | {"features": _SIGNS[0]}
        return cls(version, _Form.of(named), None if finding is None else _Form.of(finding))


class Fragments:
    """Texts of lines and findings of one catalogue; made as they are met."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, Status], _Forms] = {}
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
        values = _values(line.values)
        lines += forms.line.filled(values)
        if forms.finding is not None:
            findings += forms.finding.filled(values)

    def _forms_of(self, line: Met) -> _Forms | None:
        """The texts around the values of a line; none where a version is named with such signs."""
        key = line.rule.code, line.status
        forms = self._forms.get(key)
        if forms is None or forms.version is not line.version:
            if _SIGN.search(line.version.version):
                return None
            forms = self._forms[key] = _Forms.of(line.rule, line.version, line.status)
        return forms


def _is_marked(line: Met) -> bool:
    """Whether a line or one of its features has a shape."""
    return line.outside is not None or any(f.marker is not None for f in line.features)


def _listed(entries: list[bytes]) -> list[bytes]:
    """A list of entries that each begin with a comma; the first one's is left out."""
    first = next((n for n, entry in enumerate(entries) if entry), None)
    if first is not None:
        entries[first] = entries[first][1:]
    return [b"[", *entries, b"]"]


def _texts(line: Line, crs: int) -> tuple[bytes, bytes]:
    """Canonical JSON of any line and of its findings, each after a comma."""
    findings = "".join([f",{_value(finding)}" for finding in line.findings(crs)])
    return f",{_text(_named(line.result))}".encode(), findings.encode()


def _named(line: LayerResult) -> dict[str, Any]:
    """A line with the words for its status."""
    zh, en = line.status_words
    named: dict[str, Any] = _plain(line)
    return named | {"status_name": zh, "status_name_en": en}


def _values(values: Values) -> tuple[bytes, ...]:
    """What a site changes in a line, as it stands in JSON; words without their quotes."""
    features, overlap, share, size, part, named, measured = values
    return (
        f"[{','.join(map(_feature, features))}]".encode(),
        repr(overlap).encode(),
        repr(share).encode(),
        size.encode(),
        part.encode(),
        encode_basestring(named)[1:-1].encode() if named else b"",
        measured.encode(),
    )


def _feature(feature: FeatureHit) -> str:
    """A feature; its attributes are plain already, they come from JSON, its numbers are finite and rounded."""
    key, marker, detail, attributes = feature.class_key, feature.marker, feature.detail, feature.attributes
    text = attributes.text if type(attributes) is Attributes else _text(attributes)
    return (
        f'{{"attributes":{text},'
        f'"class_key":{"null" if key is None else encode_basestring(key)},'
        f'"detail":{"null" if detail is None else _value(detail)},"fid":{feature.fid},'
        f'"label":{encode_basestring(feature.label)},'
        f'"marker":{"null" if marker is None else _value(marker)},'
        f'"overlap_m2":{feature.overlap_m2!r},"share":{feature.share!r},'
        f'"status":"{feature.status}"}}'
    )


def _value(value: Any) -> str:
    """Canonical JSON of any value."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return str(value)
    return repr(value) if kind is float and isfinite(value) else _text(value)
