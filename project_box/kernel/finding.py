"""Outcomes of checks.

A *Finding* is the result of any check (multi-plan check, indicator against planning condition, gate).
An *Issue* is a coded remark on an input file (boundary, drawing, spreadsheet), like a compiler's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Four outcomes; ``UNDECIDED`` 无法判定 is first-class: a missing input never becomes a silent pass."""

    PASS = "pass"
    FAIL = "fail"
    NOTE = "note"
    UNDECIDED = "undecided"

    @property
    def zh(self) -> str:
        """The word on the screen and in documents."""
        return {"pass": "符合", "fail": "不符合", "note": "提示", "undecided": "无法判定"}[self.value]


class Level(StrEnum):
    """How bad an issue is: an ERROR stops the file from being used, a WARNING wants a look."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A drawing entity something came from: file (SHA-256), CAD handle, layer."""

    file: str
    handle: str
    layer: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """A coded remark on an input.

    Attributes:
        code: stable, like ``TXT-RING-OPEN`` or ``DXF-NOT-CLOSED``.
        level: error, warning or info.
        message: Chinese sentence; ``message_en`` the English one.
        remedy: what to do (Chinese); ``remedy_en`` the English one.
        line: 1-based line in a text file.
        handle: CAD handle; ``layer`` its layer.
        at: (x, y) in the file's own coordinates.
        file: name of the file, when several were handed in.
    """

    code: str
    level: Level
    message: str
    message_en: str = ""
    remedy: str = ""
    remedy_en: str = ""
    line: int | None = None
    handle: str | None = None
    layer: str | None = None
    at: tuple[float, float] | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Outcome of one check.

    Attributes:
        code: stable code of the check, like ``plan.STBHHX`` or ``planning.RJL``.
        title: Chinese name of what was checked; ``title_en`` English.
        outcome: 符合 / 不符合 / 提示 / 无法判定.
        message: one Chinese sentence with the numbers; ``message_en`` English.
        measured, limit, unit: as they stand on the page, e.g. ``"2.19"``, ``"≤2.00"``, ``""``.
        clause: the rule it rests on.
        marker: GeoJSON geometry in ``marker_crs`` (EPSG) that shows where.
        entities: drawing entities it came from.
        source: facts for tracing: layer and version, rule version, formula, inputs.
    """

    code: str
    title: str
    outcome: Outcome
    message: str
    title_en: str = ""
    message_en: str = ""
    measured: str | None = None
    limit: str | None = None
    unit: str | None = None
    clause: str | None = None
    marker: dict[str, Any] | None = None
    marker_crs: int | None = None
    entities: tuple[EntityRef, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
