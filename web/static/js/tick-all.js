// Tick all rows of a page for one form, and say how many are ticked; without it rows are ticked one by one.
"use strict";
for (const all of document.querySelectorAll("[data-tick-all]")) {
  const name = all.dataset.tickAll;
  const boxes = [...document.querySelectorAll(`input[type=checkbox][form="${name}"]`)];
  const count = document.querySelector(`[data-ticked="${name}"]`);
  const follow = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = ticked ? `(${ticked})` : "";
  };
  all.parentElement.hidden = !boxes.length;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    follow();
  });
  for (const box of boxes) box.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);
  follow();
}
