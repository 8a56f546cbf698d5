// A sheet as the server packs it (drawings/sheets/sheet_pack.py): a JSON header and typed arrays, read without parsing.
// Items are numbers; fills come first, then lines and points, then texts.

export const FILLED = 1, DOT = 2, TEXT = 4;
const COARSE = Math.PI / 4, FINE = Math.PI / 36; // between the chords of an arc
const ARRAYS = { i32: Int32Array, f32: Float32Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array };
const END = "\x1e";

export class Sheet {
  constructor(buffer) {
    const magic = new TextDecoder().decode(new Uint8Array(buffer, 0, 8));
    if (magic !== "PBSHEET1") throw new Error("not a sheet");
    const length = new DataView(buffer).getUint32(8, true), start = 12 + length;
    this.buffer = buffer;
    this.head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 12, length)));
    this.blobs = {};
    for (const [name, [type, offset, bytes]] of Object.entries(this.head.sections)) {
      if (type === "text") this.blobs[name] = new Uint8Array(buffer, start + offset, bytes);
      else this[name] = new ARRAYS[type](buffer, start + offset, bytes / ARRAYS[type].BYTES_PER_ELEMENT);
    }
    this.size = this.head.items;
    this.metres = this.head.metres_per_unit || 1;
    this.firstText = this.size - this.height.length;
    this.unfold();
    this.boxes();
  }

  // whole steps from the origin become drawing units, arcs their bulges
  unfold() {
    const { steps, head: { origin: [ox, oy], step } } = this, n = steps.length / 2;
    const coords = new Float64Array(2 * n), bulge = new Float32Array(n);
    for (let v = 0; v < n; v++) { coords[2 * v] = ox + steps[v] * step; coords[2 * v + 1] = oy + steps[n + v] * step; }
    this.arcs.forEach((v, k) => { bulge[v] = this.bulges[k]; });
    this.coords = coords; this.bulge = bulge;
  }

  // x0, y0, x1, y1 of every item; a text's box is what its letters may cover
  boxes() {
    const { coords, bulge, part_start: starts, item_part: parts, size } = this, box = new Float64Array(4 * size);
    for (let i = 0; i < size; i++) {
      let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
      for (let v = starts[parts[i]], end = starts[parts[i + 1]]; v < end; v++) {
        const x = coords[2 * v], y = coords[2 * v + 1];
        if (x < x0) x0 = x;
        if (x > x1) x1 = x;
        if (y < y0) y0 = y;
        if (y > y1) y1 = y;
        if (bulge[v]) arc(x, y, coords[2 * v + 2], coords[2 * v + 3], bulge[v], COARSE, (px, py) => { x0 = Math.min(x0, px); x1 = Math.max(x1, px); y0 = Math.min(y0, py); y1 = Math.max(y1, py); });
      }
      box[4 * i] = x0; box[4 * i + 1] = y0; box[4 * i + 2] = x1; box[4 * i + 3] = y1;
    }
    this.box = box;
    if (this.firstText < size) {
      const texts = this.texts;
      for (let k = 0, i = this.firstText; i < size; i++, k++) {
        const lines = texts[k].split("\n"), wide = Math.max(...lines.map((line) => line.length));
        const reach = this.height[k] * Math.max(lines.length * 1.4, wide * 1.05);
        box[4 * i] -= reach; box[4 * i + 1] -= reach; box[4 * i + 2] += reach; box[4 * i + 3] += reach;
      }
    }
  }

  get texts() { return (this.textList ??= new TextDecoder().decode(this.blobs.texts).split(END).slice(0, -1)); }
  get handles() { return (this.handleList ??= new TextDecoder().decode(this.blobs.handles).split(END).slice(0, -1)); }

  text(i) { return i >= this.firstText ? this.texts[i - this.firstText] : null; }
  handle(i) { return this.handles[i]; }
  layerName(i) { return this.head.layers[this.layer[i]].name; }
  bounds(i) { return this.box.subarray(4 * i, 4 * i + 4); }

  facts(i) {
    const role = this.role[i];
    return { index: i, handle: this.handle(i), kind: this.head.kinds[this.kind[i]], layer: this.layerName(i), role: role ? this.head.roles[role - 1] : null, text: this.text(i) };
  }

  // [first, end) vertex of every part
  *parts(i) { for (let p = this.item_part[i]; p < this.item_part[i + 1]; p++) yield [this.part_start[p], this.part_start[p + 1]]; }

  // vertices of a part with its arcs as chords
  points(first, end) {
    const { coords, bulge } = this, out = [];
    for (let v = first; v < end; v++) {
      out.push([coords[2 * v], coords[2 * v + 1]]);
      if (bulge[v] && v + 1 < end) arc(coords[2 * v], coords[2 * v + 1], coords[2 * v + 2], coords[2 * v + 3], bulge[v], FINE, (x, y) => out.push([x, y]));
    }
    return out;
  }

  // items of a handle; a block reference's handle means all that is drawn by it
  find(handle) {
    const wanted = handle.trim().toUpperCase(), within = `${wanted}/`;
    const out = [];
    this.handles.forEach((own, i) => { const name = own.toUpperCase(); if (name === wanted || name.startsWith(within)) out.push(i); });
    return out;
  }

  search(words) {
    const low = words.toLowerCase(), found = [];
    this.texts.forEach((text, k) => { if (text.toLowerCase().includes(low)) found.push(this.firstText + k); });
    return found.length ? found : this.find(words);
  }

  // the item nearest to a spot of what is shown; texts count as the box of their letters
  pick(x, y, reach, shown) {
    let best = -1, least = reach;
    for (let i = 0, b = 0; i < this.size; i++, b += 4) {
      const { box } = this;
      if (box[b] > x + reach || box[b + 2] < x - reach || box[b + 1] > y + reach || box[b + 3] < y - reach || !shown[this.layer[i]]) continue;
      if (this.flags[i] & TEXT) {
        if (least > reach * 0.6 && this.inText(i, x, y)) { best = i; least = reach * 0.6; }
        continue;
      }
      const distance = this.distance(i, x, y);
      if (distance < least) { least = distance; best = i; }
    }
    return best < 0 ? null : best;
  }

  // the smallest closed outline around a spot, of those that are not a good part of the whole sheet
  around(x, y, shown) {
    const { box } = this, home = this.head.home || [0, 0, Infinity, Infinity];
    let best = null, least = ((home[2] - home[0]) * (home[3] - home[1])) / 4;
    for (let i = 0, b = 0; i < this.firstText; i++, b += 4) {
      if (box[b] > x || box[b + 2] < x || box[b + 1] > y || box[b + 3] < y || !shown[this.layer[i]]) continue;
      const size = (box[b + 2] - box[b]) * (box[b + 3] - box[b + 1]);
      if (size < least && this.encloses(i, x, y)) { least = size; best = i; }
    }
    return best;
  }

  encloses(i, x, y) {
    let inside = false;
    for (const [first, end] of this.parts(i)) {
      const points = this.points(first, end), last = points.at(-1);
      if (points.length < 4 || points[0][0] !== last[0] || points[0][1] !== last[1]) continue;
      for (let k = 1; k < points.length; k++) {
        const [ax, ay] = points[k - 1], [bx, by] = points[k];
        if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
      }
    }
    return inside;
  }

  inText(i, x, y) {
    const k = i - this.firstText, v = 2 * this.part_start[this.item_part[i]], height = this.height[k], lines = this.texts[k].split("\n");
    const turn = (this.rotation[k] * Math.PI) / 180, dx = x - this.coords[v], dy = y - this.coords[v + 1];
    const along = dx * Math.cos(turn) + dy * Math.sin(turn), up = -dx * Math.sin(turn) + dy * Math.cos(turn);
    const block = this.head.kinds[this.kind[i]] === "MTEXT";
    const top = block ? 0 : height, low = block ? -height * 1.35 * lines.length : -height * 0.3;
    return along >= 0 && along <= Math.max(...lines.map((line) => line.length)) * height * 0.9 && up <= top && up >= low;
  }

  distance(i, x, y) {
    let least = Infinity;
    for (const [first, end] of this.parts(i)) {
      const points = this.points(first, end);
      if (points.length === 1) least = Math.min(least, Math.hypot(points[0][0] - x, points[0][1] - y));
      for (let k = 1; k < points.length; k++) {
        const [ax, ay] = points[k - 1], bx = points[k][0] - ax, by = points[k][1] - ay;
        const t = Math.max(0, Math.min(1, ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by || 1)));
        least = Math.min(least, Math.hypot(ax + t * bx - x, ay + t * by - y));
      }
    }
    return least;
  }

  // the vertex nearest to a spot, to measure from exactly
  snap(x, y, reach, shown) {
    const { box, coords } = this;
    let best = null, least = reach;
    for (let i = 0, b = 0; i < this.firstText; i++, b += 4) {
      if (box[b] > x + reach || box[b + 2] < x - reach || box[b + 1] > y + reach || box[b + 3] < y - reach || !shown[this.layer[i]]) continue;
      for (let v = 2 * this.part_start[this.item_part[i]], end = 2 * this.part_start[this.item_part[i + 1]]; v < end; v += 2) {
        const distance = Math.hypot(coords[v] - x, coords[v + 1] - y);
        if (distance < least) { least = distance; best = [coords[v], coords[v + 1]]; }
      }
    }
    return best;
  }

  // length in metres and, of closed parts, area in square metres; arcs count as arcs
  measure(i) {
    if (this.flags[i] & (TEXT | DOT)) return {};
    const { coords, bulge } = this;
    let length = 0, area = 0;
    for (const [first, end] of this.parts(i)) {
      const points = [];
      let bows = 0;
      for (let v = first; v < end; v++) {
        points.push([coords[2 * v], coords[2 * v + 1]]);
        if (v + 1 === end) continue;
        const chord = Math.hypot(coords[2 * v + 2] - coords[2 * v], coords[2 * v + 3] - coords[2 * v + 1]), b = bulge[v];
        if (!b) { length += chord; continue; }
        const angle = 4 * Math.atan(b), radius = (chord * (1 + b * b)) / (4 * b);
        length += angle * radius;
        bows += (radius * radius * (angle - Math.sin(angle))) / 2;
      }
      const closed = points.length > 2 && points[0][0] === points.at(-1)[0] && points[0][1] === points.at(-1)[1];
      if (closed) area += Math.abs(signedArea(points) + bows);
    }
    return { length: length * this.metres, area: area * this.metres * this.metres || null };
  }
}

