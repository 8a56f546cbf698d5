// Paints a sheet away from the page's thread: takes {load: buffer} once, then {draw: request}, answers {bitmap, request, ms}.
// request: view {x, y, scale} (middle in drawing units, device pixels per unit), width, height (device pixels), black,
// shown (by layer), rough (a first sight of a large sheet: specks for what is tiny, corners left out).
import { Raster } from "./raster.js";
import { arc, DOT, FILLED, Sheet } from "./pack.js";

const FILL_SHARE = 41; // of 256
const SMALLEST_TEXT = 3, READABLE_TEXT = 6; // pixels
let sheet = null, raster = null, canvas = null, context = null;

self.addEventListener("message", ({ data }) => {
  if (data.load) { sheet = new Sheet(data.load); return; }
  if (!sheet) return;
  const began = performance.now();
  const bitmap = paint(data.draw);
  self.postMessage({ bitmap, request: data.draw, ms: performance.now() - began }, [bitmap]);
});

function paint(request) {
  const { width, height } = request;
  if (!canvas || canvas.width !== width || canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height);
    context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    raster = new Raster(width, height);
  }
  raster.clear(request.black ? 0x000000 : 0xffffff);
  shapes(request);
  context.putImageData(raster.image, 0, 0);
  letters(request);
  return canvas.transferToImageBitmap();
}

const shades = new Map();

// the colour as it can be read on this ground: on white, the light colours of a black screen are darkened
function shade(color, black) {
  const key = color + (black ? 0x1000000 : 0);
  let found = shades.get(key);
  if (found === undefined) {
    let r = color >> 16, g = (color >> 8) & 255, b = color & 255;
    const light = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    if (black && color === 0) r = g = b = 255;
    else if (!black && color === 0xffffff) r = g = b = 0;
    else if (!black && light >= 0.62) [r, g, b] = [r, g, b].map((c) => Math.round((c * 0.55) / light));
    found = (b << 16) | (g << 8) | r;
    shades.set(key, found);
  }
  return found;
}

function windowOf({ view, width, height }) {
  const { x, y, scale } = view, w = width / 2 / scale, h = height / 2 / scale;
  return [x - w, y - h, x + w, y + h];
}

function shapes(request) {
  const { view: { x, y, scale }, width, height, black, shown } = request;
  const { box, coords, bulge, part_start: starts, item_part: parts, flags, layer, color } = sheet;
  const [left, low, right, high] = windowOf(request), cx = width / 2 - x * scale, cy = height / 2 + y * scale;
  const skip = request.rough ? 3 : 0.4, speck = request.rough ? 4 : 1; // pixels
  for (let i = 0, b = 0; i < sheet.firstText; i++, b += 4) {
    if (box[b] > right || box[b + 2] < left || box[b + 1] > high || box[b + 3] < low || !shown[layer[i]]) continue;
    const tint = shade(color[i], black);
    if ((box[b + 2] - box[b] + box[b + 3] - box[b + 1]) * scale < speck && !(flags[i] & DOT)) { raster.dot(cx + box[b] * scale, cy - box[b + 1] * scale, tint, 128); continue; }
    if (flags[i] & DOT) { cross(cx + box[b] * scale, cy - box[b + 1] * scale, tint); continue; }
    if (flags[i] & FILLED) { raster.fill(rings(i, cx, cy, scale), tint, FILL_SHARE); continue; }
    for (let p = parts[i]; p < parts[i + 1]; p++) {
      let v = starts[p];
      const last = starts[p + 1] - 1;
      let ax = cx + coords[2 * v] * scale, ay = cy - coords[2 * v + 1] * scale;
      for (; v < last; v++) {
        const bx = cx + coords[2 * v + 2] * scale, by = cy - coords[2 * v + 3] * scale;
        if (bulge[v]) arc(ax, ay, bx, by, -bulge[v], stepOf(bx - ax, by - ay, bulge[v]), (px, py) => { raster.line(ax, ay, px, py, tint); ax = px; ay = py; });
        else if (Math.abs(bx - ax) + Math.abs(by - ay) < skip && v < last - 1) continue;
        raster.line(ax, ay, bx, by, tint);
        ax = bx; ay = by;
      }
    }
  }
}

// chords of an arc leave it by a fifth of a pixel at most (y points down on the picture, hence the sign above)
function stepOf(dx, dy, bulge) {
  const radius = (Math.hypot(dx, dy) * (1 + bulge * bulge)) / (4 * Math.abs(bulge));
  return 2 * Math.acos(Math.max(0, 1 - 0.2 / Math.max(radius, 0.2)));
}

function cross(px, py, tint) { raster.line(px - 3, py, px + 3, py, tint); raster.line(px, py - 3, px, py + 3, tint); }

function rings(i, cx, cy, scale) {
  const out = [];
  for (const [first, end] of sheet.parts(i)) {
    const ring = [];
    for (const [x, y] of sheet.points(first, end)) ring.push(cx + x * scale, cy - y * scale);
    out.push(ring);
  }
  return out;
}

function letters(request) {
  const { view: { x, y, scale }, width, height, black, shown } = request;
  const { box, layer, color, coords } = sheet, [left, low, right, high] = windowOf(request);
  const families = '"Noto Sans CJK SC", "Noto Sans SC", sans-serif';
  let font = "";
  for (let i = sheet.firstText, k = 0, b = 4 * i; i < sheet.size; i++, k++, b += 4) {
    const size = sheet.height[k] * scale;
    if (size < SMALLEST_TEXT || box[b] > right || box[b + 2] < left || box[b + 1] > high || box[b + 3] < low || !shown[layer[i]]) continue;
    const v = 2 * sheet.part_start[sheet.item_part[i]], px = width / 2 + (coords[v] - x) * scale, py = height / 2 - (coords[v + 1] - y) * scale;
    const tint = shade(color[i], black), lines = sheet.texts[k].split("\n"), block = sheet.head.kinds[sheet.kind[i]] === "MTEXT";
    context.setTransform(1, 0, 0, 1, px, py);
    if (sheet.rotation[k]) context.rotate((-sheet.rotation[k] * Math.PI) / 180);
    context.fillStyle = `rgb(${tint & 255} ${(tint >> 8) & 255} ${tint >> 16})`;
    if (size < READABLE_TEXT) { // a grey bar where nothing can be read yet
      context.globalAlpha = 0.35;
      lines.forEach((line, n) => context.fillRect(0, (block ? n * 1.35 : n * 1.35 - 0.8) * size, line.length * size * 0.7, size * 0.6));
      context.globalAlpha = 1;
      continue;
    }
    const wanted = `${Math.round(size * 2) / 2}px ${families}`;
    if (wanted !== font) { context.font = wanted; font = wanted; }
    context.textBaseline = block ? "top" : "alphabetic";
    lines.forEach((line, n) => context.fillText(line, 0, n * size * 1.35));
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
}
