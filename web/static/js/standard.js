// The page that builds a drawing standard: a click on a layer's name shows that layer alone, another one shows all again.
const viewer = document.querySelector("sheet-viewer");
let alone = null;

for (const button of document.querySelectorAll("[data-only]")) {
  button.addEventListener("click", () => {
    if (!viewer?.sheet) return;
    const name = button.dataset.only;
    alone = alone === name ? null : name;
    for (const layer of viewer.layers.values()) viewer.setLayer(layer.name, alone === null || layer.name === alone);
    document.querySelectorAll("[data-only]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.only === alone)));
    if (alone === null) { viewer.fit(); return; }
    const { sheet } = viewer, wanted = viewer.layers.get(name)?.index;
    let box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < sheet.size; i++) {
      if (sheet.layer[i] !== wanted) continue;
      const [x0, y0, x1, y1] = sheet.bounds(i);
      box = [Math.min(box[0], x0), Math.min(box[1], y0), Math.max(box[2], x1), Math.max(box[3], y1)];
    }
    if (box[0] <= box[2]) viewer.zoomTo(box, 1.15);
    viewer.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
}
