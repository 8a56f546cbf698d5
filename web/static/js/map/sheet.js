// Print: a sheet at a true scale, its frame shown on the map before it is made; the server draws it as PDF.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, button } = ui;
  const { ol } = window;

  class PrintSheet {
    constructor(map) {
      this.owner = map;
      this.words = map.words;
      const { config } = map;
      this.source = new ol.source.Vector();
      map.map.addLayer(new ol.layer.Vector({ source: this.source, zIndex: 992, style: [ui.stroke("#ffffff", 4), ui.stroke("#1b2430", 1.5, [8, 5])] }));
      this.button = button(this.words.print, () => this.toggle(), { "aria-pressed": "false" });
      const select = (name, options) => element("select", { name }, ...options.map(([value, words]) => element("option", { value }, words)));
      this.scale = select("scale", config.scales.map((scale) => [scale, `1:${scale}`]));
      this.paper = select("paper", config.papers.map((paper) => [paper, paper]));
      this.turn = select("landscape", [["false", this.words.portrait], ["true", this.words.landscape]]);
      this.title = element("input", { name: "title", maxlength: "40", value: config.project ? `${config.project.name} ${this.words.sheet_title}` : this.words.sheet_title });
      this.hidden = Object.fromEntries(["x", "y", "crs", "layers", "project", "csrf_token"].map((name) => [name, element("input", { type: "hidden", name })]));
      const seal = config.officer ? [element("label", { class: "check" }, element("input", { type: "checkbox", name: "seal", value: "true" }), `${this.words.seal}(${config.authority})`)] : [];
      const field = (words, node) => element("label", {}, words, " ", node);
      this.form = element("form", { method: "post", action: "/map/print", target: "_blank" }, ...Object.values(this.hidden),
        field(this.words.scale, this.scale), field(this.words.paper, this.paper), field(this.words.orientation, this.turn), field(this.words.title, this.title), ...seal,
        element("button", { class: "primary" }, this.words.make_pdf), button(this.words.close, () => this.toggle()));
      this.panel = element("section", { class: "map-tool card", hidden: true, "aria-label": this.words.print }, this.form, element("p", { class: "soft small" }, this.words.print_hint));
      for (const node of [this.scale, this.paper, this.turn]) node.addEventListener("change", () => this.frame(true));
      this.form.addEventListener("submit", () => this.fill());
      map.map.on("moveend", () => this.frame(false));
    }

    toggle() {
      this.panel.hidden = !this.panel.hidden;
      this.button.setAttribute("aria-pressed", String(!this.panel.hidden));
      if (!this.panel.hidden) this.scale.value = String(this.fitting());
      this.frame(!this.panel.hidden);
    }

    get size() {
      return this.owner.config.frames[`${this.paper.value}${this.turn.value === "true" ? "-landscape" : ""}`];
    }

    /** The smallest scale denominator whose sheet holds the site, else what the screen shows. */
    fitting() {
      const { boundarySource, map, config } = this.owner;
      const extent = boundarySource.isEmpty() ? map.getView().calculateExtent() : boundarySource.getExtent();
      const [west, south, east, north] = ol.proj.transformExtent(extent, ui.VIEW, this.owner.crsCode);
      const [width, height] = this.size;
      const needed = Math.max((east - west) / width, (north - south) / height) * 1000;
      return config.scales.find((scale) => scale >= needed) || config.scales.at(-1);
    }

    /** The frame of the sheet around the middle of the view; `fly`: bring all of it into the view. */
    frame(fly) {
      this.source.clear();
      if (this.panel.hidden) return;
      const [x, y] = this.owner.project(this.owner.map.getView().getCenter());
      const [width, height] = this.size.map((side) => side * Number(this.scale.value) / 2000);
      const ring = [[x - width, y - height], [x + width, y - height], [x + width, y + height], [x - width, y + height], [x - width, y - height]];
      const shape = new ol.geom.Polygon([ring]).transform(this.owner.crsCode, ui.VIEW);
      this.source.addFeature(new ol.Feature(shape));
      if (fly) this.owner.map.getView().fit(shape, { padding: [25, 25, 25, 25], duration: 0 });
    }

    fill() {
      const { owner, hidden } = this;
      const [x, y] = owner.project(owner.map.getView().getCenter());
      hidden.x.value = x.toFixed(3);
      hidden.y.value = y.toFixed(3);
      hidden.crs.value = owner.config.crs.epsg;
      hidden.layers.value = [...owner.shown].map(([code, percent]) => `${code}:${percent}`).join(",");
      hidden.project.disabled = !owner.config.project;
      hidden.project.value = owner.config.project ? owner.config.project.id : "";
      hidden.csrf_token.value = document.querySelector("meta[name=csrf-token]").content;
    }
  }

  ui.PrintSheet = PrintSheet;
})();
