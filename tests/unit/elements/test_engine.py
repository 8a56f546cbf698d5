"""The engine: what it finds at load, how it evaluates, what it refuses."""

from __future__ import annotations

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from elements.engine.engine import CATALOGUE_DIR, Catalogue, evaluate, explain, load_catalogue, read_inputs
from elements.engine.values import ElementValue
from project_box.kernel.errors import BadInput, CatalogueError, NotFound
from project_box.kernel.finding import EntityRef, Outcome
from project_box.kernel.plain import canonical_json

AT = dt.date(2026, 6, 3)
HEAD = "class: X\nclass_name: 试\nbusiness: trial\nname: 试\nname_en: trial\nelements:\n"
PLACE = "  - {code: JURISDICTION, name: 地, name_en: place, kind: 基础, type: text, source: form, unsourced: 试}\n"
A = "  - {code: A, name: 甲, name_en: a, kind: 基础, unit: m, precision: 2, source: form, clause: 试}\n"


def made(tmp_path: Path, elements: str, **tables: str) -> Catalogue:
    """A catalogue of one business and the given tables."""
    folder = tmp_path / "catalogue"
    (folder / "x").mkdir(parents=True)
    (folder / "tariffs").mkdir()
    (folder / "x" / "trial.yaml").write_text(HEAD + PLACE + elements, encoding="utf-8")
    shutil.copy(CATALOGUE_DIR / "tariffs" / "jurisdictions.yaml", folder / "tariffs" / "jurisdictions.yaml")
    for name, text in tables.items():
        (folder / "tariffs" / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    return load_catalogue(folder)


def computed(code: str, formula: str, extra: str = "") -> str:
    names = f"code: {code}, name: {code}, name_en: {code}, kind: 指标, unit: m, precision: 2"
    return f'  - {{{names}, formula: "{formula}", clause: 试{extra}}}\n'


@pytest.mark.parametrize(
    ("elements", "words", "line"),
    [
        (computed("X", "X2 + 1"), "X2", 8),
        (computed("X", "Y + 1") + computed("Y", "X + 1"), "循环", 8),
        (A + A, "重复", 9),
        (computed("X", "1 +"), "编译", 8),
        (computed("X", "open('/etc/passwd')"), "open", 8),
        (A + computed("X", "A + 'x'"), "类型不符", 9),
        (
            "  - {code: X, name: x, name_en: x, kind: 指标, unit: m, function: no.such, clause: 试}\n",
            "no.such",
            8,
        ),
        (
            "  - {code: X, name: x, name_en: x, kind: 指标, function: sum, args: {rows: JURISDICTION}, clause: 试}\n",
            "参数",
            8,
        ),
        (
            "  - {code: X, name: x, name_en: x, kind: 指标, source: tariff, tariff: {table: nope}, clause: 试}\n",
            "nope",
            8,
        ),
        ("  - {code: X, name: x, name_en: x, kind: 指标, unit: m, formula: '1'}\n", "clause", 8),
        (
            "  - {code: X, name: x, name_en: x, kind: 指标, unit: m, formula: '1', clause: 试, evidence: R}\n",
            "recalled",
            8,
        ),
        (
            "  - {code: X, name: x, name_en: x, kind: 结论, type: outcome, formula: 'true', clause: 试}\n",
            "text",
            8,
        ),
        (
            "  - {code: X, name: x, name_en: x, kind: 指标, unit: m, formula: '1', clause: 试, colour: red}\n",
            "colour",
            8,
        ),
        (computed("X", "1", ", carry: rounded").replace("precision: 2, ", ""), "precision", 8),
    ],
)
def test_faults_are_found_at_load_with_file_and_line(
    tmp_path: Path, elements: str, words: str, line: int
) -> None:
    with pytest.raises(CatalogueError) as found:
        made(tmp_path, elements)
    assert words in found.value.zh + found.value.en
    assert f"trial.yaml:{line}" in (found.value.place or ""), found.value.en


TABLE = """code: rate
name: 费率
name_en: rate
unit: 元
keys: []
columns: [value]
editions:
  - jurisdiction: 全国
    doc_no: 甲号
    valid_from: 2020-01-01
    valid_to: 2024-12-31
    verified: true
    evidence: S
    rows: [{value: 1}]
  - {jurisdiction: 全国, doc_no: 乙号, valid_from: 2025-01-01, verified: false, evidence: R, rows: [{value: 2}]}
"""
RATE = "  - {code: R, name: 率, name_en: r, kind: 指标, unit: 元, source: tariff, tariff: {table: rate}, clause: 试}\n"


def at(catalogue: Catalogue, day: str, *codes: str, **raw: object) -> dict[str, object]:
    date = dt.date.fromisoformat(day)
    values = read_inputs(catalogue, {"JURISDICTION": "全国", **raw}, date)
    return {c: e.value for c, e in evaluate(catalogue, values, date, codes).elements.items()}


def test_tariffs_are_dated(tmp_path: Path) -> None:
    catalogue = made(tmp_path, RATE, rate=TABLE)
    assert at(catalogue, "2024-12-31", "R")["R"] == 1
    assert at(catalogue, "2025-01-01", "R")["R"] == 2
    values = read_inputs(catalogue, {"JURISDICTION": "全国"}, dt.date(2019, 1, 1))
    before = evaluate(catalogue, values, dt.date(2019, 1, 1), ["R"])["R"]
    assert before.value is None
    assert "2019-01-01" in before.missing[0].reason
    now = evaluate(catalogue, read_inputs(catalogue, {"JURISDICTION": "全国"}, AT), AT, ["R"])["R"]
    assert now.verified is False
    assert now.documents == ("乙号(全国)",)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    valid_to: 2024-12-31\n", "", "重叠"),
        ("valid_to: 2024-12-31", "valid_to: 2019-12-31", "valid_to"),
        ("verified: false, evidence: R", "verified: true, evidence: R", "recalled"),
        ("jurisdiction: 全国, doc_no: 乙号", "jurisdiction: 火星, doc_no: 乙号", "火星"),
        ("rows: [{value: 2}]", "rows: [{price: 2}]", "row fields"),
        ("code: rate", "code: other", "文件名"),
        ("evidence: R", "evidence: X", "evidence"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(CatalogueError) as found:
        made(tmp_path, RATE, rate=TABLE.replace(old, new))
    assert words in found.value.zh + found.value.en
    assert "rate.yaml:" in (found.value.place or "")


def test_definitions_are_dated(tmp_path: Path) -> None:
    catalogue = made(
        tmp_path,
        A
        + computed("X", "A * 2", ", valid_to: 2025-12-31")
        + computed("X", "A * 3", ", valid_from: 2026-01-01"),
    )
    assert at(catalogue, "2025-12-31", "X", A=1)["X"] == 2
    assert at(catalogue, "2026-01-01", "X", A=1)["X"] == 3


def test_rounding_is_carried_only_where_it_says_so(tmp_path: Path) -> None:
    catalogue = made(
        tmp_path,
        A
        + computed("X", "A / 3")
        + computed("Y", "A / 3", ", carry: rounded")
        + computed("X3", "X * 3")
        + computed("Y3", "Y * 3"),
    )
    found = at(catalogue, "2026-01-01", "X3", "Y3", A=1)
    assert abs(Decimal(str(found["X3"])) - 1) < Decimal("1e-20")
    assert found["Y3"] == Decimal("0.99")


def test_missing_inputs_are_named_through_the_chain(tmp_path: Path) -> None:
    catalogue = made(tmp_path, A + computed("X", "A + 1") + computed("Y", "X * 2"))
    evaluation = evaluate(catalogue, {}, AT, ["Y"])
    found = evaluation["Y"]
    assert found.value is None
    assert found.display == "无法判定"
    assert [m.code for m in found.missing] == ["A"]


def test_division_by_zero_is_undecided(tmp_path: Path) -> None:
    catalogue = made(tmp_path, A + computed("X", "1 / A"))
    assert at(catalogue, "2026-01-01", "X", A=0)["X"] is None


def test_conclusions(tmp_path: Path) -> None:
    text = "text: {pass: '甲 {A} 好', fail: '甲 {A} 坏'}"
    catalogue = made(
        tmp_path,
        A
        + f"  - {{code: J, name: j, name_en: j, kind: 结论, type: outcome, formula: 'A <= 2', {text}, clause: 试}}\n",
    )
    for value, outcome, sentence in (
        (2, Outcome.PASS, "甲 2.00m 好"),
        ("2.0001", Outcome.FAIL, "甲 2.00m 坏"),
    ):
        found = evaluate(catalogue, read_inputs(catalogue, {"A": value}, AT), AT, ["J"])["J"]
        assert (found.outcome, found.text) == (outcome, sentence)
    open_ = evaluate(catalogue, {}, AT, ["J"])["J"]
    assert open_.outcome is Outcome.UNDECIDED
    assert "甲" in open_.text


def test_evidence_comes_up_the_tree(tmp_path: Path) -> None:
    catalogue = made(tmp_path, A + computed("X", "A + 1"))
    ref = EntityRef("f" * 64, "2F", "L")
    evaluation = evaluate(catalogue, {"A": ElementValue("A", Decimal(1), "m", (ref,), "drawing")}, AT, ["X"])
    assert evaluation["X"].evidence == (ref,)
    tree = explain(evaluation, "X")
    assert tree["inputs"][0]["entities"] == [{"file": "f" * 64, "handle": "2F", "layer": "L"}]
    assert tree["substituted"] == "1 + 1"
    with pytest.raises(NotFound):
        explain(evaluation, "NOPE")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"A": "3亩"}, "单位"),
        ({"A": "3㎡"}, "单位"),
        ({"A": "drei"}, "不是数值"),
        ({"A": True}, "应为数值"),
        ({"A": float("nan")}, "数值"),
        ({"A": "1e400"}, "数值"),
        ({"X": 1}, "由系统计算"),
        ({"B": 1}, "没有要素"),
        ({"A": ""}, "不是数值"),
        ({"A": "1,2,3.4.5"}, "数值"),
    ],
)
def test_unusable_inputs_are_refused(tmp_path: Path, raw: dict[str, object], words: str) -> None:
    catalogue = made(tmp_path, A + computed("X", "A + 1"))
    with pytest.raises(BadInput, match=r".") as found:
        read_inputs(catalogue, raw, AT)
    assert words in found.value.zh


