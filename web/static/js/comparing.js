// While two layers are being compared: how far the worker has come; the page comes again when it is done.
"use strict";

(() => {
  const section = document.querySelector("[data-comparing]");
  const bar = section.querySelector("progress"), text = section.querySelector("[data-progress]");
  const ask = async () => {
    const answer = await fetch(section.dataset.comparing).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if (found?.state === "done" || found?.state === "failed") { location.reload(); return; }
    if (found) {
      if (found.state === "waiting") bar.removeAttribute("value");
      else { bar.max = found.total; bar.value = found.done; }
      text.textContent = `${found.done.toLocaleString()} / ${found.total.toLocaleString()}`;
    }
    setTimeout(ask, 1500);
  };
  ask();
})();
