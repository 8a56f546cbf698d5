// <plan-map>: the plan layers as a map, with the site, the findings and what a person needs to read a map; with
// "workbench" in its configuration also curtain, print and permalink.
//
// Beside what every map holds (map/base.js): findings [{code, title, outcome, marker}], issues [{code, level, message, at}],
// vertices [{label, at}], repairs. Elements of the page with data-finding="<code>" (and data-issue="<n>") and the map light
// each other up.
"use strict";

(() => {
  const { ol } = window;
  const ui = window.ProjectBoxMap;
  const { element, bi, BaseMap } = ui;

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
        source: this.findingSource, style: ui.findingStyle(() => this.lit), zIndex: 950,
        renderOrder: (a, b) => rank[a.get("outcome")] - rank[b.get("outcome")],
      });
      this.findingLayer.setStyle((feature, resolution) => (
        this.drawsFinding(feature) ? ui.findingStyle(() => this.lit)(feature, resolution) : null
      ));
      this.issueSource = new ol.source.Vector();
      this.config.issues.forEach((issue, index) => {
        const feature = new ol.Feature(new ol.geom.Point(ol.proj.fromLonLat(issue.at)));
        feature.setProperties({ issue: index, level: issue.level });
        this.issueSource.addFeature(feature);
      });
      this.map.addLayer(this.findingLayer);
      this.map.addLayer(new ol.layer.Vector({ source: this.issueSource, style: ui.issueStyle, zIndex: 980 }));
      this.vertexSource = new ol.source.Vector();
      (this.config.vertices || []).forEach((vertex, index) => {
        const feature = new ol.Feature(new ol.geom.Point(ol.proj.fromLonLat(vertex.at)));
        feature.setProperties({ vertex: index, label: vertex.label });
        this.vertexSource.addFeature(feature);
      });
      this.map.addLayer(new ol.layer.Vector({ source: this.vertexSource, style: ui.vertexStyle, zIndex: 985 }));
      this.repairSource = new ol.source.Vector();
      this.map.addLayer(new ol.layer.Vector({ source: this.repairSource, style: ui.repairStyle, zIndex: 970 }));
      if (!this.vertexSource.isEmpty()) this.flyTo(this.vertexSource.getExtent(), 90);
      this.measuring = new ui.Measure(this);
      this.identify = new ui.Identify(this);
      this.find = new ui.Find(this);
      this.tree = new ui.LayerTree(this);
      if (this.config.workbench) {
        this.swipe = new ui.Swipe(this);
        this.sheet = new ui.PrintSheet(this);
        this.permalink = new ui.Permalink(this);
      }
      this.map.on("singleclick", (event) => this.clicked(event));
      this.tools();
      this.listen();
    }

    /** Findings that decide are always drawn, of a search what it found; the others when their row is lit. */
    drawsFinding(feature) {
      return (feature.get("outcome") === "fail") !== Boolean(this.config.search) || feature.get("code") === this.lit;
    }

    tools() {
      const tools = [...this.measuring.buttons];
      if (this.config.boundary) tools.unshift(ui.button(this.words.to_site, () => this.flyTo(this.boundarySource.getExtent())));
      if (this.config.workbench) tools.push(this.swipe.button, this.sheet.button, this.permalink.button);
      this.bar = element("div", { class: "map-tools", role: "toolbar", "aria-label": this.words.tools }, ...tools, this.find.form);
      const panels = [this.find, this.measuring, this.swipe, this.sheet].filter(Boolean).map((tool) => tool.panel);
      this.stage.before(this.bar, element("div", { class: "map-opened" }, ...panels));
      this.status.after(this.tree.panel);
      this.append(this.identify.panel, element("p", { class: "soft small map-keys" }, this.words.keys));
      this.stage.addEventListener("keydown", (event) => this.pressed(event));
    }

    /** Keys of the map beside the arrows, + and -: what a mouse does, at the cross in the middle. */
    pressed(event) {
      if (event.target !== this.stage) return;
      const middle = this.map.getView().getCenter();
      if (event.key === "Enter" || event.key === " ") {
        if (this.measuring.active) this.measuring.add(middle);
        else this.identify.ask(middle, true);
      } else if (event.key === "Backspace" && this.measuring.active) this.measuring.undo();
      else if (event.key === "Escape") {
        if (this.measuring.active) this.measuring.toggle(this.measuring.kind);
        else if (this.identify.at) this.identify.close();
      } else return;
      event.preventDefault();
    }

    loaded() {
      this.tree.fill();
      if (!this.config.workbench) return;
      this.swipe.fill();
      this.permalink.start();
      this.tree.unfold();
    }

    refresh(curtain = true) {
      super.refresh();
      if (curtain && this.swipe && this.swipe.on) this.swipe.refresh();
      this.tree.follow();
      this.changedState();
    }

    changedState() {
      if (this.permalink) this.permalink.later();
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
      const layer = code.replace(/^plan\./, "");
      if (this.layers.has(layer) && !this.shown.has(layer)) this.show(layer, 100);
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
      if (this.measuring.active) return;
      let code = null;
      this.map.forEachFeatureAtPixel(event.pixel, (feature) => { code = code || feature.get("code") || null; }, {
        layerFilter: (layer) => layer === this.findingLayer, hitTolerance: 4,
      });
      if (code) this.light(code, false);
      this.identify.ask(event.coordinate);
    }
  }

  customElements.define("plan-map", PlanMap);
})();
