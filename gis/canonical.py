"""Canonical JSON of a check's report, the same bytes as of its plain form but put together from parts made once. Pure.

Most of a report is the same for every site: names, clauses and advice of the layers, whole lines of layers that are
clear. A part is taken from the one made beforehand only if its value is the same; everything else is encoded anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from json.encoder import encode_basestring
from math import isfinite
from operator import attrgetter
from typing import Any, NamedTuple

from gis.conflict import ConflictReport, FeatureHit, LayerResult
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.plain import canonical_text, to_plain

_LINE = tuple(sorted(f.name for f in fields(LayerResult)))
_FINDING = tuple(sorted(f.name for f in fields(Finding)))
#: what a site changes in a line and in a finding
_LINE_OWN = frozenset(
    {"features", "marker", "message", "message_en", "outcome", "overlap_m2", "rules", "share", "status"}
)
_FINDING_OWN = frozenset(
    {
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
    }
)
#: a feature's fields; those that may hold anything
_FEATURE = tuple(f.name for f in fields(FeatureHit))
_FEATURE_NESTED = tuple(n for n in _FEATURE if n in {"marker", "detail"})


class Answer(NamedTuple):
    """Answer for one site of many: the outcome (None: it could not be checked) and canonical JSON."""

    outcome: Outcome | None
    text: str


@dataclass(frozen=True, slots=True)
class _Template:
    """Text of an entry of which some fields change.

    Attributes:
        same: takes the fields that must be as they were, ``values``, for the texts to hold.
        own: names of the others; each stands after the text of the same number, the last text after all of them.
    """

    same: Callable[[Any], tuple[Any, ...]]
    values: tuple[Any, ...]
    own: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, entry: LayerResult | Finding, names: Sequence[str], changing: frozenset[str]) -> _Template:
        """Made from one entry; ``names`` are its fields in the order of the text."""
        texts = ["{"]
        for position, name in enumerate(names):
            texts[-1] += f'{"," if position else ""}"{name}":'
            if name in changing:
                texts.append("")
            else:
                texts[-1] += _value(getattr(entry, name))
        texts[-1] += "}"
        same = attrgetter(*(n for n in names if n not in changing))
        return cls(same, same(entry), tuple(n for n in names if n in changing), tuple(texts))


class Fragments:
    """Texts of lines and findings of one set of layer versions; filled as they are met."""

    def __init__(self) -> None:
        self._whole: dict[int, tuple[Any, str]] = {}
        self._templates: dict[str, _Template] = {}
        self._words: dict[tuple[str, str], str] = {}

    def keep(self, line: LayerResult, finding: Finding | None) -> None:
        """Make the text of a line (and its finding) that will come again as the same object."""
        self._whole[id(line)] = line, self._line(line)
        if finding is not None:
            self._whole[id(finding)] = finding, self._finding(finding)

    def report(self, report: ConflictReport, head: Mapping[str, Any]) -> str:
        """Canonical JSON of ``head`` and the report's payload."""
        parts = {k: _value(v) for k, v in (*head.items(), *report.summary().items())}
        whole = self._whole
        texts = [w[1] if (w := whole.get(id(f))) is not None else self._finding(f) for f in report.findings]
        parts["findings"] = f"[{','.join(texts)}]"
        texts = [w[1] if (w := whole.get(id(e))) is not None else self._line(e) for e in report.layers]
        parts["layers"] = f"[{','.join(texts)}]"
        return f"{{{','.join(f'{json.dumps(k)}:{parts[k]}' for k in sorted(parts))}}}"

    def _line(self, line: LayerResult) -> str:
        words = self._words.get((line.status, line.policy))
        if words is None:
            zh, en = map(_value, line.status_words)
            words = f'{_value(line.status)},"status_name":{zh},"status_name_en":{en}'  # in the order of their names
            self._words[(line.status, line.policy)] = words
        return self._filled(line, line.code, _LINE, _LINE_OWN, {"status": words})

    def _finding(self, finding: Finding) -> str:
        return self._filled(finding, finding.code, _FINDING, _FINDING_OWN, {})

    def _filled(
        self,
        entry: LayerResult | Finding,
        code: str,
        names: Sequence[str],
        changing: frozenset[str],
        made: Mapping[str, str],
    ) -> str:
        template = self._templates.get(code)
        if template is None or template.same(entry) != template.values:
            template = self._templates[code] = _Template.of(entry, names, changing)
        texts = template.texts
        parts = [texts[0]]
        for position, name in enumerate(template.own, start=1):
            parts.append(made.get(name) or _value(getattr(entry, name)))
            parts.append(texts[position])
        return "".join(parts)


def _value(value: Any) -> str:
    """Canonical JSON of one value."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if kind is float:
        return repr(value) if isfinite(value) else canonical_text(value)
    if isinstance(value, StrEnum):
        return encode_basestring(value.value)
    if kind is tuple and not value:
        return "[]"
    if kind is tuple and type(value[0]) is FeatureHit:
        return canonical_text([_feature(f) for f in value])
    return canonical_text(to_plain(value))


def _feature(feature: FeatureHit) -> dict[str, Any]:
    """Plain form of a feature, whose attributes are plain already: they come from JSON."""
    plain: dict[str, Any] = {name: getattr(feature, name) for name in _FEATURE}
    plain["status"] = feature.status.value
    for name in _FEATURE_NESTED:
        if plain[name] is not None:
            plain[name] = to_plain(plain[name])
    return plain
