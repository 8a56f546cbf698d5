"""Canonical JSON of a check's report, the same bytes as of its plain form but put together from parts made once. Pure.

Most of a report is the same for every site: names, clauses and advice of the layers, whole lines of layers that are
clear. What a site changes in a line is written out field by field, in the order of the names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields
from json.encoder import encode_basestring
from math import isfinite
from types import NoneType
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


#: texts around the values a site changes
_Template = tuple[bytes, ...]
#: stands for such a value while a template is made; canonical JSON never holds it
_HOLE = "\0"
#: kinds of values of a summary of which there are few
_FEW = frozenset({bool, dt.date, Outcome, NoneType})
_NULL, _NONE = b"null", b"[]"


def _template(entry: LayerResult | Finding, changing: tuple[str, ...]) -> _Template:
    """Canonical JSON of an entry around the fields a site changes."""
    return _left_open({f.name: getattr(entry, f.name) for f in fields(entry)}, changing)


def _left_open(values: Mapping[str, Any], changing: tuple[str, ...]) -> _Template:
    """Canonical JSON of an object around some of its values."""
    parts = [f'"{name}":{_HOLE if name in changing else _value(values[name])}' for name in sorted(values)]
    return tuple(f"{{{','.join(parts)}}}".encode().split(_HOLE.encode()))


def _filled(template: _Template, values: tuple[bytes, ...]) -> bytes:
    """A template with its values. Bytes are joined: formatting and encoding kilobytes took most of a report's time."""
    parts = [b""] * (2 * len(values) + 1)
    parts[::2], parts[1::2] = template, values
    return b"".join(parts)


class Fragments:
    """Texts of lines and findings of one catalogue; filled as they are met."""

    def __init__(self) -> None:
        self._whole: dict[int, tuple[Any, bytes]] = {}
        self._lines: dict[Any, _Template] = {}
        self._findings: dict[str, _Template] = {}
        self._sources: dict[Any, _Template] = {}
        self._words: dict[Any, bytes] = {}
        self._few: dict[Any, bytes] = {}

    def keep(self, *entries: LayerResult | Finding | PlanningConditions | dict[str, Any] | None) -> None:
        """Make the texts of lines, findings, conditions and zones that will come again as the same objects."""
        for entry in entries:
            if isinstance(entry, LayerResult):
                self._whole[id(entry)] = entry, self._line(entry)
            elif isinstance(entry, Finding):
                self._whole[id(entry)] = entry, self._finding(entry)
            elif entry is not None:
                self._whole[id(entry)] = entry, _value(entry).encode()

    def report(self, report: ConflictReport, head: Mapping[str, Any]) -> bytes:
        """Canonical JSON of ``head`` and the report's payload."""
        whole = self._whole
        parts: dict[str, tuple[bytes, ...]] = {
            "findings": _listed(
                [w[1] if (w := whole.get(id(f))) else self._finding(f) for f in report.findings]
            ),
            "layers": _listed([w[1] if (w := whole.get(id(e))) else self._line(e) for e in report.layers]),
        }
        for name, value in (*head.items(), *report.summary().items()):
            parts[name] = (w[1] if (w := whole.get(id(value))) else self._short(name, value),)
        text: list[bytes] = []
        for name in sorted(parts):
            text += (b"," if text else b"{", _string(name), b":", *parts[name])
        text.append(b"}")
        return b"".join(text)

    def _short(self, name: str, value: Any) -> bytes:
        """A value of a summary; days, outcomes and counts are few."""
        kind = type(value)
        if name == "counts":
            key: Any = tuple(value.items())
        elif kind in _FEW:
            key = kind, value
        else:
            return _value(value).encode()
        text = self._few.get(key)
        if text is None:
            text = self._few[key] = _value(value).encode()
        return text

    def _line(self, line: LayerResult) -> bytes:
        key = line.code, line.version, line.valid_from
        template = self._lines.get(key)
        if template is None:
            template = self._lines[key] = _template(line, _LINE)
        words = self._words.get((line.status, line.policy))
        if words is None:
            zh, en = map(_value, line.status_words)  # in the order of their names
            words = f'{_value(line.status)},"status_name":{zh},"status_name_en":{en}'.encode()
            self._words[(line.status, line.policy)] = words
        return _filled(
            template,
            (
                f"[{','.join(map(_feature, line.features))}]".encode(),
                _NULL if line.marker is None else _value(line.marker).encode(),
                _string(line.message),
                _string(line.message_en),
                _string(line.outcome),
                _number(line.overlap_m2).encode(),
                _value(line.rules).encode() if line.rules else _NONE,
                _number(line.share).encode(),
                words,
            ),
        )

    def _finding(self, finding: Finding) -> bytes:
        template = self._findings.get(finding.code)
        if template is None:
            template = self._findings[finding.code] = _template(finding, _FINDING)
        return _filled(
            template,
            (
                _value(finding.entities).encode() if finding.entities else _NONE,
                _NULL if finding.limit is None else _string(finding.limit),
                _NULL if finding.marker is None else _value(finding.marker).encode(),
                _NULL if finding.marker_crs is None else str(finding.marker_crs).encode(),
                _NULL if finding.measured is None else _string(finding.measured),
                _string(finding.message),
                _string(finding.message_en),
                _string(finding.outcome),
                self._source(finding),
                _NULL if finding.unit is None else _string(finding.unit),
            ),
        )

    def _source(self, finding: Finding) -> bytes:
        """Where a finding comes from; of a layer's version only share and status change."""
        source = finding.source
        if "share" not in source:
            return _value(source).encode()
        key = finding.code, source["version"], source["valid_from"]
        template = self._sources.get(key)
        if template is None:
            template = self._sources[key] = _left_open(source, _SOURCE)
        return _filled(template, (_number(source["share"]).encode(), _string(source["status"])))


def _string(value: str) -> bytes:
    return encode_basestring(value).encode()


def _listed(entries: list[bytes]) -> tuple[bytes, ...]:
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
        f'"overlap_m2":{_number(feature.overlap_m2)},"share":{_number(feature.share)},'
        f'"status":{encode_basestring(feature.status)}}}'
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
