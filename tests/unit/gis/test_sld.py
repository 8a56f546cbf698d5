"""SLD of every layer: well-formed, in the schema's order, one rule a class, the colours of the legend."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from gis.layers import sld
from gis.layers.layer import layer_catalogue

SLD, SE, OGC = "{http://www.opengis.net/sld}", "{http://www.opengis.net/se}", "{http://www.opengis.net/ogc}"
#: order of a Rule's children in both versions of the standard
ORDER = ["Name", "Title", "Description", "Abstract", "Filter", "ElseFilter", "PolygonSymbolizer"]


def rules(code, version="1.0.0"):
    root = ET.fromstring(sld.document(layer_catalogue().get(code), version))
    return list(root.iter(f"{SLD if version == '1.0.0' else SE}Rule"))


def fills(rule):
    return [p.text for p in rule.iter() if p.get("name") == "fill"]


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize("code", sorted(layer_catalogue().layers))
def test_every_layer(code, version):
    definition = layer_catalogue().get(code)
    data = sld.document(definition, version)
    root = ET.fromstring(data)
    assert root.tag == f"{SLD}StyledLayerDescriptor" and root.get("version") == version
    found = rules(code, version)
    classes = definition.classes.values if definition.classes else {}
    assert len(found) == len(classes) + 1
    assert {f for r in found for f in fills(r)} == {definition.symbol.fill} | {
        c.fill for c in classes.values()
    }
    for rule in found:
        names = [child.tag.rpartition("}")[2] for child in rule]
        assert names == sorted(names, key=ORDER.index)
        hatched = {None: 0, "diagonal": 1, "cross": 2}[definition.symbol.hatch]
        assert names.count("PolygonSymbolizer") == 1 + hatched
        assert bool(list(rule.iter(f"{SLD if version == '1.0.0' else SE}GraphicFill"))) == bool(
            definition.symbol.hatch
        )


def test_a_longer_key_is_taken_out_of_the_shorter_ones_filter():
    grown = layer_catalogue().get("KG_DK")
    values = dict(grown.classes.values) | {
        "0701": grown.classes.values["07"].model_copy(update={"fill": "#010203"})
    }
    definition = grown.model_copy(update={"classes": grown.classes.model_copy(update={"values": values})})
    root = ET.fromstring(sld.document(definition))
    rule = next(r for r in root.iter(f"{SLD}Rule") if r.findtext(f"{SLD}Name") == "07")
    without = rule.find(f"{OGC}Filter/{OGC}And/{OGC}Not/{OGC}PropertyIsLike/{OGC}Literal")
    assert without is not None and without.text == "0701*"


def test_dashes_and_units():
    rule = rules("CZKFBJ")[0]
    values = {p.get("name"): p.text for p in rule.iter() if p.get("name")}
    assert values["stroke-dasharray"] == "10 4" and values["stroke-width"] == "2.2"
