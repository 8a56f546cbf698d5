// <plan-map>: the plan layers as a map, with the site, the findings and what a person needs to read a map.
//
// It holds a <script type="application/json"> with: crs {epsg, name, proj4}, extent (lon/lat), boundary (GeoJSON lon/lat or
// null), findings [{code, title, outcome, marker}], issues [{code, level, message, at}], vertices [{label, at}], visible [codes], words {…}.
// Elements of the page with data-finding="<code>" (and data-issue="<n>") and the map light each other up.
"use strict";

(() => {
  const { ol } = window;
  const OUTCOME_COLOURS = { fail: "#b3201f", undecided: "#5b4a8a", note: "#b87700", pass: "#1d6b3a" };
  const HALO = "#ffd400";
  const VIEW = "EPSG:3857";
  const LONLAT = "EPSG:4326";

  /** Register a CRS given as {epsg, proj4} and return its code. */
  function useCrs(crs) {
    const code = `EPSG:${crs.epsg}`;
    if (!ol.proj.get(code)) {
      window.proj4.defs(code, crs.proj4);
      ol.proj.proj4.register(window.proj4);
    }
    return code;
  }

  function withAlpha(hex, alpha) {
    const n = parseInt(hex.slice(1), 16);
    return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${alpha})`;
  }

  /** A fill with hatching, as a canvas pattern. */
  function hatched(symbol, fill) {
    const size = 8;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    context.fillStyle = withAlpha(fill, symbol.opacity);
    context.fillRect(0, 0, size, size);
    context.strokeStyle = symbol.stroke;
    context.lineWidth = 0.8;
    context.beginPath();
    context.moveTo(0, size);
    context.lineTo(size, 0);
    if (symbol.hatch === "cross") {
      context.moveTo(0, 0);
      context.lineTo(size, size);
    }
    context.stroke();
    return context.createPattern(canvas, "repeat");
  }

  /** Style function of a plan layer, from its symbol and legend classes. */
  function layerStyle(definition) {
    const { symbol } = definition;
    const fills = new Map(definition.classes.map((c) => [c.key, c.fill]));
    const cache = new Map();
    return (feature, resolution) => {
      const fill = fills.get(feature.get("class")) || symbol.fill;
      const named = resolution < 1.2 && ["KG_DK", "ZD", "JCJK"].includes(definition.code);
      const key = `${fill}|${named ? feature.get("label") : ""}`;
      let style = cache.get(key);
      if (!style) {
        style = new ol.style.Style({
          fill: new ol.style.Fill({ color: symbol.hatch ? hatched(symbol, fill) : withAlpha(fill, symbol.opacity) }),
          stroke: new ol.style.Stroke({ color: symbol.stroke, width: symbol.width, lineDash: symbol.dash.length ? symbol.dash : undefined }),
          text: named ? new ol.style.Text({
            text: feature.get("label"), overflow: false, font: '12px "Noto Sans CJK SC", sans-serif',
            fill: new ol.style.Fill({ color: "#1b2430" }), stroke: new ol.style.Stroke({ color: "#ffffff", width: 3 }),
          }) : undefined,
        });
        if (cache.size > 2000) cache.clear();
        cache.set(key, style);
      }
      return style;
    };
  }

  const stroke = (color, width, lineDash) => new ol.style.Style({ stroke: new ol.style.Stroke({ color, width, lineDash }) });
  const dot = (color, radius) => new ol.style.Circle({ radius, fill: new ol.style.Fill({ color }), stroke: new ol.style.Stroke({ color: "#ffffff", width: 2 }) });

  /** Red line, bold, with a halo: it is read above every plan. */
  const boundaryStyle = [stroke(HALO, 7), stroke("#c8161d", 3)];

  function findingStyle(lit) {
    return (feature) => {
      const colour = OUTCOME_COLOURS[feature.get("outcome")] || "#12447f";
      const on = lit() !== null && feature.get("code") === lit();
      return [
        new ol.style.Style({ stroke: new ol.style.Stroke({ color: on ? HALO : "rgba(255,255,255,.9)", width: on ? 9 : 5 }) }),
        new ol.style.Style({
          fill: new ol.style.Fill({ color: withAlpha(colour, on ? 0.5 : 0.28) }),
          stroke: new ol.style.Stroke({ color: colour, width: on ? 3 : 2 }),
          image: dot(colour, 6),
        }),
      ];
    };
  }

  function issueStyle(feature) {
    return new ol.style.Style({
      image: new ol.style.RegularShape({
        points: 4, radius: 9, angle: Math.PI / 4, fill: new ol.style.Fill({ color: feature.get("level") === "error" ? "#b3201f" : "#b87700" }),
        stroke: new ol.style.Stroke({ color: "#ffffff", width: 2 }),
      }),
    });
  }

  /** A proposed repair: red and dashed as it is, green as it would be. */
  function repairStyle(feature) {
    return feature.get("after")
      ? [new ol.style.Style({ fill: new ol.style.Fill({ color: "rgba(26,117,66,.25)" }), stroke: new ol.style.Stroke({ color: "#1a7542", width: 2.5 }) })]
      : [stroke("#ffffff", 6), stroke("#b3201f", 3, [8, 5])];
  }

  /** A boundary vertex somebody asked for: ring, halo and its number. */
  function vertexStyle(feature) {
    return [
      new ol.style.Style({ image: new ol.style.Circle({ radius: 13, stroke: new ol.style.Stroke({ color: HALO, width: 6 }) }) }),
      new ol.style.Style({
        image: new ol.style.Circle({ radius: 13, stroke: new ol.style.Stroke({ color: "#12447f", width: 2.5 }) }),
        text: new ol.style.Text({
          text: feature.get("label"), offsetX: 20, textAlign: "left", font: 'bold 16px "Noto Sans CJK SC", sans-serif',
          fill: new ol.style.Fill({ color: "#12447f" }), stroke: new ol.style.Stroke({ color: "#ffffff", width: 4 }),
        }),
      }),
      new ol.style.Style({ image: dot("#12447f", 4) }),
    ];
  }

  function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") node.className = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  const english = () => document.documentElement.lang === "en";
  const bi = (zh, en) => (english() && en ? en : zh);
  const format = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

  /** The map itself, without panel: shared by <plan-map> and <boundary-editor>. */
  class BaseMap extends HTMLElement {
    connectedCallback() {
      if (this.map) return;
      this.config = JSON.parse(this.querySelector("script[type='application/json']").textContent);
      this.words = this.config.words;
      this.crsCode = useCrs(this.config.crs);
      this.layers = new Map();
      this.build();
      this.load();
    }

    disconnectedCallback() {
      if (this.map) this.map.setTarget(null);
    }

    build() {
      this.stage = element("div", { class: "map", tabindex: "0", role: "application", "aria-label": this.words.map });
      this.readout = element("output", { class: "map-readout mono" });
      this.status = element("p", { class: "soft small", role: "status" });
      this.append(this.stage, this.readout, this.status);
      this.geojson = new ol.format.GeoJSON({ dataProjection: LONLAT, featureProjection: VIEW });
      this.boundarySource = new ol.source.Vector({ features: this.config.boundary ? this.geojson.readFeatures(this.config.boundary) : [] });
      this.boundaryLayer = new ol.layer.Vector({ source: this.boundarySource, style: boundaryStyle, zIndex: 900 });
      this.map = new ol.Map({
        target: this.stage,
        layers: [this.boundaryLayer],
        controls: ol.control.defaults.defaults({ attribution: false, zoomOptions: { zoomInTipLabel: this.words.zoom_in, zoomOutTipLabel: this.words.zoom_out } })
          .extend([new ol.control.ScaleLine({ units: "metric" })]),
        view: new ol.View({ projection: VIEW, maxZoom: 22, constrainResolution: false }),
      });
      this.stage.append(element("div", { class: "map-north", "aria-hidden": "true", title: this.words.north }, "▲", element("b", {}, "N")));
      const [west, south, east, north] = ol.proj.transformExtent(this.config.extent, LONLAT, VIEW);
      const margin = Math.max(east - west, north - south) * (this.config.boundary ? 0.6 : 0);
      this.map.getView().fit([west - margin, south - margin, east + margin, north + margin], { padding: [20, 20, 20, 20] });
      this.map.on("pointermove", (event) => this.readAt(event.coordinate));
      this.map.on("moveend", () => this.readAt(this.map.getView().getCenter()));
    }

    readAt(coordinate) {
      if (!coordinate) return;
      const [east, north] = ol.proj.transform(coordinate, VIEW, this.crsCode);
      const [lon, lat] = ol.proj.toLonLat(coordinate);
      this.readout.value = `${this.words.east} ${format(east, 2)}  ${this.words.north_axis} ${format(north, 2)} · EPSG:${this.config.crs.epsg} · ${lon.toFixed(6)}°, ${lat.toFixed(6)}°`;
    }

    async load() {
      try {
        const answer = await fetch("/api/v1/layers", { headers: { accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        this.catalogue = await answer.json();
      } catch {
        this.status.textContent = this.words.unreachable;
        return;
      }
      const count = this.catalogue.layers.length;
      this.catalogue.layers.forEach((definition, index) => {
        if (!definition.version) return;
        const layer = new ol.layer.VectorTile({
          declutter: true,
          visible: this.config.visible.includes(definition.code),
          zIndex: 100 + (count - index),
          style: layerStyle(definition),
          source: new ol.source.VectorTile({
            format: new ol.format.MVT({ idProperty: "fid" }),
            url: `/api/v1/layers/${definition.code}/tiles/{z}/{x}/{y}.mvt?v=${definition.version.id}`,
            maxZoom: 16,
            minZoom: 8,
          }),
        });
        layer.set("code", definition.code);
        this.layers.set(definition.code, layer);
        this.map.addLayer(layer);
      });
      this.loaded();
      this.dispatchEvent(new CustomEvent("layers-loaded"));
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

  class PlanMap extends BaseMap {
    build() {
      super.build();
      this.lit = null;
      this.findingSource = new ol.source.Vector();
      for (const finding of this.config.findings) {
        if (!finding.marker) continue;
        const feature = new ol.Feature(this.geojson.readGeometry(finding.marker));
        feature.setProperties({ code: finding.code, outcome: finding.outcome, title: bi(finding.title, finding.title_en) });
        this.findingSource.addFeature(feature);
      }
      const rank = { fail: 3, undecided: 2, note: 1, pass: 0 };
      this.findingLayer = new ol.layer.Vector({
        source: this.findingSource, style: findingStyle(() => this.lit), zIndex: 950,
        renderOrder: (a, b) => rank[a.get("outcome")] - rank[b.get("outcome")],
      });
      this.findingLayer.setStyle((feature, resolution) => (
        this.shown(feature) ? findingStyle(() => this.lit)(feature, resolution) : null
      ));
      this.issueSource = new ol.source.Vector();
      this.config.issues.forEach((issue, index) => {
        const feature = new ol.Feature(new ol.geom.Point(ol.proj.fromLonLat(issue.at)));
        feature.setProperties({ issue: index, level: issue.level });
        this.issueSource.addFeature(feature);
      });
      this.map.addLayer(this.findingLayer);
      this.map.addLayer(new ol.layer.Vector({ source: this.issueSource, style: issueStyle, zIndex: 980 }));
      this.vertexSource = new ol.source.Vector();
      (this.config.vertices || []).forEach((vertex, index) => {
        const feature = new ol.Feature(new ol.geom.Point(ol.proj.fromLonLat(vertex.at)));
        feature.setProperties({ vertex: index, label: vertex.label });
        this.vertexSource.addFeature(feature);
      });
      this.map.addLayer(new ol.layer.Vector({ source: this.vertexSource, style: vertexStyle, zIndex: 985 }));
      this.repairSource = new ol.source.Vector();
      this.map.addLayer(new ol.layer.Vector({ source: this.repairSource, style: repairStyle, zIndex: 970 }));
      if (!this.vertexSource.isEmpty()) this.flyTo(this.vertexSource.getExtent(), 90);
      this.measureSource = new ol.source.Vector();
      this.map.addLayer(new ol.layer.Vector({ source: this.measureSource, zIndex: 990, style: [stroke("#ffffff", 5), stroke("#12447f", 2.5, [6, 4])] }));
      this.map.on("singleclick", (event) => this.clicked(event));
      this.tools();
      this.listen();
    }

    /** Findings that decide are always drawn; the others when their row is lit. */
    shown(feature) {
      return feature.get("outcome") === "fail" || feature.get("code") === this.lit;
    }

    tools() {
      const { words } = this;
      this.bar = element("div", { class: "map-tools", role: "toolbar", "aria-label": words.tools });
      if (this.config.boundary) {
        this.bar.append(element("button", { type: "button", onclick: () => this.flyTo(this.boundarySource.getExtent()) }, words.to_site));
      }
      this.measureButtons = ["length", "area"].map((kind) => element("button", {
        type: "button", "aria-pressed": "false", onclick: () => this.measure(kind),
      }, words[`measure_${kind}`]));
      const goto = element("input", { type: "text", "aria-label": words.goto_label, placeholder: words.goto_hint, class: "short mono" });
      const form = element("form", { class: "map-goto", onsubmit: (event) => { event.preventDefault(); this.goTo(goto.value); } },
        goto, element("button", {}, words.goto));
      this.bar.append(...this.measureButtons, form);
      this.insertBefore(this.bar, this.stage);
      this.panel = element("aside", { class: "map-panel", "aria-label": words.layers });
      this.status.after(this.panel);
      this.details = element("section", { class: "map-identify card", hidden: true, "aria-live": "polite" });
      this.append(this.details);
    }

    goTo(text) {
      const numbers = text.replace(/[,\s]+/g, ",").split(",").map(Number).filter(Number.isFinite);
      if (numbers.length !== 2) {
        this.status.textContent = this.words.goto_wrong;
        return;
      }
      const degrees = Math.abs(numbers[0]) <= 180 && Math.abs(numbers[1]) <= 90;
      const at = ol.proj.transform(numbers, degrees ? LONLAT : this.crsCode, VIEW);
      if (!at.every(Number.isFinite)) {
        this.status.textContent = this.words.goto_wrong;
        return;
      }
      this.status.textContent = "";
      this.map.getView().animate({ center: at, zoom: Math.max(this.map.getView().getZoom(), 16), duration: 250 });
      this.readAt(at);
    }

    measure(kind) {
      const again = this.measuring === kind;
      if (this.drawing) this.map.removeInteraction(this.drawing);
      this.drawing = null;
      this.measuring = again ? null : kind;
      this.measureButtons.forEach((button, index) => button.setAttribute("aria-pressed", String(!again && index === (kind === "area" ? 1 : 0))));
      if (again) {
        this.measureSource.clear();
        this.status.textContent = "";
        return;
      }
      this.drawing = new ol.interaction.Draw({ source: this.measureSource, type: kind === "area" ? "Polygon" : "LineString" });
      const tell = (geometry) => {
        const flat = geometry.clone().transform(VIEW, this.crsCode);
        this.status.textContent = kind === "area"
          ? `${this.words.area}: ${format(flat.getArea(), 2)} ㎡`
          : `${this.words.length}: ${format(flat.getLength(), 2)} m`;
      };
      this.drawing.on("drawstart", (event) => {
        this.measureSource.clear();
        event.feature.getGeometry().on("change", (change) => tell(change.target));
      });
      this.drawing.on("drawend", (event) => tell(event.feature.getGeometry()));
      this.map.addInteraction(this.drawing);
    }

    /** Layer tree: families, legend, opacity. */
    loaded() {
      const byCode = new Map(this.catalogue.layers.map((layer) => [layer.code, layer]));
      for (const family of this.catalogue.families) {
        const rows = family.layers.map((code) => this.layerRow(byCode.get(code)));
        const open = family.layers.some((code) => this.config.visible.includes(code));
        this.panel.append(element("details", { open }, element("summary", {}, bi(family.name, family.name_en)), element("ul", { class: "plain" }, ...rows)));
      }
    }

    layerRow(definition) {
      const layer = this.layers.get(definition.code);
      const id = `layer-${definition.code}`;
      const box = element("input", { type: "checkbox", id, disabled: !layer });
      box.checked = Boolean(layer && layer.getVisible());
      const slider = element("input", { type: "range", min: "0", max: "100", value: "100", "aria-label": `${bi(definition.name, definition.name_en)} ${this.words.opacity}`, hidden: !box.checked });
      const legend = element("div", { class: "legend", hidden: !box.checked });
      for (const entry of definition.classes) legend.append(element("span", {}, this.swatch(definition.symbol, entry.fill), bi(entry.name, entry.name_en)));
      if (layer) {
        box.addEventListener("change", () => {
          layer.setVisible(box.checked);
          slider.hidden = legend.hidden = !box.checked;
        });
        slider.addEventListener("input", () => layer.setOpacity(slider.valueAsNumber / 100));
      }
      const version = definition.version ? `${definition.version.version} · ${bi(definition.policy_name, definition.policy_name_en)}` : this.words.no_data;
      return element("li", {}, box, element("label", { for: id, title: definition.clause.text }, this.swatch(definition.symbol, definition.symbol.fill), bi(definition.name, definition.name_en)),
        element("span", { class: "soft small" }, version), slider, legend);
    }

    swatch(symbol, fill) {
      const node = element("i", { class: "swatch", "aria-hidden": "true" });
      node.style.background = withAlpha(fill, Math.max(symbol.opacity, 0.35));
      node.style.borderColor = symbol.stroke;
      if (symbol.dash.length) node.style.borderStyle = "dashed";
      return node;
    }

    /** Rows of the page light up their marker and the other way round. */
    listen() {
      document.addEventListener("click", (event) => {
        const control = event.target.closest("[data-show-finding], [data-show-issue], [data-show-vertex], [data-show-repair]");
        if (!control) return;
        event.preventDefault();
        if (control.dataset.showFinding) this.light(control.dataset.showFinding, true);
        else if (control.dataset.showVertex) this.showFeature(this.vertexSource, "vertex", Number(control.dataset.showVertex));
        else if (control.dataset.showRepair) this.showRepair(Number(control.dataset.showRepair));
        else this.showFeature(this.issueSource, "issue", Number(control.dataset.showIssue));
      });
    }

    showRepair(index) {
      const repair = (this.config.repairs || [])[index];
      if (!repair || !repair.before) return;
      this.repairSource.clear();
      for (const [key, geometry] of [["after", repair.after], ["before", repair.before]]) {
        if (!geometry) continue;
        const feature = new ol.Feature(this.geojson.readGeometry(geometry));
        feature.set("after", key === "after");
        this.repairSource.addFeature(feature);
      }
      const at = repair.at ? ol.extent.buffer([...ol.proj.fromLonLat(repair.at), ...ol.proj.fromLonLat(repair.at)], 15) : this.repairSource.getExtent();
      this.flyTo(at);
      this.stage.scrollIntoView({ block: "nearest" });
    }

    light(code, fly) {
      this.lit = code;
      this.findingLayer.changed();
      for (const row of document.querySelectorAll("[data-finding]")) {
        const on = row.dataset.finding === code;
        row.classList.toggle("lit", on);
        if (on && !fly) row.scrollIntoView({ block: "nearest" });
      }
      const feature = this.findingSource.getFeatures().find((f) => f.get("code") === code);
      const layer = this.layers.get(code.replace(/^plan\./, ""));
      if (layer && !layer.getVisible()) {
        layer.setVisible(true);
        const box = this.panel.querySelector(`#layer-${CSS.escape(code.replace(/^plan\./, ""))}`);
        if (box) box.checked = true;
      }
      if (feature && fly) {
        this.flyTo(feature.getGeometry().getExtent());
        this.stage.scrollIntoView({ block: "nearest" });
      }
    }

    showFeature(source, key, index) {
      const feature = source.getFeatures().find((f) => f.get(key) === index);
      if (feature) {
        this.flyTo(feature.getGeometry().getExtent());
        this.stage.scrollIntoView({ block: "nearest" });
      }
    }

    clicked(event) {
      if (this.measuring) return;
      let code = null;
      this.map.forEachFeatureAtPixel(event.pixel, (feature) => { code = code || feature.get("code") || null; }, {
        layerFilter: (layer) => layer === this.findingLayer, hitTolerance: 4,
      });
      if (code) this.light(code, false);
      this.identify(event.coordinate);
    }

    async identify(coordinate) {
      const [x, y] = ol.proj.transform(coordinate, VIEW, this.crsCode);
      this.details.hidden = false;
      this.details.replaceChildren(element("p", { class: "soft" }, this.words.asking));
      try {
        const answer = await fetch(`/api/v1/layers/identify?x=${x}&y=${y}&crs=${this.config.crs.epsg}`);
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        this.showIdentified(found, x, y);
      } catch {
        this.details.replaceChildren(element("p", {}, this.words.unreachable));
      }
    }

    showIdentified(found, x, y) {
      const head = element("h3", {}, `${this.words.at_point} `, element("span", { class: "mono small" }, `${format(x, 2)}, ${format(y, 2)}`));
      const close = element("button", { type: "button", class: "quiet", onclick: () => { this.details.hidden = true; } }, this.words.close);
      const rows = [];
      for (const layer of found.layers) {
        for (const feature of layer.features) {
          const facts = Object.entries(layer.fields).filter(([key]) => feature.attributes[key] !== null && feature.attributes[key] !== undefined)
            .map(([key, name]) => `${name} ${feature.attributes[key]}`).join(" · ");
          rows.push(element("tr", {}, element("th", { scope: "row" }, bi(layer.name, layer.name_en)), element("td", {}, feature.label), element("td", { class: "soft small" }, facts)));
        }
      }
      const body = rows.length ? element("div", { class: "scroll" }, element("table", {}, element("tbody", {}, ...rows))) : element("p", { class: "soft" }, this.words.nothing_here);
      this.details.replaceChildren(head, close, body);
    }
  }

  window.ProjectBoxMap = { BaseMap, element, format, stroke, boundaryStyle, VIEW, LONLAT, HALO };
  customElements.define("plan-map", PlanMap);
})();
