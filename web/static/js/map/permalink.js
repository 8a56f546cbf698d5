// The whole state of the workbench in its address: middle, zoom, layers with opacity, curtain, point. Back and forward work.
"use strict";

(() => {
  const ui = window.ProjectBoxMap;
  const { element, button } = ui;
  const { ol } = window;
  const KEPT = "project-box.map.layers";
  const OWN = ["at", "z", "l", "cut", "p"];

  const degrees = (coordinate) => ol.proj.toLonLat(coordinate).map((value) => value.toFixed(7)).join(",");
  const pair = (text) => {
    const numbers = (text || "").split(",").map(Number);
    return numbers.length === 2 && numbers.every(Number.isFinite) && Math.abs(numbers[0]) <= 180 && Math.abs(numbers[1]) <= 85 ? ol.proj.fromLonLat(numbers) : null;
  };

  class Permalink {
    constructor(map) {
      this.owner = map;
      this.told = element("span", { class: "soft small", role: "status" });
      this.button = button(map.words.permalink, () => this.copy());
      this.ready = false;
    }

    /** Called once the layers are there. */
    start() {
      if (!new URLSearchParams(location.search).has("l")) this.recall();
      this.apply();
      this.ready = true;
      this.owner.map.on("moveend", () => this.later());
      window.addEventListener("popstate", () => this.apply());
    }

    text() {
      const { owner } = this;
      const parameters = new URLSearchParams(location.search);
      for (const name of OWN) parameters.delete(name);
      const view = owner.map.getView();
      parameters.set("at", degrees(view.getCenter()));
      parameters.set("z", view.getZoom().toFixed(2));
      parameters.set("l", owner.catalogue.layers.filter((layer) => owner.shown.has(layer.code))
        .map(({ code }) => (owner.shown.get(code) === 100 ? code : `${code}:${owner.shown.get(code)}`)).join(","));
      if (owner.swipe.state) parameters.set("cut", owner.swipe.state);
      if (owner.identify.at) parameters.set("p", degrees(owner.identify.at));
      return `${location.pathname}?${parameters.toString().replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%40/g, "@").replace(/%7E/g, "~")}`;
    }

    later() {
      if (!this.ready) return;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.write(false), 350);
    }

    write(replace) {
      const address = this.text();
      if (address === location.pathname + location.search) return;
      if (replace) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
      for (const link of document.querySelectorAll("a[href^='/language/']")) link.search = new URLSearchParams({ next: address });
      try {
        localStorage.setItem(KEPT, new URLSearchParams(location.search).get("l") || "");
      } catch { /* storage may be switched off; the address still holds everything */ }
    }

    recall() {
      try {
        const kept = localStorage.getItem(KEPT);
        if (kept !== null) this.layers(kept);
      } catch { /* as above */ }
    }

    layers(text) {
      const { owner } = this;
      owner.shown.clear();
      for (const entry of text.split(",")) {
        const [code, percent] = entry.split(":");
        const value = Number(percent || 100);
        if (owner.layers.has(code)) owner.shown.set(code, value >= 5 && value <= 100 ? value : 100);
      }
      owner.refresh();
    }

    /** Make the map as the address says. */
    apply() {
      const { owner } = this;
      const parameters = new URLSearchParams(location.search);
      clearTimeout(this.waiting);
      const view = owner.map.getView();
      const at = pair(parameters.get("at"));
      const zoom = Number(parameters.get("z"));
      view.cancelAnimations();
      if (at) view.setCenter(at);
      if (zoom >= 2 && zoom <= 22) view.setZoom(zoom);
      if (parameters.has("l")) this.layers(parameters.get("l"));
      owner.swipe.state = parameters.get("cut") || "";
      const point = pair(parameters.get("p"));
      if (point && !(owner.identify.at && degrees(owner.identify.at) === degrees(point))) owner.identify.ask(point);
      else if (!point && owner.identify.at) owner.identify.close();
      clearTimeout(this.waiting);
      this.write(true); // an address typed by hand is put in order, without a step of its own
    }

    async copy() {
      this.write(true);
      try {
        await navigator.clipboard.writeText(location.href);
        this.owner.status.textContent = this.owner.words.copied;
      } catch {
        this.owner.status.textContent = location.href;
      }
    }
  }

  ui.Permalink = Permalink;
})();
