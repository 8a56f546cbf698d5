// Curtain: two layer sets, or two versions of a layer, left and right of a line that mouse and arrow keys move.
//
// The right side is a second map over the first with the same view, cut off left of the line; so labels are cut as well.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, button, bi } = ui;
  const { ol } = window;

  class Swipe {
    constructor(map) {
      this.owner = map;
      this.words = map.words;
      this.on = false;
      this.button = button(this.words.swipe, () => this.toggle(), { "aria-pressed": "false" });
      this.selects = ["left", "right"].map((side) => {
        const select = element("select", { "aria-label": this.words[side] });
        select.addEventListener("change", () => { this.refresh(); map.changedState(); });
        return select;
      });
      this.panel = element("section", { class: "map-tool card", hidden: true, "aria-label": this.words.swipe },
        element("label", {}, this.words.left, " ", this.selects[0]), element("label", {}, this.words.right, " ", this.selects[1]),
        button(this.words.close, () => this.toggle()), element("p", { class: "soft small" }, this.words.swipe_hint));
      this.curtain = element("div", { class: "map-curtain", hidden: true, "aria-hidden": "true" });
      this.line = element("div", { class: "map-curtain-line", hidden: true, "aria-hidden": "true" });
      this.slider = element("input", { type: "range", class: "map-curtain-slider", min: "0", max: "100", step: "1", value: "50", hidden: true, "aria-label": this.words.swipe_line });
      this.slider.addEventListener("input", () => this.move());
      this.slider.addEventListener("change", () => map.changedState());
      map.stage.append(this.curtain, this.line, this.slider);
    }

    /** Offer what can be compared: the map as it is, whole families, single layers, older versions. */
    fill() {
      const { catalogue, layers, config, definitions } = this.owner;
      for (const select of this.selects) {
        const single = catalogue.layers.filter((definition) => layers.has(definition.code));
        const families = catalogue.families.filter((family) => family.layers.some((code) => layers.has(code)));
        const versions = single.flatMap((definition) => (config.versions[definition.code] || []).filter((version) => !version.current).map((version) => element("option",
          { value: `${definition.code}@${version.id}` }, `${bi(definition.name, definition.name_en)} ${version.version}(${version.valid_from})`)));
        const group = (words, options) => (options.length ? [element("optgroup", { label: words }, ...options)] : []);
        select.replaceChildren(element("option", { value: "map" }, this.words.as_shown),
          ...group(this.words.older_versions, versions),
          ...group(this.words.families, families.map((family) => element("option", { value: `family:${family.code}` }, bi(family.name, family.name_en)))),
          ...group(this.words.single_layers, single.map((d) => element("option", { value: d.code }, `${bi(d.name, d.name_en)} ${definitions.get(d.code).version.version}`))));
      }
      const older = this.selects[1].querySelector("option[value*='@']");
      this.selects[0].value = older ? older.value.split("@")[0] : "map";
      this.selects[1].value = older ? older.value : this.selects[1].querySelector("option[value^='family:']")?.value || "map";
    }

    toggle(on = !this.on) {
      this.on = on;
      this.button.setAttribute("aria-pressed", String(on));
      for (const node of [this.panel, this.curtain, this.line, this.slider]) node.hidden = !on;
      if (on && !this.map) this.build();
      if (on) {
        this.map.setTarget(this.curtain);
        this.map.updateSize();
        this.move();
      } else if (this.map) this.map.setTarget(null);
      this.refresh();
      this.owner.changedState();
    }

    build() {
      // what stands above the plans (site, findings, measured line, sheet frame) stands on both sides
      const above = this.owner.map.getLayers().getArray().filter((layer) => layer instanceof ol.layer.Vector)
        .map((layer) => new ol.layer.Vector({ source: layer.getSource(), style: layer.getStyle(), zIndex: layer.getZIndex() }));
      this.map = new ol.Map({ view: this.owner.map.getView(), controls: [], interactions: [], layers: above });
      this.sides = [new Map(), new Map()];
    }

    move() {
      this.owner.stage.style.setProperty("--share", String(this.slider.valueAsNumber / 100));
    }

    /** Codes and versions of a set: [[code, version or null, percent]]. */
    members(key) {
      const { shown, layers, catalogue } = this.owner;
      if (key === "map") return [...shown].map(([code, percent]) => [code, null, percent]);
      if (key.startsWith("family:")) {
        const family = catalogue.families.find((f) => f.code === key.slice(7));
        return (family ? family.layers : []).filter((code) => layers.has(code)).map((code) => [code, null, shown.get(code) || 100]);
      }
      const [code, version] = key.split("@");
      return layers.has(code) ? [[code, version ? Number(version) : null, shown.get(code) || 100]] : [];
    }

    /** Draw both sides; without curtain the map is as the tree says. */
    refresh() {
      const { owner } = this;
      if (!this.map) return;
      for (const [side, map] of [owner.map, this.map].entries()) {
        for (const layer of this.sides[side].values()) map.removeLayer(layer);
        this.sides[side].clear();
      }
      if (!this.on) {
        owner.refresh(false);
        return;
      }
      for (const layer of owner.layers.values()) layer.setVisible(false);
      for (const [side, map] of [owner.map, this.map].entries()) {
        for (const [code, version, percent] of this.members(this.selects[side].value)) {
          const own = owner.layers.get(code);
          if (side === 0 && version === null) {
            own.setVisible(true);
            own.setOpacity(percent / 100);
            continue;
          }
          const definition = owner.definitions.get(code);
          const layer = owner.tileLayer(definition, version || definition.version.id);
          layer.setOpacity(percent / 100);
          this.sides[side].set(`${code}@${version}`, layer);
          map.addLayer(layer);
        }
      }
    }

    get state() {
      return this.on ? `${this.selects[0].value}~${this.selects[1].value}~${this.slider.value}` : "";
    }

    set state(text) {
      const [left, right, share] = text.split("~");
      if (text && left && right) {
        this.selects[0].value = left;
        this.selects[1].value = right;
        for (const select of this.selects) if (select.selectedIndex < 0) select.value = "map";
        this.slider.value = share || "50";
      }
      if (Boolean(text) !== this.on) this.toggle(Boolean(text));
      else if (this.on) {
        this.move();
        this.refresh();
      }
    }
  }

  ui.Swipe = Swipe;
})();
