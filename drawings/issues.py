"""Every coded issue a drawing can get: the texts are data (``catalogue/issues.yaml``), like a compiler's message table.

:func:`issue` fills a template; :class:`Collector` gathers issues and counts the ones beyond the limit per code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from drawings.reading import CATALOGUE
from project_box.kernel.catalogue import parse
from project_box.kernel.finding import Issue, Level

Place = Literal["file", "line", "layer", "entity"]
_LONGEST = 200  # characters of a name that are quoted


class Template(BaseModel):
    """Level, place and texts of one code; ``{}`` fields are filled in.

    Attributes:
        place: what an issue points at beside the file: a line of it, a layer, an entity (handle and coordinates).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level
    place: Place = "file"
    zh: str
    en: str
    remedy: str = Field(min_length=1)
    remedy_en: str = Field(min_length=1)


_HEAD = """# Codes of drawings

Written by `python -m drawings.issues`; the texts stand in `drawings/catalogue/issues.yaml`. A test compares the two.

An issue has a code, a level, the file, and what it points at: a line, a layer, or an entity by its handle and its
place in drawing coordinates. An *error* keeps a figure from being computed, a *warning* wants a look, an *info* tells
what was done. A check may be graver for one role than for another: the level below is the usual one. The same issues
stand on the page, in `project-box drawing FILE --json` (`issues`) and, with `--write-audit`, in a DXF copy on layers
`PB_AUDIT_ERROR`, `PB_AUDIT_WARNING` and `PB_AUDIT_INFO`. Fields in braces are filled in.

| what is checked | codes |
|---|---|
| missing layer | `DXF-LAYER-MISSING`, `DXF-LAYER-EMPTY`, `DXF-LAYER-NO-RING` |
| not closed | `DXF-NOT-CLOSED`, `DXF-OVERSHOOT`, `DXF-UNDERSHOOT`, `DXF-GAP-CLOSED` |
| overlaps, outside the plot | `DXF-OVERLAP`, `DXF-DUPLICATE`, `DXF-OUTSIDE-PLOT` |
| text without ring, ring without text, two labels | `DXF-TEXT-NO-RING`, `DXF-RING-NO-TEXT`, `DXF-TWO-LABELS` |
| edited dimension | `DXF-DIM-EDITED` |
| area declared, drawn, approved | `DXF-AREA-DECLARED`, `DXF-AREA-APPROVED`, `DXF-AREA-LABEL`, `IFC-AREA-DECLARED` |
| empty | `DXF-EMPTY-FILE`, `DXF-EMPTY`, `DXF-LAYER-EMPTY` |
| unsupported entities | `DXF-UNSUPPORTED`, `DXF-CUSTOM`, `DXF-SOLID` |
| unsupported files | `DXF-NOT-DXF`, `DWG-VERSION`, `DWG-ENCRYPTED`, `IFC-SCHEMA` |
| beyond a bound | `DXF-TOO-LARGE`, `DXF-TOO-MANY`, `DXF-TIME`, `DXF-BOUND`, `DWG-BOUND`, `IFC-BOUND` |
| not all measured in time | `DXF-MEASURES-BOUND` |
"""


class _Templates(RootModel[dict[str, Template]]):
    pass


@lru_cache
def templates() -> dict[str, Template]:
    """All templates by code.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(_Templates, CATALOGUE / "issues.yaml").root


def issue(
    code: str,
    *,
    handle: str | None = None,
    layer: str | None = None,
    at: tuple[float, float] | None = None,
    line: int | None = None,
    file: str | None = None,
    level: Level | None = None,
    **values: Any,
) -> Issue:
    """An issue of ``code`` with its template filled from ``values``."""
    template = templates()[code]
    handle, layer = _short(handle), _short(layer)
    values = {key: _short(value) if isinstance(value, str) else value for key, value in values.items()}
    values.setdefault("layer", layer)
    values.setdefault("line", line)
    return Issue(
        code=code,
        level=level or template.level,
        message=template.zh.format(**values),
        message_en=template.en.format(**values),
        remedy=template.remedy.format(**values),
        remedy_en=template.remedy_en.format(**values),
        handle=handle,
        layer=layer,
        at=(round(at[0], 6), round(at[1], 6)) if at is not None else None,
        line=line,
        file=file,
    )


def _short(text: str | None) -> str | None:
    """A name of the file as it can stand in a sentence: names of megabytes exist."""
    return text if text is None or len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def reference() -> str:
    """``docs/reference/drawing-codes.md``: every code with its level, place, message and remedy."""
    places = {
        "file": "文件 file",
        "line": "行 line",
        "layer": "图层 layer",
        "entity": "句柄、坐标 handle, at",
    }
    levels = {"error": "错误 error", "warning": "警告 warning", "info": "提示 info"}
    lines = [_HEAD, "| code | level | points at | message | remedy |", "|---|---|---|---|---|"]
    for code, known in templates().items():
        cells = (
            f"`{code}`",
            levels[known.level.value],
            places[known.place],
            f"{known.zh}<br>{known.en}",
            f"{known.remedy}<br>{known.remedy_en}",
        )
        lines.append("| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |")
    return "\n".join(lines) + "\n"


def quotable(said: object) -> str:
    """What a reader or a hostile file says, fit for a sentence: one line, printable, no braces, 160 characters."""
    text = " ".join(str(said).split()) or type(said).__name__
    return "".join(c if c.isprintable() else "�" for c in text)[:160].replace("{", "(").replace("}", ")")


class Collector:
    """Gathers issues in order; beyond ``limit`` of one code they are only counted.

    Args:
        file: named by every issue. parts: part of a layer → the layer of the file that issues name instead.
    """

    def __init__(self, limit: int, file: str | None = None, parts: Mapping[str, str] | None = None) -> None:
        self.limit = limit
        self.file = file
        self.parts = parts or {}
        self.items: list[Issue] = []
        self.counts: Counter[str] = Counter()

    def add(self, code: str, **values: Any) -> None:
        """Record one issue."""
        self.counts[code] += 1
        if self.counts[code] <= self.limit:
            if values.get("layer") in self.parts:
                values["layer"] = self.parts[values["layer"]]
            self.items.append(issue(code, file=self.file, **values))

    def full(self, code: str) -> bool:
        """True if further issues of a code are only counted, so that their details need not be worked out."""
        return self.counts[code] >= self.limit

    def more(self, code: str, count: int) -> None:
        """Count issues of a code whose details are not listed (:meth:`full`)."""
        self.counts[code] += count

    def finish(self) -> tuple[Issue, ...]:
        """All issues, errors first, with one line for each code that ran over."""
        order = {Level.ERROR: 0, Level.WARNING: 1, Level.INFO: 2}
        more = [
            issue(
                "DXF-MANY",
                file=self.file,
                level=templates()[code].level,
                count=count - self.limit,
                of=code,
            )
            for code, count in self.counts.items()
            if count > self.limit
        ]
        return tuple(sorted([*self.items, *more], key=lambda i: order[i.level]))


if __name__ == "__main__":
    (CATALOGUE.parents[1] / "docs" / "reference" / "drawing-codes.md").write_text(
        reference(), encoding="utf-8"
    )
