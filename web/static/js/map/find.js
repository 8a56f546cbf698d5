// Go to: coordinates in any system, a project code, a parcel number, a layer. What is unclear is asked, not guessed.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, button, bi } = ui;
  const { ol } = window;

  class Find {
    constructor(map) {
      this.owner = map;
      this.words = map.words;
      const { crs, systems } = map.config;
      const others = (systems || [{ epsg: 4490, name: "CGCS2000", name_en: "CGCS2000" }]).filter((system) => system.epsg !== crs.epsg);
      this.input = element("input", { type: "text", "aria-label": this.words.goto_label, placeholder: this.words.goto_hint, class: "short", maxlength: "120", autocomplete: "off" });
      this.system = element("select", { "aria-label": this.words.crs, title: this.words.crs },
        ...[crs, ...others].map((system) => element("option", { value: system.epsg }, `${system.epsg} ${bi(system.name, system.name_en)}`)), element("option", { value: "gcj02" }, "GCJ-02"),
        element("option", { value: "other" }, this.words.other_crs));
      this.other = element("input", { type: "text", class: "tiny", placeholder: "EPSG", "aria-label": "EPSG", hidden: true });
      this.system.addEventListener("change", () => { this.other.hidden = this.system.value !== "other"; });
      this.form = element("form", { class: "map-goto", role: "search", onsubmit: (event) => { event.preventDefault(); this.go(); } },
        this.input, this.system, this.other, element("button", {}, this.words.goto));
      this.panel = element("section", { class: "map-tool card", hidden: true, "aria-live": "polite", "aria-label": this.words.goto });
    }

    async go() {
      const words = this.input.value.trim();
      if (!words) return;
      const crs = this.system.value === "other" ? this.other.value.trim() : this.system.value;
      try {
        const found = await ui.ask(`/api/v1/map/find?q=${encodeURIComponent(words)}&crs=${encodeURIComponent(crs)}`);
        if (found.sure && found.places.length === 1) this.visit(found.places[0]);
        else this.offer(found);
      } catch (error) {
        this.offer({ question: error.message, question_en: error.message, places: [] });
      }
    }

    offer(found) {
      const items = found.places.map((place) => element("li", {}, button(bi(place.title, place.title_en), () => this.visit(place)), " ",
        element("span", { class: "soft small" }, bi(place.note, place.note_en))));
      this.panel.hidden = false;
      this.panel.replaceChildren(element("p", {}, bi(found.question, found.question_en) || this.words.which), element("ul", { class: "plain map-places" }, ...items),
        button(this.words.close, () => { this.panel.hidden = true; }, { class: "quiet" }));
    }

    visit(place) {
      this.panel.hidden = true;
      this.owner.status.textContent = `${bi(place.title, place.title_en)} ${bi(place.note, place.note_en)}`;
      if (place.layer && this.owner.layers.has(place.layer)) this.owner.show(place.layer, this.owner.shown.get(place.layer) || 100);
      if (place.extent) this.owner.flyTo(ol.proj.transformExtent(place.extent, ui.LONLAT, ui.VIEW));
      if (!place.at) return;
      const at = ol.proj.fromLonLat(place.at);
      if (!place.extent) {
        const view = this.owner.map.getView();
        view.animate({ center: at, zoom: Math.max(view.getZoom(), 17), duration: 250 });
      }
      this.owner.readAt(at);
      if (place.kind === "feature" && this.owner.identify) this.owner.identify.choose({ code: place.layer, fid: place.fid });
      if (place.kind === "coordinates" && this.owner.identify) this.owner.identify.ask(at);
    }
  }

  ui.Find = Find;
})();
