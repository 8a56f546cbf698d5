"""A layer's symbols as OGC SLD 1.0.0 or 1.1.0 (SE), from the same YAML the map draws by.

One rule a legend class, the longest prefix first as on the map: a class whose key begins with another's is taken out of
the shorter one's filter. Hatching is a ``GraphicFill`` of lines over the fill. Sizes in pixels, opacities 0 to 1.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Literal

from gis.layers.layer import LayerDefinition, Symbol

Version = Literal["1.0.0", "1.1.0"]

_SLD, _OGC, _SE = "http://www.opengis.net/sld", "http://www.opengis.net/ogc", "http://www.opengis.net/se"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
#: distance of hatching lines in pixels, as on the map
_HATCH_PX = 8
#: the mark QGIS writes and reads for hatching lines, and how far (degrees) each set of lines is turned
_HATCH_MARK = "horline"
_HATCH_TURNS = {"diagonal": (45,), "cross": (45, 135)}


def document(definition: LayerDefinition, version: Version = "1.0.0") -> bytes:
    """The SLD as UTF-8 XML."""
    for prefix, uri in (("sld", _SLD), ("ogc", _OGC), ("se", _SE), ("xsi", _XSI)):
        ET.register_namespace(prefix, uri)
    return _Writer(definition, version).bytes()


class _Writer:
    """Writes one layer; ``style`` is the namespace of style elements (SLD itself in 1.0.0, SE in 1.1.0)."""

    def __init__(self, definition: LayerDefinition, version: Version) -> None:
        self.definition = definition
        self.version = version
        self.style = _SLD if version == "1.0.0" else _SE
        self.parameter = "CssParameter" if version == "1.0.0" else "SvgParameter"

    def bytes(self) -> bytes:
        definition = self.definition
        root = ET.Element(f"{{{_SLD}}}StyledLayerDescriptor", {"version": self.version})
        root.set(
            f"{{{_XSI}}}schemaLocation",
            f"{_SLD} http://schemas.opengis.net/sld/{self.version}/StyledLayerDescriptor.xsd",
        )
        layer = ET.SubElement(root, f"{{{_SLD}}}NamedLayer")
        self._say(layer, "Name", definition.code)
        user = ET.SubElement(layer, f"{{{_SLD}}}UserStyle")
        self._say(user, "Name", definition.code)
        self._title(user, definition.name, definition.clause.text)
        feature = ET.SubElement(user, f"{{{self.style}}}FeatureTypeStyle")
        for key in sorted(definition.classes.values if definition.classes else (), key=lambda k: (len(k), k)):
            self._class_rule(feature, key)
        self._other_rule(feature)
        ET.indent(root)
        return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True))

    def _class_rule(self, parent: ET.Element, key: str) -> None:
        classes = self.definition.classes
        assert classes is not None
        rule = ET.SubElement(parent, f"{{{self.style}}}Rule")
        self._say(rule, "Name", key)
        self._title(rule, f"{key} {classes.values[key].name}", classes.values[key].name_en)
        longer = sorted(k for k in classes.values if k != key and k.startswith(key))
        inner = ET.SubElement(rule, f"{{{_OGC}}}Filter")
        if longer:
            inner = ET.SubElement(inner, f"{{{_OGC}}}And")
        self._begins(inner, key)
        if longer:
            self._none_of(inner, longer)
        self._symbols(rule, classes.values[key].fill)

    def _other_rule(self, parent: ET.Element) -> None:
        """What belongs to no class."""
        rule = ET.SubElement(parent, f"{{{self.style}}}Rule")
        definition = self.definition
        self._say(rule, "Name", definition.code if definition.classes is None else "other")
        self._title(rule, definition.name if definition.classes is None else "其他", definition.name_en)
        if definition.classes is not None:
            ET.SubElement(rule, f"{{{self.style}}}ElseFilter")
        self._symbols(rule, definition.symbol.fill)

    def _begins(self, parent: ET.Element, key: str) -> None:
        assert self.definition.classes is not None
        escape = "escape" if self.version == "1.0.0" else "escapeChar"
        like = ET.SubElement(
            parent, f"{{{_OGC}}}PropertyIsLike", {"wildCard": "*", "singleChar": "?", escape: "!"}
        )
        ET.SubElement(like, f"{{{_OGC}}}PropertyName").text = self.definition.classes.field
        plain = "".join(f"!{c}" if c in "*?!" else c for c in key)
        ET.SubElement(like, f"{{{_OGC}}}Literal").text = f"{plain}*"

    def _none_of(self, parent: ET.Element, keys: list[str]) -> None:
        outer = ET.SubElement(parent, f"{{{_OGC}}}Not")
        if len(keys) > 1:
            outer = ET.SubElement(outer, f"{{{_OGC}}}Or")
        for key in keys:
            self._begins(outer, key)

    def _symbols(self, rule: ET.Element, fill: str) -> None:
        symbol = self.definition.symbol
        area = ET.SubElement(rule, f"{{{self.style}}}PolygonSymbolizer")
        filled = ET.SubElement(area, f"{{{self.style}}}Fill")
        self._set(filled, "fill", fill)
        self._set(filled, "fill-opacity", f"{symbol.opacity:g}")
        self._stroke(area, symbol)
        for turn in _HATCH_TURNS[symbol.hatch] if symbol.hatch is not None else ():
            self._hatch(ET.SubElement(rule, f"{{{self.style}}}PolygonSymbolizer"), symbol, turn)

    def _stroke(self, parent: ET.Element, symbol: Symbol) -> None:
        stroke = ET.SubElement(parent, f"{{{self.style}}}Stroke")
        self._set(stroke, "stroke", symbol.stroke)
        self._set(stroke, "stroke-width", f"{symbol.width:g}")
        if symbol.dash:
            self._set(stroke, "stroke-dasharray", " ".join(f"{d:g}" for d in symbol.dash))

    def _hatch(self, parent: ET.Element, symbol: Symbol, turn: int) -> None:
        fill = ET.SubElement(parent, f"{{{self.style}}}Fill")
        graphic = ET.SubElement(
            ET.SubElement(fill, f"{{{self.style}}}GraphicFill"), f"{{{self.style}}}Graphic"
        )
        mark = ET.SubElement(graphic, f"{{{self.style}}}Mark")
        self._say(mark, "WellKnownName", _HATCH_MARK)
        line = ET.SubElement(mark, f"{{{self.style}}}Stroke")
        self._set(line, "stroke", symbol.stroke)
        self._set(line, "stroke-width", "0.8")
        self._say(graphic, "Size", str(_HATCH_PX))
        rotation = ET.SubElement(graphic, f"{{{self.style}}}Rotation")
        ET.SubElement(rotation, f"{{{_OGC}}}Literal").text = str(turn)

    def _say(self, parent: ET.Element, name: str, text: str) -> None:
        top = parent.tag.rpartition("}")[2] in ("NamedLayer", "UserStyle")
        space = self.style if not top or self.version == "1.1.0" else _SLD
        ET.SubElement(parent, f"{{{space}}}{name}").text = text

    def _title(self, parent: ET.Element, title: str, abstract: str) -> None:
        if self.version == "1.0.0":
            self._say(parent, "Title", title)
            self._say(parent, "Abstract", abstract)
            return
        description = ET.SubElement(parent, f"{{{_SE}}}Description")
        ET.SubElement(description, f"{{{_SE}}}Title").text = title
        ET.SubElement(description, f"{{{_SE}}}Abstract").text = abstract

    def _set(self, parent: ET.Element, name: str, value: str) -> None:
        ET.SubElement(parent, f"{{{self.style}}}{self.parameter}", {"name": name}).text = value
