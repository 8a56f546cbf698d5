// <plan-shapes>: shapes of a comparison, drawn on the page's <plan-map> above the plans.
//
// It holds its legend (.shape-key elements, whose colours are used) and a <script type="application/json"> with
// [{code, kind, geometry (lon/lat)}]. Rows with data-shape-row and buttons with data-show-shape go with them.
"use strict";

(() => {
  const { ol } = window;
  const HALO = "#ffd400";
  const DASHES = { dashed: [7, 4], dotted: [2, 4] };

  class PlanShapes extends HTMLElement {
    connectedCallback() {
      customElements.whenDefined("plan-map").then(() => this.draw());
    }

    draw() {
      this.plan = document.querySelector("plan-map");
      if (!this.plan || !this.plan.map || this.source) return;
      const reader = new ol.format.GeoJSON({ dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });
      this.lit = null;
      this.colours = new Map();
      for (const key of this.querySelectorAll(".shape-key")) {
        const look = getComputedStyle(key);
        this.colours.set(key.classList[1], { colour: look.color, dash: DASHES[look.borderTopStyle] });
      }
      this.source = new ol.source.Vector();
      for (const { code, kind, geometry } of JSON.parse(this.querySelector("script").textContent)) {
        const feature = new ol.Feature(reader.readGeometry(geometry));
        feature.setProperties({ code, kind });
        this.source.addFeature(feature);
      }
      this.layer = new ol.layer.Vector({ source: this.source, zIndex: 940, style: (feature) => this.style(feature) });
      this.plan.map.addLayer(this.layer);
      this.plan.map.on("singleclick", (event) => {
        const hit = this.plan.map.forEachFeatureAtPixel(event.pixel, (f) => f, { layerFilter: (l) => l === this.layer });
        if (hit) this.light(hit.get("code"), false);
      });
      document.addEventListener("click", (event) => {
        const button = event.target.closest("[data-show-shape]");
        if (button) this.light(button.dataset.showShape, true);
      });
      if (location.hash.startsWith("#d-")) this.light(decodeURIComponent(location.hash.slice(3)), true, false);
    }

    style(feature) {
      const { colour, dash } = this.colours.get(feature.get("kind")) || { colour: "#5b4a8a" };
      const on = feature.get("code") === this.lit;
      const fill = ol.color.asArray(colour).slice();
      fill[3] = on ? 0.55 : 0.32;
      return [
        new ol.style.Style({ stroke: new ol.style.Stroke({ color: on ? HALO : "rgba(255,255,255,.85)", width: on ? 8 : 4.5 }) }),
        new ol.style.Style({ fill: new ol.style.Fill({ color: fill }), stroke: new ol.style.Stroke({ color: colour, width: on ? 3 : 2, lineDash: dash }) }),
      ];
    }

    /** Light a shape and its row; fly there, or bring the row into view when the map was clicked. */
    light(code, fly, scroll = true) {
      this.lit = code;
      this.layer.changed();
      for (const row of document.querySelectorAll("[data-shape-row]")) {
        const on = row.dataset.shapeRow === code;
        row.classList.toggle("lit", on);
        if (on && !fly) row.scrollIntoView({ block: "nearest" });
      }
      const mine = this.source.getFeatures().filter((f) => f.get("code") === code);
      if (!fly || !mine.length) return;
      const extent = ol.extent.createEmpty();
      for (const feature of mine) ol.extent.extend(extent, feature.getGeometry().getExtent());
      this.plan.flyTo(extent);
      if (scroll) this.plan.scrollIntoView({ block: "nearest" });
    }
  }

  customElements.define("plan-shapes", PlanShapes);
})();
