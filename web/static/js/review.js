// The joint review page: marks on the sheet, drafts saved as one types, what others do shown as they do it.
const viewer = document.querySelector("sheet-viewer");
const token = document.querySelector("meta[name=csrf-token]").content;
const english = document.documentElement.lang.startsWith("en");

class Refused extends Error {
  constructor(status, error) { super(error ? (english ? error.message_en : error.message) : String(status)); this.status = status; this.error = error; }
}

async function send(method, address, body) {
  const form = body instanceof FormData;
  const answer = await fetch(address, { method, headers: { "x-csrf-token": token, ...(form ? {} : { "content-type": "application/json" }) }, body: form ? body : JSON.stringify(body) });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, data.error);
  return data;
}

function later(wait, act) { let timer = null; return () => { clearTimeout(timer); timer = setTimeout(act, wait); }; }

class Review {
  constructor() {
    this.read();
    this.file = Number(viewer?.dataset.file);
    this.base = `/api/v1/joint-reviews/${this.review.id}`;
    this.placed = null;
    this.showMarks();
    viewer?.addEventListener("sheet-mark-pick", (event) => this.flash(`mark-${event.detail.id}`));
    document.addEventListener("click", (event) => this.click(event));
    this.markForm();
    this.opinionForm();
    if (this.review.open) this.listen();
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

  listen() {
    const source = new EventSource(`${this.base}/events?after=${this.review.last_event}`);
    const state = document.getElementById("live");
    source.addEventListener("open", () => { if (state) state.textContent = state.dataset.on; });
    source.addEventListener("error", () => { if (state) state.textContent = state.dataset.off; });
    source.addEventListener("end", () => source.close());
    const refresh = later(120, () => this.refresh());
    for (const kind of ["mark_added", "mark_changed", "mark_closed", "opinion_given", "reply_given", "review_closed"]) {
      source.addEventListener(kind, (event) => { this.news = JSON.parse(event.data); refresh(); });
    }
    window.addEventListener("pagehide", () => source.close());
  }

  // the lists come anew from the server; what is being typed stays
  async refresh() {
    const answer = await fetch(location.href.split("#")[0]);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["marks", "opinions", "review-data"]) {
      const old = document.getElementById(id), own = fresh.getElementById(id);
      if (old && own && !old.querySelector("form.editing")) old.replaceWith(document.importNode(own, true));
    }
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
    const keep = later(600, () => this.keepDraft());
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

  async keepDraft() {
    const begun = this.placed || this.photo || this.form.text.value.trim(); // nothing begun: what was kept is forgotten
    try { await send("PUT", `${this.base}/mark-draft`, begun ? this.content() : {}); if (begun) this.status.textContent = this.form.dataset.kept; } catch (error) { this.status.textContent = error.message; }
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
    try {
      await send("POST", `${this.base}/marks`, this.content());
      form.reset();
      this.placed = this.photo = null;
      this.status.textContent = form.dataset.done;
      await this.refresh();
    } catch (error) { this.status.textContent = error.message; }
  }

  async click(event) {
    const button = event.target.closest("[data-close-mark], [data-edit-mark]");
    if (!button) return;
    if (button.dataset.editMark) { this.edit(button.dataset.editMark); return; }
    try { await send("POST", `/api/v1/marks/${button.dataset.closeMark}/close`, { note: "" }); await this.refresh(); } catch (error) { button.after(` ${error.message}`); }
  }

  edit(id) {
    const mark = this.marks.find((m) => m.id === id), row = document.getElementById(`mark-${id}`);
    const form = document.getElementById("edit-mark").content.firstElementChild.cloneNode(true);
    let version = mark.version;
    form.text.value = mark.text; form.severity.value = mark.severity; form.clause.value = mark.clause;
    row.append(form);
    form.text.focus();
    form.querySelector("[data-cancel]").addEventListener("click", () => form.remove());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await send("PATCH", `/api/v1/marks/${id}`, { version, text: form.text.value, severity: form.severity.value, clause: form.clause.value });
        form.remove();
        await this.refresh();
      } catch (error) {
        const note = form.querySelector("[role=alert]");
        note.textContent = error.message;
        if (error.status === 409 && error.error.details?.theirs) { // both texts stay in sight; saving again is a choice made knowingly
          version = error.error.details.version;
          note.textContent += ` ${form.dataset.theirs} “${error.error.details.theirs.text}”`;
        }
      }
    });
  }

  // --- opinions ------------------------------------------------------------------------------------------------------

  opinionForm() {
    const opinion = document.getElementById("opinion-form");
    if (!opinion) return;
    const saved = opinion.querySelector("[data-saved]");
    opinion.addEventListener("input", later(700, async () => {
      try {
        const answer = await send("PUT", `${this.base}/draft`, { verdict: opinion.verdict.value || null, text: opinion.text.value });
        saved.textContent = `${saved.dataset.label} ${new Date(answer.saved_at).toLocaleTimeString()}`;
      } catch (error) { saved.textContent = error.message; }
    }));
  }
}

new Review();
