// What lies over the sheet: map, differences, lit entities, marks, the mark being drawn, the scale.
// Every function takes the viewer, whose context is in CSS pixels.

const INK = { added: "#1d6b3a", removed: "#c8161d", moved: "#c26a00", turned: "#c26a00", mirrored: "#c26a00", reshaped: "#c26a00", attribute: "#1f6fb2" };
const SIGN = { added: "+", removed: "−", moved: "→", turned: "↻", mirrored: "⇋", reshaped: "◇", attribute: "≠" };

function trace(viewer, points, closed, c = viewer.context) {
  points.forEach(([x, y], i) => { const [px, py] = viewer.toScreen(x, y); if (i) c.lineTo(px, py); else c.moveTo(px, py); });
  if (closed) c.closePath();
}

function traceItem(viewer, i) {
  const c = viewer.context;
  for (const [first, end] of viewer.sheet.parts(i)) {
    const points = viewer.sheet.points(first, end);
    if (points.length > 1) { trace(viewer, points); continue; }
    const [px, py] = viewer.toScreen(...points[0]);
    c.moveTo(px + 8, py); c.arc(px, py, 8, 0, 7);
  }
}

// parts and box of a GeoJSON geometry
export function shapeOf(geometry) {
  const lines = [], points = [];
  const take = (g) => {
    const k = g.coordinates;
    if (g.type === "Point") points.push(k);
    else if (g.type === "MultiPoint") points.push(...k);
    else if (g.type === "LineString") lines.push(k);
    else if (g.type === "MultiLineString" || g.type === "Polygon") lines.push(...k);
    else if (g.type === "MultiPolygon") k.forEach((p) => lines.push(...p));
    else (g.geometries || []).forEach(take);
  };
  take(geometry);
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (const [x, y] of [...lines.flat(), ...points]) { if (x < x0) x0 = x; if (x > x1) x1 = x; if (y < y0) y0 = y; if (y > y1) y1 = y; }
  return { lines, points, ring: geometry.type.includes("Polygon"), box: [x0, y0, x1, y1] };
}

// plan layers below the drawing: as the drawing's ground is opaque they are multiplied onto it (on black: screened)
const AROUND = 1.5; // the picture of the plan layers is this many times as wide and high as what is seen

// The plan layers are painted beside the sheet, the smallest over the largest, and laid under its lines as one tint: colours of
// layers that lie over one another do not add up to mud. While one pans, the picture only moves.
export function paintMap(viewer, colors) {
  if (!viewer.mapOn || !viewer.map) return;
  const main = viewer.context, picture = mapPicture(viewer, colors), k = viewer.view.scale * viewer.ratio;
  main.save();
  main.setTransform(1, 0, 0, 1, 0, 0);
  main.globalCompositeOperation = colors.black ? "screen" : "multiply";
  main.globalAlpha = colors.black ? 0.3 : 0.45;
  const left = (viewer.canvas.width - picture.canvas.width) / 2 + (picture.view.x - viewer.view.x) * k, top = (viewer.canvas.height - picture.canvas.height) / 2 - (picture.view.y - viewer.view.y) * k;
  main.drawImage(picture.canvas, Math.round(left), Math.round(top));
  main.restore();
  nameMap(viewer, colors);
}

function mapPicture(viewer, colors) {
  const old = viewer.mapPicture, { view, ratio, canvas: seen } = viewer, wide = Math.round(seen.width * AROUND), high = Math.round(seen.height * AROUND);
  if (old && old.ground === colors.ground && old.view.scale === view.scale && old.canvas.width === wide && old.canvas.height === high) {
    const k = view.scale * ratio;
    if (2 * Math.abs(old.view.x - view.x) * k <= wide - seen.width && 2 * Math.abs(old.view.y - view.y) * k <= high - seen.height) return old;
  }
  const canvas = old?.canvas || document.createElement("canvas");
  if (canvas.width !== wide || canvas.height !== high) { canvas.width = wide; canvas.height = high; }
  const c = canvas.getContext("2d");
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.fillStyle = colors.ground; c.fillRect(0, 0, wide, high);
  c.setTransform(ratio, 0, 0, ratio, (wide - seen.width) / 2, (high - seen.height) / 2);
  for (const f of viewer.map) {
    c.beginPath();
    for (const line of f.lines) trace(viewer, line, f.ring, c);
    if (f.ring && f.fill) { c.fillStyle = f.fill; c.fill("evenodd"); }
    c.lineWidth = f.width || 1; c.strokeStyle = f.line || "#777777"; c.setLineDash(f.dash || []); c.stroke();
  }
  return (viewer.mapPicture = { canvas, view: { ...view }, ground: colors.ground });
}

