// The joint review page: marks on the sheet, drafts saved as one types, what others do shown as they do it.
import { Live } from "./review/live.js";
import { Left, Waiting, adopt, later, said, send } from "./review/saving.js";

const viewer = document.querySelector("sheet-viewer");
class Review {
  constructor() {
    this.waiting = new Waiting();
    this.read();
    this.file = Number(viewer?.dataset.file);
    this.base = `/api/v1/joint-reviews/${this.review.id}`;
    this.placed = null;
    this.showMarks();
    viewer?.addEventListener("sheet-mark-pick", (event) => this.flash(`mark-${event.detail.id}`));
    document.addEventListener("click", (event) => this.click(event));
    document.addEventListener("compositionstart", () => { this.composing = true; });
    document.addEventListener("compositionend", () => { this.composing = false; if (this.missed) { this.missed = false; this.refresh(); } });
    this.markForm();
    this.opinionForm();
    this.mergeForm();
    this.replyForm();
    this.changes();
    this.session();
    if (this.review.open) new Live(this);
    const begun = this.review.edit;
    if (begun?.mark && document.querySelector(`[data-edit-mark="${begun.mark}"]`)) this.edit(begun.mark, begun);
  }

  read() {
    this.review = JSON.parse(document.getElementById("review-data").textContent);
    this.marks = this.review.marks.map((mark, index) => ({ ...mark, number: index + 1 }));
  }

  showMarks() {
    if (!viewer) return;
    const own = this.placed ? [{ id: "new", ...this.placed, severity: this.form.severity.value, text: this.form.text.value, number: "+" }] : [];
    viewer.setMarks([...this.marks.filter((m) => m.file === this.file), ...own]);
  }

  flash(id) {
    const row = document.getElementById(id);
    if (!row) return;
    row.scrollIntoView({ block: "nearest", behavior: "smooth" });
    row.classList.add("lit");
    setTimeout(() => row.classList.remove("lit"), 2500);
  }

  // --- what others do ------------------------------------------------------------------------------------------------

  lastEvent() { return this.review.last_event; }
  heard(happening) { this.news = happening; }
  returned() { this.refresh(); this.waiting.again(); }

  // a session that is over: what is typed stays here, and is saved once one has signed in again in another window
  session() {
    const note = document.getElementById("signed-out");
    document.addEventListener("signed-out", () => { note.hidden = false; });
    document.addEventListener("signed-in", () => { note.hidden = true; this.waiting.again(); });
  }

