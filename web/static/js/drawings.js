// The drawings page and the comparison: lists ↔ sheet.
"use strict";
{
  const viewer = document.querySelector("sheet-viewer");
  // issues, areas, dimensions: a button that lights up the place
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (button && viewer) {
      const { handle, x, y } = button.dataset;
      viewer.selected = null; viewer.spot = null;
      const lit = handle ? viewer.highlight([handle]) : viewer.highlight([]);
      if (x && y) viewer.show(Number(x), Number(y));
      else if (!lit) return;
      document.querySelectorAll("[data-show][aria-current]").forEach((b) => b.removeAttribute("aria-current"));
      button.setAttribute("aria-current", "true");
      viewer.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
  });

  // a proposed repair: what was drawn and what would come out of it
  const repairs = document.getElementById("repair-data");
  if (viewer && repairs) {
    const features = JSON.parse(repairs.textContent);
    for (const button of document.querySelectorAll("[data-repair]")) {
      button.addEventListener("click", () => {
        const id = Number(button.dataset.repair);
        viewer.setOverlay(features.filter((f) => f.properties.id === id));
        viewer.showChange(id);
        viewer.scrollIntoView({ block: "nearest", behavior: "smooth" });
      });
    }
  }

  // differences of two revisions
  const differences = document.getElementById("compare-data");
  if (viewer && differences) {
    viewer.setOverlay(JSON.parse(differences.textContent).overlay.features);
    // a link from another file's page: #change=12
    const wanted = Number(new URLSearchParams(location.hash.slice(1)).get("change"));
    if (wanted) viewer.addEventListener("sheet-ready", () => viewer.showChange(wanted), { once: true });
    for (const button of document.querySelectorAll("[data-change]")) {
      button.addEventListener("click", () => {
        viewer.showChange(Number(button.dataset.change));
        document.querySelectorAll("[data-change][aria-current]").forEach((b) => b.removeAttribute("aria-current"));
        button.setAttribute("aria-current", "true");
        viewer.scrollIntoView({ block: "nearest", behavior: "smooth" });
      });
    }
  }
}
