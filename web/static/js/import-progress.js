// How far the import of a delivery is, while the page waits for its end; it can be stopped.
"use strict";
{
  const section = document.querySelector("[data-import]"), form = section?.closest("form");
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;
  const show = (now) => {
    const words = section.dataset, bar = section.querySelector("progress"), stage = section.querySelector("[data-stage]");
    if (stage.textContent !== words[now.stage]) stage.textContent = words[now.stage]; // read aloud only when something is new
    if (now.stage === "none") return;
    bar.max = Math.max(now.total - now.dropped, 1);
    bar.value = now.written;
    for (const count of section.querySelectorAll("[data-count]")) count.textContent = now[count.dataset.count].toLocaleString();
    const left = now.seconds_left === null ? "" : ` · ${words.left} ${clock(now.seconds_left)}`;
    section.querySelector("[data-time]").textContent = `${words.since} ${clock(now.seconds)}${left}`;
  };
  form?.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "import") return;
    section.hidden = false;
    section.scrollIntoView({ block: "nearest" });
    let stopping = false;
    const ask = async () => {
      const answer = await fetch(`${section.dataset.import}/progress`).catch(() => null);
      if (answer?.ok && !stopping) show(await answer.json());
      setTimeout(ask, 500);
    };
    ask();
    const button = section.querySelector("[data-stop]");
    button.disabled = false;
    button.addEventListener("click", async () => {
      button.disabled = stopping = true;
      section.querySelector("[data-stage]").textContent = section.dataset.stopping;
      const token = form.querySelector("[name=csrf_token]").value;
      const answer = await fetch(`${section.dataset.import}/stop`, { method: "POST", headers: { "x-csrf-token": token } }).catch(() => null);
      if (!answer?.ok || !(await answer.json()).stopping) { button.disabled = stopping = false; }
    });
  });
  window.addEventListener("pageshow", () => { if (section) section.hidden = true; });
}
