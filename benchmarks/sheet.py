"""The sheet viewer on a large drawing: first paint, and frame times while panning and zooming in Chromium.

    python benchmarks/sheet.py                    # 300,000 entities
    python benchmarks/sheet.py 50000 --json
    python benchmarks/sheet.py --keep shot.png    # and a picture of what was seen

The drawing is generated (by ``benchmarks/site_plan.py``), read and packed once, as handing it in does; that time is
printed by itself. Then a page with nothing but the viewer is opened over loopback. First paint runs from the viewer's
request for the sheet until its picture is on the canvas. Frame times are the distances of animation frames while the
mouse drags the sheet to and fro, turns the wheel, and drags again in the zoomed view. No graphics processor is used.

Exit code 1 if the first paint takes 2 s or more, or the 95th percentile of the frame times exceeds 50 ms.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.site_plan import generate
from drawings.cad import read
from drawings.drawing import DrawingModel, LayerUse
from drawings.sheets.sheet import build_sheet
from drawings.sheets.sheet_pack import pack

REPOSITORY = Path(__file__).resolve().parents[1]
FIRST_PAINT_S, FRAME_P95_MS = 2.0, 50.0
_PAGE = """<!doctype html><html lang="en"><link rel="stylesheet" href="/static/css/app.css">
<sheet-viewer src="/sheet.geojson" background="white"></sheet-viewer>
<script type="module" src="/static/js/sheet-viewer.js"></script></html>"""
_RECORD = """() => { window.frames_ = []; window.record_ = true; let last = performance.now();
  const step = (now) => {
    window.frames_.push(now - last); last = now;
    if (window.record_) requestAnimationFrame(step);
  };
  requestAnimationFrame(step); }"""


def prepare(count: int) -> tuple[bytes, dict[str, float]]:
    """The packed sheet of a generated drawing, and seconds of reading and packing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.dxf"
        generate(path, count)
        data = path.read_bytes()
    times: dict[str, float] = {"file_mb": len(data) / 1e6}
    began = time.perf_counter()
    cad = read(data, "sheet.dxf")
    times["read_s"] = time.perf_counter() - began
    layers = tuple(LayerUse(x.name, x.color, x.entities, None, x.visible) for x in cad.layers.values())
    model = DrawingModel(cad.name, cad.sha256, None, "unknown", {}, layers=layers)
    began = time.perf_counter()
    sheet = build_sheet(cad, model)
    packed = pack(sheet)
    times["pack_s"] = time.perf_counter() - began
    times |= {"items": len(sheet), "vertices": sheet.coords.size // 2, "packed_mb": len(packed) / 1e6}
    return packed, times


class _Handler(http.server.SimpleHTTPRequestHandler):
    """The page, the sheet and the static files."""

    def __init__(self, *args: Any, packed: bytes, **kwargs: Any) -> None:
        self.packed = packed
        super().__init__(*args, directory=str(REPOSITORY / "web"), **kwargs)

    def do_GET(self) -> None:
        if self.path == "/":
            self._send(_PAGE.encode(), "text/html; charset=utf-8")
        elif self.path == "/sheet.bin":
            self._send(self.packed, "application/octet-stream", {"content-encoding": "gzip"})
        else:
            super().do_GET()

    def _send(self, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for key, value in {"content-type": kind, "content-length": str(len(body)), **(more or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def measure(page: Page, address: str) -> dict[str, Any]:
    """Open the sheet and move about in it."""
    page.goto(address)
    page.wait_for_selector("sheet-viewer[ready]", timeout=60_000)
    stats = page.evaluate("document.querySelector('sheet-viewer').stats")
    box = page.locator("sheet-viewer canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    out: dict[str, Any] = {"stats_ms": stats}
    out["pan_whole"] = _frames(page, lambda: _drag(page, x, y))
    out["zoom"] = _frames(page, lambda: _wheel(page, x, y))
    out["pan_near"] = _frames(page, lambda: _drag(page, x, y))
    return out


def _drag(page: Page, x: float, y: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(120):
        page.mouse.move(x + 300 * ((step % 60) / 60 - 0.5), y + 150 * ((step % 40) / 40 - 0.5))
        page.wait_for_timeout(12)
    page.mouse.up()


def _wheel(page: Page, x: float, y: float) -> None:
    page.mouse.move(x, y)
    for step in range(60):
        page.mouse.wheel(0, -120 if step % 20 < 14 else 120)
        page.wait_for_timeout(20)


def _frames(page: Page, act: Any) -> dict[str, float]:
    page.evaluate(_RECORD)
    act()
    frames = page.evaluate("() => { window.record_ = false; return window.frames_; }")[1:]
    frames.sort()
    return {
        "frames": len(frames),
        "median_ms": statistics.median(frames),
        "p95_ms": frames[int(0.95 * (len(frames) - 1))],
        "worst_ms": frames[-1],
    }


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("entities", type=int, nargs="?", default=300_000)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--keep", type=Path, help="keep a picture of the sheet")
    given = parser.parse_args()
    packed, times = prepare(given.entities)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, packed=packed))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    chromium = (
        os.environ.get("PROJECT_BOX_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        found = measure(page, f"http://127.0.0.1:{server.server_port}/")
        if given.keep:
            page.screenshot(path=given.keep)
        browser.close()
    server.shutdown()
    moves = {k: found[k] for k in ("pan_whole", "zoom", "pan_near")}
    first = found["stats_ms"]["painted"] / 1000
    good = first < FIRST_PAINT_S and all(m["p95_ms"] <= FRAME_P95_MS for m in moves.values())
    if given.json:
        print(json.dumps({"entities": given.entities, "processing": times, **found, "ok": good}, indent=1))
        return 0 if good else 1
    print(f"{given.entities:,} entities, " + ", ".join(f"{k} {v:,.2f}" for k, v in times.items()))
    print("viewer, ms from request: " + ", ".join(f"{k} {v:.0f}" for k, v in found["stats_ms"].items()))
    print(f"first paint {first:.2f} s (goal < {FIRST_PAINT_S:g} s)")
    for name, m in moves.items():
        values = ", ".join(f"{k} {v:.1f}" for k, v in m.items())
        print(f"{name:10} {values}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
