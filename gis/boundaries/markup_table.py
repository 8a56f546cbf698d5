"""Tables of points in markup: web pages and "Excel" files that are HTML or Excel 2003 XML under the ending ``.xls``."""

from __future__ import annotations

from html.parser import HTMLParser

from gis.boundaries.angles import Row, joined_columns
from gis.boundaries.text import half_width

_ROW = ("tr", "row")
_CELL = ("td", "th", "cell")
_WIDEST = 60


class _Tables(HTMLParser):
    """Collects the cells of all rows; merged cells count as many, the later ones empty."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._cells: list[str] | None = None
        self._text: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = tag.rpartition(":")[2]
        if name in _ROW:
            self._cells = []
        elif name in _CELL and self._cells is not None:
            values = dict(attrs)
            place = (
                _whole(values.get("ss:index")) - 1
            )  # Excel leaves out empty cells and says where the next stands
            self._cells += [""] * min(max(place - len(self._cells), 0), _WIDEST)
            self._span = _whole(values.get("colspan")) or _whole(values.get("ss:mergeacross")) + 1
            self._text = []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in _CELL and self._cells is not None and self._text is not None:
            text = half_width(" ".join("".join(self._text).split())).strip()
            self._cells += [text, *[""] * (min(self._span, _WIDEST) - 1)]
            self._text = None
        elif name in _ROW and self._cells is not None:
            if any(self._cells):
                self.rows.append((self.getpos()[0], self._cells))
            self._cells = None


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 0


def rows_of_markup(text: str) -> list[Row]:
    """Rows of the tables in HTML or Excel 2003 XML, with the line each ends in; empty when there are none."""
    parser = _Tables()
    parser.feed(text)
    parser.close()
    return joined_columns(parser.rows)
