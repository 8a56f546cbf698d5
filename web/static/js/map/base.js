// Shared by every map of the platform: small helpers, and BaseMap, the plan layers as a map without panel.
//
// A map element holds a <script type="application/json"> with: crs {epsg, name, proj4}, extent (lon/lat), boundary (GeoJSON
// lon/lat or null), visible [codes], words {…} and what its own kind of map needs.
"use strict";

window.ProjectBoxMap = { VIEW: "EPSG:3857", LONLAT: "EPSG:4326" };

(() => {
  const ui = window.ProjectBoxMap;
  const { ol } = window;
  const { VIEW, LONLAT } = ui;

  /** Register a CRS given as {epsg, proj4} and return its code. */
  ui.useCrs = (crs) => {
    const code = `EPSG:${crs.epsg}`;
    if (!ol.proj.get(code)) {
      window.proj4.defs(code, crs.proj4);
      ol.proj.proj4.register(window.proj4);
    }
    return code;
  };

  ui.element = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") node.className = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };

  const english = () => document.documentElement.lang === "en";
  ui.bi = (zh, en) => (english() && en ? en : zh);
  ui.format = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  ui.button = (words, act, attributes = {}) => ui.element("button", { type: "button", onclick: act, ...attributes }, words);

  /** JSON of the platform; throws an Error whose message can be shown. */
  ui.ask = async (address, body) => {
    const token = document.querySelector("meta[name=csrf-token]");
    const answer = await fetch(address, body === undefined ? { headers: { accept: "application/json" } } : {
      method: "POST", body: JSON.stringify(body),
      headers: { accept: "application/json", "content-type": "application/json", "x-csrf-token": token ? token.content : "" },
    });
    const found = await answer.json().catch(() => ({}));
    if (answer.ok) return found;
    const error = found.error || {};
    throw new Error(ui.bi(error.message || "", error.message_en) || String(answer.status));
  };

  class BaseMap extends HTMLElement {
    connectedCallback() {
      if (this.map) return;
      this.config = JSON.parse(this.querySelector("script[type='application/json']").textContent);
      this.words = this.config.words;
      this.crsCode = ui.useCrs(this.config.crs);
      this.layers = new Map();
      this.shown = new Map();
      this.build();
      this.load();
    }

    disconnectedCallback() {
      if (this.map) this.map.setTarget(null);
    }

    build() {
      const { element } = ui;
      this.stage = element("div", { class: "map", tabindex: "0", role: "application", "aria-label": this.words.map });
      this.readout = element("output", { class: "map-readout mono" });
      this.status = element("p", { class: "soft small map-status", role: "status" });
      this.append(this.stage, this.readout, this.status);
      this.geojson = new ol.format.GeoJSON({ dataProjection: LONLAT, featureProjection: VIEW });
      this.boundarySource = new ol.source.Vector({ features: this.config.boundary ? this.geojson.readFeatures(this.config.boundary) : [] });
      this.boundaryLayer = new ol.layer.Vector({ source: this.boundarySource, style: ui.boundaryStyle, zIndex: 900 });
      this.map = new ol.Map({
        target: this.stage,
        layers: [this.boundaryLayer],
        controls: ol.control.defaults.defaults({ attribution: false, zoomOptions: { zoomInTipLabel: this.words.zoom_in, zoomOutTipLabel: this.words.zoom_out } })
          .extend([new ol.control.ScaleLine({ units: "metric" })]),
        view: new ol.View({ projection: VIEW, maxZoom: 22, constrainResolution: false }),
      });
      this.stage.append(
        element("div", { class: "map-north", "aria-hidden": "true", title: this.words.north }, "▲", element("b", {}, "N")),
        element("div", { class: "map-cross", "aria-hidden": "true" }),
      );
      const [west, south, east, north] = ol.proj.transformExtent(this.config.extent, LONLAT, VIEW);
      const margin = Math.max(east - west, north - south) * (this.config.boundary ? 0.6 : 0);
      this.map.getView().fit([west - margin, south - margin, east + margin, north + margin], { padding: [20, 20, 20, 20] });
      this.map.on("pointermove", (event) => this.readAt(event.coordinate));
      this.map.on("moveend", () => this.readAt(this.map.getView().getCenter()));
    }

    /** A point of the view in the project's CRS: east, north in metres. */
    project(coordinate) {
      return ol.proj.transform(coordinate, VIEW, this.crsCode);
    }

    /** Whether the project's CRS is meant for a place. */
    fits(lon, lat) {
      const { area } = this.config.crs;
      return !area || area[0] > area[2] || (lon >= area[0] && lon <= area[2] && lat >= area[1] && lat <= area[3]);
    }

    readAt(coordinate) {
      if (!coordinate) return;
      const [east, north] = this.project(coordinate);
      const [lon, lat] = ol.proj.toLonLat(coordinate);
      const { format } = ui;
      if (!this.fits(lon, lat)) {
        this.readout.value = `${lon.toFixed(6)}°, ${lat.toFixed(6)}° · ${this.words.not_here}`;
        return;
      }
      this.readout.value = `${this.words.east} ${format(east, 2)}  ${this.words.north_axis} ${format(north, 2)} · EPSG:${this.config.crs.epsg} · ${lon.toFixed(6)}°, ${lat.toFixed(6)}°`;
    }

    async load() {
      try {
        this.catalogue = await ui.ask("/api/v1/layers");
      } catch {
        this.status.textContent = this.words.unreachable;
        return;
      }
      this.definitions = new Map(this.catalogue.layers.map((layer) => [layer.code, layer]));
      this.catalogue.layers.forEach((definition, index) => {
        definition.z = 100 + this.catalogue.layers.length - index;
        if (!definition.version) return;
        const layer = this.tileLayer(definition, definition.version.id);
        layer.set("code", definition.code);
        this.layers.set(definition.code, layer);
        this.map.addLayer(layer);
        if (this.config.visible.includes(definition.code)) this.shown.set(definition.code, 100);
      });
      this.refresh();
      this.loaded();
      this.dispatchEvent(new CustomEvent("layers-loaded"));
    }

    /** One version of a plan layer, as it is drawn on any map of the page. */
    tileLayer(definition, version) {
      return new ol.layer.VectorTile({
        declutter: true,
        zIndex: definition.z,
        style: ui.layerStyle(definition),
        source: new ol.source.VectorTile({
          format: new ol.format.MVT(),
          url: `/api/v1/layers/${definition.code}/tiles/{z}/{x}/{y}.mvt?v=${version}`,
          maxZoom: 16, // none below: far out, tiles of a nearer zoom would be asked for by the thousand
        }),
      });
    }

    /** Show a layer with an opacity in percent, or hide it (0 or null). */
    show(code, percent) {
      if (percent) this.shown.set(code, percent);
      else this.shown.delete(code);
      this.refresh();
    }

    refresh() {
      for (const [code, layer] of this.layers) {
        layer.setVisible(this.shown.has(code));
        layer.setOpacity((this.shown.get(code) || 100) / 100);
      }
    }

    loaded() {}

    flyTo(extent, padding = 60) {
      const size = Math.max(ol.extent.getWidth(extent), ol.extent.getHeight(extent), 20);
      const centre = ol.extent.getCenter(extent);
      const grown = ol.extent.buffer([...centre, ...centre], size / 2);
      const quick = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.map.getView().fit(grown, { padding: [padding, padding, padding, padding], duration: quick ? 0 : 350, maxZoom: 20 });
    }
  }

  ui.BaseMap = BaseMap;
})();
