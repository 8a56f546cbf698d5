// <sheet-viewer src="…/sheet.geojson" map="…/map.geojson" handles="2F,30">: a CAD sheet of any size.
//
// The sheet comes as typed arrays (sheet/pack.js) and is painted in a worker (sheet/painter.js) a little beyond what is seen;
// the page only moves the newest picture and draws marks over it, so that panning never waits for the drawing.
//
// Attributes: src, map (plan layers in drawing units), handles (to light up), background ("white" | "black").
// Methods: highlight(handles, {zoom}), show(x, y), setLayer(name, on), fit(), setMarks(marks), setOverlay(features), draw(kind).
// Events: sheet-ready, sheet-pick {handle, kind, layer, role, text, at, area, length}, sheet-mark-pick {id}, sheet-drawn {kind, geometry, handle}.
// The page's address may carry #handles=2F,30 or #at=x,y.
import { Hands } from "./sheet/hands.js";
import { paintChanges, paintCross, paintDraft, paintLit, paintMap, paintMarks, paintScale, shapeOf } from "./sheet/overlays.js";
import { Sheet } from "./sheet/pack.js";
import { Panel } from "./sheet/panel.js";
import { STYLE } from "./sheet/style.js";
import { WORDS } from "./sheet/words.js";

const LARGE = 40000; // items: the first picture of a larger sheet is a rough one
const MARGIN = 1.5; // the picture is this many times as wide and high as what is seen

class SheetViewer extends HTMLElement {
  static observedAttributes = ["src", "handles", "background"];

