// Pointer and keys of the viewer: panning, zooming, picking, measuring, drawing marks.
import { anchorOf } from "./overlays.js";
import { areaOf, lengthOf } from "./pack.js";

const LEAST = { point: 1, text: 1, photo: 1, line: 2, area: 3, cloud: 3 };
const SNAP = 9; // pixels

export class Hands {
  constructor(viewer) {
    this.viewer = viewer;
    this.pointers = new Map();
    const c = viewer.canvas, spot = (event) => { const box = c.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    c.addEventListener("wheel", (event) => { event.preventDefault(); viewer.zoomBy(Math.exp(-event.deltaY * 0.0016), ...spot(event)); }, { passive: false });
    c.addEventListener("pointerdown", (event) => { c.setPointerCapture(event.pointerId); this.pointers.set(event.pointerId, spot(event)); if (this.pointers.size === 1) this.moved = 0; });
    c.addEventListener("pointermove", (event) => this.move(event, spot(event)));
    const up = (event) => {
      const had = this.pointers.delete(event.pointerId);
      c.classList.remove("dragging");
      if (had && event.type === "pointerup" && this.moved <= 4 && !this.pointers.size) this.click(...spot(event));
    };
    c.addEventListener("pointerup", up);
    c.addEventListener("pointercancel", up);
    c.addEventListener("dblclick", (event) => { event.preventDefault(); if (viewer.mode) this.finish(); });
    c.addEventListener("keydown", (event) => this.key(event));
    viewer.draw = (kind) => this.start(kind);
  }

  key(event) {
    const { viewer } = this, { view, panel } = viewer, step = 60 / view.scale;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => (view.x -= step), ArrowRight: () => (view.x += step), ArrowUp: () => (view.y += step), ArrowDown: () => (view.y -= step),
      "+": () => viewer.zoomBy(1.4), "=": () => viewer.zoomBy(1.4), "-": () => viewer.zoomBy(1 / 1.4), 0: () => viewer.fit(), Home: () => viewer.fit(),
      Escape: () => this.stop(), Backspace: () => this.undo(), Enter: () => this.enter(), " ": () => this.press(), m: () => panel.mode("measure"), a: () => panel.mode("surface"), l: () => panel.toggle(), "/": () => panel.search.focus(),
    };
    const act = acts[event.key];
    if (!act) return;
    if (event.key.startsWith("Arrow")) viewer.whole = false;
    viewer.keyed = true;
    event.preventDefault();
    act();
    if (viewer.mode && event.key.startsWith("Arrow")) { viewer.hover = this.exact(view.x, view.y); this.tell(); }
    viewer.redraw();
  }

  // by keyboard the cross in the middle is the pointer: space sets a point there, or picks what lies there
  press() { this.click(this.viewer.width / 2, this.viewer.height / 2); }

  enter() {
    const { viewer } = this;
    if (!viewer.mode || (!viewer.draft.length && LEAST[viewer.mode] === 1)) this.press();
    else this.finish();
  }

