"""The text of a CQL2 filter (OGC 21-065) as a tree: CQL2 JSON, whichever language it was written in."""

from __future__ import annotations

import json
import re
from typing import Any

import cql2

from project_box.kernel.errors import BadInput

#: limits of one filter; the parser below recurses, and so does the database's
MAX_CHARACTERS, MAX_NESTING, MAX_NODES = 10_000, 40, 1_000
#: names of the languages; ``cql-text`` is what drafts of the standard and GDAL call the first
LANGUAGES = ("cql2-text", "cql2-json", "cql-text")
PLACE = "filter"


def refuse(zh: str, en: str, remedy: str = "", remedy_en: str = "") -> BadInput:
    """The error of a filter that cannot be used."""
    return BadInput(
        f"筛选条件有误：{zh}",
        f"filter: {en}",
        code="filter_invalid",
        place=PLACE,
        remedy=remedy,
        remedy_en=remedy_en,
    )


def parse(written: str, language: str) -> Any:
    """The tree (CQL2 JSON) of a filter in ``cql2-text`` or ``cql2-json``.

    Raises:
        BadInput: too long or deep, or not CQL2; names the spot.
    """
    if len(written) > MAX_CHARACTERS:
        raise refuse(f"超过 {MAX_CHARACTERS} 个字符", f"longer than {MAX_CHARACTERS} characters")
    if language not in LANGUAGES:
        raise BadInput(
            f"不支持筛选语言 {language[:40]}", f"unknown filter-lang {language[:40]}",
            code="filter_lang", place="filter-lang", remedy="使用 cql2-text 或 cql2-json",
            remedy_en="use cql2-text or cql2-json",
        )  # fmt: skip
    if language == "cql2-json":
        try:
            return json.loads(written)
        except (ValueError, RecursionError) as error:
            raise refuse("不是有效的 JSON", "not JSON") from error
    if language == "cql-text":
        written = _ILIKE.sub(_casei, written)
    if _nesting(written) > MAX_NESTING:
        raise refuse(f"括号嵌套超过 {MAX_NESTING} 层", f"nested deeper than {MAX_NESTING}")
    try:
        return cql2.parse_text(written).to_json()
    except RecursionError as error:
        raise refuse("过于复杂", "too complex") from error
    except (cql2.ParseError, ValueError) as error:
        spot = str(error).split("\n")[0].replace("-->", "").strip()[:40]
        raise refuse(
            f"不符合 CQL2 语法（位置 {spot}）" if spot else "不符合 CQL2 语法",
            f"not CQL2 text: {error}"[:400],
            "文本用单引号，字段名不加引号或加双引号，例如 MJ > 1000 AND DKBH LIKE 'A%'",
            "texts in single quotes, names in double quotes or none, as MJ > 1000 AND DKBH LIKE 'A%'",
        ) from error


#: what only drafts have, ``name ILIKE 'pattern'``, or a text
_ILIKE = re.compile(
    r"""(?P<name>"(?:[^"]|"")*"|\w+)\s+ILIKE\s+(?P<pattern>'(?:[^']|'')*')|'(?:[^']|'')*'""", re.IGNORECASE
)


def _casei(found: re.Match[str]) -> str:
    """The same as the standard has it; texts stay as they are."""
    if found["name"] is None:
        return found[0]
    return f"CASEI({found['name']}) LIKE CASEI({found['pattern']})"


def _nesting(written: str) -> int:
    """How deep parentheses nest, and how many prefix operators could stand in a row."""
    depth = deepest = 0
    for character in written:
        depth += (character in "([") - (character in ")]")
        deepest = max(deepest, depth)
    run = longest = 0
    for word in written.lower().replace("(", " ").replace("-", " - ").replace("+", " + ").split():
        run = run + 1 if word in ("not", "-", "+") else 0
        longest = max(longest, run)
    return max(deepest, longest)
