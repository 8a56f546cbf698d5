// <boundary-editor>: draw, change or type the site's boundary over the plan layers.
//
// Works in the CRS of its configuration; the coordinate list (one "east,north" a line, blank line between rings) and the
// drawing follow each other, so it can be used without a mouse. The form beside it carries GeoJSON and CRS.
"use strict";

(() => {
  const { ol } = window;
  const { BaseMap, element, format, VIEW } = window.ProjectBoxMap;

  class BoundaryEditor extends BaseMap {
    build() {
      super.build();
      this.form = document.getElementById(this.getAttribute("form"));
      this.list = this.form.querySelector("textarea");
      this.field = this.form.querySelector("[name=geojson]");
      this.size = this.form.querySelector("output");
      this.source = this.boundarySource;
      this.modify = new ol.interaction.Modify({ source: this.source });
      this.draw = new ol.interaction.Draw({ source: this.source, type: "Polygon" });
      this.snap = new ol.interaction.Snap({ source: this.source });
      this.map.addInteraction(this.modify);
      const { words } = this;
      this.drawButton = element("button", { type: "button", "aria-pressed": "false", onclick: () => this.toggle() }, words.draw);
      const undo = element("button", { type: "button", onclick: () => this.draw.removeLastPoint() }, words.undo);
      const clear = element("button", { type: "button", onclick: () => { this.source.clear(); this.changed(); } }, words.clear);
      this.insertBefore(element("div", { class: "map-tools", role: "toolbar", "aria-label": words.tools }, this.drawButton, undo, clear), this.stage);
      this.modify.on("modifyend", () => this.changed());
      this.draw.on("drawend", () => setTimeout(() => { this.toggle(false); this.changed(); }));
      this.list.addEventListener("change", () => this.typed());
      this.changed();
      if (this.source.isEmpty()) this.toggle(true);
    }

    toggle(on = !this.drawing) {
      this.drawing = on;
      this.drawButton.setAttribute("aria-pressed", String(on));
      for (const interaction of [this.draw, this.snap]) {
        this.map.removeInteraction(interaction);
        if (on) this.map.addInteraction(interaction);
      }
      this.status.textContent = on ? this.words.draw_hint : "";
    }

    /** Polygons in the project's CRS, coordinates on the millimetre. */
    polygons() {
      return this.source.getFeatures().flatMap((feature) => {
        const flat = feature.getGeometry().clone().transform(VIEW, this.crsCode);
        const parts = flat.getType() === "MultiPolygon" ? flat.getPolygons() : flat.getType() === "Polygon" ? [flat] : [];
        return parts.map((part) => part.getCoordinates().map((ring) => ring.map(([x, y]) => [Math.round(x * 1000) / 1000, Math.round(y * 1000) / 1000])));
      });
    }

    changed() {
      const polygons = this.polygons();
      this.field.value = polygons.length ? JSON.stringify({ type: "MultiPolygon", coordinates: polygons }) : "";
      this.list.value = polygons.flat().map((ring) => ring.slice(0, -1).map(([x, y]) => `${x.toFixed(3)},${y.toFixed(3)}`).join("\n")).join("\n\n");
      const area = polygons.reduce((sum, rings) => sum + new ol.geom.Polygon(rings).getArea(), 0);
      this.size.value = polygons.length ? `${format(area, 2)} ㎡` : "—";
    }

    /** Take over typed coordinates; each block of lines is a polygon, or a hole of the one before when it lies inside. */
    typed() {
      const rings = this.list.value.trim().split(/\n\s*\n/).map((block) => block.split("\n").map((line) => line.trim()).filter(Boolean)
        .map((line) => line.split(/[,\s]+/).map(Number))).filter((ring) => ring.length);
      const wrong = rings.some((ring) => ring.length < 3 || ring.some((point) => point.length !== 2 || !point.every(Number.isFinite)));
      if (wrong) {
        this.status.textContent = this.words.typed_wrong;
        return;
      }
      this.status.textContent = "";
      const polygons = [];
      for (const ring of rings) {
        const closed = [...ring, ring[0]];
        const holder = polygons.find((p) => ring.every((point) => new ol.geom.Polygon([p[0]]).intersectsCoordinate(point)));
        if (holder) holder.push(closed);
        else polygons.push([closed]);
      }
      this.source.clear();
      for (const coordinates of polygons) {
        this.source.addFeature(new ol.Feature(new ol.geom.Polygon(coordinates).transform(this.crsCode, VIEW)));
      }
      this.changed();
      if (!this.source.isEmpty()) this.flyTo(this.source.getExtent());
    }
  }

  customElements.define("boundary-editor", BoundaryEditor);
})();
