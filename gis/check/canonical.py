"""Canonical JSON of a check's report, the same bytes as of its plain form but put together from parts made once. Pure.

Most of a report is the same for every site: names, clauses and advice of the layers, whole lines of layers that are
clear. What a site changes in a line is written out field by field, in the order of the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, NamedTuple

from gis.check.conflict import Attributes, ConflictReport, FeatureHit, LayerResult, PlanningConditions
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.plain import canonical_text, to_plain

#: what a site changes in a line and in a finding, in the order of the names; a status has its words beside it
_LINE = ("features", "marker", "message", "message_en", "outcome", "overlap_m2", "rules", "share", "status")
_FINDING = (
    "entities",
    "limit",
    "marker",
    "marker_crs",
    "measured",
    "message",
    "message_en",
    "outcome",
    "source",
    "unit",
)
#: and in the source of a layer's finding
_SOURCE = ("share", "status")


class Answer(NamedTuple):
    """Answer for one site of many: the outcome (None: it could not be checked) and canonical JSON."""

    outcome: Outcome | None
    json: bytes


def _template(entry: LayerResult | Finding, changing: tuple[str, ...]) -> str:
    """Canonical JSON of an entry, with ``%s`` for each of the fields a site changes."""
    return _left_open({f.name: getattr(entry, f.name) for f in fields(entry)}, changing)


def _left_open(values: Mapping[str, Any], changing: tuple[str, ...]) -> str:
    """Canonical JSON of an object, with ``%s`` for some of its values."""
    parts = [
        f'"{name}":{"%s" if name in changing else _value(values[name]).replace("%", "%%")}'
        for name in sorted(values)
    ]
    return f"{{{','.join(parts)}}}"


class Fragments:
    """Texts of lines and findings of one catalogue; filled as they are met."""

    def __init__(self) -> None:
        self._whole: dict[int, tuple[Any, bytes]] = {}
        self._lines: dict[Any, str] = {}
        self._findings: dict[str, str] = {}
        self._sources: dict[Any, str] = {}
        self._words: dict[Any, str] = {}

    def keep(self, line: LayerResult, finding: Finding | None, planning: PlanningConditions | None) -> None:
        """Make the texts of a line, its finding and conditions that will come again as the same objects."""
        self._whole[id(line)] = line, self._line(line).encode()
        if finding is not None:
            self._whole[id(finding)] = finding, self._finding(finding).encode()
        if planning is not None:
            self._whole[id(planning)] = planning, _value(planning).encode()

    def report(self, report: ConflictReport, head: Mapping[str, Any]) -> bytes:
        """Canonical JSON of ``head`` and the report's payload."""
        whole = self._whole
        parts: dict[str, Iterable[bytes]] = {
            "findings": _listed(
                [w[1] if (w := whole.get(id(f))) else self._finding(f).encode() for f in report.findings]
            ),
            "layers": _listed(
                [w[1] if (w := whole.get(id(e))) else self._line(e).encode() for e in report.layers]
            ),
        }
        for name, value in (*head.items(), *report.summary().items()):
            kept = whole.get(id(value))
            parts[name] = (kept[1] if kept else _value(value).encode(),)
        text: list[bytes] = []
        for name in sorted(parts):
            text += (b"," if text else b"{", encode_basestring(name).encode(), b":", *parts[name])
        text.append(b"}")
        return b"".join(text)

    def _line(self, line: LayerResult) -> str:
        key = line.code, line.version, line.valid_from
        template = self._lines.get(key)
        if template is None:
            template = self._lines[key] = _template(line, _LINE)
        words = self._words.get((line.status, line.policy))
        if words is None:
            zh, en = map(_value, line.status_words)
            words = f'{_value(line.status)},"status_name":{zh},"status_name_en":{en}'  # in the order of their names
            self._words[(line.status, line.policy)] = words
        return template % (
            f"[{','.join(map(_feature, line.features))}]",
            "null" if line.marker is None else _value(line.marker),
            encode_basestring(line.message),
            encode_basestring(line.message_en),
            f'"{line.outcome}"',
            _number(line.overlap_m2),
            "[]" if not line.rules else _value(line.rules),
            _number(line.share),
            words,
        )

    def _finding(self, finding: Finding) -> str:
        template = self._findings.get(finding.code)
        if template is None:
            template = self._findings[finding.code] = _template(finding, _FINDING)
        return template % (
            "[]" if not finding.entities else _value(finding.entities),
            "null" if finding.limit is None else encode_basestring(finding.limit),
            "null" if finding.marker is None else _value(finding.marker),
            "null" if finding.marker_crs is None else str(finding.marker_crs),
            "null" if finding.measured is None else encode_basestring(finding.measured),
            encode_basestring(finding.message),
            encode_basestring(finding.message_en),
            f'"{finding.outcome}"',
            self._source(finding),
            _value(finding.unit),
        )

    def _source(self, finding: Finding) -> str:
        """Where a finding comes from; of a layer's version only share and status change."""
        source = finding.source
        if "share" not in source:
            return _value(source)
        key = finding.code, source["version"], source["valid_from"]
        template = self._sources.get(key)
        if template is None:
            template = self._sources[key] = _left_open(source, _SOURCE)
        return template % (_number(source["share"]), encode_basestring(source["status"]))


def _listed(entries: list[bytes]) -> Iterable[bytes]:
    return b"[", b",".join(entries), b"]"


def _feature(feature: FeatureHit) -> str:
    """A feature; its attributes are plain already, they come from JSON."""
    key, marker, detail, attributes = feature.class_key, feature.marker, feature.detail, feature.attributes
    text = attributes.text if type(attributes) is Attributes else canonical_text(attributes)
    return (
        f'{{"attributes":{text},'
        f'"class_key":{"null" if key is None else encode_basestring(key)},'
        f'"detail":{"null" if detail is None else _value(detail)},"fid":{feature.fid},'
        f'"label":{encode_basestring(feature.label)},'
        f'"marker":{"null" if marker is None else _value(marker)},'
        f'"overlap_m2":{_number(feature.overlap_m2)},"share":{_number(feature.share)},"status":"{feature.status}"}}'
    )


def _number(value: float) -> str:
    return repr(value) if type(value) is float and isfinite(value) else canonical_text(value)


def _value(value: Any) -> str:
    """Canonical JSON of any value."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return str(value)
    return _number(value) if kind is float else canonical_text(to_plain(value))
