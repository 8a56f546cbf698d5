// <sheet-viewer src="…/sheet.geojson" handles="2F,30">: a CAD sheet as vectors on a canvas.
//
// Attributes: src, handles (to light up), background ("white" | "black").
// Methods: highlight(handles, {zoom}), show(x, y), setLayer(name, on), fit(), setMarks(marks), draw(kind) starts drawing a mark.
// Events: sheet-ready, sheet-pick {handle, kind, layer, role, text, at, area, length}, sheet-mark-pick {id}, sheet-drawn {kind, geometry, handle}.
// The page's address may carry #handles=2F,30 or #at=x,y.
"use strict";

const WORDS = {
  zh: {
    fit: "全图", in: "放大", out: "缩小", background: "黑/白底", layers: "图层", measure: "量距", loading: "正在读取图纸…", failed: "图纸读取失败",
    canvas: "图纸，方向键平移，加减号缩放，0 显示全图", all: "全部显示", none: "全部关闭", planning: "只看规划图层", search: "查找文字或句柄", handle: "句柄", layer: "图层",
    area: "面积", length: "长度", entities: "个实体", clear: "取消选择", drawing: { point: "点一下放置标注", text: "点一下放置标注", line: "依次点击，双击结束，Esc 取消", area: "依次点击，双击闭合，Esc 取消", cloud: "依次点击，双击闭合，Esc 取消", measure: "依次点击，双击结束，Esc 取消" },
    found: "找到", nothing: "没有找到", text: "文字",
  },
  en: {
    fit: "Whole sheet", in: "Zoom in", out: "Zoom out", background: "Black/white", layers: "Layers", measure: "Measure", loading: "Reading the sheet…", failed: "The sheet cannot be read",
    canvas: "Sheet: arrow keys pan, plus and minus zoom, 0 shows all", all: "All", none: "None", planning: "Planning layers only", search: "Find text or handle", handle: "handle", layer: "layer",
    area: "area", length: "length", entities: "entities", clear: "Clear selection", drawing: { point: "Click to place the mark", text: "Click to place the mark", line: "Click points, double-click ends, Esc cancels", area: "Click corners, double-click closes, Esc cancels", cloud: "Click corners, double-click closes, Esc cancels", measure: "Click points, double-click ends, Esc cancels" },
    found: "found", nothing: "nothing found", text: "text",
  },
};

const STYLE = `
:host { display: flex; flex-direction: column; position: relative; width: 100%; height: min(72vh, 46rem); min-height: 22rem; border: 1px solid var(--line-strong); border-radius: var(--radius); overflow: hidden; background: var(--paper); font-family: var(--font); font-size: .87rem; }
.bar { display: flex; flex-wrap: wrap; gap: .3rem; padding: .35rem .5rem; border-bottom: 1px solid var(--line); background: var(--sunken); align-items: center; }
button { font: inherit; background: var(--paper); color: var(--accent); border: 1px solid var(--line-strong); border-radius: var(--radius); padding: .15rem .55rem; cursor: pointer; line-height: 1.5; }
button:hover, button[aria-pressed=true] { background: var(--accent-soft); border-color: var(--accent); }
button:focus-visible, input:focus-visible, canvas:focus-visible { outline: 3px solid var(--focus); outline-offset: -2px; }
input[type=search] { font: inherit; border: 1px solid var(--line-strong); border-radius: var(--radius); padding: .15rem .5rem; width: 11rem; max-width: 100%; background: var(--paper); color: var(--ink); }
.stage { position: relative; flex: 1; min-height: 0; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: crosshair; display: block; }
canvas.dragging { cursor: grabbing; }
.layers { position: absolute; right: .5rem; top: .5rem; max-height: calc(100% - 1rem); width: 17rem; max-width: calc(100% - 1rem); overflow: auto; background: var(--paper); color: var(--ink); border: 1px solid var(--line-strong); border-radius: var(--radius); padding: .5rem .6rem; box-shadow: var(--shadow); }
.layers[hidden] { display: none; }
.layers label { display: flex; gap: .4rem; align-items: center; padding: .1rem 0; cursor: pointer; overflow-wrap: anywhere; }
.layers i { flex: none; width: .9rem; height: .9rem; border: 1px solid var(--line-strong); border-radius: 2px; }
.layers .n { margin-left: auto; color: var(--ink-soft); }
.info { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .2rem 1rem; padding: .3rem .6rem; border-top: 1px solid var(--line); min-height: 1.9rem; color: var(--ink-soft); background: var(--paper); font-variant-numeric: tabular-nums; }
.info b { color: var(--ink); font-weight: 600; }
.message { position: absolute; inset: 0; display: grid; place-items: center; color: var(--ink-soft); pointer-events: none; }
`;

class SheetViewer extends HTMLElement {
  static observedAttributes = ["src", "handles", "background"];

