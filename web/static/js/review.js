// The joint review page: marks on the sheet, drafts saved as one types, what others do shown as they do it.
import { Live } from "./review/live.js";
import { MarkRows } from "./review/mark-rows.js";
import { NewMark } from "./review/new-mark.js";
import { Remembered } from "./review/remembered.js";
import { Waiting, adopt, english } from "./review/saving.js";

const viewer = document.querySelector("sheet-viewer");
class Review {
  constructor() {
    this.viewer = viewer;
    this.waiting = new Waiting();
    this.read();
    this.file = Number(viewer?.dataset.file || 0);
    this.base = `/api/v1/joint-reviews/${this.review.id}`;
    this.form = new NewMark(this);
    this.rows = new MarkRows(this);
    this.forms = ["opinion", "merge", "replies"].map((part) => new Remembered(this, part)).filter((found) => found.form);
    this.showMarks();
    viewer?.addEventListener("sheet-mark-pick", (event) => this.flash(`mark-${event.detail.id}`));
    document.addEventListener("compositionstart", () => { this.composing = true; });
    document.addEventListener("compositionend", () => { this.composing = false; if (this.missed) { this.missed = false; this.refresh(); } });
    this.changes();
    this.session();
    if (this.review.open) new Live(this);
    window.addEventListener("focus", () => this.refresh()); // another window of the same person may have written
  }

  read() {
    this.review = JSON.parse(document.getElementById("review-data").textContent);
    this.marks = this.review.marks.map((mark, index) => ({ ...mark, number: index + 1 }));
  }

  showMarks() { viewer?.setMarks([...this.marks.filter((m) => m.file === this.file), ...(this.form?.shown || [])]); }

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

  // who else is here: those at this sheet first, in one quiet line
  present(others) {
    const line = document.getElementById("others");
    if (!line) return;
    const name = (o) => [o.name, english ? o.discipline_en : o.discipline].filter(Boolean).join(" · ");
    const here = others.filter((o) => o.files.includes(this.file)), away = others.filter((o) => !o.files.includes(this.file));
    line.hidden = !others.length;
    line.textContent = `· ${[[line.dataset.here, here], [line.dataset.away, away]].filter(([, who]) => who.length).map(([word, who]) => `${word} ${who.map(name).join(english ? ", " : "、")}`).join(english ? "; " : "；")}`;
  }

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
    const open = this.review.open, [standing, now] = [document, fresh].map((page) => page.querySelector("[data-clock]"));
    for (const id of ["marks", "opinions", "review-data", "merge"]) this.renew(id, fresh);
    if (standing && now) standing.replaceWith(document.importNode(now, true));
    this.read();
    if (open && !this.review.open) { this.ended(); return; }
    this.form.renew();
    for (const form of this.forms) form.renew();
    this.showMarks();
    if (this.news?.kind.startsWith("mark_")) this.flash(`mark-${this.news.subject}`);
    this.news = null;
  }

  renew(id, fresh) {
    const old = document.getElementById(id), own = fresh.getElementById(id);
    if (!old || !own) return;
    const added = document.importNode(own, true);
    const at = old.contains(document.activeElement) ? document.activeElement : null;
    if (id === "merge") keepTyped(old, added);
    const editing = old.querySelector("form.editing"), row = editing && added.querySelector(`[id="${editing.parentElement.id}"]`);
    if (row) row.append(editing); // a change being typed goes with its mark
    old.replaceWith(added);
    if (row && at && editing.contains(at)) takeUpAt(at, at);
    if (at?.name) takeUpAt(added.elements?.[at.name], at);
  }

  // the round was ended while this page was open: what is being written here can still be read and copied
  ended() {
    const typing = [...document.querySelectorAll("#opinion-form textarea, #mark-form textarea, #marks form.editing textarea")].some((field) => field.value.trim());
    if (!typing) { location.reload(); return; }
    const note = document.getElementById("ended");
    note.hidden = false;
    note.scrollIntoView({ block: "nearest" });
    for (const button of document.querySelectorAll("#opinion-form button, #mark-form button, #merge button")) button.disabled = true;
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
