"""Every coded issue a drawing can get: the texts are data (``catalogue/issues.yaml``), like a compiler's message table.

:func:`issue` fills a template; :class:`Collector` gathers issues and counts the ones beyond the limit per code.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel

from drawings.reading import CATALOGUE
from project_box.kernel.catalogue import parse
from project_box.kernel.finding import Issue, Level


class Template(BaseModel):
    """Level and texts of one code; ``{}`` fields are filled in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level
    zh: str
    en: str
    remedy: str = ""
    remedy_en: str = ""


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


def quotable(said: object) -> str:
    """What a reader or a hostile file says, fit for a sentence: one line, printable, no braces, 160 characters."""
    text = " ".join(str(said).split()) or type(said).__name__
    return "".join(c if c.isprintable() else "�" for c in text)[:160].replace("{", "(").replace("}", ")")


class Collector:
    """Gathers issues in order; beyond ``limit`` of one code they are only counted."""

    def __init__(self, limit: int, file: str | None = None) -> None:
        self.limit = limit
        self.file = file
        self.items: list[Issue] = []
        self.counts: Counter[str] = Counter()

    def add(self, code: str, **values: Any) -> None:
        """Record one issue."""
        self.counts[code] += 1
        if self.counts[code] <= self.limit:
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
