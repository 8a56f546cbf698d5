// Approval pages: process diagram, autosaved opinion, phrases. Everything works without this file but the diagram.
"use strict";

async function drawProcess(place) {
  if (typeof BpmnJS === "undefined") return;
  const answer = await fetch(place.dataset.bpmn, { credentials: "same-origin" });
  if (!answer.ok) return;
  place.hidden = false;
  const viewer = new BpmnJS({ container: place });
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  for (const [list, name] of [["done", "bpmn-done"], ["active", "bpmn-active"]]) {
    for (const id of (place.dataset[list] || "").split(" ").filter(Boolean)) {
      if (viewer.get("elementRegistry").get(id)) canvas.addMarker(id, name);
    }
  }
  canvas.zoom("fit-viewport", "auto");
}
for (const place of document.querySelectorAll("[data-bpmn]")) drawProcess(place);

const form = document.getElementById("act");
if (form) {
  const opinion = form.querySelector("#opinion");
  const status = document.getElementById("autosave");
  const token = document.querySelector("meta[name=csrf-token]").content;
  let timer = null;
  const save = async () => {
    const answer = await fetch(form.dataset.draft, {
      method: "PUT",
      credentials: "same-origin",
      headers: { "content-type": "application/json", "x-csrf-token": token },
      body: JSON.stringify({ text: opinion.value }),
    });
    status.textContent = answer.ok ? "✓ " + new Date().toLocaleTimeString() : "";
  };
  opinion.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, 1200);
  });
  for (const item of form.querySelectorAll("[data-phrase]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = item.dataset.phrase;
    button.addEventListener("click", () => {
      opinion.value = (opinion.value ? opinion.value.trimEnd() + "\n" : "") + item.dataset.phrase;
      opinion.dispatchEvent(new Event("input"));
    });
    item.replaceChildren(button);
  }
  const list = document.getElementById("corrections");
  for (const radio of form.querySelectorAll("input[name=action]")) {
    radio.addEventListener("change", () => { if (list) list.open = radio.value === "correct"; });
  }
}