  constructor() {
    super();
    this.words = WORDS[document.documentElement.lang.startsWith("en") ? "en" : "zh"];
    Object.assign(this, { layers: new Map(), lit: new Set(), litHandles: [], marks: [], overlay: [], view: { x: 0, y: 0, scale: 1 }, selected: null, mode: null, draft: [], stats: {}, metres: 1 });
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    root.innerHTML = `<div class="bar" role="toolbar"></div><div class="stage"><canvas tabindex="0" role="img"></canvas><div class="message" role="status"></div><div class="layers" hidden></div></div><div class="info"><span class="what" aria-live="polite"></span><span class="where"></span></div>`;
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.canvas.setAttribute("aria-label", this.words.canvas);
    this.message = root.querySelector(".message");
    this.what = root.querySelector(".what");
    this.where = root.querySelector(".where");
    this.panel = new Panel(this, root.querySelector(".bar"), root.querySelector(".layers"));
    this.hands = new Hands(this);
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
    this.worker?.terminate();
    this.worker = null;
  }

  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    if (name === "src" && value) this.load(value);
    else if (name === "handles") this.highlight((value || "").split(",").filter(Boolean));
    else { this.stale = true; this.redraw(); }
  }

  // --- loading -------------------------------------------------------------------------------------------------------

  async load(address) {
    const began = performance.now();
    this.message.textContent = this.words.loading;
    this.sheet = null; this.picture = null; this.overview = null; this.ready = false;
    this.removeAttribute("ready");
    this.hire();
    try {
      // the packed form lies beside the GeoJSON that programs read
      const answer = await fetch(address.replace(/sheet\.geojson$/, "sheet.bin"));
      if (!answer.ok) throw new Error(String(answer.status));
      const buffer = await answer.arrayBuffer();
      if (this.getAttribute("src") !== address) return;
      this.stats.fetched = performance.now() - began;
      this.take(buffer);
    } catch (error) {
      this.message.textContent = `${this.words.failed} (${error.message})`;
      return;
    }
    this.stats.decoded = performance.now() - began;
    this.fit();
    if (this.litHandles.length) this.highlight(this.litHandles, { zoom: true });
    this.readHash();
    this.whenPainted = () => {
      this.stats.painted = performance.now() - began;
      this.message.textContent = "";
      this.ready = true;
      this.setAttribute("ready", "");
      this.dispatchEvent(new CustomEvent("sheet-ready", { detail: { features: this.sheet.size }, bubbles: true }));
    };
    this.order();
  }

  // the worker loads its code while the sheet is on its way
  hire() {
    this.worker?.terminate();
    this.busy = false;
    this.worker = new Worker(new URL("./sheet/painter.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.receive(data));
    this.worker.addEventListener("error", (event) => { this.message.textContent = `${this.words.failed} (${event.message || "worker"})`; });
  }

  take(buffer) {
    const copy = buffer.slice(0);
    this.worker.postMessage({ load: copy }, [copy]);
    this.sheet = new Sheet(buffer);
    this.metres = this.sheet.metres;
    this.layers = new Map(this.sheet.head.layers.map((layer, index) => [layer.name, { ...layer, index, on: layer.visible || Boolean(layer.role && layer.role !== "reference") }]));
    this.shown = new Uint8Array(this.sheet.head.layers.length);
    for (const layer of this.layers.values()) this.shown[layer.index] = Number(layer.on);
    this.home = this.sheet.head.home || this.sheet.head.extent || [0, 0, 1, 1];
    this.panel.fill();
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  fit() { this.zoomTo(this.home || [0, 0, 1, 1], 1.06); this.whole = true; }

  zoomTo([x0, y0, x1, y1], margin = 1.6) {
    this.whole = false;
    const w = this.width || 1, h = this.height || 1, least = 2 / this.metres;
    const dx = Math.max(x1 - x0, least), dy = Math.max(y1 - y0, least);
    this.view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: Math.min(w / dx, h / dy) / margin };
    this.redraw();
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toSheet(px, py);
    this.whole = false;
    const scale = Math.min(1e6, Math.max(1e-9, this.view.scale * factor));
    this.view = { scale, x: x - (px - this.width / 2) / scale, y: y + (py - this.height / 2) / scale };
    this.redraw();
  }

  // a ring around one spot; what is lit stays in sight unless it is so large that the spot would be lost in it
  show(x, y) {
    const size = 30 / this.metres;
    this.spot = [x, y];
    let box = [x - size / 2, y - size / 2, x + size / 2, y + size / 2];
    for (const { index } of this.lit) {
      const wide = join(box, this.sheet.bounds(index));
      if (wide[2] - wide[0] < 12 * size && wide[3] - wide[1] < 12 * size) box = wide;
    }
    this.zoomTo(box, 1.15);
  }

  highlight(handles, { zoom = true } = {}) {
    this.litHandles = handles;
    return this.sheet ? this.light(handles.flatMap((handle) => this.sheet.find(String(handle))), zoom) : 0;
  }

  light(items, zoom = true) {
    this.lit = new Set(items.map((i) => this.sheet.facts(i)));
    for (const fact of this.lit) if (!this.layers.get(fact.layer).on) this.setLayer(fact.layer, true);
    if (zoom && items.length) this.zoomTo(items.reduce((box, i) => join(box, this.sheet.bounds(i)), [Infinity, Infinity, -Infinity, -Infinity]));
    this.redraw();
    return items.length;
  }

  setLayer(name, on) {
    const layer = this.layers.get(name);
    if (!layer) return;
    layer.on = on;
    this.shown[layer.index] = Number(on);
    this.panel.check(name, on);
    this.stale = true;
    this.redraw();
  }

  setMarks(marks) { this.marks = marks; this.redraw(); }

  // differences of two revisions: GeoJSON features with change (added, removed, moved, turned, mirrored, reshaped, attribute) and when (before, after)
  setOverlay(features) { this.overlay = features.map((f) => ({ ...f.properties, ...shapeOf(f.geometry) })); this.redraw(); }

  showChange(id) {
    const own = this.overlay.filter((o) => o.id === id);
    if (!own.length) return;
    this.chosen = id;
    const box = own.reduce((all, o) => join(all, o.box), [Infinity, Infinity, -Infinity, -Infinity]), pad = 4 / this.metres;
    this.zoomTo([box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad], 1.3);
  }

  // plan layers under the drawing
  async toggleMap(on) {
    this.mapOn = on;
    if (on && !this.map) {
      const answer = await fetch(this.getAttribute("map"));
      const data = answer.ok ? await answer.json() : { features: [] };
      this.map = data.features.map((f) => ({ ...f.properties, ...shapeOf(f.geometry) }));
      if (!this.map.length) this.what.textContent = this.words.noMap;
    }
    this.redraw();
  }

  readHash() {
    const facts = new URLSearchParams(location.hash.slice(1));
    if (!this.sheet) return;
    if (facts.get("handles")) this.highlight(facts.get("handles").split(","));
    const at = (facts.get("at") || "").split(",").map(Number);
    if (at.length === 2 && at.every(Number.isFinite)) this.show(...at);
  }

  // --- drawing -------------------------------------------------------------------------------------------------------

  toScreen(x, y) { return [this.width / 2 + (x - this.view.x) * this.view.scale, this.height / 2 - (y - this.view.y) * this.view.scale]; }
  toSheet(px, py) { return [this.view.x + (px - this.width / 2) / this.view.scale, this.view.y - (py - this.height / 2) / this.view.scale]; }

  resize() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (!box.width || !box.height) return;
    this.ratio = window.devicePixelRatio || 1;
    this.width = box.width; this.height = box.height;
    this.canvas.width = Math.round(box.width * this.ratio); this.canvas.height = Math.round(box.height * this.ratio);
    this.stale = true;
    if (this.whole && this.sheet) this.fit();
    this.paint();
  }

  redraw() { this.frame ??= requestAnimationFrame(() => { this.frame = null; this.paint(); }); }

  colors() {
    const black = this.getAttribute("background") === "black", style = getComputedStyle(this);
    return { black, ground: black ? "#000000" : "#ffffff", ink: black ? "#ffffff" : "#000000", halo: style.getPropertyValue("--halo").trim() || "#ffd400", fail: style.getPropertyValue("--seal").trim() || "#c8161d" };
  }

  // ask the worker for a picture of this view; one at a time, always the newest view
  order() {
    if (!this.sheet || !this.width || this.busy) return;
    this.busy = true; this.stale = false;
    const { x, y, scale } = this.view;
    const rough = !this.picture && this.sheet.size > LARGE, margin = rough ? 1 : MARGIN;
    const width = Math.round(this.width * margin * this.ratio), height = Math.round(this.height * margin * this.ratio);
    this.worker.postMessage({ draw: { rough, view: { x, y, scale: scale * this.ratio }, width, height, black: this.getAttribute("background") === "black", shown: this.shown } });
  }

  receive({ bitmap, request, ms }) {
    this.busy = false;
    this.stats.raster = ms;
    const old = this.picture;
    this.picture = { bitmap, ...request };
    const home = this.overview;
    if (!home || this.whole) { if (home && home.bitmap !== old?.bitmap) home.bitmap.close(); this.overview = this.picture; }
    if (old && old.bitmap !== this.overview?.bitmap) old.bitmap.close();
    this.paint();
    this.whenPainted?.();
    this.whenPainted = null;
  }

  // does the newest picture show this view sharply and to its edges?
  get current() {
    const p = this.picture;
    if (!p || p.rough || this.stale || Math.abs(p.view.scale / (this.view.scale * this.ratio) - 1) > 1e-9) return false;
    const aside = Math.abs(p.view.x - this.view.x) * p.view.scale, above = Math.abs(p.view.y - this.view.y) * p.view.scale;
    return aside * 2 <= p.width - this.canvas.width && above * 2 <= p.height - this.canvas.height;
  }

  // a new picture is ordered while the old one still reaches the edges
  get nearEdge() {
    const p = this.picture;
    return p && (Math.abs(p.view.x - this.view.x) * p.view.scale * 4 > p.width - this.canvas.width || Math.abs(p.view.y - this.view.y) * p.view.scale * 4 > p.height - this.canvas.height);
  }

  paint() {
    if (!this.width) return;
    const c = this.context, colors = this.colors();
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = colors.ground;
    c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.sheet) return;
    if (this.overview && this.overview !== this.picture && !this.current && this.overview.black === colors.black) this.lay(this.overview);
    if (this.picture) this.lay(this.picture);
    if (!this.current || this.nearEdge) this.order();
    if (!this.picture) return;
    c.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    c.lineJoin = "round"; c.lineCap = "round";
    for (const part of [paintMap, paintChanges, paintLit, paintMarks, paintDraft, paintCross, paintScale]) part(this, colors);
  }

  lay({ bitmap, view, width, height }) {
    const scale = this.view.scale * this.ratio, k = scale / view.scale;
    let left = this.canvas.width / 2 + (view.x - this.view.x) * scale - (width / 2) * k;
    let top = this.canvas.height / 2 - (view.y - this.view.y) * scale - (height / 2) * k;
    if (Math.abs(k - 1) < 1e-9) { left = Math.round(left); top = Math.round(top); } // fine lines stay fine
    this.context.drawImage(bitmap, left, top, width * k, height * k);
  }
}

export function join(a, b) { return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]; }

customElements.define("sheet-viewer", SheetViewer);