// names of what is seen large enough, the smallest first; one that would cover another is left out
function nameMap(viewer, colors) {
  const c = viewer.context, taken = [];
  c.save();
  c.font = "12px sans-serif"; c.textAlign = "center"; c.lineWidth = 3; c.strokeStyle = colors.ground; c.fillStyle = colors.ink;
  for (const f of [...viewer.map].reverse()) {
    if (!f.label) continue;
    const [x0, y0, x1, y1] = f.box, wide = c.measureText(f.label).width + 8;
    if ((x1 - x0) * viewer.view.scale < wide) continue;
    const [px, py] = viewer.toScreen((x0 + x1) / 2, (y0 + y1) / 2);
    if (taken.some(([x, y, w]) => Math.abs(x - px) < (w + wide) / 2 && Math.abs(y - py) < 17)) continue;
    taken.push([px, py, wide]);
    c.strokeText(f.label, px, py); c.fillText(f.label, px, py);
  }
  c.restore();
}

export function paintLit(viewer, colors) {
  const c = viewer.context, wide = viewer.lit.size > 3000;
  const groups = [[[...viewer.lit].map((f) => f.index), false], [viewer.selected ? [viewer.selected.index] : [], true]];
  for (const [items, own] of groups) {
    if (!items.length) continue;
    for (const [width, style] of [[wide ? 4 : own ? 6 : 9, colors.halo], [own || wide ? 1.5 : 3, colors.fail]]) {
      c.lineWidth = width; c.strokeStyle = style; c.beginPath();
      for (const i of items) traceItem(viewer, i);
      c.stroke();
    }
  }
  if (viewer.spot) {
    const [px, py] = viewer.toScreen(...viewer.spot);
    for (const [width, style] of [[7, colors.halo], [2.5, colors.fail]]) { c.lineWidth = width; c.strokeStyle = style; c.beginPath(); c.arc(px, py, 13, 0, 7); c.stroke(); }
  }
}

// colour, line and sign all say what happened, so that the sheet can be read without colours
export function paintChanges(viewer, colors) {
  const c = viewer.context;
  for (const o of viewer.overlay) {
    const color = INK[o.change] || INK.reshaped, old = o.when === "before" && o.change !== "removed";
    c.beginPath();
    for (const line of o.lines) trace(viewer, line);
    for (const p of o.points) { const [px, py] = viewer.toScreen(...p); c.moveTo(px + 6, py); c.arc(px, py, 6, 0, 7); }
    if (o.ring && !old) { c.globalAlpha = 0.18; c.fillStyle = color; c.fill("evenodd"); c.globalAlpha = 1; }
    c.setLineDash(old ? [6, 4] : o.change === "removed" ? [2, 3] : []);
    c.lineWidth = o.id === viewer.chosen ? 4 : 2.2; c.strokeStyle = color; c.stroke();
    c.setLineDash([]);
    if (old || (viewer.overlay.length > 400 && o.id !== viewer.chosen)) continue;
    const [x0, y0, x1, y1] = o.box, [px, py] = viewer.toScreen((x0 + x1) / 2, (y0 + y1) / 2);
    c.font = "700 13px sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
    const text = `${SIGN[o.change] || ""} ${o.id}`, wide = c.measureText(text).width + 8;
    c.fillStyle = colors.ground; c.fillRect(px - wide / 2, py - 9, wide, 18);
    c.lineWidth = 1.5; c.strokeStyle = color; c.strokeRect(px - wide / 2, py - 9, wide, 18);
    c.fillStyle = color; c.fillText(text, px, py + 1);
    c.textAlign = "start"; c.textBaseline = "alphabetic";
  }
}

// bows that bulge outwards, along a ring in pixels
function cloud(c, points) {
  let area = 0;
  points.forEach(([x1, y1], i) => { const [x2, y2] = points[(i + 1) % points.length]; area += x1 * y2 - x2 * y1; });
  const ring = area > 0 ? points : [...points].reverse();
  ring.forEach(([ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length], length = Math.hypot(bx - ax, by - ay), n = Math.max(1, Math.min(400, Math.round(length / 16)));
    for (let k = 0; k < n; k++) {
      const sx = ax + ((bx - ax) * k) / n, sy = ay + ((by - ay) * k) / n, ex = ax + ((bx - ax) * (k + 1)) / n, ey = ay + ((by - ay) * (k + 1)) / n;
      const turn = Math.atan2(sy - ey, sx - ex);
      if (i === 0 && k === 0) c.moveTo(sx, sy);
      c.arc((sx + ex) / 2, (sy + ey) / 2, length / n / 2, turn, turn + Math.PI);
    }
  });
  c.closePath();
}

