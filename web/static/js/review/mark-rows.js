// The rows of the marks: changing one, closing one, each in a small form of its own; one at a time.
import { Draft } from "./draft.js";
import { later, said, send } from "./saving.js";

export class MarkRows {
  // ``page``: review, marks, base, waiting, refresh()
  constructor(page) {
    this.page = page;
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-close-mark], [data-edit-mark]");
      if (button?.dataset.editMark) this.edit(button.dataset.editMark);
      else if (button) this.close(button.dataset.closeMark);
    });
    const begun = Object.keys(page.review.drafts.edit || {}).find((id) => document.querySelector(`[data-edit-mark="${id}"]`));
    if (begun) this.edit(begun);
  }

  open(template, id) {
    document.querySelectorAll("#marks form.editing").forEach((form) => form.remove());
    const form = document.getElementById(template).content.firstElementChild.cloneNode(true), row = document.getElementById(`mark-${id}`);
    row.append(form);
    form.elements[0].focus();
    const leave = () => { form.remove(); form.dispatchEvent(new Event("left")); this.page.refresh().then(() => document.querySelector(`[data-edit-mark="${id}"]`)?.focus()); };
    form.querySelector("[data-cancel]").addEventListener("click", leave);
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
    return form;
  }

  close(id) {
    const form = this.open("close-mark", id);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try { await send("POST", `/api/v1/marks/${id}/close`, { note: form.note.value }); form.remove(); await this.page.refresh(); } catch (error) { form.querySelector("[role=alert]").textContent = said(error); }
    });
  }

  // what was typed before the page was closed comes back, with the version that was shown then
  edit(id) {
    const known = this.page.review.drafts.edit?.[id], mark = known?.content || this.page.marks.find((m) => m.id === id);
    const form = this.open("edit-mark", id), note = form.querySelector("[role=alert]"), fields = ["text", "severity", "clause"];
    let { version } = mark;
    const put = (content) => { for (const name of fields) if (form[name].value !== (content[name] || "")) form[name].value = content[name] || ""; };
    const content = () => ({ mark: id, version, ...Object.fromEntries(fields.map((name) => [name, form[name].value])) });
    put(mark);
    const draft = new Draft(`${this.page.base}/edit-draft`, known || { content: content(), name: "" }, content, put);
    let kept = Promise.resolve();
    const save = () => { kept = draft.save().then(({ clash }) => { if (!note.dataset.theirs) note.textContent = clash ? form.dataset.both : form.dataset.kept; }, (error) => { if (error.passing && form.isConnected) this.page.waiting.add(save, error); note.textContent = said(error); }); };
    const keep = later(600, save);
    form.addEventListener("input", keep);
    form.addEventListener("left", () => { keep.stop(); kept.then(() => draft.save({ mark: id })).catch(() => {}); });
    window.addEventListener("pagehide", keep.now);
    if (known) note.textContent = form.dataset.again;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      keep.stop(); // a draft on its way must not come after the change
      await kept;
      try {
        const { mark: _, ...change } = content();
        await send("PATCH", `/api/v1/marks/${id}`, change);
        form.remove();
        await this.page.refresh();
      } catch (error) {
        if (error.passing) keep();
        note.textContent = said(error);
        if (error.status === 409 && error.error.details?.theirs) { // both texts stay in sight; saving again is a choice made knowingly
          version = error.error.details.version; note.dataset.theirs = "shown";
          note.textContent += ` ${form.dataset.theirs} “${error.error.details.theirs.text}”`;
        }
      }
    });
  }
}
