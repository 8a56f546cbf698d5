"""Run by the system's Python with PyQGIS: load layers from the map services as a person would, and render a picture.

Usage: render.py BASE LAYER SLD USER PASSWORD PICTURE. Prints one JSON document; ends with 1 when something
did not load.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def main() -> int:
    """Load, render, report."""
    base, code, sld, user, password, picture = sys.argv[1:]
    core: Any = importlib.import_module("qgis.core")
    gui: Any = importlib.import_module("qgis.PyQt.QtGui")
    qt: Any = importlib.import_module("qgis.PyQt.QtCore")
    application = core.QgsApplication([], False)
    application.initQgis()
    report: dict[str, Any] = {"qgis": core.Qgis.QGIS_VERSION}
    try:
        features = core.QgsVectorLayer(
            f"url='{base}/ogc' typename='{code}' restrictToRequestBBOX='1'", code, "OAPIF"
        )
        message, styled = features.loadSldStyle(sld) if features.isValid() else ("", False)
        names = [f.attribute("label") for f in features.getFeatures()] if features.isValid() else []
        report["features"] = {
            "valid": features.isValid(), "count": features.featureCount(), "read": len(names),
            "crs": features.crs().authid(), "sld": bool(styled), "sld_message": message,
            "renderer": features.renderer().type() if features.isValid() else None,
            "label": names[0] if names else None,
        }  # fmt: skip
        own = core.QgsVectorLayer(
            f"url='{base}/ogc' typename='ZD' username='{user}' password='{password}'", "ZD", "OAPIF"
        )
        report["signed_in"] = {"valid": own.isValid(), "count": own.featureCount()}
        address = f"{base}/ogc/collections/{code}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
        uri = core.QgsDataSourceUri()
        uri.setParam("type", "xyz")
        uri.setParam("url", address)
        uri.setParam("zmin", "0")
        uri.setParam("zmax", "18")
        tiles = core.QgsVectorTileLayer(bytes(uri.encodedUri()).decode(), "tiles")
        report["tiles"] = {"valid": tiles.isValid()}
        report["pictures"] = {
            name: draw(core, gui, qt, layer, features, picture.replace(".png", f"-{name}.png"))
            for name, layer in (("features", features), ("tiles", tiles))
            if layer.isValid() and features.isValid()
        }
    finally:
        print(json.dumps(report, ensure_ascii=False))
        sys.stdout.flush()
    good = (
        report["features"]["valid"] and report["features"]["sld"] and report["signed_in"]["valid"]
        and report["tiles"]["valid"] and all(p["colours"] > 3 for p in report["pictures"].values())
    )  # fmt: skip
    os._exit(0 if good else 1)  # Qt's own end takes its time without a screen


def draw(core: Any, gui: Any, qt: Any, layer: Any, features: Any, path: str) -> dict[str, Any]:
    """Render one layer in Web Mercator over the extent of the features; says how many colours came out."""
    settings = core.QgsMapSettings()
    target = core.QgsCoordinateReferenceSystem("EPSG:3857")
    move = core.QgsCoordinateTransform(features.crs(), target, core.QgsProject.instance())
    settings.setDestinationCrs(target)
    settings.setExtent(move.transformBoundingBox(features.extent()))
    settings.setOutputSize(qt.QSize(900, 700))
    settings.setBackgroundColor(gui.QColor(255, 255, 255))
    settings.setLayers([layer])
    job = core.QgsMapRendererParallelJob(settings)
    loop = qt.QEventLoop()
    job.finished.connect(loop.quit)
    job.start()
    loop.exec_()
    image = job.renderedImage()
    image.save(path)
    colours = {image.pixel(x, y) for x in range(0, 900, 5) for y in range(0, 700, 5)}
    return {"path": path, "colours": len(colours), "bytes": Path(path).stat().st_size}


if __name__ == "__main__":
    sys.exit(main())
