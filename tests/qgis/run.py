"""`make test-qgis`: the sample city behind a server of its own, and QGIS without a screen as its client.

QGIS opens every plan layer (the public ones without sign-in, the others with a name and a password), counts it, and
draws it by the exported SLD: every legend class must get its colour. It reads exported boundaries, and its own program
computes a buffer of one.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import pyogrio
import shapely

from gis.boundaries.export import export_boundary
from gis.layers.layer import layer_catalogue
from tests.conftest import TEST_VAR, fresh_city
from tests.own_server import own_server

REPOSITORY = Path(__file__).resolve().parents[2]
#: layer that is drawn as a picture, and who signs in
DRAWN, USER, PASSWORD = "KG_DK", "developer", "demo-developer"
SITE = shapely.Polygon(
    [(440000, 3120000), (440180, 3120010), (440200, 3120150), (440000, 3120140)],
    [[(440050, 3120050), (440050, 3120080), (440090, 3120080), (440090, 3120050)]],
)
_BUFFER_M = 20


def fetched(address: str) -> bytes:
    """What the platform answers to the person who signs in."""
    word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(address, headers={"authorization": f"Basic {word}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def layers(base: str, folder: Path) -> list[dict[str, Any]]:
    """Every plan layer that has data: how many features it holds, its style as exported, its legend."""
    catalogue, found = layer_catalogue().layers, []
    for entry in json.loads(fetched(f"{base}/ogc/collections"))["collections"]:
        definition = catalogue.get(entry["id"])
        if definition is None:
            continue
        items = json.loads(fetched(f"{base}/ogc/collections/{definition.code}/items?limit=1"))
        style = folder / f"{definition.code}.sld"
        style.write_bytes(fetched_style(base, definition.code))
        classes = definition.classes.values if definition.classes else {}
        found.append(
            {
                "code": definition.code, "public": definition.public, "count": items["numberMatched"],
                "sld": str(style), "fill": definition.symbol.fill,
                "classes": {key: value.fill for key, value in classes.items()},
            }
        )  # fmt: skip
    return found


def fetched_style(base: str, code: str) -> bytes:
    """The SLD of a layer, by the address the how-to gives."""
    body = json.dumps({"username": USER, "password": PASSWORD}).encode()
    sign_in = urllib.request.Request(f"{base}/api/v1/session", body, {"content-type": "application/json"})
    with urllib.request.urlopen(sign_in, timeout=60) as answer:
        token = json.load(answer)["token"]
    request = urllib.request.Request(
        f"{base}/api/v1/layers/{code}/sld?version=1.1.0", headers={"authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def exports(folder: Path) -> list[dict[str, Any]]:
    """A boundary with a hole, as the platform exports it."""
    found = []
    for form in ("gpkg", "dxf"):
        written = export_boundary(SITE, 4547, form, name="QGIS", code="Q-1")
        path = folder / f"site.{written.extension.lstrip('.')}"
        path.write_bytes(written.data)
        found.append({"path": str(path), "area": SITE.area})
    return found


def buffered(source: str, folder: Path, environment: dict[str, str]) -> str | None:
    """What is wrong with a buffer that QGIS's own program computes; None when it is right."""
    program = shutil.which("qgis_process.bin") or shutil.which(
        "qgis_process"
    )  # Debian's script of this name fails
    assert program is not None
    target = folder / "buffer.gpkg"
    target.unlink(missing_ok=True)
    done = subprocess.run(
        [program, "run", "native:buffer", "--", f"INPUT={source}", f"DISTANCE={_BUFFER_M}", "SEGMENTS=16",
         "DISSOLVE=false", f"OUTPUT={target}"],
        env=environment, timeout=300, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode or not target.exists():
        return f"{Path(program).name} failed: {(done.stderr or done.stdout)[-400:]}"
    area = float(pyogrio.read_dataframe(target).area.sum())
    meant = SITE.buffer(_BUFFER_M, quad_segs=16).area
    return None if abs(area - meant) < 0.01 * meant else f"a buffer of {area} ㎡ instead of {meant}"


def main() -> int:
    """Serve, let QGIS read, style and draw; 1 when something is not as it should be."""
    folder = TEST_VAR / "qgis"
    folder.mkdir(parents=True, exist_ok=True)
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = {
        **os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(runtime),
    }  # fmt: skip
    with fresh_city() as database, own_server(database.url) as base:
        task = {
            "base": base, "user": USER, "password": PASSWORD, "folder": str(folder), "drawn": DRAWN,
            "layers": layers(base, folder), "files": exports(folder),
        }  # fmt: skip
        (folder / "task.json").write_text(json.dumps(task))
        done = subprocess.run(
            ["/usr/bin/python3", REPOSITORY / "tests" / "qgis" / "render.py", folder / "task.json"],
            env=environment, timeout=600, check=False, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    wrong = buffered(task["files"][0]["path"], folder, environment)
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1]) if done.stdout.strip() else {}
    faults = told.get("faults", ["QGIS ended without a report"]) + ([wrong] if wrong else [])
    for code, facts in told.get("layers", {}).items():
        print(
            f"{code:8} {facts.get('read', 0):6} features, {len(facts.get('classes', {})):3} legend classes seen"
        )
    for fault in faults:
        print(f"wrong: {fault}")
    print(
        f"QGIS {told.get('qgis', '?')}: {'all as it should be' if not faults else 'not all as it should be'}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
