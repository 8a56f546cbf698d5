"""What is wrong with a catalogue is found when it loads, with a code, file and line: one broken catalogue per fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from elements.engine.engine import CATALOGUE_DIR, Catalogue, load_catalogue
from project_box.kernel.errors import CatalogueError

HEAD = """class: trial
class_name: 试
business: trial
name: 试
name_en: trial
elements:
  - {code: JURISDICTION, name: 地, name_en: place, kind: 基础, type: text, source: form, unsourced: 试}
  - {code: LENGTH, name: 长, name_en: length, kind: 基础, unit: m, precision: 2, source: form, clause: 试}
  - {code: WIDTH, name: 宽, name_en: width, kind: 基础, unit: m, precision: 2, source: form, clause: 试}
  - {code: AREA, name: 面积, name_en: area, kind: 指标, unit: ㎡, precision: 2, formula: LENGTH * WIDTH, clause: 试}
  - code: JL_AREA
    name: 面积够
    name_en: large enough
    kind: 结论
    type: outcome
    formula: AREA >= 100
    text: {pass: 面积 {AREA}。, fail: 面积只有 {AREA}。}
    clause: 试
""".replace(
    "{pass: 面积 {AREA}。, fail: 面积只有 {AREA}。}", '{pass: "面积 {AREA}。", fail: "面积只有 {AREA}。"}'
)
EMPTY_TABLE = (
    "code: nothing\nname: 空表\nname_en: nothing\nunit: m\nkeys: []\ncolumns: [value]\neditions: []\n"
)
INDICATOR = "  - {code: X, name: x, name_en: x, kind: 指标, unit: m, clause: 试, "


def load(tmp_path: Path, text: str) -> Catalogue:
    folder = tmp_path / "catalogue"
    (folder / "trial").mkdir(parents=True)
    (folder / "tariffs").mkdir()
    (folder / "trial" / "trial.yaml").write_text(text, encoding="utf-8")
    (folder / "tariffs" / "nothing.yaml").write_text(EMPTY_TABLE, encoding="utf-8")
    shutil.copy(CATALOGUE_DIR / "tariffs" / "jurisdictions.yaml", folder / "tariffs")
    return load_catalogue(folder)


def test_the_catalogue_they_are_made_from_is_sound(tmp_path: Path) -> None:
    assert load(tmp_path, HEAD).version


BROKEN = {
    "cycle": (
        HEAD.replace("LENGTH * WIDTH", "LENGTH * WIDTH * X") + INDICATOR + "formula: AREA * 2}\n",
        "cycle",
    ),
    "cycle with itself": (HEAD.replace("LENGTH * WIDTH", "LENGTH * WIDTH + AREA"), "cycle"),
    "unknown name in a formula": (HEAD.replace("LENGTH * WIDTH", "LENGTH * BREADTH"), "unknown_name"),
    "unknown name in a sentence": (HEAD.replace("只有 {AREA}", "只有 {ARREA}"), "unknown_name"),
    "unknown name in uses": (
        HEAD.replace("name_en: trial\n", "name_en: trial\nuses: [NOPE]\n"),
        "unknown_name",
    ),
    "unknown table": (HEAD + INDICATOR + "source: tariff, tariff: {table: nope}}\n", "unknown_name"),
    "unknown function": (HEAD + INDICATOR + "function: no.such, args: {}}\n", "unknown_name"),
    "argument that is none": (HEAD + INDICATOR + "function: sum, args: {row: AREA}}\n", "bad_arguments"),
    "dead input": (HEAD.replace("LENGTH * WIDTH", "LENGTH * 2"), "dead_input"),
    "element twice": (
        HEAD
        + "  - {code: AREA, name: 又, name_en: again, kind: 指标, unit: ㎡, formula: LENGTH, clause: 试}\n",
        "duplicate_element",
    ),
    "indicator without unit": (HEAD.replace("unit: ㎡, ", ""), "missing_unit"),
    "input without unit": (
        HEAD.replace("unit: m, precision: 2, source: form", "source: form", 1),
        "missing_unit",
    ),
    "unit of a pure number": (HEAD.replace("unit: ㎡, ", "unit: ㎡, dimensionless: true, "), "missing_unit"),
    "conclusion on an empty table": (
        HEAD.replace("AREA >= 100", "AREA >= X") + INDICATOR + "source: tariff, tariff: {table: nothing}}\n",
        "unreachable_conclusion",
    ),
    "conclusion on no data": (
        HEAD.replace("AREA >= 100", "2 >= 1").replace("{AREA}", "{limit}"),
        "unreachable_conclusion",
    ),
    "formula outside the language": (HEAD.replace("LENGTH * WIDTH", "LENGTH.__class__"), "bad_formula"),
    "operands that do not fit": (HEAD.replace("LENGTH * WIDTH", "LENGTH * WIDTH * 'x'"), "bad_formula"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_is_found_with_its_code_file_and_line(tmp_path: Path, fault: str) -> None:
    text, code = BROKEN[fault]
    with pytest.raises(CatalogueError) as found:
        load(tmp_path, text)
    assert found.value.code == code, found.value.en
    place, _, line = (found.value.place or "").rpartition(":")
    assert place.endswith("trial/trial.yaml")
    assert 1 <= int(line) <= text.count("\n")
    assert found.value.zh


def test_the_line_is_that_of_the_element(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as found:
        load(tmp_path, BROKEN["dead input"][0])
    assert (found.value.place or "").endswith("trial.yaml:9")
    assert "WIDTH" in found.value.zh
    assert found.value.remedy


def test_a_pure_number_says_so(tmp_path: Path) -> None:
    text = HEAD.replace("unit: ㎡, ", "dimensionless: true, ")
    assert load(tmp_path, text).version != load(tmp_path / "other", HEAD).version


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", "duplicate key"),
        ("a: [1, 2\nb: 3\n", ""),
        ("a: &x [*x]\n", "inside itself"),
        ("a: 2026-02-30\n", ""),
        ("? [1, 2]\n: 3\n", "plain value"),
        ("a: " + "[" * 400 + "]" * 400, "nested"),
        ("a: !!python/object/apply:os.system ['true']\n", ""),
        ("a: \x07\n", ""),
    ],
)
def test_files_that_are_no_catalogue(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CatalogueError) as found:
        load(tmp_path, text)
    assert "trial.yaml" in (found.value.place or "")
    assert words in found.value.en
