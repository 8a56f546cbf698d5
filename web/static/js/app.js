// Small helps that every page shares; the pages work without them.
"use strict";
const large = document.querySelector("[data-large-type]");
if (large) {
  large.hidden = false;
  const apply = (on) => document.documentElement.classList.toggle("large", on);
  apply(localStorage.getItem("large-type") === "1");
  large.addEventListener("click", () => {
    const on = !document.documentElement.classList.contains("large");
    localStorage.setItem("large-type", on ? "1" : "0");
    apply(on);
  });
}
const summary = document.getElementById("error-summary");
if (summary) summary.focus();
// a form that takes a while says so and cannot be sent twice
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button:not([type=button])");
    if (!button) return;
    button.dataset.label = button.textContent;
    button.textContent = form.dataset.busy;
    setTimeout(() => { button.disabled = true; });
  });
}
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.textContent = button.dataset.label;
    button.disabled = false;
  }
});
