// Measuring: true lengths and areas in the project's CRS, on its plane and on its ellipsoid, with mouse or keyboard.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, button, format } = ui;
  const { ol } = window;

  class Measure {
    constructor(map) {
      this.owner = map;
      this.words = map.words;
      this.kind = null;
      this.points = [];
      this.source = new ol.source.Vector();
      map.map.addLayer(new ol.layer.Vector({
        source: this.source, zIndex: 990,
        style: [ui.stroke("#ffffff", 5), ui.stroke("#12447f", 2.5, [6, 4]), new ol.style.Style({ image: ui.dot("#12447f", 4) })],
      }));
      this.buttons = ["length", "area"].map((kind) => button(this.words[`measure_${kind}`], () => this.toggle(kind), { "aria-pressed": "false" }));
      this.total = element("output", { class: "measure-total" });
      this.segments = element("ol", { class: "measure-segments mono" });
      this.copied = element("span", { class: "soft small", role: "status" });
      this.panel = element("section", { class: "map-tool card", hidden: true, "aria-label": this.words.measure },
        element("p", { class: "soft small" }, this.words.measure_hint), this.total,
        element("div", { class: "actions" }, button(this.words.undo, () => this.undo()), button(this.words.clear, () => this.clear()),
          button(this.words.copy, () => this.copy()), button(this.words.close, () => this.toggle(this.kind)), this.copied),
        this.segments);
      map.map.on("click", (event) => this.kind && this.add(event.coordinate));
      map.map.on("dblclick", (event) => {
        if (!this.kind) return true;
        this.done = true;
        return false;
      });
      map.map.on("pointermove", (event) => this.kind && !event.dragging && this.draw(event.coordinate));
    }

    get active() {
      return this.kind !== null;
    }

    toggle(kind) {
      this.kind = this.kind === kind ? null : kind;
      this.buttons.forEach((node, index) => node.setAttribute("aria-pressed", String(this.kind === (index ? "area" : "length"))));
      this.panel.hidden = !this.kind;
      this.clear();
      if (this.kind) this.owner.stage.focus({ preventScroll: true });
    }

    add(coordinate) {
      if (this.done) this.clear();
      const last = this.points.at(-1);
      if (last) {
        const [ax, ay] = this.owner.map.getPixelFromCoordinate(last);
        const [bx, by] = this.owner.map.getPixelFromCoordinate(coordinate);
        if (Math.hypot(ax - bx, ay - by) < 2) return;
      }
      this.points.push(coordinate);
      this.changed();
    }

    undo() {
      this.done = false;
      this.points.pop();
      this.changed();
    }

    clear() {
      this.points = [];
      this.done = false;
      this.changed();
    }

    /** The line so far; with the place of the pointer while it goes on. */
    draw(pointer) {
      this.source.clear();
      const line = pointer && !this.done && this.points.length ? [...this.points, pointer] : this.points;
      if (!line.length) return;
      const shape = this.kind === "area" && line.length > 2 ? new ol.geom.Polygon([[...line, line[0]]]) : new ol.geom.LineString(line);
      this.source.addFeatures([new ol.Feature(shape), new ol.Feature(new ol.geom.MultiPoint(this.points))]);
    }

    changed() {
      this.draw(null);
      this.answer = null;
      this.copied.textContent = "";
      const flat = this.points.map((point) => this.owner.project(point));
      const closed = this.kind === "area";
      const { metres } = this.owner.config.crs;
      const ring = closed && flat.length > 2 ? [...flat, flat[0]] : flat;
      const parts = ring.slice(1).map(([x, y], index) => Math.hypot(x - ring[index][0], y - ring[index][1]) * metres);
      this.segments.replaceChildren(...parts.map((part) => element("li", {}, `${format(part, 2)} m`)));
      this.tell({ length_m: parts.reduce((sum, part) => sum + part, 0), area_m2: closed && flat.length > 2 ? new ol.geom.Polygon([ring]).getArea() * metres ** 2 : null });
      clearTimeout(this.waiting);
      if (flat.length >= (closed ? 3 : 2)) this.waiting = setTimeout(() => this.askEllipsoid(flat, closed), 200);
    }

    async askEllipsoid(points, closed) {
      const asked = this.points.length;
      try {
        const answer = await ui.ask("/api/v1/map/measure", { points, crs: this.owner.config.crs.epsg, closed });
        if (asked === this.points.length) this.tell(answer);
      } catch (error) {
        this.copied.textContent = error.message;
      }
    }

    tell(found) {
      const { words } = this;
      const lines = [];
      const beside = (value, unit) => (value === null || value === undefined ? "" : `${words.on_ellipsoid} ${format(value, 2)} ${unit}`);
      if (this.kind === "area") {
        lines.push([`${words.area} ${found.area_m2 === null ? "—" : `${format(found.area_m2, 2)} ㎡`}`, beside(found.ellipsoidal_area_m2, "㎡")]);
        if (found.area_m2) lines.push([`${format(found.area_m2 / 10000, 4)} ha · ${format(found.area_m2 / 2000 * 3, 3)} ${words.mu}`, ""]);
      }
      lines.push([`${this.kind === "area" ? words.perimeter : words.length} ${format(found.length_m, 2)} m`, beside(found.ellipsoidal_length_m, "m")]);
      if (found.simple === false) lines.push([words.crossing, ""]);
      this.total.replaceChildren(...lines.map(([first, second], index) => element(index ? "div" : "strong", {}, first, " ", element("span", { class: "soft small" }, second))));
    }

    async copy() {
      const flat = this.points.map((point) => this.owner.project(point).map((value) => value.toFixed(3)).join(","));
      const text = [`EPSG:${this.owner.config.crs.epsg}`, this.total.innerText, ...flat].join("\n");
      try {
        await navigator.clipboard.writeText(text);
        this.copied.textContent = this.words.copied;
      } catch {
        const area = element("textarea", { class: "mono", rows: "4", readonly: true, "aria-label": this.words.copy });
        area.value = text;
        this.copied.replaceChildren(area);
        area.select();
      }
    }
  }

  ui.Measure = Measure;
})();
