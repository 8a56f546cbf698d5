"""What drawings of several countries write: numbers, keys, labels without a key, storeys in titles."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings.interpreting.measures import measures
from drawings.standards.languages import languages
from drawings.standards.multiplicity import floors_of_title, ground_floors, is_roof
from drawings.standards.standards import AttributeRule, Phrase
from drawings.standards.vocabulary import Vocabulary, vocabulary
from tests.unit.drawings.build import X, Y, box, codes, model_of, new, text


@pytest.mark.parametrize(
    ("written", "unit", "number"),
    [
        ("1.230,00 m²", "㎡", 1230.0),
        ("6 300,00 кв.м", "㎡", 6300.0),
        ("mq 901,50", "㎡", 901.5),
        ("0,76 m2/m2", "", 0.76),
        ("18 flats", "层", None),
        ("18 flats", "户", 18.0),
        ("1,200.00㎡", "㎡", 1200.0),
        ("1,200", "㎡", 1200.0),
        ("1.234.567", "㎡", 1234567.0),
        ("28,5 м", "m", 28.5),
        ("12,5", "m", 12.5),
        ("33'-6\"", "m", 10.2108),
        ("48'-0\"", "m", 14.6304),
        ("6'", "m", 1.8288),
        ("5' 7 1/2\"", "m", 1.7145),
        ("2400 SQFT", "㎡", 222.967296),
        ("2400 sq. ft.", "㎡", 222.967296),
        ("121평", "㎡", 400.000000004),
        ("100坪", "㎡", 330.5785124),
        ("0,5 га", "㎡", 5000.0),
        ("1 230 qm", "㎡", 1230.0),
        ("15,9%", "%", 15.9),
        ("3층", "层", 3.0),
        ("60辆", "个", 60.0),
        ("12 m²", "m", None),
        ("3 1/2 m", "m", None),
        ("м", "m", None),
    ],
)
def test_numbers_of_many_countries(written: str, unit: str, number: float | None) -> None:
    assert vocabulary().number(written, unit) == number


def test_a_word_of_a_language_with_a_decimal_comma_tells_how_its_number_is_meant() -> None:
    assert vocabulary().pairs("Grundstücksfläche: 1.230 m²")[0] == {"申报用地面积": ["1230 m2"]}
    assert vocabulary().pairs("HOEHE=9.5")[0] == {"建筑高度": ["9.5"]}
    assert vocabulary().pairs("FH 9,80 m")[0] == {"屋脊高度": ["9.80 m"]}
    assert vocabulary().pairs("site area: 1.230 m²")[0] == {"申报用地面积": ["1.230 m2"]}


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("6F", {"层数": "6"}),
        ("18F/-2F", {"层数": "18", "地下层数": "2"}),
        ("地上11层 地下2层", {"层数": "11", "地下层数": "2"}),
        ("十二层", {"层数": "12"}),
        ("Maison R+1", {"层数": "2"}),
        ("4 storeys, 18 flats", {"层数": "4"}),
        ("STILT + GROUND FLOOR + FIRST FLOOR", {"层数": "3"}),
        ("2 BASEMENTS + GROUND FLOOR + 12 FLOORS", {"层数": "13", "地下层数": "2"}),
        ("KG + EG + 1.OG + 2.OG + DG", {"层数": "3", "地下层数": "1"}),
        ("KG + EG + 5 OG", {"层数": "6", "地下层数": "1"}),
        ("Подвал + 3 этажа", {"层数": "3", "地下层数": "1"}),
        ("2층 + 다락", {"层数": "2"}),
        ("5F(局部6F)", {"层数": "5", "局部层数": "6"}),
        ("33层/H=99.8m", {"层数": "33", "建筑高度": "99.8m"}),
        ("1#楼 住宅 18F", {"楼号": "1#楼", "用途": "住宅", "层数": "18"}),
        ("101동", {"楼号": "101동"}),
        ("지상12층/지하2층", {"层数": "12", "地下层数": "2"}),
        ("9-ти этажный жилой дом", {"层数": "9"}),
        ("5 эт.", {"层数": "5"}),
        ("9КЖ", {"层数": "9"}),
        ("II+D", {"层数": "2"}),
        ("III", {"层数": "3"}),
        ("VIII", {"层数": "8"}),
        ("G+2", {"层数": "3"}),
        ("B+G+4", {"层数": "5", "地下层数": "1"}),
        ("TWO STOREY", {"层数": "2"}),
        ("12-story", {"层数": "12"}),
        ("Haus A", {"楼号": "Haus A"}),
        ("3階建", {"层数": "3"}),
        ("住宅", {}),  # a use alone says nothing of the building around it
        ("11+1F", {"层数": "12", "顶部加层": "1"}),
        ("1#楼(回迁房) 6F+1F/-1F", {"楼号": "1#楼", "层数": "7", "顶部加层": "1", "地下层数": "1"}),
        ("Жилой дом поз. 2", {"楼号": "поз. 2"}),
        ("Neubau MFH II+D+K", {"层数": "2"}),
        ("A-3#楼(18F/-2F)", {"楼号": "A-3#楼", "层数": "18", "地下层数": "2"}),
        ("Block A - 4 storeys", {"楼号": "Block A", "层数": "4"}),
        ("地上五層地下一層", {"层数": "5", "地下层数": "1"}),
        ("I", {}),  # believed only in a drawing that speaks German
        ("2ND FLOOR", {}),
        ("客厅", {}),
        ("18", {}),
        ("±0.000", {}),
        ("3Fl", {}),
        ("", {}),
    ],
)
def test_labels(label: str, said: dict[str, str]) -> None:
    assert vocabulary().labels(label) == said


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30))
def test_any_text_is_read_without_a_fault(written: str) -> None:
    words = vocabulary()
    pairs, rest = words.pairs(written)
    assert all(key and values for key, values in pairs.items()) and isinstance(rest, str)
    assert all(
        key in ("楼号", "层数", "地下层数", "局部层数", "建筑高度", "用途") for key in words.labels(written)
    )
    assert words.number(written, "m") is None or words.number(written, "m") == pytest.approx(
        words.number(written, "m")
    )


@pytest.mark.parametrize(
    ("title", "floors"),
    [
        ("1층 평면도", "1"),
        ("2~4층 바닥면적", "2-4"),
        ("지하1층 평면도", "-1"),
        ("План 2-9 этажей", "2-9"),
        ("План 1-го этажа", "1"),
        ("EG", "1"),
        ("Grundriss 1. OG", "2"),
        ("2.-4. OG", "3-5"),
        ("KG", "-1"),
        ("GROUND FLOOR PLAN", "1"),
        ("BASEMENT", "-1"),
        ("LEVEL 3", "3"),
        ("2階平面図", "2"),
        ("Wohnen", None),
    ],
)
def test_storeys_in_titles(title: str, floors: str | None) -> None:
    assert floors_of_title(title) == floors


def test_first_floor_lies_above_a_ground_floor() -> None:
    assert floors_of_title("FIRST FLOOR PLAN") == "1"
    assert floors_of_title("FIRST FLOOR PLAN", ground=True) == "2"
    assert is_roof("ROOF PLAN") and is_roof("DG") and is_roof("屋面层") and not is_roof("EG")


def test_own_words_of_a_standard_go_first() -> None:
    rule = AttributeRule(
        order=("text",),
        xdata_app="X",
        spellings={"建筑高度": ("OKH",), "层数": ("H",)},
        phrases=(Phrase(text="Attika {女儿墙顶高度} m"), Phrase(regex=r"W(?P<户数>\d+)")),
        decimal="comma",
    )
    words = Vocabulary(rule)
    assert words.pairs("OKH=9,5")[0] == {"建筑高度": ["9.5"]}
    assert words.pairs("H=3")[0] == {"层数": ["3"]}
    assert words.labels("Attika 10,25 m") == {"女儿墙顶高度": "10,25"}
    assert words.number("10,25", "m") == 10.25
    assert words.number("1.250", "㎡") == 1250.0
    assert words.labels("W12") == {"户数": "12"}


def test_words_that_cannot_be_meant_are_refused() -> None:
    refused: tuple[dict[str, object], ...] = (
        {"spellings": {"身高": ("H",)}},
        {"phrases": ({"regex": "(?P<身高>.)"},)},
        {"phrases": ({"regex": "("},)},
        {"phrases": ({"text": "{身高}"},)},
        {"phrases": ({},)},
        {"decimal": "semicolon"},
    )
    for wrong in refused:
        with pytest.raises(ValueError, match=r"."):
            AttributeRule.model_validate({"order": ["text"], "xdata_app": "X", **wrong})


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("GRZ vorh.", "建筑密度"), ("F.A.R. ACHIEVED", "容积率"), ("Процент застройки проектируемый", "建筑密度"),
        ("계획 건폐율", "建筑密度"), ("計画建蔽率", "建筑密度"), ("CES projet", "建筑密度"), ("건 폐 율", "建筑密度"),
        ("Superficie de la parcela", "申报用地面积"), ("OCUPACION", "建筑密度"), ("TOTAL HT OF BLDG", "建筑高度"),
        ("max. GRZ", None), ("GRZ zul.", None), ("F.A.R. PERMISSIBLE", None), ("процент застройки, не более", None),
        ("법정 건폐율", None), ("指定建蔽率", None), ("CES maximum", None), ("Ocupación máxima", None),
    ],
)  # fmt: skip
def test_a_limit_is_no_figure_of_the_project(name: str, key: str | None) -> None:
    assert (vocabulary().key(name) if vocabulary().knows(name) else None) == key
    assert key is not None or vocabulary().pairs(f"{name} = 0,35") == ({}, f"{name} = 0,35")


@pytest.mark.parametrize(
    ("title", "floors"),
    [
        ("RZUT I PIĘTRA", "2"), ("RZUT KONDYGNACJI POWTARZALNEJ (PIĘTRO 2-4)", "3-5"), ("RZUT PIWNIC", "-1"),
        ("Niveau 0 - RDC", "1"), ("Niveaux 2 à 4", "3-5"), ("PLANTA TIPO (1ª A 4ª)", "2-5"), ("地階平面図", "-1"),
        ("PIANTA PIANO TIPO (2°-4°)", "3-5"), ("THIRD THRU FIFTH FLOOR PLAN", "3-5"), ("SUBSUELO", "-1"),
        ("План 2-го и 4-го этажей", "2,4"), ("План 2...9 этажа", "2-9"),
        ("FIRST AND THIRD FLOOR PLAN", "1,3"), ("Plan 1er et 3e étages", "2,4"), ("1.OG bis 4.OG", "2-5"),
        ("3e t/m 6e verdieping", "4-7"), ("Plan R+1 à R+4", "2-5"), ("PLANTAS 2ª Y 4ª", "3,5"),
        ("B2F PLAN (지하2층)", "-2"), ("2F~4F PLAN (2층~4층)", "2-4"), ("Tầng 2 đến tầng 5", "2-5"),
        ("Kellergeschoss / UG", "-1"), ("2. bzw. 5 e 3. OG", None),
    ],
)  # fmt: skip
def test_storeys_in_titles_of_many_languages(title: str, floors: str | None) -> None:
    assert floors_of_title(title) == floors


def test_the_ground_floor_over_stilts_is_the_second_storey() -> None:
    texts = ["STILT FLOOR PLAN", "GROUND FLOOR PLAN", "1ST TO 3RD FLOOR PLAN"]
    below = ground_floors(texts)
    assert [floors_of_title(t, ground=below) for t in texts] == ["1", "2", "3-5"]
    assert ground_floors(["STILT+GF+FF"]) == 1 and ground_floors(["FIRST FLOOR"]) == 0


def test_no_spelling_means_two_things_within_a_language() -> None:
    for name, language in languages().items():
        seen: dict[str, str] = {}
        for key, spellings in language.spellings.items():
            for spelling in spellings:
                plain = "".join(spelling.split()).upper()
                assert seen.setdefault(plain, key) == key, f"{name}: {spelling}"


def test_a_word_of_several_languages_means_what_it_does_in_the_drawings_own() -> None:
    said = {code: Vocabulary(None, partial(frozenset, {code})).key("COS") for code in ("fr", "es")}
    assert said == {"fr": "容积率", "es": "建筑密度"}


def test_labels_on_any_layer_belong_to_the_smallest_building_around_them() -> None:
    doc = new()
    box(doc, "A-REDL", X, Y, 100, 80)
    box(doc, "A-MAST-ROOF", X + 10, Y + 10, 60, 40)  # podium
    box(doc, "A-MAST-ROOF", X + 20, Y + 20, 20, 15)  # tower on it
    text(doc, "PUB_TEXT", "3F", X + 60, Y + 15)
    text(doc, "PUB_TEXT", "1#楼", X + 62, Y + 12)
    text(doc, "PUB_TEXT", "18F", X + 25, Y + 25)
    text(doc, "PUB_TEXT", "2#楼", X + 25, Y + 30)
    box(doc, "A-MAST-BASE", X + 5, Y + 5, 90, 60)
    text(doc, "PUB_TEXT", "地下2层", X + 80, Y + 55)
    model = model_of(doc, standard="a-total-plan")
    said = {s.attributes.get("楼号"): s.attributes.get("层数") for s in model.by_role("outline")}
    assert said == {"1#楼": 3.0, "2#楼": 18.0}
    assert model.by_role("basement")[0].attributes["地下层数"] == 2.0
    rows = {r["label"]: r["floor_area_m2"] for r in measures(model)["estimate"]["buildings"]}
    assert rows == {"1#楼": 2400 * 3, "2#楼": 300 * 15}


def test_two_labels_are_told_and_neither_is_taken() -> None:
    doc = new()
    box(doc, "用地红线", X, Y, 100, 80)
    box(doc, "建筑轮廓", X + 10, Y + 10, 60, 40)
    text(doc, "文字", "6F", X + 20, Y + 15)
    text(doc, "文字", "11F", X + 40, Y + 15)
    model = model_of(doc)
    assert "层数" not in model.by_role("outline")[0].attributes
    assert "DXF-TWO-LABELS" in codes(model)
    found = measures(model)["estimate"]
    assert found["above_m2"] is None and found["coverage_m2"] == 2400
    assert any("没有注明层数" in m["zh"] for m in found["missing"])


def test_what_the_ring_says_itself_goes_before_a_label() -> None:
    doc = new()
    box(doc, "用地红线", X, Y, 100, 80)
    box(doc, "建筑轮廓", X + 10, Y + 10, 60, 40)
    text(doc, "建筑轮廓", "层数=7", X + 20, Y + 15)
    text(doc, "文字", "6F", X + 20, Y + 20)
    assert model_of(doc).by_role("outline")[0].attributes["层数"] == 7.0
