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
  form.addEventListener("submit", (event) => {
    const buttons = [...form.querySelectorAll("button:not([type=button])")];
    const pressed = event.submitter || buttons[0];
    if (!pressed) return;
    for (const button of buttons) button.dataset.label = button.textContent;
    pressed.textContent = pressed.dataset.busy || form.dataset.busy;
    setTimeout(() => { for (const button of buttons) button.disabled = true; });
  });
}
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.textContent = button.dataset.label;
    button.disabled = false;
  }
});
