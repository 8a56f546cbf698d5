// What others do, as they do it: one line of events for each page, taken up again whatever broke it.
import { later } from "./saving.js";

const KINDS = ["mark_added", "mark_changed", "mark_closed", "opinion_given", "reply_given", "review_closed", "review_paused", "review_resumed"];
const SLOWEST = 30000;

// ``page``: base (address of the review), file, lastEvent(), refresh(), returned() after a broken line, heard(happening), present(others)
export class Live {
  constructor(page) {
    this.page = page;
    this.state = document.getElementById("live");
    this.wait = 2000;
    this.open();
    // a browser allows few open lines to one place: a page long out of sight gives its own back
    const sleep = later(60000, () => { this.asleep = true; this.close(); });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) { sleep(); return; }
      sleep.stop();
      if (this.asleep) { this.asleep = false; this.again(); }
    });
    document.addEventListener("signed-out", () => { this.tell("out"); this.close(); });
    document.addEventListener("signed-in", () => { if (!this.source) this.again(); });
    window.addEventListener("focus", () => { if (!this.source && !this.asleep) this.again(); });
    window.addEventListener("pagehide", () => this.close());
  }

  tell(how) { if (this.state) { this.state.textContent = this.state.dataset[how]; this.state.dataset.state = how; } }

  close() { clearTimeout(this.timer); this.source?.close(); this.source = null; }

  async again() { this.close(); await this.page.refresh(); this.broken = true; this.open(); }

  open() {
    const source = (this.source = new EventSource(`${this.page.base}/events?after=${this.page.lastEvent()}&file=${this.page.file}`));
    source.addEventListener("open", () => {
      this.tell("on");
      this.page.present([]); // who is there comes on this line
      this.wait = 2000;
      if (this.broken) this.page.returned(); // what happened meanwhile comes with it; what was restarted is read anew
      this.broken = false;
    });
    source.addEventListener("error", () => {
      if (this.source !== source) return;
      this.broken = true;
      this.tell("off");
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      this.close(); // an answer that was no stream: a server starting, a gateway without one, a session that is over
      this.timer = setTimeout(() => this.again(), this.wait);
      this.wait = Math.min(2 * this.wait, SLOWEST);
    });
    source.addEventListener("end", (event) => { this.close(); if (JSON.parse(event.data).code === "not_signed_in") document.dispatchEvent(new Event("signed-out")); else this.tell("off"); });
    source.addEventListener("presence", (event) => this.page.present(JSON.parse(event.data).others));
    const refresh = later(120, () => this.page.refresh());
    for (const kind of KINDS) source.addEventListener(kind, (event) => { this.page.heard(JSON.parse(event.data)); refresh(); });
  }
}
