// Fine lines and even-odd fills into an opaque RGBA picture: no paths, no states, a pixel at a time.
// Colours are 0xBBGGRR as a little-endian picture holds them.

export class Raster {
  constructor(width, height) {
    this.width = width; this.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.rows = [];
  }

  clear(color) { this.pixels.fill(0xff000000 | color); }

  // share 0 … 256 of the colour over what is there
  blend(at, color, share) {
    const old = this.pixels[at], rest = 256 - share;
    const rb = (((old & 0xff00ff) * rest + (color & 0xff00ff) * share) >>> 8) & 0xff00ff;
    const g = (((old & 0x00ff00) * rest + (color & 0x00ff00) * share) >>> 8) & 0x00ff00;
    this.pixels[at] = 0xff000000 | rb | g;
  }

  dot(x, y, color, share) {
    const px = Math.floor(x), py = Math.floor(y);
    if (px >= 0 && py >= 0 && px < this.width && py < this.height) this.blend(py * this.width + px, color, share);
  }

  // a line one pixel wide with soft edges; cut at the picture's border first
  line(x0, y0, x1, y1, color) {
    const w = this.width - 1, h = this.height - 1;
    const dx = x1 - x0, dy = y1 - y0;
    let from = 0, to = 1;
    for (const [p, q] of [[-dx, x0], [dx, w - x0], [-dy, y0], [dy, h - y0]]) {
      if (p === 0) { if (q < 0) return; continue; }
      const r = q / p;
      if (p < 0) { if (r > to) return; if (r > from) from = r; } else { if (r < from) return; if (r < to) to = r; }
    }
    const ax = x0 + from * dx, ay = y0 + from * dy, bx = x0 + to * dx, by = y0 + to * dy;
    if (Math.abs(bx - ax) >= Math.abs(by - ay)) this.flat(ax, ay, bx, by, color);
    else this.steep(ax, ay, bx, by, color);
  }

  flat(ax, ay, bx, by, color) {
    if (ax > bx) { [ax, bx] = [bx, ax]; [ay, by] = [by, ay]; }
    const { width, height } = this, slope = bx === ax ? 0 : (by - ay) / (bx - ax), first = Math.round(ax), last = Math.round(bx);
    for (let x = first, y = ay + slope * (first - ax); x <= last; x++, y += slope) {
      const row = Math.floor(y), share = (256 * (y - row)) | 0, at = row * width + x;
      if (row >= 0 && row < height) this.blend(at, color, 256 - share);
      if (share > 8 && row + 1 >= 0 && row + 1 < height) this.blend(at + width, color, share);
    }
  }

  steep(ax, ay, bx, by, color) {
    if (ay > by) { [ax, bx] = [bx, ax]; [ay, by] = [by, ay]; }
    const { width } = this, slope = (bx - ax) / (by - ay), first = Math.round(ay), last = Math.round(by);
    for (let y = first, x = ax + slope * (first - ay); y <= last; y++, x += slope) {
      const column = Math.floor(x), share = (256 * (x - column)) | 0, at = y * width + column;
      if (column >= 0 && column < width) this.blend(at, color, 256 - share);
      if (share > 8 && column + 1 >= 0 && column + 1 < width) this.blend(at + 1, color, share);
    }
  }

  // rings: arrays of x, y in pixels; inside by the even-odd rule
  fill(rings, color, share) {
    const { width, height, rows } = this;
    let top = height, bottom = -1;
    for (const ring of rings) {
      for (let i = 0, n = ring.length; i < n; i += 2) {
        let x0 = ring[i], y0 = ring[i + 1], x1 = ring[(i + 2) % n], y1 = ring[(i + 3) % n];
        if (y0 > y1) { [x0, x1] = [x1, x0]; [y0, y1] = [y1, y0]; }
        const first = Math.max(0, Math.ceil(y0 - 0.5)), end = Math.min(height, Math.ceil(y1 - 0.5));
        for (let y = first; y < end; y++) (rows[y] ??= []).push(x0 + ((x1 - x0) * (y + 0.5 - y0)) / (y1 - y0));
        if (first < end) { if (first < top) top = first; if (end > bottom) bottom = end; }
      }
    }
    for (let y = top; y < bottom; y++) {
      const cuts = rows[y];
      if (!cuts?.length) continue;
      cuts.sort((a, b) => a - b);
      for (let k = 0; k + 1 < cuts.length; k += 2) {
        const from = Math.max(0, Math.ceil(cuts[k] - 0.5)), to = Math.min(width, Math.ceil(cuts[k + 1] - 0.5));
        for (let x = from, at = y * width + from; x < to; x++, at++) this.blend(at, color, share);
      }
      cuts.length = 0;
    }
  }
}
