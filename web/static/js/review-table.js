// Keys of the review table: 1-4 filter, n and p go to the next and previous row that is failed or undecided.
"use strict";
const keys = document.getElementById("keys");
if (keys) {
  keys.hidden = false;
  const open = [...document.querySelectorAll("#review tr[data-open]")];
  let at = -1;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const button = document.querySelector(`button[data-key="${CSS.escape(event.key)}"]`);
    if (button) { event.preventDefault(); button.click(); return; }
    if (!open.length || (event.key !== "n" && event.key !== "p")) return;
    event.preventDefault();
    at = event.key === "n" ? (at + 1) % open.length : (at - 1 + open.length) % open.length;
    open[at].focus();
    open[at].scrollIntoView({ block: "center" });
  });
}
