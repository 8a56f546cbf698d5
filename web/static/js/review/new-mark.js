// The form of a new mark: its place on the sheet, its words, its photo; kept as one types, one for each sheet.
import { Draft } from "./draft.js";
import { later, said, send } from "./saving.js";

export class NewMark {
  // ``page``: review, base, file, viewer, waiting, showMarks(), refresh()
  constructor(page) {
    this.page = page;
    this.placed = this.photo = null;
    const form = (this.form = document.getElementById("mark-form"));
    if (!form || !page.viewer) { this.form = null; return; }
    this.status = form.querySelector("[data-status]");
    this.draft = new Draft(`${page.base}/mark-draft`, this.known(), () => this.content(), (content) => this.put(content));
    this.tools();
    this.keep = later(600, () => { this.kept = this.save(); });
    window.addEventListener("pagehide", this.keep.now);
    form.querySelector("[data-phrases]")?.addEventListener("change", (event) => this.phrase(event.target));
    form.addEventListener("input", this.keep);
    form.photo?.addEventListener("change", () => this.upload());
    form.addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    const begun = this.known()?.content;
    if (begun) { this.put(begun); this.status.textContent = form.dataset.again; }
  }

  known() { return this.page.review.drafts.mark?.[this.page.file]; }

  tools() {
    const { viewer } = this.page, tools = this.form.querySelectorAll("[data-tool]");
    for (const tool of tools) tool.addEventListener("click", () => { viewer.draw(tool.dataset.tool); tool.setAttribute("aria-pressed", "true"); });
    viewer.addEventListener("sheet-draw-stop", () => tools.forEach((t) => t.setAttribute("aria-pressed", "false")));
    viewer.addEventListener("sheet-drawn", (event) => {
      this.placed = event.detail;
      this.status.textContent = [this.form.dataset.placed, this.placed.handle].filter(Boolean).join(" · ");
      this.page.showMarks();
      this.form.text.focus();
      this.keep();
    });
  }

  // words of one's own are not replaced by a phrase: it comes after them
  phrase(select) {
    const { form } = this, chosen = select.selectedOptions[0];
    if (!chosen.value) return;
    const before = form.text.value.trim();
    form.text.value = !before || before === this.taken ? chosen.value : `${before}${/[。；;.]$/.test(before) ? "" : "；"}${chosen.value}`;
    form.clause.value = chosen.dataset.clause || form.clause.value; form.severity.value = chosen.dataset.severity;
    this.taken = before && before !== this.taken ? null : chosen.value;
    select.value = "";
    form.text.focus();
    this.keep();
  }

  // a mark as it is drawn on the sheet before it is saved
  get shown() { return this.placed ? [{ id: "new", ...this.placed, severity: this.form.severity.value, text: this.form.text.value, number: "+" }] : []; }

  content() {
    const { form } = this;
    const begun = this.placed || this.photo || form.text.value.trim(); // nothing begun: what was kept is forgotten
    return { file: this.page.file, ...(begun ? { ...(this.placed || {}), text: form.text.value, severity: form.severity.value, clause: form.clause.value, photo: this.photo || undefined } : {}) };
  }

  put(content) {
    const { form } = this, given = content || {};
    for (const [name, blank] of [["text", ""], ["severity", "general"], ["clause", ""]]) if (form[name].value !== (given[name] || blank)) form[name].value = given[name] || blank;
    this.placed = given.geometry ? { kind: given.kind, geometry: given.geometry, handle: given.handle || "" } : null;
    this.photo = given.photo || null;
    this.page.showMarks();
  }

  renew() { if (this.form && this.draft.heard(this.known())) this.keep(); }

  async save() {
    try {
      const { clash } = await this.draft.save();
      if (!this.saving && this.draft.base.severity) this.status.textContent = clash ? this.form.dataset.both : this.form.dataset.kept;
    } catch (error) {
      if (error.passing) this.page.waiting.add(() => this.save(), error);
      this.status.textContent = said(error);
    }
  }

  async upload() {
    const file = this.form.photo.files[0];
    if (!file) return;
    const body = new FormData();
    body.append("photo", file);
    try {
      this.photo = (await send("POST", `${this.page.base}/photos`, body)).photo;
      this.status.textContent = `${this.form.dataset.photo} · ${file.name}`;
      if (!this.placed) this.page.viewer.draw("photo");
    } catch (error) { this.form.photo.value = ""; this.status.textContent = said(error); }
  }

  async submit() {
    const { form } = this;
    if (!this.placed) { this.status.textContent = form.dataset.first; return; }
    if (this.saving) return;
    this.saving = true;
    this.keep.stop(); // a draft on its way must not come after the mark
    await this.kept;
    try {
      await send("POST", `${this.page.base}/marks`, this.content());
      form.reset();
      this.placed = this.photo = null;
      this.draft.drop();
      this.status.textContent = form.dataset.done;
      await this.page.refresh();
    } catch (error) { this.status.textContent = said(error); this.keep(); }
    finally { this.saving = false; }
  }
}
