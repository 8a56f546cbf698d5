// The viewer's own style; colours are the page's tokens.
export const STYLE = `
:host { display: flex; flex-direction: column; position: relative; width: 100%; height: min(72vh, 46rem); min-height: 22rem; border: 1px solid var(--line-strong); border-radius: var(--radius); overflow: hidden; background: var(--paper); font-family: var(--font); font-size: .87rem; }
.bar { display: flex; flex-wrap: wrap; gap: .3rem; padding: .35rem .5rem; border-bottom: 1px solid var(--line); background: var(--sunken); align-items: center; }
button { font: inherit; background: var(--paper); color: var(--accent); border: 1px solid var(--line-strong); border-radius: var(--radius); padding: .15rem .55rem; cursor: pointer; line-height: 1.5; }
button:hover, button[aria-pressed=true] { background: var(--accent-soft); border-color: var(--accent); }
button:focus-visible, input:focus-visible, canvas:focus-visible { outline: 3px solid var(--focus); outline-offset: -2px; }
input[type=search] { font: inherit; border: 1px solid var(--line-strong); border-radius: var(--radius); padding: .15rem .5rem; width: 11rem; max-width: 100%; background: var(--paper); color: var(--ink); }
.drawing { display: inline-flex; gap: .3rem; }
.drawing[hidden] { display: none; }
.stage { position: relative; flex: 1; min-height: 0; }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: crosshair; display: block; }
canvas.dragging { cursor: grabbing; }
.layers { position: absolute; right: .5rem; top: .5rem; max-height: calc(100% - 1rem); width: 17rem; max-width: calc(100% - 1rem); overflow: auto; background: var(--paper); color: var(--ink); border: 1px solid var(--line-strong); border-radius: var(--radius); padding: .5rem .6rem; box-shadow: var(--shadow); box-sizing: border-box; }
.layers[hidden] { display: none; }
.layers label { display: flex; gap: .4rem; align-items: center; padding: .1rem 0; cursor: pointer; overflow-wrap: anywhere; }
.layers label[hidden] { display: none; }
.layers input[type=search] { width: 100%; box-sizing: border-box; margin: .35rem 0; }
.layers i { flex: none; width: .9rem; height: .9rem; border: 1px solid var(--line-strong); border-radius: 2px; }
.layers .n { margin-left: auto; color: var(--ink-soft); font-variant-numeric: tabular-nums; }
.info { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .2rem 1rem; padding: .3rem .6rem; border-top: 1px solid var(--line); min-height: 1.9rem; box-sizing: border-box; color: var(--ink-soft); background: var(--paper); font-variant-numeric: tabular-nums; }
.info b { color: var(--ink); font-weight: 600; }
.message { position: absolute; inset: 0; display: grid; place-items: center; color: var(--ink-soft); pointer-events: none; }
`;
