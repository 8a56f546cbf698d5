// The drawings page and the joint review page: lists ↔ sheet, marks, autosaved opinions.
"use strict";
{
  const viewer = document.querySelector("sheet-viewer");
  const token = document.querySelector("meta[name=csrf-token]").content;
  const send = async (method, address, body) => {
    const answer = await fetch(address, { method, headers: { "content-type": "application/json", "x-csrf-token": token }, body: JSON.stringify(body) });
    const data = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      const english = document.documentElement.lang.startsWith("en");
      throw new Error(data.error ? (english ? data.error.message_en : data.error.message) : String(answer.status));
    }
    return data;
  };

  // issues, areas, dimensions: a button that lights up the place
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => {
      if (!viewer) return;
      const { handle, x, y } = button.dataset;
      viewer.selected = null; viewer.spot = null;
      const lit = handle ? viewer.highlight([handle]) : viewer.highlight([]);
      if (x && y) viewer.show(Number(x), Number(y));
      else if (!lit) return;
      document.querySelectorAll("[data-show][aria-current]").forEach((b) => b.removeAttribute("aria-current"));
      button.setAttribute("aria-current", "true");
      viewer.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
  }

  // differences of two revisions
  const differences = document.getElementById("compare-data");
  if (viewer && differences) {
    viewer.setOverlay(JSON.parse(differences.textContent).overlay.features);
    for (const button of document.querySelectorAll("[data-change]")) {
      button.addEventListener("click", () => {
        viewer.showChange(Number(button.dataset.change));
        document.querySelectorAll("[data-change][aria-current]").forEach((b) => b.removeAttribute("aria-current"));
        button.setAttribute("aria-current", "true");
        viewer.scrollIntoView({ block: "nearest", behavior: "smooth" });
      });
    }
  }

  // marks of the review
  const source = document.getElementById("review-data");
  if (viewer && source) {
    const review = JSON.parse(source.textContent);
    const file = Number(viewer.dataset.file);
    const numbered = review.marks.map((mark, index) => ({ ...mark, number: index + 1 }));
    viewer.setMarks(numbered.filter((m) => m.file === file));
    viewer.addEventListener("sheet-mark-pick", (event) => {
      const row = document.getElementById(`mark-${event.detail.id}`);
      if (row) { row.scrollIntoView({ block: "nearest", behavior: "smooth" }); row.classList.add("lit"); setTimeout(() => row.classList.remove("lit"), 2500); }
    });
    const form = document.getElementById("mark-form");
    if (form) {
      const status = form.querySelector("[data-status]");
      let placed = null;
      for (const tool of form.querySelectorAll("[data-tool]")) tool.addEventListener("click", () => { viewer.draw(tool.dataset.tool); tool.setAttribute("aria-pressed", "true"); });
      const release = () => form.querySelectorAll("[data-tool]").forEach((t) => t.setAttribute("aria-pressed", "false"));
      viewer.addEventListener("sheet-draw-stop", release);
      viewer.addEventListener("sheet-drawn", (event) => {
        placed = event.detail;
        status.textContent = placed.handle ? `${form.dataset.placed} · ${placed.handle}` : form.dataset.placed;
        viewer.setMarks([...numbered.filter((m) => m.file === file), { id: "new", kind: placed.kind, geometry: placed.geometry, severity: form.severity.value, text: form.text.value, number: "+" }]);
        form.text.focus();
      });
      const phrase = form.querySelector("[data-phrases]");
      phrase?.addEventListener("change", () => {
        const chosen = phrase.selectedOptions[0];
        if (!chosen.value) return;
        form.text.value = chosen.value; form.clause.value = chosen.dataset.clause || ""; form.severity.value = chosen.dataset.severity;
      });
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (!placed) { status.textContent = form.dataset.first; return; }
        try {
          await send("POST", `/api/v1/joint-reviews/${review.id}/marks`, { file, kind: placed.kind, geometry: placed.geometry, handle: placed.handle, text: form.text.value, severity: form.severity.value, clause: form.clause.value });
          location.reload();
        } catch (error) { status.textContent = error.message; }
      });
    }
    for (const button of document.querySelectorAll("[data-close-mark]")) {
      button.addEventListener("click", async () => {
        try { await send("POST", `/api/v1/marks/${button.dataset.closeMark}/close`, { note: "" }); location.reload(); } catch (error) { button.after(` ${error.message}`); }
      });
    }
    const opinion = document.getElementById("opinion-form");
    if (opinion) {
      const saved = opinion.querySelector("[data-saved]");
      let timer = null;
      opinion.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(async () => {
          try {
            const answer = await send("PUT", `/api/v1/joint-reviews/${review.id}/draft`, { verdict: opinion.verdict.value || null, text: opinion.text.value });
            saved.textContent = `${saved.dataset.label} ${new Date(answer.saved_at).toLocaleTimeString()}`;
          } catch (error) { saved.textContent = error.message; }
        }, 700);
      });
    }
  }
}
