// Identify: everything the plans hold at a point as a table by family, the projects that stand there, the plot lit.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, button, bi, format } = ui;
  const { ol } = window;

  class Identify {
    constructor(map) {
      this.owner = map;
      this.words = map.words;
      this.at = null;
      this.source = new ol.source.Vector();
      map.map.addLayer(new ol.layer.Vector({
        source: this.source, zIndex: 995,
        style: [new ol.style.Style({ image: new ol.style.Circle({ radius: 8, stroke: new ol.style.Stroke({ color: "#ffffff", width: 5 }) }) }),
          new ol.style.Style({ image: new ol.style.Circle({ radius: 8, stroke: new ol.style.Stroke({ color: "#12447f", width: 2.5 }) }) }),
          new ol.style.Style({ image: ui.dot("#12447f", 2.5) })],
      }));
      this.panel = element("section", { class: "map-identify card", hidden: true, "aria-live": "polite", tabindex: "-1", "aria-label": this.words.at_point });
    }

    /** Ask at a place of the view; `focus`: the table takes the focus (keyboard). */
    async ask(coordinate, focus = false) {
      const place = ol.proj.toLonLat(coordinate);
      const own = this.owner.fits(...place);
      const [x, y] = own ? this.owner.project(coordinate) : place;
      const crs = own ? this.owner.config.crs.epsg : 4326;
      this.at = coordinate;
      this.source.clear();
      this.source.addFeature(new ol.Feature(new ol.geom.Point(coordinate)));
      this.panel.hidden = false;
      this.panel.replaceChildren(element("p", { class: "soft" }, this.words.asking));
      this.owner.changedState();
      try {
        const found = await ui.ask(`/api/v1/layers/identify?x=${x}&y=${y}&crs=${crs}`);
        if (this.at === coordinate) this.tell(found, x, y);
      } catch (error) {
        this.panel.replaceChildren(this.head(x, y), element("p", {}, /\D/.test(error.message) ? error.message : this.words.unreachable));
      }
      if (focus) this.panel.focus();
    }

    close() {
      this.panel.hidden = true;
      this.at = null;
      this.source.clear();
      this.choose(null);
      this.owner.changedState();
      this.owner.stage.focus({ preventScroll: true });
    }

    head(x, y) {
      return element("header", {}, element("h3", {}, `${this.words.at_point} `, element("span", { class: "mono small" }, Math.abs(x) > 180 ? `${format(x, 2)}, ${format(y, 2)}` : `${format(x, 6)}°, ${format(y, 6)}°`)),
        button(this.words.close, () => this.close(), { class: "quiet" }));
    }

    tell(found, x, y) {
      const parts = [this.head(x, y)];
      if (found.projects.length) {
        parts.push(element("p", { class: "map-projects" }, `${this.words.projects_here} `, ...found.projects.flatMap((project) => [
          element("a", { href: `/projects/${project.id}` }, project.name), " ", element("span", { class: "soft small mono" }, project.code), " "])));
      }
      let first = null;
      const rank = (layer) => (this.owner.shown.has(layer.code) ? 2 : 0) + (layer.plot ? 1 : 0);
      const bodies = [];
      let family = null;
      for (const layer of found.layers) {
        if (layer.family !== family) {
          family = layer.family;
          bodies.push(element("tr", { class: "family" }, element("th", { scope: "rowgroup", colspan: "4" }, bi(layer.family_name, layer.family_name_en))));
        }
        for (const feature of layer.features) {
          if (!first || rank(layer) > first.rank) first = { code: layer.code, fid: feature.fid, rank: rank(layer) };
          bodies.push(this.row(layer, feature));
        }
      }
      if (bodies.length) {
        const heads = [this.words.layer, this.words.feature, this.words.attributes, this.words.clause];
        parts.push(element("div", { class: "scroll" }, element("table", { class: "identified" },
          element("thead", {}, element("tr", {}, ...heads.map((words) => element("th", { scope: "col" }, words)))), element("tbody", {}, ...bodies))));
      } else {
        parts.push(element("p", { class: "soft" }, this.words.nothing_here));
      }
      this.panel.replaceChildren(...parts);
      this.choose(first);
    }

    row(layer, feature) {
      const facts = element("dl", { class: "facts" });
      for (const [key, name] of Object.entries(layer.fields)) {
        const value = feature.attributes[key];
        if (value === null || value === undefined || value === "") continue;
        facts.append(element("div", {}, element("dt", {}, bi(name, layer.fields_en[key])), element("dd", {}, `${value}${layer.units[key] ? ` ${layer.units[key]}` : ""}`)));
      }
      const name = element("td", {}, button(feature.label || "—", () => this.choose({ code: layer.code, fid: feature.fid }), { class: "quiet", title: this.words.light }));
      if (layer.plot && this.owner.config.developer) {
        name.append(element("div", {}, element("a", { href: `/map/plots/${layer.code}/${feature.fid}` }, this.words.use_plot)));
      }
      const row = element("tr", {}, element("th", { scope: "row" }, bi(layer.name, layer.name_en), element("div", { class: "soft small" }, `${layer.version} · ${bi(layer.policy_name, layer.policy_name_en)}`)),
        name, element("td", {}, facts), element("td", { class: "soft small" }, bi(layer.clause.text, layer.clause.text_en)));
      row.dataset.feature = `${layer.code}/${feature.fid}`;
      return row;
    }

    /** Light one feature on the map and in the table. */
    choose(chosen) {
      const { map, layers, definitions } = this.owner;
      if (this.litLayer) map.removeLayer(this.litLayer);
      this.litLayer = null;
      this.chosen = chosen;
      for (const row of this.panel.querySelectorAll("tr[data-feature]")) {
        row.classList.toggle("lit", Boolean(chosen) && row.dataset.feature === `${chosen.code}/${chosen.fid}`);
      }
      const layer = chosen && layers.get(chosen.code);
      if (!layer || !definitions.get(chosen.code)) return;
      this.litLayer = new ol.layer.VectorTile({ source: layer.getSource(), renderMode: "vector", zIndex: 890, style: ui.chosenStyle(chosen.fid) });
      map.addLayer(this.litLayer);
    }
  }

  ui.Identify = Identify;
})();