  constructor() {
    super();
    this.words = WORDS[document.documentElement.lang.startsWith("en") ? "en" : "zh"];
    this.items = [];
    this.layers = new Map();
    this.lit = new Set();
    this.litHandles = [];
    this.marks = [];
    this.overlay = [];
    this.view = { x: 0, y: 0, scale: 1 };
    this.selected = null;
    this.mode = null;
    this.draft = [];
    this.pointers = new Map();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.innerHTML = `<div class="bar" role="toolbar"></div><div class="stage"><canvas tabindex="0" role="img"></canvas><div class="message" role="status"></div><div class="layers" hidden></div></div><div class="info"><span class="what" aria-live="polite"></span><span class="where"></span></div>`;
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.canvas.setAttribute("aria-label", this.words.canvas);
    this.message = root.querySelector(".message");
    this.panel = root.querySelector(".layers");
    this.what = root.querySelector(".what");
    this.where = root.querySelector(".where");
    this.toolbar(root.querySelector(".bar"));
    this.listen();
  }

  connectedCallback() {
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.canvas.parentElement);
    this.onHash = () => this.readHash();
    window.addEventListener("hashchange", this.onHash);
    this.resize();
  }

  disconnectedCallback() {
    this.observer?.disconnect();
    window.removeEventListener("hashchange", this.onHash);
  }

  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    if (name === "src" && value) this.load(value);
    else if (name === "handles") this.highlight((value || "").split(",").filter(Boolean));
    else this.redraw();
  }

  // --- loading -------------------------------------------------------------------------------------------------------

  async load(address) {
    this.message.textContent = this.words.loading;
    this.items = [];
    this.ready = false;
    this.removeAttribute("ready");
    try {
      const answer = await fetch(address, { headers: { accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (this.getAttribute("src") !== address) return;
      this.take(data);
      this.message.textContent = "";
    } catch (error) {
      this.message.textContent = `${this.words.failed} (${error.message})`;
      return;
    }
    this.ready = true;
    this.setAttribute("ready", "");
    this.fit();
    if (this.litHandles.length) this.highlight(this.litHandles, { zoom: true });
    this.readHash();
    this.dispatchEvent(new CustomEvent("sheet-ready", { detail: { features: this.items.length }, bubbles: true }));
  }

  take(data) {
    this.metres = data.metres_per_unit || 1;
    this.layers.clear();
    for (const layer of data.layers) this.layers.set(layer.name, { ...layer, on: layer.visible || Boolean(layer.role && layer.role !== "reference") });
    for (const feature of data.features) {
      const p = feature.properties, g = feature.geometry;
      const parts = g.type === "Point" ? [[g.coordinates]] : g.type === "LineString" ? [g.coordinates] : g.coordinates;
      let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
      const flat = parts.map((part) => {
        const out = new Float64Array(part.length * 2);
        part.forEach(([x, y], i) => {
          out[2 * i] = x; out[2 * i + 1] = y;
          if (x < x0) x0 = x; if (x > x1) x1 = x; if (y < y0) y0 = y; if (y > y1) y1 = y;
        });
        return out;
      });
      const item = { ...p, parts: flat, x0, y0, x1, y1, point: g.type === "Point" };
      if (p.text) {
        item.lines = p.text.split("\n");
        const reach = p.height * Math.max(item.lines.length * 1.4, Math.max(...item.lines.map((l) => l.length)) * 1.05);
        item.x0 -= reach; item.x1 += reach; item.y0 -= reach; item.y1 += reach;
      }
      if (!this.layers.has(p.layer)) this.layers.set(p.layer, { name: p.layer, color: p.color, role: null, entities: 0, on: true });
      this.items.push(item);
    }
    const rank = (i) => (i.fill ? 0 : i.text ? 2 : 1);
    this.items.sort((a, b) => rank(a) - rank(b) || (a.color < b.color ? -1 : a.color > b.color ? 1 : 0));
    this.byHandle = new Map();
    for (const item of this.items) {
      const path = item.handle.split("/");
      for (let i = 1; i <= path.length; i++) {
        const key = path.slice(0, i).join("/");
        if (!this.byHandle.has(key)) this.byHandle.set(key, []);
        this.byHandle.get(key).push(item);
      }
    }
    this.extent = data.extent;
    this.usualExtent();
    this.fillPanel();
  }

  // the middle 98 % of everything, so that one stray line far away does not shrink the sheet to a dot
  usualExtent() {
    if (!this.items.length) { this.home = this.extent || [0, 0, 1, 1]; return; }
    const pick = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];
    const sorted = (name) => this.items.map((i) => i[name]).sort((a, b) => a - b);
    const x0 = sorted("x0"), y0 = sorted("y0"), x1 = sorted("x1"), y1 = sorted("y1");
    const few = this.items.length < 200;
    this.home = few ? [x0[0], y0[0], x1.at(-1), y1.at(-1)] : [pick(x0, .005), pick(y0, .005), pick(x1, .995), pick(y1, .995)];
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  fit() { this.zoomTo(this.home || [0, 0, 1, 1], 1.06); this.whole = true; }

  zoomTo([x0, y0, x1, y1], margin = 1.6) {
    this.whole = false;
    const w = this.width || 1, h = this.height || 1;
    const least = 2 / (this.metres || 1);
    const dx = Math.max(x1 - x0, least), dy = Math.max(y1 - y0, least);
    this.view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: Math.min(w / dx, h / dy) / margin };
    this.redraw();
  }

  // a ring around one spot; what is lit stays in sight unless it is so large that the spot would be lost in it
  show(x, y) {
    const size = 30 / (this.metres || 1);
    this.spot = [x, y];
    let box = [x - size / 2, y - size / 2, x + size / 2, y + size / 2];
    for (const i of this.lit) {
      const wide = [Math.min(box[0], i.x0), Math.min(box[1], i.y0), Math.max(box[2], i.x1), Math.max(box[3], i.y1)];
      if (wide[2] - wide[0] < 12 * size && wide[3] - wide[1] < 12 * size) box = wide;
    }
    this.zoomTo(box, 1.15);
  }

  highlight(handles, { zoom = true } = {}) {
    this.litHandles = handles;
    this.lit = new Set();
    if (!this.byHandle) return 0;
    for (const handle of handles) {
      const key = String(handle).trim().toUpperCase();
      for (const item of this.byHandle.get(key) || this.byHandle.get(String(handle).trim()) || []) this.lit.add(item);
    }
    if (zoom && this.lit.size) {
      let box = [Infinity, Infinity, -Infinity, -Infinity];
      for (const i of this.lit) box = [Math.min(box[0], i.x0), Math.min(box[1], i.y0), Math.max(box[2], i.x1), Math.max(box[3], i.y1)];
      for (const item of this.lit) { const layer = this.layers.get(item.layer); if (layer && !layer.on) this.setLayer(item.layer, true); }
      this.zoomTo(box);
    }
    this.redraw();
    return this.lit.size;
  }

  setLayer(name, on) {
    const layer = this.layers.get(name);
    if (!layer) return;
    layer.on = on;
    const box = this.panel.querySelector(`input[data-layer="${CSS.escape(name)}"]`);
    if (box) box.checked = on;
    this.redraw();
  }

  setMarks(marks) { this.marks = marks; this.redraw(); }

  // differences of two revisions: GeoJSON features with change (added, removed, moved, reshaped, attribute) and when (before, after)
  setOverlay(features) {
    this.overlay = features.map((f) => {
      const g = f.geometry, parts = [], points = [];
      const line = (points) => { const flat = new Float64Array(points.length * 2); points.forEach(([x, y], i) => { flat[2 * i] = x; flat[2 * i + 1] = y; }); parts.push(flat); };
      if (g.type === "Point") points.push(g.coordinates);
      else if (g.type === "MultiPoint") points.push(...g.coordinates);
      else if (g.type === "LineString") line(g.coordinates);
      else if (g.type === "MultiLineString" || g.type === "Polygon") g.coordinates.forEach(line);
      else if (g.type === "MultiPolygon") g.coordinates.forEach((p) => p.forEach(line));
      else (g.geometries || []).forEach((own) => (own.type === "Polygon" || own.type === "MultiLineString" ? own.coordinates.forEach(line) : own.type === "LineString" && line(own.coordinates)));
      const all = [...parts.flatMap((p) => Array.from({ length: p.length / 2 }, (_, i) => [p[2 * i], p[2 * i + 1]])), ...points];
      const xs = all.map((p) => p[0]), ys = all.map((p) => p[1]);
      return { ...f.properties, parts, points, ring: g.type.includes("Polygon"), box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] };
    });
    this.redraw();
  }

  showChange(id) {
    const own = this.overlay.filter((o) => o.id === id);
    if (!own.length) return;
    this.chosen = id;
    const box = own.reduce((b, o) => [Math.min(b[0], o.box[0]), Math.min(b[1], o.box[1]), Math.max(b[2], o.box[2]), Math.max(b[3], o.box[3])], [Infinity, Infinity, -Infinity, -Infinity]);
    const pad = 4 / (this.metres || 1);
    this.zoomTo([box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad], 1.3);
  }

  readHash() {
    const facts = new URLSearchParams(location.hash.slice(1));
    if (facts.get("handles")) this.highlight(facts.get("handles").split(","));
    const at = (facts.get("at") || "").split(",").map(Number);
    if (at.length === 2 && at.every(Number.isFinite)) this.show(...at);
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  resize() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const ratio = window.devicePixelRatio || 1;
    this.width = box.width; this.height = box.height; this.ratio = ratio;
    this.canvas.width = Math.round(box.width * ratio); this.canvas.height = Math.round(box.height * ratio);
    if (this.whole && this.ready) this.fit(); else this.paint();
  }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = null; this.paint(); });
  }

  // while the hand is down big sheets move as a picture; the vectors follow when it rests
  quick() {
    if (this.items.length < 15000 || !this.picture) { this.redraw(); return; }
    if (!this.quickFrame) this.quickFrame = requestAnimationFrame(() => {
      this.quickFrame = null;
      const { x, y, scale } = this.picture.view, now = this.view, k = now.scale / scale;
      const c = this.context;
      c.setTransform(1, 0, 0, 1, 0, 0);
      c.fillStyle = this.colors().ground;
      c.fillRect(0, 0, this.canvas.width, this.canvas.height);
      const left = (this.width / 2 + ((x - now.x) * now.scale) - (this.width / 2) * k) * this.ratio;
      const top = (this.height / 2 - ((y - now.y) * now.scale) - (this.height / 2) * k) * this.ratio;
      c.drawImage(this.picture.bitmap, left, top, this.canvas.width * k, this.canvas.height * k);
    });
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.redraw(), 140);
  }

  colors() {
    const black = this.getAttribute("background") === "black";
    const style = getComputedStyle(this);
    return { black, ground: black ? "#000000" : "#ffffff", ink: black ? "#ffffff" : "#000000", halo: style.getPropertyValue("--halo").trim() || "#ffd400", fail: style.getPropertyValue("--seal").trim() || "#c8161d" };
  }

  shade(color, black) {
    if (black) return color === "#000000" ? "#ffffff" : color;
    if (color === "#ffffff") return "#000000";
    // light colours of a black screen are darkened so that they can be read on white
    const r = parseInt(color.slice(1, 3), 16), g = parseInt(color.slice(3, 5), 16), b = parseInt(color.slice(5, 7), 16);
    const light = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
    if (light < 0.62) return color;
    const k = 0.55 / light;
    return `rgb(${Math.round(r * k)} ${Math.round(g * k)} ${Math.round(b * k)})`;
  }

  toScreen(x, y) { return [this.width / 2 + (x - this.view.x) * this.view.scale, this.height / 2 - (y - this.view.y) * this.view.scale]; }
  toSheet(px, py) { return [this.view.x + (px - this.width / 2) / this.view.scale, this.view.y - (py - this.height / 2) / this.view.scale]; }

  trace(part, closed) {
    const c = this.context, { x, y, scale } = this.view, w = this.width / 2, h = this.height / 2;
    let lastX = NaN, lastY = NaN;
    for (let i = 0; i < part.length; i += 2) {
      const px = w + (part[i] - x) * scale, py = h - (part[i + 1] - y) * scale;
      if (i === 0) c.moveTo(px, py);
      else if (Math.abs(px - lastX) + Math.abs(py - lastY) < 0.4 && i < part.length - 2) continue;
      else c.lineTo(px, py);
      lastX = px; lastY = py;
    }
    if (closed) c.closePath();
  }

  paint() {
    if (!this.width) return;
    const c = this.context, colors = this.colors(), { scale } = this.view;
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    c.fillStyle = colors.ground;
    c.fillRect(0, 0, this.width, this.height);
    const [vx0, vy1] = this.toSheet(0, 0), [vx1, vy0] = this.toSheet(this.width, this.height);
    c.lineWidth = 1; c.lineJoin = "round"; c.lineCap = "round";
    let color = null, open = false;
    const flush = () => { if (open) { c.stroke(); open = false; } };
    for (const item of this.items) {
      if (item.x1 < vx0 || item.x0 > vx1 || item.y1 < vy0 || item.y0 > vy1) continue;
      if (!this.layers.get(item.layer).on) continue;
      const shade = this.shade(item.color, colors.black);
      if (item.text) { flush(); color = null; this.letter(item, shade); continue; }
      if (item.fill) {
        flush(); color = null;
        c.beginPath(); for (const part of item.parts) this.trace(part, true);
        c.globalAlpha = 0.16; c.fillStyle = shade; c.fill("evenodd"); c.globalAlpha = 1;
        continue;
      }
      if (shade !== color) { flush(); color = shade; c.strokeStyle = shade; }
      if (!open) { c.beginPath(); open = true; }
      if (item.point) { const [px, py] = this.toScreen(item.x0, item.y0); c.moveTo(px - 3, py); c.lineTo(px + 3, py); c.moveTo(px, py - 3); c.lineTo(px, py + 3); continue; }
      if ((item.x1 - item.x0 + item.y1 - item.y0) * scale < 0.7) continue;
      for (const part of item.parts) this.trace(part, false);
    }
    flush();
    if (this.items.length >= 15000) {
      const bitmap = this.picture?.bitmap || document.createElement("canvas");
      bitmap.width = this.canvas.width; bitmap.height = this.canvas.height;
      bitmap.getContext("2d").drawImage(this.canvas, 0, 0);
      this.picture = { bitmap, view: { ...this.view } };
    }
    this.paintOverlay(colors);
    this.paintLit(colors);
    this.paintMarks(colors);
    this.paintDraft(colors);
    this.paintScale(colors);
  }

  letter(item, shade) {
    const size = item.height * this.view.scale;
    if (size < 3) return;
    const c = this.context, [px, py] = this.toScreen(item.parts[0][0], item.parts[0][1]);
    c.save();
    c.translate(px, py);
    if (item.rotation) c.rotate((-item.rotation * Math.PI) / 180);
    c.fillStyle = shade;
    c.font = `${size}px "Noto Sans CJK SC", "Noto Sans SC", sans-serif`;
    c.textBaseline = item.kind === "MTEXT" ? "top" : "alphabetic";
    item.lines.forEach((line, i) => c.fillText(line, 0, i * size * 1.35));
    c.restore();
  }

  paintLit(colors) {
    const c = this.context;
    for (const [item, own] of [...[...this.lit].map((i) => [i, false]), ...(this.selected ? [[this.selected, true]] : [])]) {
      const stroke = (width, style) => {
        c.lineWidth = width; c.strokeStyle = style; c.beginPath();
        if (item.point) { const [px, py] = this.toScreen(item.parts[0][0], item.parts[0][1]); c.arc(px, py, 8, 0, 7); } else for (const part of item.parts) this.trace(part, false);
        c.stroke();
      };
      stroke(own ? 6 : 9, colors.halo);
      stroke(own ? 1.5 : 3, colors.fail);
    }
    if (this.spot) {
      const [px, py] = this.toScreen(...this.spot);
      for (const [width, style] of [[7, colors.halo], [2.5, colors.fail]]) { c.lineWidth = width; c.strokeStyle = style; c.beginPath(); c.arc(px, py, 13, 0, 7); c.stroke(); }
    }
  }

  // colour, line and sign all say what happened, so that the sheet can be read without colours
  paintOverlay(colors) {
    if (!this.overlay.length) return;
    const c = this.context;
    const tint = { added: "#1d6b3a", removed: "#c8161d", moved: "#c26a00", reshaped: "#c26a00", attribute: "#1f6fb2" };
    const sign = { added: "+", removed: "−", moved: "→", reshaped: "◇", attribute: "≠" };
    for (const o of this.overlay) {
      const color = tint[o.change] || tint.reshaped, old = o.when === "before" && o.change !== "removed";
      c.beginPath();
      for (const part of o.parts) this.trace(part, false);
      for (const p of o.points) { const [px, py] = this.toScreen(...p); c.moveTo(px + 6, py); c.arc(px, py, 6, 0, 7); }
      if (o.ring && !old) { c.globalAlpha = 0.18; c.fillStyle = color; c.fill("evenodd"); c.globalAlpha = 1; }
      c.setLineDash(old ? [6, 4] : o.change === "removed" ? [2, 3] : []);
      c.lineWidth = o.id === this.chosen ? 4 : 2.2; c.strokeStyle = color; c.stroke();
      c.setLineDash([]);
      const [x0, y0, x1, y1] = o.box, [px, py] = this.toScreen((x0 + x1) / 2, (y0 + y1) / 2);
      if (old || (this.overlay.length > 400 && o.id !== this.chosen)) continue;
      c.font = "700 13px sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
      const text = `${sign[o.change] || ""} ${o.id}`, wide = c.measureText(text).width + 8;
      c.fillStyle = colors.ground; c.fillRect(px - wide / 2, py - 9, wide, 18);
      c.lineWidth = 1.5; c.strokeStyle = color; c.strokeRect(px - wide / 2, py - 9, wide, 18);
      c.fillStyle = color; c.fillText(text, px, py + 1);
      c.textAlign = "start"; c.textBaseline = "alphabetic";
    }
  }

  cloud(points) {
    const c = this.context;
    let area = 0;
    for (let i = 0; i < points.length; i++) { const [x1, y1] = points[i], [x2, y2] = points[(i + 1) % points.length]; area += x1 * y2 - x2 * y1; }
    const ring = area > 0 ? points : [...points].reverse();
    for (let i = 0; i < ring.length; i++) {
      const [ax, ay] = ring[i], [bx, by] = ring[(i + 1) % ring.length];
      const length = Math.hypot(bx - ax, by - ay), n = Math.max(1, Math.round(length / 16));
      for (let k = 0; k < n; k++) {
        const sx = ax + ((bx - ax) * k) / n, sy = ay + ((by - ay) * k) / n, ex = ax + ((bx - ax) * (k + 1)) / n, ey = ay + ((by - ay) * (k + 1)) / n;
        const turn = Math.atan2(sy - ey, sx - ex);
        if (i === 0 && k === 0) c.moveTo(sx, sy);
        c.arc((sx + ex) / 2, (sy + ey) / 2, length / n / 2, turn, turn + Math.PI);
      }
    }
    c.closePath();
  }

  paintMarks(colors) {
    const c = this.context;
    const tint = { mandatory: colors.fail, general: "#c26a00", advice: "#1f6fb2" };
    this.marks.forEach((mark, index) => {
      const g = mark.geometry;
      const ring = (g.type === "Point" ? [g.coordinates] : g.type === "LineString" ? g.coordinates : g.coordinates[0].slice(0, -1)).map(([x, y]) => this.toScreen(x, y));
      const color = tint[mark.severity] || tint.general;
      c.globalAlpha = mark.open === false ? 0.45 : 1;
      if (ring.length > 1) {
        for (const [width, style] of [[5, colors.ground], [2.2, color]]) {
          c.lineWidth = width; c.strokeStyle = style; c.beginPath();
          if (mark.kind === "cloud") this.cloud(ring); else ring.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
          if (mark.kind === "area") c.closePath();
          c.stroke();
        }
      }
      const [px, py] = ring[0];
      c.beginPath(); c.arc(px, py, 10, 0, 7); c.fillStyle = color; c.fill(); c.lineWidth = 2; c.strokeStyle = colors.ground; c.stroke();
      c.fillStyle = "#ffffff"; c.font = "600 11px sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
      c.fillText(String(mark.number ?? index + 1), px, py + 0.5);
      if (mark.kind === "text") { c.textAlign = "left"; c.font = "600 13px \"Noto Sans CJK SC\", sans-serif"; c.lineWidth = 4; c.strokeStyle = colors.ground; c.strokeText(mark.text.slice(0, 24), px + 15, py); c.fillStyle = color; c.fillText(mark.text.slice(0, 24), px + 15, py); }
      c.textAlign = "start"; c.globalAlpha = 1;
    });
  }

  paintDraft(colors) {
    if (!this.mode || !this.draft.length) return;
    const c = this.context, points = [...this.draft, ...(this.hover ? [this.hover] : [])].map(([x, y]) => this.toScreen(x, y));
    c.setLineDash([6, 4]);
    for (const [width, style] of [[5, colors.ground], [2, colors.fail]]) { c.lineWidth = width; c.strokeStyle = style; c.beginPath(); points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y))); c.stroke(); }
    c.setLineDash([]);
  }

  paintScale(colors) {
    if (!this.ready) return;
    const c = this.context, metre = this.view.scale / this.metres;
    let size = 10 ** Math.floor(Math.log10(110 / metre));
    for (const k of [5, 2]) if (size * k * metre < 130) { size *= k; break; }
    const px = size * metre, y = this.height - 14;
    c.strokeStyle = colors.ink; c.fillStyle = colors.ink; c.lineWidth = 1.5;
    c.beginPath(); c.moveTo(14, y - 5); c.lineTo(14, y); c.lineTo(14 + px, y); c.lineTo(14 + px, y - 5); c.stroke();
    c.font = "12px sans-serif"; c.textBaseline = "bottom"; c.textAlign = "start";
    c.fillText(size >= 1000 ? `${size / 1000} km` : size >= 1 ? `${size} m` : `${Math.round(size * 1000)} mm`, 18, y - 4);
  }

  // --- hands ---------------------------------------------------------------------------------------------------------

  toolbar(bar) {
    const add = (label, act, pressed) => {
      const button = document.createElement("button");
      button.type = "button"; button.textContent = label;
      if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
      button.addEventListener("click", () => act(button));
      bar.append(button);
      return button;
    };
    add(this.words.fit, () => { this.spot = null; this.fit(); });
    add("＋", () => this.zoomBy(1.6)).setAttribute("aria-label", this.words.in);
    add("－", () => this.zoomBy(1 / 1.6)).setAttribute("aria-label", this.words.out);
    add(this.words.background, (b) => { const black = this.getAttribute("background") !== "black"; this.setAttribute("background", black ? "black" : "white"); b.setAttribute("aria-pressed", String(black)); }, false);
    add(this.words.layers, (b) => { this.panel.hidden = !this.panel.hidden; b.setAttribute("aria-pressed", String(!this.panel.hidden)); }, false);
    this.measureButton = add(this.words.measure, () => (this.mode === "measure" ? this.stop() : this.draw("measure")), false);
    const search = document.createElement("input");
    search.type = "search"; search.placeholder = this.words.search; search.setAttribute("aria-label", this.words.search);
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.search(search.value.trim()); } });
    bar.append(search);
  }

  search(text) {
    if (!text) { this.highlight([]); return; }
    const low = text.toLowerCase();
    const found = this.items.filter((i) => i.handle.toLowerCase() === low || (i.text && i.text.toLowerCase().includes(low)));
    this.highlight(found.slice(0, 200).map((i) => i.handle));
    this.what.textContent = found.length ? `${this.words.found} ${found.length}` : this.words.nothing;
  }

  fillPanel() {
    this.panel.replaceChildren();
    const row = document.createElement("div");
    for (const [word, test] of [["all", () => true], ["none", () => false], ["planning", (l) => Boolean(l.role && l.role !== "reference")]]) {
      const button = document.createElement("button");
      button.type = "button"; button.textContent = this.words[word];
      button.addEventListener("click", () => { for (const layer of this.layers.values()) this.setLayer(layer.name, test(layer)); });
      row.append(button, " ");
    }
    this.panel.append(row);
    const used = [...this.layers.values()].filter((l) => l.entities || this.items.some((i) => i.layer === l.name));
    for (const layer of used) {
      const label = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("i"), count = document.createElement("span");
      box.type = "checkbox"; box.checked = layer.on; box.dataset.layer = layer.name;
      box.addEventListener("change", () => { layer.on = box.checked; this.redraw(); });
      swatch.style.background = layer.color;
      count.className = "n"; count.textContent = layer.entities || "";
      label.append(box, swatch, layer.name, count);
      this.panel.append(label);
    }
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toSheet(px, py);
    this.whole = false;
    const scale = Math.min(1e6, Math.max(1e-9, this.view.scale * factor));
    this.view = { scale, x: x - (px - this.width / 2) / scale, y: y + (py - this.height / 2) / scale };
    this.quick();
  }

  listen() {
    const c = this.canvas;
    const spot = (event) => { const box = c.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    c.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomBy(Math.exp(-event.deltaY * 0.0016), ...spot(event)); }, { passive: false });
    c.addEventListener("pointerdown", (event) => { c.setPointerCapture(event.pointerId); this.pointers.set(event.pointerId, spot(event)); this.moved = 0; });
    c.addEventListener("pointermove", (event) => {
      const at = spot(event), before = this.pointers.get(event.pointerId);
      const [x, y] = this.toSheet(...at);
      if (this.ready) this.where.textContent = `${x.toFixed(3)}, ${y.toFixed(3)}`;
      this.hover = [x, y];
      if (!before) { if (this.mode && this.draft.length) this.redraw(); return; }
      if (this.pointers.size === 2) {
        const other = [...this.pointers.entries()].find(([id]) => id !== event.pointerId)[1];
        const k = Math.hypot(at[0] - other[0], at[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
        this.pointers.set(event.pointerId, at); this.moved = 99;
        this.zoomBy(k, (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
        return;
      }
      const dx = at[0] - before[0], dy = at[1] - before[1];
      this.moved += Math.abs(dx) + Math.abs(dy);
      this.pointers.set(event.pointerId, at);
      if (this.moved > 4) { c.classList.add("dragging"); this.whole = false; this.view.x -= dx / this.view.scale; this.view.y += dy / this.view.scale; this.quick(); }
    });
    const up = (event) => {
      const had = this.pointers.delete(event.pointerId);
      c.classList.remove("dragging");
      if (had && event.type === "pointerup" && this.moved <= 4 && !this.pointers.size) this.click(...spot(event));
    };
    c.addEventListener("pointerup", up);
    c.addEventListener("pointercancel", up);
    c.addEventListener("dblclick", (event) => { event.preventDefault(); if (this.mode) this.finish(); });
    c.addEventListener("keydown", (event) => {
      const step = 60 / this.view.scale;
      const acts = { ArrowLeft: () => (this.view.x -= step), ArrowRight: () => (this.view.x += step), ArrowUp: () => (this.view.y += step), ArrowDown: () => (this.view.y -= step), "+": () => this.zoomBy(1.4), "=": () => this.zoomBy(1.4), "-": () => this.zoomBy(1 / 1.4), 0: () => this.fit(), Escape: () => this.stop(), Enter: () => this.mode && this.finish() };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault(); act(); this.redraw();
    });
  }

  pick(px, py, reach = 7) {
    const [x, y] = this.toSheet(px, py), r = reach / this.view.scale;
    let best = null, least = r;
    for (const item of this.items) {
      if (item.x0 > x + r || item.x1 < x - r || item.y0 > y + r || item.y1 < y - r || !this.layers.get(item.layer).on) continue;
      if (item.text) {
        const [ax, ay] = item.parts[0], turn = ((item.rotation || 0) * Math.PI) / 180, dx = x - ax, dy = y - ay;
        const u = dx * Math.cos(turn) + dy * Math.sin(turn), v = -dx * Math.sin(turn) + dy * Math.cos(turn);
        const long = Math.max(...item.lines.map((l) => l.length)) * item.height * 0.9;
        const top = item.kind === "MTEXT" ? 0 : item.height, low = item.kind === "MTEXT" ? -item.height * 1.35 * item.lines.length : -item.height * 0.3;
        if (u >= 0 && u <= long && v <= top && v >= low && least > r * 0.6) { best = item; least = r * 0.6; }
        continue;
      }
      for (const part of item.parts) {
        if (item.point) { const d = Math.hypot(part[0] - x, part[1] - y); if (d < least) { least = d; best = item; } continue; }
        for (let i = 0; i + 3 < part.length; i += 2) {
          const ax = part[i], ay = part[i + 1], bx = part[i + 2] - ax, by = part[i + 3] - ay;
          const t = Math.max(0, Math.min(1, ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by || 1)));
          const d = Math.hypot(ax + t * bx - x, ay + t * by - y);
          if (d < least) { least = d; best = item; }
        }
      }
    }
    return best;
  }

  click(px, py) {
    const [x, y] = this.toSheet(px, py);
    if (this.mode) {
      this.draft.push([x, y]);
      if (this.mode === "measure") this.tell();
      if (this.mode === "point" || this.mode === "text") this.finish();
      this.redraw();
      return;
    }
    for (const mark of this.marks) {
      const g = mark.geometry, first = g.type === "Point" ? g.coordinates : g.type === "LineString" ? g.coordinates[0] : g.coordinates[0][0];
      const [mx, my] = this.toScreen(...first);
      if (Math.hypot(mx - px, my - py) < 12) { this.dispatchEvent(new CustomEvent("sheet-mark-pick", { detail: { id: mark.id }, bubbles: true })); return; }
    }
    const item = this.pick(px, py);
    this.selected = item; this.spot = null;
    if (!item) { this.what.textContent = ""; this.redraw(); return; }
    const facts = this.measure(item);
    const detail = { handle: item.handle, kind: item.kind, layer: item.layer, role: item.role || null, text: item.text || null, at: [x, y], ...facts };
    const bold = document.createElement("b");
    bold.textContent = item.kind;
    const rest = [`${this.words.handle} ${item.handle}`, `${this.words.layer} ${item.layer}`];
    if (facts.length) rest.push(`${this.words.length} ${facts.length.toFixed(2)} m`);
    if (facts.area) rest.push(`${this.words.area} ${facts.area.toFixed(2)} ㎡`);
    if (item.text) rest.push(`“${item.text.slice(0, 40)}”`);
    this.what.replaceChildren(bold, " " + rest.join(" · "));
    this.redraw();
    this.dispatchEvent(new CustomEvent("sheet-pick", { detail, bubbles: true }));
  }

  measure(item) {
    if (item.point) return {};
    let length = 0, area = 0;
    for (const part of item.parts) {
      const n = part.length, closed = n > 6 && part[0] === part[n - 2] && part[1] === part[n - 1];
      let own = 0;
      for (let i = 0; i + 3 < n; i += 2) {
        length += Math.hypot(part[i + 2] - part[i], part[i + 3] - part[i + 1]);
        own += (part[i] - part[0]) * (part[i + 3] - part[1]) - (part[i + 2] - part[0]) * (part[i + 1] - part[1]);
      }
      if (closed) area += Math.abs(own) / 2;
    }
    return { length: length * this.metres, area: area * this.metres * this.metres || null };
  }

  // --- marks ---------------------------------------------------------------------------------------------------------

  draw(kind) {
    this.mode = kind; this.draft = []; this.selected = null;
    this.what.textContent = this.words.drawing[kind] || "";
    this.measureButton.setAttribute("aria-pressed", String(kind === "measure"));
    this.canvas.focus();
    this.redraw();
  }

  stop() { this.mode = null; this.draft = []; this.what.textContent = ""; this.measureButton.setAttribute("aria-pressed", "false"); this.redraw(); this.dispatchEvent(new CustomEvent("sheet-draw-stop", { bubbles: true })); }

  tell() {
    let total = 0;
    for (let i = 1; i < this.draft.length; i++) total += Math.hypot(this.draft[i][0] - this.draft[i - 1][0], this.draft[i][1] - this.draft[i - 1][1]);
    this.what.textContent = `${this.words.length} ${(total * this.metres).toFixed(3)} m`;
  }

  finish() {
    const kind = this.mode, near = 3 / this.view.scale;
    const points = this.draft.filter(([x, y], i, all) => !i || Math.hypot(x - all[i - 1][0], y - all[i - 1][1]) > near);
    if (kind === "measure") { this.draft = points; this.tell(); const said = this.what.textContent; this.stop(); this.what.textContent = said; return; }
    const least = { point: 1, text: 1, line: 2, area: 3, cloud: 3 }[kind];
    if (points.length < least) return;
    const [px, py] = this.toScreen(...points[0]);
    const under = this.pick(px, py, 12);
    const geometry = least === 1 ? { type: "Point", coordinates: points[0] } : kind === "line" ? { type: "LineString", coordinates: points } : { type: "Polygon", coordinates: [[...points, points[0]]] };
    this.stop();
    this.dispatchEvent(new CustomEvent("sheet-drawn", { detail: { kind, geometry, handle: under ? under.handle : "" }, bubbles: true }));
  }
}

customElements.define("sheet-viewer", SheetViewer);
