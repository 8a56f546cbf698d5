// Handing in drawings: how much of a large upload has gone, and how far the worker has come with reading it.
"use strict";
{
  const SMALL = 2_000_000; // bytes; below that the page's own form is as quick

  const form = document.querySelector("form[data-upload]");
  form?.addEventListener("submit", (event) => {
    const files = [...form.querySelector("input[type=file]").files];
    const total = files.reduce((sum, f) => sum + f.size, 0);
    if (total < SMALL) return;
    event.preventDefault();
    const bar = document.createElement("progress"), text = document.createElement("span"), line = document.createElement("p");
    bar.max = 1; text.setAttribute("role", "status");
    line.append(bar, " ", text);
    form.querySelector("[data-upload-line]")?.remove();
    line.dataset.uploadLine = "";
    form.append(line);
    const data = new FormData(form), request = new XMLHttpRequest();
    const back = () => { const button = form.querySelector("button"); button.disabled = false; button.textContent = button.dataset.label || button.textContent; };
    const wrong = (words) => { line.textContent = words; line.className = "notice"; line.setAttribute("role", "alert"); line.scrollIntoView({ block: "nearest" }); back(); };
    request.upload.addEventListener("progress", ({ loaded, total: all }) => {
      bar.value = loaded / all;
      text.textContent = loaded < all ? `${form.dataset.sending} ${(loaded / 1e6).toFixed(1)} / ${(all / 1e6).toFixed(1)} MB` : form.dataset.busy;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) { location.assign(form.getAttribute("action")); return; }
      let error = {};
      try { error = JSON.parse(request.responseText).error || {}; } catch { /* not ours: the status says enough */ }
      const english = document.documentElement.lang.startsWith("en");
      wrong([(english && error.message_en) || error.message || String(request.status), (english && error.remedy_en) || error.remedy].filter(Boolean).join(" · "));
    });
    request.addEventListener("error", () => wrong("HTTP"));
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("x-csrf-token", data.get("csrf_token") || "");
    request.send(data);
  });

  const section = document.querySelector("[data-hand-in]");
  if (section) {
    const bar = section.querySelector("progress"), text = section.querySelector("[data-progress]");
    const ask = async () => {
      const answer = await fetch(section.dataset.handIn).catch(() => null);
      const found = answer?.ok ? await answer.json() : null;
      if (found && (found.state === "done" || found.state === "failed")) { location.assign(location.pathname); return; }
      if (found) {
        const at = found.stages.indexOf(found.stage);
        bar.value = found.done + (found.done < found.total ? Math.max(0, at) / found.stages.length : 0);
        const spent = Math.max(0, Math.round((Date.now() - new Date(section.dataset.begun)) / 1000));
        const said = `${section.dataset[found.state]} ${found.done} / ${found.total} ${found.reading}`;
        if (text.textContent !== said) text.textContent = said; // read aloud only when something is new
        for (const line of section.querySelectorAll("[data-phase]")) {
          const own = found.stages.indexOf(line.dataset.phase);
          line.dataset.done = String(own < at);
          if (own === at) line.setAttribute("aria-current", "step"); else line.removeAttribute("aria-current");
        }
        section.querySelector("[data-spent]").textContent = `${section.dataset.since} ${Math.floor(spent / 60)}:${String(spent % 60).padStart(2, "0")}`;
      }
      setTimeout(ask, 1200);
    };
    ask();
  }
}