def test_units_may_be_written(tmp_path: Path) -> None:
    catalogue = made(tmp_path, A + computed("X", "A + 1"))
    for raw in ("3", "3m", "3 米", " 3.0 m ", 3, 3.0, "+3"):
        assert read_inputs(catalogue, {"甲": raw}, AT)["A"].value == 3
    with pytest.raises(BadInput, match="unit"):
        evaluate(catalogue, {"A": ElementValue("A", Decimal(1), "km")}, AT)


def test_same_inputs_same_bytes_and_rule_version() -> None:
    catalogue = load_catalogue()
    inputs = {"JURISDICTION": "全国", "HT_PRICE": "120000000"}
    runs = [
        canonical_json(evaluate(catalogue, read_inputs(catalogue, inputs, AT), AT, ["YHS"]).elements)
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(catalogue.version) == 16


def test_rule_version_changes_with_a_rate(tmp_path: Path) -> None:
    one = made(tmp_path / "a", RATE, rate=TABLE)
    two = made(tmp_path / "b", RATE, rate=TABLE.replace("{value: 2}", "{value: 3}"))
    assert one.version != two.version


def test_fast_enough() -> None:
    import time

    catalogue = load_catalogue()
    inputs = {
        "LP_USAGE": "居住用地",
        "LP_LEVEL": "二级",
        "LP_FAR": 2,
        "LP_TERM": 70,
        "LP_DATE": "2026-06-03",
        "LP_AREA": 1000,
    }
    values = read_inputs(catalogue, {"JURISDICTION": "样例新区", **inputs}, AT)
    codes = catalogue.codes_of("land-price", AT)
    evaluate(catalogue, values, AT, codes)
    started = time.perf_counter()
    for _ in range(20):
        evaluate(catalogue, values, AT, codes)
    assert (time.perf_counter() - started) / 20 < 0.05
