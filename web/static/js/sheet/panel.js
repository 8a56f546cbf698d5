// The viewer's toolbar and layer list.
export class Panel {
  constructor(viewer, bar, list) {
    Object.assign(this, { viewer, bar, list, words: viewer.words, hits: [], hit: -1 });
    const add = (label, act, pressed, place) => this.button(label, act, pressed, place);
    add(this.words.fit, () => { viewer.spot = null; viewer.fit(); });
    add("＋", () => viewer.zoomBy(1.6)).setAttribute("aria-label", this.words.in);
    add("－", () => viewer.zoomBy(1 / 1.6)).setAttribute("aria-label", this.words.out);
    add(this.words.background, (b) => { const black = viewer.getAttribute("background") !== "black"; viewer.setAttribute("background", black ? "black" : "white"); b.setAttribute("aria-pressed", String(black)); }, false);
    this.layersButton = add(this.words.layers, () => this.toggle(), false);
    this.modes = { measure: add(this.words.measure, () => this.mode("measure"), false), surface: add(this.words.surface, () => this.mode("surface"), false) };
    if (viewer.hasAttribute("map")) add(this.words.map, (b) => { const on = b.getAttribute("aria-pressed") !== "true"; b.setAttribute("aria-pressed", String(on)); viewer.toggleMap(on); }, false);
    this.searchBox(bar);
    this.drawing = document.createElement("span"); // what keys and a double click do, for a finger
    this.drawing.className = "drawing"; this.drawing.hidden = true;
    bar.append(this.drawing);
    add(this.words.done, () => viewer.hands.finish(), undefined, this.drawing);
    add(this.words.undo, () => viewer.hands.undo(), undefined, this.drawing);
    add(this.words.cancel, () => viewer.hands.stop(), undefined, this.drawing);
  }

  button(label, act, pressed, place = this.bar) {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = label;
    if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
    button.addEventListener("click", () => act(button));
    place.append(button);
    return button;
  }

  toggle() { this.list.hidden = !this.list.hidden; this.layersButton.setAttribute("aria-pressed", String(!this.list.hidden)); }
  mode(kind) { if (this.viewer.mode === kind) this.viewer.hands.stop(); else this.viewer.draw(kind); }
  press(kind) { for (const [name, button] of Object.entries(this.modes)) button.setAttribute("aria-pressed", String(name === kind)); this.drawing.hidden = !kind; }

  searchBox(bar) {
    const search = document.createElement("input");
    search.type = "search"; search.placeholder = this.words.search; search.setAttribute("aria-label", this.words.search);
    search.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.find(search.value.trim()); } });
    bar.append(search);
    this.search = search;
  }

  // the first Enter finds, each further one flies to the next hit
  find(words) {
    const { viewer } = this;
    if (!viewer.sheet) return;
    if (!words) { this.hits = []; viewer.light([]); viewer.what.textContent = ""; return; }
    if (words !== this.sought) { this.sought = words; this.hits = viewer.sheet.search(words); this.hit = -1; viewer.light(this.hits.slice(0, 5000), false); }
    if (!this.hits.length) { viewer.what.textContent = this.words.nothing; return; }
    this.hit = (this.hit + 1) % this.hits.length;
    const item = this.hits[this.hit], [x0, y0, x1, y1] = viewer.sheet.bounds(item);
    const pad = Math.max(x1 - x0, y1 - y0, 6 / viewer.metres);
    viewer.spot = this.hits.length > 1 ? [(x0 + x1) / 2, (y0 + y1) / 2] : null;
    viewer.zoomTo([x0 - pad, y0 - pad, x1 + pad, y1 + pad], 1.2);
    viewer.what.textContent = this.words.found(this.hit + 1, this.hits.length);
  }

  fill() {
    const { viewer, list, words } = this;
    list.replaceChildren();
    const row = document.createElement("div");
    for (const [word, test] of [["all", () => true], ["none", () => false], ["planning", (l) => Boolean(l.role && l.role !== "reference")]]) {
      const button = document.createElement("button");
      button.type = "button"; button.textContent = words[word];
      button.addEventListener("click", () => { for (const layer of viewer.layers.values()) viewer.setLayer(layer.name, test(layer)); });
      row.append(button, " ");
    }
    const filter = document.createElement("input");
    filter.type = "search"; filter.placeholder = words.filter; filter.setAttribute("aria-label", words.filter);
    filter.addEventListener("input", () => { const low = filter.value.toLowerCase(); for (const label of list.querySelectorAll("label")) label.hidden = !label.dataset.name.includes(low); });
    list.append(row, filter);
    const used = new Set(viewer.sheet.layer);
    for (const layer of viewer.layers.values()) {
      if (!layer.entities && !used.has(layer.index)) continue;
      const label = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("i"), count = document.createElement("span");
      label.dataset.name = layer.name.toLowerCase();
      box.type = "checkbox"; box.checked = layer.on; box.dataset.layer = layer.name;
      box.addEventListener("change", () => viewer.setLayer(layer.name, box.checked));
      swatch.style.background = layer.color;
      count.className = "n"; count.textContent = layer.entities || "";
      label.append(box, swatch, layer.name, count);
      list.append(label);
    }
  }

  check(name, on) {
    const box = this.list.querySelector(`input[data-layer="${CSS.escape(name)}"]`);
    if (box) box.checked = on;
  }
}
