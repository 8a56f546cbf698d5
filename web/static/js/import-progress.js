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
  let running = false, stopping = false;
  const button = section?.querySelector("[data-stop]");
  const send = async (submitter) => {
    const body = new URLSearchParams(new FormData(form, submitter));
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body }).catch(() => null);
    const refused = answer && !answer.redirected && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("error-summary");
    if (!refused) { location.assign(answer?.url ?? location.href); return; }
    running = stopping = button.disabled = false;
    section.hidden = true;
    document.getElementById("error-summary")?.remove();
    document.querySelector(".page-head").after(refused); // all that was chosen stays as it is
    refused.focus();
    for (const each of form.querySelectorAll("button[data-label]")) { each.textContent = each.dataset.label; each.disabled = false; }
  };
  const ask = async () => {
    if (!running) return;
    const answer = await fetch(`${section.dataset.import}/progress`).catch(() => null);
    if (answer?.ok && !stopping) show(await answer.json());
    setTimeout(ask, 500);
  };
  form?.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "import") return;
    event.preventDefault();
    running = true;
    section.hidden = false;
    section.scrollIntoView({ block: "nearest" });
    send(event.submitter);
    ask();
  });
  button?.addEventListener("click", async () => {
    button.disabled = stopping = true;
    section.querySelector("[data-stage]").textContent = section.dataset.stopping;
    const headers = { "x-csrf-token": form.querySelector("[name=csrf_token]").value };
    const answer = await fetch(`${section.dataset.import}/stop`, { method: "POST", headers }).catch(() => null);
    if (!answer?.ok || !(await answer.json()).stopping) button.disabled = stopping = false;
  });
}