  move(event, at) {
    const { viewer } = this, before = this.pointers.get(event.pointerId), [x, y] = viewer.toSheet(...at);
    viewer.keyed = false;
    if (viewer.sheet) viewer.where.textContent = `${x.toFixed(3)}, ${y.toFixed(3)}`;
    if (!before) {
      viewer.hover = viewer.mode ? this.exact(x, y) : null;
      if (viewer.mode) { this.tell(); viewer.redraw(); }
      return;
    }
    if (this.pointers.size === 2) {
      const other = [...this.pointers.entries()].find(([id]) => id !== event.pointerId)[1];
      const k = Math.hypot(at[0] - other[0], at[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
      this.pointers.set(event.pointerId, at); this.moved = 99;
      viewer.zoomBy(k, (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
      return;
    }
    const dx = at[0] - before[0], dy = at[1] - before[1];
    this.moved += Math.abs(dx) + Math.abs(dy);
    this.pointers.set(event.pointerId, at);
    if (this.moved <= 4) return;
    viewer.canvas.classList.add("dragging");
    viewer.whole = false;
    viewer.view.x -= dx / viewer.view.scale; viewer.view.y += dy / viewer.view.scale;
    viewer.redraw();
  }

  // while measuring, the vertex nearby rather than where the hand is
  exact(x, y) {
    const { viewer } = this, measuring = viewer.mode === "measure" || viewer.mode === "surface";
    viewer.snapped = measuring && viewer.sheet ? viewer.sheet.snap(x, y, SNAP / viewer.view.scale, viewer.shown) : null;
    return viewer.snapped || [x, y];
  }

  click(px, py) {
    const { viewer } = this, [x, y] = viewer.toSheet(px, py);
    if (!viewer.sheet) return;
    if (viewer.mode) {
      viewer.draft.push(this.exact(x, y));
      this.tell();
      if (LEAST[viewer.mode] === 1) this.finish();
      viewer.redraw();
      return;
    }
    for (const mark of viewer.marks) {
      const [mx, my] = viewer.toScreen(...anchorOf(mark.geometry));
      if (Math.hypot(mx - px, my - py) < 12) { this.say("sheet-mark-pick", { id: mark.id }); return; }
    }
    this.select(viewer.sheet.pick(x, y, 7 / viewer.view.scale, viewer.shown), [x, y]);
  }

  select(item, at) {
    const { viewer } = this, { words } = viewer;
    viewer.spot = null;
    viewer.selected = item === null ? null : viewer.sheet.facts(item);
    viewer.redraw();
    if (item === null) { viewer.what.textContent = ""; return; }
    const facts = viewer.selected, size = viewer.sheet.measure(item), bold = document.createElement("b");
    bold.textContent = facts.kind;
    const rest = [`${words.handle} ${facts.handle}`, `${words.layer} ${facts.layer}`];
    if (size.length) rest.push(`${words.length} ${size.length.toFixed(2)} m`);
    if (size.area) rest.push(`${words.area} ${size.area.toFixed(2)} ㎡`);
    if (facts.text) rest.push(`“${facts.text.slice(0, 40)}”`);
    viewer.what.replaceChildren(bold, ` ${rest.join(" · ")}`);
    this.say("sheet-pick", { ...facts, at, ...size });
  }

  say(name, detail) { this.viewer.dispatchEvent(new CustomEvent(name, { detail, bubbles: true })); }

  // --- drawing -------------------------------------------------------------------------------------------------------

  start(kind) {
    const { viewer } = this;
    viewer.mode = kind; viewer.draft = []; viewer.selected = null;
    viewer.what.textContent = viewer.words.drawing[kind] || "";
    viewer.panel.press(kind);
    viewer.canvas.focus();
    viewer.keyed = viewer.canvas.matches(":focus-visible"); // chosen by keyboard, so drawn by keyboard
    if (viewer.keyed) viewer.what.textContent += ` · ${viewer.words.keys}`;
    viewer.redraw();
  }

  stop() {
    const { viewer } = this;
    viewer.mode = null; viewer.draft = []; viewer.hover = null; viewer.snapped = null;
    viewer.what.textContent = "";
    viewer.panel.press(null);
    viewer.redraw();
    this.say("sheet-draw-stop", {});
  }

  undo() {
    const { viewer } = this;
    viewer.draft.pop();
    this.tell();
    viewer.redraw();
  }

  // length so far, or area and perimeter, in metres of the drawing
  tell(points = [...this.viewer.draft, ...(this.viewer.hover ? [this.viewer.hover] : [])]) {
    const { viewer } = this, { words, metres } = viewer;
    if (points.length < 2) return;
    if (viewer.mode === "measure") viewer.what.textContent = `${words.length} ${(lengthOf(points) * metres).toFixed(3)} m`;
    if (viewer.mode === "surface") viewer.what.textContent = `${words.area} ${(areaOf(points) * metres * metres).toFixed(2)} ㎡ · ${words.perimeter} ${(lengthOf([...points, points[0]]) * metres).toFixed(3)} m`;
  }

  finish() {
    const { viewer } = this, kind = viewer.mode, near = 3 / viewer.view.scale;
    const points = viewer.draft.filter(([x, y], i, all) => !i || Math.hypot(x - all[i - 1][0], y - all[i - 1][1]) > near);
    if (kind === "measure" || kind === "surface") {
      this.tell(points);
      const said = viewer.what.textContent;
      this.stop();
      viewer.what.textContent = said;
      return;
    }
    const least = LEAST[kind];
    if (points.length < least) return;
    const middle = [0, 1].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length); // of an area, what it is drawn around
    const under = viewer.sheet.pick(...points[0], 12 / viewer.view.scale, viewer.shown) ?? viewer.sheet.around(...(least === 3 ? middle : points[0]), viewer.shown);
    const geometry = least === 1 ? { type: "Point", coordinates: points[0] } : kind === "line" ? { type: "LineString", coordinates: points } : { type: "Polygon", coordinates: [[...points, points[0]]] };
    this.stop();
    this.say("sheet-drawn", { kind, geometry, handle: under === null ? "" : viewer.sheet.handle(under) });
  }
}
