// What is typed reaches the server: kept while the line is broken or the session is over, and sent once it is back.
export const english = document.documentElement.lang.startsWith("en");
let csrf = document.querySelector("meta[name=csrf-token]").content;

export class Refused extends Error {
  constructor(status, error) { super(error ? (english ? error.message_en : error.message) : String(status)); this.status = status; this.error = error; }
  // nothing is wrong with what was sent: it only could not be taken now
  get passing() { return !this.status || this.signedOut || this.status >= 500; }
  get signedOut() { return this.status === 401 || this.error?.code === "csrf"; }
}

export const said = (error) => [error.message, english ? error.error?.remedy_en : error.error?.remedy].filter(Boolean).join(" ");

async function once(method, address, body) {
  const form = body instanceof FormData;
  const text = form ? body : JSON.stringify(body);
  const keepalive = !form && text.length < 20000; // goes out even while the page is being left; longer ones may not
  const answer = await fetch(address, { method, keepalive, headers: { "x-csrf-token": csrf, ...(form ? {} : { "content-type": "application/json" }) }, body: text }).catch(() => { throw new Refused(0, { message: "连接中断，恢复后会再次保存", message_en: "The connection is broken; this is saved once it is back" }); });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, data.error);
  return data;
}

// who signed in again in another window has a new session: its token is asked for, and what was refused is sent once more
export async function send(method, address, body) {
  try { return await once(method, address, body); } catch (error) {
    if (!error.signedOut) throw error;
    if (!(await renew())) { document.dispatchEvent(new Event("signed-out")); throw error; }
    return once(method, address, body);
  }
}

const owner = () => JSON.parse(document.getElementById("review-data").textContent).user;

async function renew() {
  const answer = await fetch(location.href.split("#")[0]).catch(() => null);
  return Boolean(answer?.ok) && adopt(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

// takes over the session a fresh copy of this page was made in; false if it shows no such page, or that of somebody else
export function adopt(page) {
  const data = page.getElementById("review-data");
  if (!data || JSON.parse(data.textContent).user !== owner()) { document.dispatchEvent(new Event("signed-out")); return false; }
  const fresh = page.querySelector("meta[name=csrf-token]").content;
  if (fresh === csrf) return true;
  csrf = fresh;
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = csrf;
  document.dispatchEvent(new Event("signed-in"));
  return true;
}

export function later(wait, act) {
  let timer = null;
  const ask = () => { clearTimeout(timer); timer = setTimeout(() => { timer = null; act(); }, wait); };
  ask.stop = () => { clearTimeout(timer); timer = null; };
  ask.now = () => { if (timer) { ask.stop(); act(); } };
  return ask;
}

// drafts that could not be saved: tried again until they are
export class Waiting {
  constructor() {
    this.saves = new Set();
    this.soon = later(4000, () => this.again());
    for (const event of ["online", "focus"]) window.addEventListener(event, () => this.again());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.again(); });
  }

  add(save, error) { this.saves.add(save); if (!error?.signedOut) this.soon(); } // signed out: the return to this window tells

  again() { this.soon.stop(); const waiting = [...this.saves]; this.saves.clear(); for (const save of waiting) save(); }
}

// what could not be saved before the page went, in this window only, for this person only
export class Left {
  constructor(review, part) { this.key = `review:${review}:${owner()}:${part}`; }
  keep(content) { try { sessionStorage.setItem(this.key, JSON.stringify(content)); } catch { /* a full or forbidden store: the page itself still holds it */ } }
  take() { const found = sessionStorage.getItem(this.key); return found ? JSON.parse(found) : null; }
  drop() { sessionStorage.removeItem(this.key); }
}
