// A draft that several windows of one person may write: what another window wrote is brought together, never passed over.
import { english, send } from "./saving.js";

const WINDOW = Math.random().toString(36).slice(2, 10);
const BETWEEN = english ? "—— written in another window ——" : "—— 另一个窗口写的 ——";
let count = 0;

const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const same = (a, b) => (plain(a) || plain(b) ? alike(a || {}, b || {}) : JSON.stringify(a || null) === JSON.stringify(b || null));
function alike(a, b) { return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key])); }

// both texts where both were written; of anything else what stands in this window
function both(mine, theirs) {
  if (typeof mine !== "string" || typeof theirs !== "string" || !/\s|[^\x00-\x7f]/.test(mine + theirs)) return mine;
  if (mine.includes(theirs)) return mine;
  return theirs.includes(mine) ? theirs : `${mine}\n${BETWEEN}\n${theirs}`;
}

// what two windows made of the same beginning; ``clashes`` are the fields both have changed
export function together(base, mine, theirs, clashes = [], words = ["text", "reason"]) {
  const out = {};
  for (const key of new Set([...Object.keys(mine || {}), ...Object.keys(theirs || {})])) {
    const [b, m, t] = [base?.[key], mine?.[key], theirs?.[key]];
    if (same(m, t) || same(t, b)) out[key] = m;
    else if (same(m, b)) out[key] = t;
    else if (plain(m) && plain(t) && !m.type) out[key] = together(b, m, t, clashes, words);
    else { clashes.push(key); out[key] = words.includes(key) || key.includes(":") ? both(m, t) : m; }
  }
  return out;
}

export class Draft {
  // ``known``: what the page came with; ``put`` lays a content into the form; ``content`` reads it
  constructor(address, known, content, put) { Object.assign(this, { address, content, put, base: known?.content || {}, seen: known?.name || "" }); }

  // tells when it was kept, and whether another window had written the same field
  async save(content = this.content()) {
    let clash = false;
    for (let tries = 0; ; tries++) {
      const name = `${WINDOW}.${++count}`;
      try {
        const answer = await send("PUT", `${this.address}?window=${name}&seen=${encodeURIComponent(this.seen)}`, content);
        Object.assign(this, { base: content, seen: name });
        return { ...answer, clash };
      } catch (error) {
        if (error.error?.code !== "draft_moved" || tries > 3) throw error;
        const { theirs, name: seen } = error.error.details;
        ({ content, clash } = this.join(theirs, seen, clash));
      }
    }
  }

  join(theirs, seen, clash = false) {
    const clashes = [], content = together(this.base, this.content(), theirs, clashes);
    Object.assign(this, { base: theirs, seen });
    this.put(content);
    return { content, clash: clash || clashes.length > 0 };
  }

  // the page has heard what is kept now: another window's words come in, what is being typed here stays;
  // true if this window still has something of its own
  heard(known) {
    const seen = known?.name || "";
    if (seen === this.seen || seen.split(".")[0] === WINDOW) return false;
    const { content } = this.join(known?.content || {}, seen);
    return !same(content, this.base);
  }

  // saved for good: nothing is left of it
  drop() { Object.assign(this, { base: {}, seen: "" }); }
}