export function anchorOf(geometry) {
  const k = geometry.coordinates;
  return geometry.type === "Point" ? k : geometry.type === "LineString" ? k[0] : k[0][0];
}

export function paintMarks(viewer, colors) {
  const c = viewer.context, tint = { mandatory: colors.fail, general: "#c26a00", advice: "#1f6fb2" };
  viewer.marks.forEach((mark, index) => {
    const g = mark.geometry;
    const ring = (g.type === "Point" ? [g.coordinates] : g.type === "LineString" ? g.coordinates : g.coordinates[0].slice(0, -1)).map(([x, y]) => viewer.toScreen(x, y));
    const color = tint[mark.severity] || tint.general;
    c.globalAlpha = mark.open === false ? 0.45 : 1;
    if (ring.length > 1) {
      for (const [width, style] of [[5, colors.ground], [2.2, color]]) {
        c.lineWidth = width; c.strokeStyle = style; c.beginPath();
        if (mark.kind === "cloud") cloud(c, ring); else ring.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
        if (mark.kind === "area") c.closePath();
        c.stroke();
      }
    }
    const [px, py] = ring[0];
    c.beginPath();
    if (mark.kind === "photo") c.rect(px - 11, py - 9, 22, 18); else c.arc(px, py, 10, 0, 7);
    c.fillStyle = color; c.fill(); c.lineWidth = 2; c.strokeStyle = colors.ground; c.stroke();
    c.fillStyle = "#ffffff"; c.font = "600 11px sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
    c.fillText(String(mark.number ?? index + 1), px, py + 0.5);
    if (mark.kind === "text") {
      c.textAlign = "left"; c.font = "600 13px \"Noto Sans CJK SC\", sans-serif"; c.lineWidth = 4; c.strokeStyle = colors.ground;
      c.strokeText(mark.text.slice(0, 24), px + 15, py); c.fillStyle = color; c.fillText(mark.text.slice(0, 24), px + 15, py);
    }
    c.textAlign = "start"; c.textBaseline = "alphabetic"; c.globalAlpha = 1;
  });
}

// the pointer of who works by keyboard
export function paintCross(viewer, colors) {
  if (!viewer.keyed || viewer.shadowRoot.activeElement !== viewer.canvas) return;
  const c = viewer.context, x = viewer.width / 2, y = viewer.height / 2;
  for (const [width, style] of [[4, colors.ground], [1.5, colors.fail]]) {
    c.lineWidth = width; c.strokeStyle = style; c.beginPath();
    c.moveTo(x - 14, y); c.lineTo(x + 14, y); c.moveTo(x, y - 14); c.lineTo(x, y + 14); c.stroke();
  }
}

export function paintDraft(viewer, colors) {
  if (!viewer.mode || (!viewer.draft.length && !viewer.hover)) return;
  const c = viewer.context, points = [...viewer.draft, ...(viewer.hover ? [viewer.hover] : [])].map(([x, y]) => viewer.toScreen(x, y));
  const closed = viewer.mode === "surface" || viewer.mode === "area" || viewer.mode === "cloud";
  if (viewer.draft.length) {
    c.setLineDash([6, 4]);
    for (const [width, style] of [[5, colors.ground], [2, colors.fail]]) {
      c.lineWidth = width; c.strokeStyle = style; c.beginPath();
      points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
      if (closed) c.closePath();
      c.stroke();
    }
    c.setLineDash([]);
  }
  if (viewer.snapped && viewer.hover) { const [px, py] = viewer.toScreen(...viewer.hover); c.lineWidth = 2; c.strokeStyle = colors.fail; c.strokeRect(px - 6, py - 6, 12, 12); }
}

export function paintScale(viewer, colors) {
  const c = viewer.context, metre = viewer.view.scale / viewer.metres;
  let size = 10 ** Math.floor(Math.log10(110 / metre));
  for (const k of [5, 2]) if (size * k * metre < 130) { size *= k; break; }
  const px = size * metre, y = viewer.height - 14;
  c.strokeStyle = colors.ink; c.fillStyle = colors.ink; c.lineWidth = 1.5;
  c.beginPath(); c.moveTo(14, y - 5); c.lineTo(14, y); c.lineTo(14 + px, y); c.lineTo(14 + px, y - 5); c.stroke();
  c.font = "12px sans-serif"; c.textBaseline = "bottom"; c.textAlign = "start";
  c.fillText(size >= 1000 ? `${size / 1000} km` : size >= 1 ? `${size} m` : `${Math.round(size * 1000)} mm`, 18, y - 4);
  c.textBaseline = "alphabetic";
}
