// Forms of the review that are kept as one types: the opinion, what the officer merges, what the design side answers.
import { Draft } from "./draft.js";
import { Left, later, said } from "./saving.js";

// puts what was typed into fields that still exist; tells whether any of them said something else
export function fill(form, typed) {
  const other = typed.filter(([name, value]) => form.elements[name] && form.elements[name].value !== (value ?? ""));
  for (const [name, value] of other) form.elements[name].value = value ?? "";
  return other.length > 0;
}

// what each form holds, and how it is put back
const FORMS = {
  opinion: {
    id: "opinion-form", address: "draft",
    content: (form) => ({ verdict: form.verdict.value || null, text: form.text.value }),
    put: (form, { verdict, text }) => {
      if (form.text.value === (text || "") && (form.verdict.value || null) === (verdict || null)) return false;
      form.text.value = text || "";
      for (const choice of form.querySelectorAll("[name=verdict]")) choice.checked = choice.value === verdict;
      return true;
    },
  },
  merge: {
    id: "merge", address: "merge-draft",
    content: (form) => {
      const entries = {};
      for (const field of form.elements) {
        const [, key, source] = field.name.match(/^(fate|into|reason|text):(.+)$/) || [];
        if (key) (entries[source] ||= {})[key] = field.value;
      }
      return { entries };
    },
    put: (form, { entries }) => fill(form, Object.entries(entries || {}).flatMap(([source, typed]) => Object.entries(typed).map(([key, value]) => [`${key}:${source}`, value]))),
  },
  replies: {
    id: "reply-form", address: "reply-draft",
    content: (form) => ({ replies: Object.fromEntries([...form.querySelectorAll("textarea")].map((field) => [field.name.slice(6), field.value])) }),
    put: (form, { replies }) => fill(form, Object.entries(replies || {}).map(([source, text]) => [`reply:${source}`, text])),
  },
};

// the server keeps the inner part of a merge and of replies
const inner = { merge: "entries", replies: "replies" };

export class Remembered {
  // ``page``: review (what the server said of it), base (its address), waiting
  constructor(page, part) {
    Object.assign(this, { page, part, how: FORMS[part] });
    this.form = document.getElementById(this.how.id);
    if (!this.form) return;
    this.left = new Left(page.review.id, this.how.address);
    this.draft = new Draft(`${page.base}/${this.how.address}`, this.known(), () => this.how.content(this.form), (content) => this.how.put(this.form, content));
    this.keep = later(700, () => this.save());
    this.hear();
    window.addEventListener("pagehide", this.keep.now);
    const lost = this.left.take();
    this.left.drop();
    if (lost && !this.arrived(lost) && this.how.put(this.form, lost)) { this.tell("again"); this.save(); }
  }

  get note() { return this.form.querySelector("[data-saved]"); }
  tell(word, rest = "") { this.note.textContent = `${this.note.dataset[word]} ${rest}`.trim(); }

  // what is kept, in the shape of the form's content; of a form that came empty what it shows is where one begins
  known() {
    const found = this.page.review.drafts[this.part]?.[""];
    const key = inner[this.part], kept = found ? (key ? { [key]: found.content } : found.content) : {};
    return { name: found?.name || "", content: key ? { [key]: { ...this.how.content(this.form)[key], ...kept[key] } } : kept };
  }

  // an opinion that did arrive need not come back
  arrived({ text, verdict }) {
    const given = this.part === "opinion" && this.page.review.mine;
    return Boolean(given && given.text === text.trim() && given.verdict === verdict);
  }

  hear() {
    this.form.addEventListener("input", this.keep);
    this.form.addEventListener("submit", () => { this.keep.stop(); this.left.keep(this.how.content(this.form)); });
  }

  // the form came anew with the page: it holds what was typed, and what another window kept meanwhile comes in
  renew() {
    const form = document.getElementById(this.how.id);
    if (!form) return;
    if (form !== this.form) { this.form = form; this.hear(); }
    if (this.draft.heard(this.known())) this.keep();
  }

  async save() {
    try {
      const { saved_at, clash } = await this.draft.save();
      this.left.drop();
      this.tell(clash ? "both" : "label", new Date(saved_at).toLocaleTimeString());
    } catch (error) {
      if (error.passing) { this.left.keep(this.how.content(this.form)); this.page.waiting.add(() => this.save(), error); }
      this.note.textContent = said(error);
    }
  }
}
