"""Run by the system's Python with PyQGIS: load layers from the map services as a person would, style and draw them.

Usage: render.py TASK, a JSON file: {"base", "user", "password", "folder", "layers": [{"code", "public", "count", "sld",
"fill", "classes": {class: colour}}], "files": [{"path", "area"}], "drawn": code}. Prints one JSON document with
"faults": what is not as it should be.
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
    """Load everything, report."""
    task = json.loads(Path(sys.argv[1]).read_text())
    core: Any = importlib.import_module("qgis.core")
    application = core.QgsApplication([], False)
    application.initQgis()
    faults: list[str] = []
    report: dict[str, Any] = {"qgis": core.Qgis.QGIS_VERSION, "layers": {}, "faults": faults}
    try:
        for wanted in task["layers"]:
            report["layers"][wanted["code"]] = features_of(core, task, wanted, faults)
        for file in task["files"]:
            file_of(core, file, faults)
        report["pictures"] = pictures(core, task, faults)
    finally:
        print(json.dumps(report, ensure_ascii=False))
        sys.stdout.flush()
    os._exit(1 if faults else 0)  # Qt's own end takes its time without a screen


def opened(core: Any, task: dict[str, Any], code: str, *, signed_in: bool) -> Any:
    """A layer of the feature service."""
    account = f" username='{task['user']}' password='{task['password']}'" if signed_in else ""
    return core.QgsVectorLayer(f"url='{task['base']}/ogc' typename='{code}'{account}", code, "OAPIF")


def features_of(core: Any, task: dict[str, Any], wanted: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    """Read a layer, count it, and see whether its style gives every class its colour."""
    code = wanted["code"]
    if not wanted["public"] and opened(core, task, code, signed_in=False).isValid():
        faults.append(f"{code} opens without sign-in")
    layer = opened(core, task, code, signed_in=not wanted["public"])
    if not layer.isValid():
        faults.append(f"{code} does not open")
        return {}
    features = list(layer.getFeatures())
    if not layer.featureCount() == len(features) == wanted["count"]:
        faults.append(
            f"{code}: {layer.featureCount()} counted, {len(features)} read, {wanted['count']} there"
        )
    message, styled = layer.loadSldStyle(wanted["sld"])
    if not styled:
        faults.append(f"{code}: style refused: {message}")
        return {}
    renderer, context = layer.renderer().clone(), core.QgsRenderContext()
    renderer.startRender(context, layer.fields())
    seen: dict[str, str] = {}
    for feature in features:
        key = feature.attribute("class")
        key = key if isinstance(key, str) else ""
        context.expressionContext().setFeature(feature)
        colours = {
            part.fillColor().name()
            for symbol in renderer.symbolsForFeature(feature, context)
            for part in symbol.symbolLayers()
            if part.layerType() == "SimpleFill"
        }
        meant = wanted["classes"].get(key, wanted["fill"]).lower()
        if meant not in colours:
            faults.append(f"{code} {feature.id()} of class {key!r} is drawn {sorted(colours)}, not {meant}")
            break
        seen[key] = meant
    renderer.stopRender(context)
    return {"read": len(features), "crs": layer.crs().authid(), "classes": seen, "renderer": renderer.type()}


def file_of(core: Any, file: dict[str, Any], faults: list[str]) -> None:
    """A boundary the platform has exported has its area."""
    layer = core.QgsVectorLayer(file["path"], "boundary", "ogr")
    shapes = [f.geometry() for f in layer.getFeatures()] if layer.isValid() else []
    areas = sorted((core.QgsGeometry.polygonize([s]) if s.type() == 1 else s).area() for s in shapes)
    area = (
        areas[-1] - sum(areas[:-1]) if areas else 0.0
    )  # a drawing holds outlines: the site's, and its holes'
    if abs(area - file["area"]) > 0.01:
        faults.append(f"{file['path']}: {area} ㎡ instead of {file['area']}")


def pictures(core: Any, task: dict[str, Any], faults: list[str]) -> dict[str, int]:
    """One layer drawn from its features and from its tiles; how many colours each picture has."""
    code = task["drawn"]
    features = opened(core, task, code, signed_in=False)
    features.loadSldStyle(next(w["sld"] for w in task["layers"] if w["code"] == code))
    uri = core.QgsDataSourceUri()
    address = f"{task['base']}/ogc/collections/{code}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    for name, value in (("type", "xyz"), ("url", address), ("zmin", "0"), ("zmax", "18")):
        uri.setParam(name, value)
    tiles = core.QgsVectorTileLayer(bytes(uri.encodedUri()).decode(), "tiles")
    found = {}
    for name, layer in (("features", features), ("tiles", tiles)):
        found[name] = (
            draw(core, layer, features, f"{task['folder']}/map-{name}.png") if layer.isValid() else 0
        )
        if found[name] <= 3:
            faults.append(f"the picture of {name} is empty")
    return found


def draw(core: Any, layer: Any, features: Any, path: str) -> int:
    """Render one layer in Web Mercator over the extent of the features; says how many colours came out."""
    gui: Any = importlib.import_module("qgis.PyQt.QtGui")
    qt: Any = importlib.import_module("qgis.PyQt.QtCore")
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
    return len({image.pixel(x, y) for x in range(0, 900, 5) for y in range(0, 700, 5)})


if __name__ == "__main__":
    sys.exit(main())