  // the lists come anew from the server; what is being typed stays
  async refresh() {
    if (this.composing) { this.missed = true; return; } // a word being composed would be lost with its field
    const answer = await fetch(location.href.split("#")[0]).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!adopt(fresh)) return;
    for (const id of ["marks", "opinions", "review-data", "merge"]) {
      const old = document.getElementById(id), own = fresh.getElementById(id);
      if (!old || !own) continue;
      const added = document.importNode(own, true);
      const at = old.contains(document.activeElement) ? document.activeElement : null;
      if (id === "merge") keepTyped(old, added);
      const editing = old.querySelector("form.editing"), row = editing && added.querySelector(`[id="${editing.parentElement.id}"]`);
      if (row) row.append(editing); // a change being typed goes with its mark
      old.replaceWith(added);
      if (row && at && editing.contains(at)) takeUpAt(at, at);
      if (at?.name) takeUpAt(added.elements?.[at.name], at);
    }
    this.mergeForm();
    this.read();
    this.showMarks();
    if (this.news?.kind.startsWith("mark_")) this.flash(`mark-${this.news.subject}`);
    if (!this.review.open) location.reload();
  }

  // --- marks ---------------------------------------------------------------------------------------------------------

  markForm() {
    const form = (this.form = document.getElementById("mark-form"));
    if (!form || !viewer) return;
    this.status = form.querySelector("[data-status]");
    for (const tool of form.querySelectorAll("[data-tool]")) tool.addEventListener("click", () => { viewer.draw(tool.dataset.tool); tool.setAttribute("aria-pressed", "true"); });
    const keep = (this.keep = later(600, () => this.keepDraft()));
    window.addEventListener("pagehide", keep.now);
    viewer.addEventListener("sheet-draw-stop", () => form.querySelectorAll("[data-tool]").forEach((t) => t.setAttribute("aria-pressed", "false")));
    viewer.addEventListener("sheet-drawn", (event) => {
      this.placed = event.detail;
      this.status.textContent = [form.dataset.placed, this.placed.handle].filter(Boolean).join(" · ");
      this.showMarks();
      form.text.focus();
      keep();
    });
    form.querySelector("[data-phrases]")?.addEventListener("change", (event) => {
      const chosen = event.target.selectedOptions[0];
      if (!chosen.value) return;
      form.text.value = chosen.value; form.clause.value = chosen.dataset.clause || ""; form.severity.value = chosen.dataset.severity;
      keep();
    });
    form.addEventListener("input", keep);
    form.photo?.addEventListener("change", () => this.upload());
    form.addEventListener("submit", (event) => { event.preventDefault(); this.save(); });
    this.takeUp(this.review.draft);
  }

  // a mark begun before the page was closed or the session ran out
  takeUp(draft) {
    if (!draft || (draft.file && draft.file !== this.file)) return;
    const { form } = this;
    for (const name of ["text", "severity", "clause"]) if (draft[name]) form[name].value = draft[name];
    if (draft.geometry) this.placed = { kind: draft.kind, geometry: draft.geometry, handle: draft.handle || "" };
    this.photo = draft.photo || null;
    this.status.textContent = form.dataset.again;
    this.showMarks();
  }

  content() {
    const { form } = this;
    return { file: this.file, ...(this.placed || {}), text: form.text.value, severity: form.severity.value, clause: form.clause.value, photo: this.photo || undefined };
  }

  keepDraft() {
    const begun = this.placed || this.photo || this.form.text.value.trim(); // nothing begun: what was kept is forgotten
    this.kept = send("PUT", `${this.base}/mark-draft`, begun ? this.content() : {}).then(
      () => { if (begun && !this.saving) this.status.textContent = this.form.dataset.kept; },
      (error) => { if (error.passing) this.waiting.add(() => this.keepDraft(), error); this.status.textContent = said(error); },
    );
    return this.kept;
  }

  async upload() {
    const file = this.form.photo.files[0];
    if (!file) return;
    const body = new FormData();
    body.append("photo", file);
    try {
      this.photo = (await send("POST", `${this.base}/photos`, body)).photo;
      this.status.textContent = `${this.form.dataset.photo} · ${file.name}`;
      if (!this.placed) viewer.draw("photo");
    } catch (error) { this.form.photo.value = ""; this.status.textContent = error.message; }
  }

  async save() {
    const { form } = this;
    if (!this.placed) { this.status.textContent = form.dataset.first; return; }
    if (this.saving) return;
    this.saving = true;
    this.keep.stop(); // a draft on its way must not come after the mark
    await this.kept;
    try {
      await send("POST", `${this.base}/marks`, this.content());
      form.reset();
      this.placed = this.photo = null;
      this.status.textContent = form.dataset.done;
      await this.refresh();
    } catch (error) { this.status.textContent = said(error); this.keep(); }
    finally { this.saving = false; }
  }

  async click(event) {
    const button = event.target.closest("[data-close-mark], [data-edit-mark]");
    if (!button) return;
    if (button.dataset.editMark) this.edit(button.dataset.editMark);
    else this.close(button.dataset.closeMark);
  }

  // a small form in the row of a mark; one at a time
  open(template, id) {
    document.querySelectorAll("#marks form.editing").forEach((form) => form.remove());
    const form = document.getElementById(template).content.firstElementChild.cloneNode(true);
    document.getElementById(`mark-${id}`).append(form);
    form.elements[0].focus();
    const leave = () => { form.remove(); form.dispatchEvent(new Event("left")); this.refresh(); };
    form.querySelector("[data-cancel]").addEventListener("click", leave);
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
    return form;
  }

  close(id) {
    const form = this.open("close-mark", id);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try { await send("POST", `/api/v1/marks/${id}/close`, { note: form.note.value }); form.remove(); await this.refresh(); } catch (error) { form.querySelector("[role=alert]").textContent = said(error); }
    });
  }

  // ``begun``: what was typed before the page was closed, of the version that was shown then
  edit(id, begun = null) {
    const mark = begun || this.marks.find((m) => m.id === id), form = this.open("edit-mark", id);
    let version = mark.version, kept = Promise.resolve();
    for (const name of ["text", "severity", "clause"]) form[name].value = mark[name] || "";
    const note = form.querySelector("[role=alert]");
    const save = (content) => { kept = send("PUT", `${this.base}/edit-draft`, content).then(() => { if (content.mark && !note.dataset.theirs) note.textContent = form.dataset.kept; }, (error) => { if (error.passing && form.isConnected) this.waiting.add(() => save(content), error); note.textContent = said(error); }); };
    const keep = later(600, () => save({ mark: id, version, text: form.text.value, severity: form.severity.value, clause: form.clause.value }));
    form.addEventListener("input", keep);
    form.addEventListener("left", () => { keep.stop(); kept.then(() => save({})); });
    window.addEventListener("pagehide", keep.now);
    if (begun) note.textContent = form.dataset.again;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      keep.stop(); // a draft on its way must not come after the change
      await kept;
      try {
        await send("PATCH", `/api/v1/marks/${id}`, { version, text: form.text.value, severity: form.severity.value, clause: form.clause.value });
        form.remove();
        await this.refresh();
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

  // --- opinions ------------------------------------------------------------------------------------------------------

  opinionForm() {
    const opinion = document.getElementById("opinion-form");
    if (opinion) this.remember(opinion, "draft", () => ({ verdict: opinion.verdict.value || null, text: opinion.text.value }), (lost) => {
      const given = this.review.mine; // it did arrive, as an opinion or as a draft
      if (given && given.text === lost.text.trim() && given.verdict === lost.verdict) return false;
      if (opinion.text.value === lost.text && (opinion.verdict.value || null) === lost.verdict) return false;
      opinion.text.value = lost.text;
      if (lost.verdict) opinion.verdict.value = lost.verdict;
      return true;
    });
  }

  // --- what the officer merges, what the design side answers ----------------------------------------------------------

  mergeForm() {
    const form = document.getElementById("merge");
    if (!form || form.dataset.heard) return;
    form.dataset.heard = "yes";
    this.remember(form, "merge-draft", () => {
      const entries = {};
      for (const field of form.elements) {
        const [, key, source] = field.name.match(/^(fate|into|reason|text):(.+)$/) || [];
        if (key) (entries[source] ||= {})[key] = field.value;
      }
      return { entries };
    }, ({ entries }) => fill(form, Object.entries(entries).flatMap(([source, typed]) => Object.entries(typed).map(([key, value]) => [`${key}:${source}`, value]))));
  }

  replyForm() {
    const form = document.getElementById("reply-form");
    if (form) this.remember(form, "reply-draft", () => ({ replies: Object.fromEntries([...form.querySelectorAll("textarea")].map((field) => [field.name.slice(6), field.value])) }), ({ replies }) => fill(form, Object.entries(replies).map(([source, text]) => [`reply:${source}`, text])));
  }

  // kept as one types, and once more when the page is left; what did not arrive is taken up when the page comes back
  remember(form, address, content, put = null) {
    const note = form.querySelector("[data-saved]"), left = new Left(this.review.id, address);
    const save = async () => {
      const typed = content();
      try {
        const answer = await send("PUT", `${this.base}/${address}`, typed);
        left.drop();
        note.textContent = `${note.dataset.label} ${new Date(answer.saved_at).toLocaleTimeString()}`;
      } catch (error) {
        if (error.passing) { left.keep(typed); this.waiting.add(save, error); }
        note.textContent = said(error);
      }
    };
    const keep = later(700, save);
    form.addEventListener("input", keep);
    form.addEventListener("submit", () => { keep.stop(); left.keep(content()); });
    window.addEventListener("pagehide", keep.now);
    const lost = put && left.take();
    left.drop();
    if (lost && put(lost)) { note.textContent = note.dataset.again; save(); }
  }

  // --- what changed since the round before ----------------------------------------------------------------------------

  async changes() {
    const card = document.getElementById("changes");
    if (!card) return;
    const answer = await fetch(card.dataset.src).catch(() => null);
    if (!answer?.ok) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    const data = JSON.parse(part.querySelector("[data-overlay-data]").textContent);
    card.querySelector("[data-part]").replaceChildren(...[...part.body.children].map((node) => document.importNode(node, true)));
    if (!viewer) return;
    viewer.setOverlay(data.features);
    card.querySelector("[data-overlay]")?.addEventListener("change", (event) => viewer.setOverlay(event.target.checked ? data.features : []));
    for (const button of card.querySelectorAll("[data-change]")) button.addEventListener("click", () => { viewer.showChange(Number(button.dataset.change)); viewer.scrollIntoView({ block: "nearest", behavior: "smooth" }); });
  }
}

// puts what was typed into fields that still exist; tells whether any of them said something else
function fill(form, typed) {
  const other = typed.filter(([name, value]) => form.elements[name] && form.elements[name].value !== value);
  for (const [name, value] of other) form.elements[name].value = value;
  return other.length > 0;
}

// what an officer has typed goes into the form that comes anew
function keepTyped(old, added) {
  for (const field of added.elements) {
    const typed = field.name && !["csrf_token", "seen"].includes(field.name) ? old.elements[field.name] : null;
    if (typed) field.value = typed.value;
  }
}

function takeUpAt(field, before) {
  if (!field) return;
  field.focus({ preventScroll: true });
  if (field.setSelectionRange && before.selectionStart != null) field.setSelectionRange(before.selectionStart, before.selectionEnd);
}

new Review();
