"""Layer catalogue: what a definition may say, and complaints with file and line."""

import shutil

import pytest

from gis.layers.layer import LayerCatalogue, Policy, layer_catalogue
from gis.rules import CATALOGUE
from project_box.kernel.errors import CatalogueError, NotFound

CODES = {
    "YJJBNT",
    "STBHHX",
    "CZKFBJ",
    "ZRBHD",
    "KG_DK",
    "DLHX",
    "LVX",
    "LX",
    "ZX",
    "HX",
    "GYZL",
    "JCJK",
    "DZZH",
    "YFK",
    "HLFX",
    "DZDL",
    "WWBH",
    "JKDD",
    "DXWW",
    "DLTB",
    "ZD",
    "LINDI",
    "YYSY",
    "GDBH",
    "STBC",
    "JZDJ",
    "QYPG",
}


def test_every_promised_layer_is_defined():
    layers = layer_catalogue().layers
    assert set(layers) >= CODES
    for definition in layers.values():
        assert definition.name and definition.name_en and definition.clause.text and definition.clause.text_en
        assert definition.policy is not Policy.CONSULT or definition.advice
    assert {c for c, d in layers.items() if d.policy is Policy.FORBID} == {
        "YJJBNT",
        "STBHHX",
        "ZRBHD",
        "DLHX",
        "LVX",
        "LX",
        "WWBH",
        "YYSY",
    }


def test_layers_stand_in_tree_order():
    families = [d.family for d in layer_catalogue().layers.values()]
    assert list(dict.fromkeys(families)) == [
        "baseline",
        "detailed",
        "lines",
        "safety",
        "heritage",
        "tenure",
        "valuation",
    ]


def test_codes_and_aliases():
    catalogue = layer_catalogue()
    assert catalogue.get("yjjbnttb").code == "YJJBNT"
    assert catalogue.get(" CSKFBJ ").code == "CZKFBJ"
    with pytest.raises(NotFound):
        catalogue.get("x'; DROP TABLE")


def test_field_names_are_mapped_by_alias_case_and_chinese_name():
    farmland = layer_catalogue().get("YJJBNT")
    assert farmland.rename(["tbbh", "地类名称", "XXX", "MJ", "YJJBNTMJ"]) == {
        "tbbh": "YJJBNTTBBH",
        "地类名称": "DLMC",
        "MJ": "MJ",
    }


def test_labels_and_classes():
    plots = layer_catalogue().get("KG_DK")
    assert plots.label_of({"DKBH": "A-1", "YDMC": None}) == "A-1"
    assert plots.class_of({"YDDM": "070102"}) == "07"
    assert plots.class_of({"YDDM": "24"}) is None
    grades = layer_catalogue().get("JZDJ")
    assert grades.label_of({"YT": "居住", "JB": 2.0}) == "居住2级"
    assert grades.class_of({"JB": 2.0}) == "2"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("policy: forbid", "policy: allow", "policy"),
        ("order: 30", "order: thirty", "order"),
        ('fill: "#9fd3f2"', "fill: blue", "symbol.fill"),
        ('label: "{MC}"', 'label: "{NAME}"', "label"),
        ("family: lines", "family: other", "family"),
        ("code: LX", "code: lx", "code"),
        ("code: LX", "code: QQ", "LX.yaml"),
        ("policy: forbid", "policy: height", "height"),
        ("name: 蓝线", "name: 蓝线\nname: 蓝", "duplicate"),
        ("order: 30", "order: 30\ncolour: red", "colour"),
    ],
)
def test_mistakes_name_the_file(tmp_path, old, new, what):
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    path = folder / "layers" / "LX.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError) as wrong:
        LayerCatalogue(folder)
    assert "LX" in str(wrong.value)
    assert what in str(wrong.value) or what in (wrong.value.place or "")


def test_a_new_layer_needs_one_file(tmp_path):
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE, folder)
    text = (folder / "layers" / "LVX.yaml").read_text(encoding="utf-8")
    new = folder / "layers" / "RAILWAY.yaml"
    new.write_text(text.replace("code: LVX", "code: RAILWAY\nbuffer_m: 30"), encoding="utf-8")
    catalogue = LayerCatalogue(folder)
    assert catalogue.get("railway").buffer_m == 30
    assert catalogue.tolerance(catalogue.get("railway")) == catalogue.families.touch_tolerance_m