export function lengthOf(points) {
  let sum = 0;
  for (let i = 1; i < points.length; i++) sum += Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]);
  return sum;
}

// relative to the first point so that large coordinates lose nothing
function signedArea(points) {
  const [ox, oy] = points[0];
  let twice = 0;
  for (let i = 0; i < points.length; i++) {
    const [ax, ay] = points[i], [bx, by] = points[(i + 1) % points.length];
    twice += (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);
  }
  return twice / 2;
}

// of the ring through the points, whichever way round
export function areaOf(points) { return Math.abs(signedArea(points)); }

// calls take(x, y) for the points inside an arc, no more than step (radians) apart
export function arc(ax, ay, bx, by, bulge, step, take) {
  const angle = 4 * Math.atan(bulge), count = Math.ceil(Math.abs(angle) / step);
  if (count < 2) return;
  const k = (1 - bulge * bulge) / (4 * bulge), dx = bx - ax, dy = by - ay;
  const cx = (ax + bx) / 2 - dy * k, cy = (ay + by) / 2 + dx * k, turn = angle / count, cos = Math.cos(turn), sin = Math.sin(turn);
  let x = ax - cx, y = ay - cy;
  for (let n = 1; n < count; n++) {
    [x, y] = [x * cos - y * sin, x * sin + y * cos];
    take(cx + x, cy + y);
  }
}
