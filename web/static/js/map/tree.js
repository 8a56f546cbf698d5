// Layer tree: families in catalogue order, on and off as a whole; legend, version, opacity of each layer; search.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, bi } = ui;

  /** The tree of a map; asks the map to show layers and follows `map.shown`. */
  class LayerTree {
    constructor(map) {
      this.map = map;
      this.words = map.words;
      this.rows = new Map();
      this.panel = element("aside", { class: "map-panel", "aria-label": this.words.layers });
    }

    fill() {
      const { catalogue, definitions } = this.map;
      const search = element("input", { type: "search", class: "map-search", "aria-label": this.words.search_layers, placeholder: this.words.search_layers });
      this.none = element("p", { class: "soft small", hidden: true, role: "status" }, this.words.no_layer);
      search.addEventListener("input", () => this.filter(search.value.trim().toLowerCase()));
      this.families = catalogue.families.map((family) => this.family(family, family.layers.map((code) => definitions.get(code))));
      this.panel.replaceChildren(search, this.none, ...this.families.map((family) => family.node));
      this.follow();
    }

    family(family, definitions) {
      const name = bi(family.name, family.name_en);
      const loaded = definitions.filter((definition) => this.map.layers.has(definition.code)).map((definition) => definition.code);
      const all = element("input", { type: "checkbox", "aria-label": `${name}：${this.words.whole_family}`, title: this.words.whole_family, disabled: !loaded.length });
      all.addEventListener("change", () => {
        for (const code of loaded) {
          if (all.checked) this.map.shown.set(code, this.map.shown.get(code) || 100);
          else this.map.shown.delete(code);
        }
        this.map.refresh();
      });
      const open = definitions.some((definition) => this.map.shown.has(definition.code));
      const count = element("span", { class: "soft small" });
      const details = element("details", { open }, element("summary", {}, name, " ", count), element("ul", { class: "plain" }, ...definitions.map((d) => this.row(d))));
      return { node: element("div", { class: "map-family" }, all, details), all, details, count, loaded, open, words: `${family.name} ${family.name_en}`.toLowerCase(), definitions };
    }

    row(definition) {
      const layer = this.map.layers.get(definition.code);
      const id = `layer-${definition.code}`;
      const name = bi(definition.name, definition.name_en);
      const box = element("input", { type: "checkbox", id, disabled: !layer });
      const slider = element("input", { type: "range", min: "5", max: "100", step: "5", "aria-label": `${name} ${this.words.opacity}`, title: this.words.opacity });
      const legend = element("div", { class: "legend" });
      for (const entry of definition.classes) legend.append(element("span", {}, ui.swatch(definition.symbol, entry.fill), bi(entry.name, entry.name_en)));
      box.addEventListener("change", () => this.map.show(definition.code, box.checked ? slider.valueAsNumber : null));
      slider.addEventListener("input", () => this.map.show(definition.code, slider.valueAsNumber));
      const policy = bi(definition.policy_name, definition.policy_name_en);
      const held = definition.version;
      const period = held ? `${this.words.version} ${held.version}，${held.valid_from}${held.valid_to ? ` – ${held.valid_to}` : ""}` : "";
      const version = held
        ? element("span", { class: held.in_force ? "soft small" : "soft small nodata", title: period },
          held.in_force ? `${held.version} · ${policy}` : `${held.version} · ${this.words.out_of_force}`)
        : element("span", { class: "soft small nodata" }, this.words.no_data);
      const extent = held && held.extent_lonlat;
      const there = extent && extent.length ? ui.button("◎", () => this.goTo(definition.code, extent), { class: "quiet", "aria-label": `${name} ${this.words.zoom_layer}`, title: this.words.zoom_layer }) : "";
      const node = element("li", {}, box, element("label", { for: id, title: bi(definition.clause.text, definition.clause.text_en) }, ui.swatch(definition.symbol, definition.symbol.fill), name),
        there, version, slider, legend);
      this.rows.set(definition.code, { node, box, slider, legend, words: `${definition.code} ${definition.name} ${definition.name_en}`.toLowerCase() });
      return node;
    }

    /** Show a layer and all of where its data lies. */
    goTo(code, extent) {
      if (!this.map.shown.has(code)) this.map.show(code, 100);
      this.map.flyTo(window.ol.proj.transformExtent(extent, ui.LONLAT, ui.VIEW), 20);
    }

    /** Set every control as the map is. */
    follow() {
      for (const [code, row] of this.rows) {
        const percent = this.map.shown.get(code);
        row.box.checked = percent !== undefined;
        row.slider.value = String(percent || row.slider.value || 100);
        row.slider.hidden = row.legend.hidden = percent === undefined;
      }
      for (const family of this.families || []) {
        const on = family.loaded.filter((code) => this.map.shown.has(code)).length;
        family.all.checked = on > 0 && on === family.loaded.length;
        family.all.indeterminate = on > 0 && on < family.loaded.length;
        family.count.textContent = on ? `${on}/${family.definitions.length}` : "";
      }
    }

    /** Unfold the families of which something is shown. */
    unfold() {
      for (const family of this.families) {
        family.open = family.open || family.definitions.some((definition) => this.map.shown.has(definition.code));
        family.details.open = family.open;
      }
    }

    filter(words) {
      let any = false;
      for (const family of this.families) {
        const whole = words && family.words.includes(words);
        let hits = 0;
        for (const definition of family.definitions) {
          const row = this.rows.get(definition.code);
          const hit = !words || whole || row.words.includes(words);
          row.node.hidden = !hit;
          hits += hit ? 1 : 0;
        }
        family.node.hidden = !hits;
        family.details.open = words ? hits > 0 : family.open;
        any = any || hits > 0;
      }
      this.none.hidden = any;
    }
  }

  ui.LayerTree = LayerTree;
})();
