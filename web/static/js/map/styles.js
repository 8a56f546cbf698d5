// Looks of everything on the map: plan layers from their symbols, the red line, findings, faults, repairs.
"use strict";

(() => {
  const { ol } = window;
  const ui = window.ProjectBoxMap;
  const OUTCOME_COLOURS = { fail: "#b3201f", undecided: "#5b4a8a", note: "#b87700", pass: "#1d6b3a" };
  const HALO = "#ffd400";
  const LABEL_FONT = '12px "Noto Sans CJK SC", "Noto Sans SC", sans-serif';
  /** names of features are drawn at finer resolutions than this, metres a pixel */
  const NAMES_BELOW = 2.5;

  function withAlpha(hex, alpha) {
    const n = parseInt(hex.slice(1), 16);
    return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${alpha})`;
  }

  /** A fill with hatching, as a canvas pattern. */
  function hatched(symbol, fill) {
    const size = 8;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    context.fillStyle = withAlpha(fill, symbol.opacity);
    context.fillRect(0, 0, size, size);
    context.strokeStyle = symbol.stroke;
    context.lineWidth = 0.8;
    context.beginPath();
    context.moveTo(0, size);
    context.lineTo(size, 0);
    if (symbol.hatch === "cross") {
      context.moveTo(0, 0);
      context.lineTo(size, size);
    }
    context.stroke();
    return context.createPattern(canvas, "repeat");
  }

  /** Style function of a plan layer, from its symbol and legend classes. Names appear where tiles carry them and a polygon has room. */
  function layerStyle(definition) {
    const { symbol } = definition;
    const fills = new Map(definition.classes.map((c) => [c.key, c.fill]));
    const cache = new Map();
    const line = new ol.style.Stroke({ color: symbol.stroke, width: symbol.width, lineDash: symbol.dash.length ? symbol.dash : undefined });
    const plain = (fill) => {
      const painted = new ol.style.Fill({ color: symbol.hatch ? hatched(symbol, fill) : withAlpha(fill, symbol.opacity) });
      return new ol.style.Style({
        fill: painted, stroke: line,
        image: new ol.style.Circle({ radius: 5, fill: new ol.style.Fill({ color: fill }), stroke: new ol.style.Stroke({ color: symbol.stroke, width: 1.5 }) }),
      });
    };
    const name = new ol.style.Style({
      text: new ol.style.Text({
        overflow: false, font: LABEL_FONT, fill: new ol.style.Fill({ color: "#1b2430" }), stroke: new ol.style.Stroke({ color: "#ffffff", width: 3 }),
      }),
    });
    return (feature, resolution) => {
      const fill = fills.get(feature.get("class")) || symbol.fill;
      if (!cache.has(fill)) cache.set(fill, plain(fill));
      const label = resolution < NAMES_BELOW ? feature.get("label") : "";
      if (!label) return cache.get(fill);
      name.getText().setText(label);
      return [cache.get(fill), name];
    };
  }

  /** The chosen feature of a plan layer: lit above everything of the plans. */
  function chosenStyle(fid) {
    const lit = [new ol.style.Style({ stroke: new ol.style.Stroke({ color: HALO, width: 7 }), fill: new ol.style.Fill({ color: "rgba(255,212,0,.12)" }) }),
      new ol.style.Style({ stroke: new ol.style.Stroke({ color: "#12447f", width: 2.5 }) })];
    return (feature) => (feature.getId() === fid ? lit : null);
  }

  const stroke = (color, width, lineDash) => new ol.style.Style({ stroke: new ol.style.Stroke({ color, width, lineDash }) });
  const dot = (color, radius) => new ol.style.Circle({ radius, fill: new ol.style.Fill({ color }), stroke: new ol.style.Stroke({ color: "#ffffff", width: 2 }) });

  /** Red line, bold, with a halo: it is read above every plan. */
  const boundaryStyle = [stroke(HALO, 7), stroke("#c8161d", 3)];

  function findingStyle(lit) {
    return (feature) => {
      const colour = OUTCOME_COLOURS[feature.get("outcome")] || "#12447f";
      const on = lit() !== null && feature.get("code") === lit();
      return [
        new ol.style.Style({ stroke: new ol.style.Stroke({ color: on ? HALO : "rgba(255,255,255,.9)", width: on ? 9 : 5 }) }),
        new ol.style.Style({
          fill: new ol.style.Fill({ color: withAlpha(colour, on ? 0.5 : 0.28) }),
          stroke: new ol.style.Stroke({ color: colour, width: on ? 3 : 2 }),
          image: dot(colour, 6),
        }),
      ];
    };
  }

  function issueStyle(feature) {
    return new ol.style.Style({
      image: new ol.style.RegularShape({
        points: 4, radius: 9, angle: Math.PI / 4, fill: new ol.style.Fill({ color: feature.get("level") === "error" ? "#b3201f" : "#b87700" }),
        stroke: new ol.style.Stroke({ color: "#ffffff", width: 2 }),
      }),
    });
  }

  /** A proposed repair: red and dashed as it is, green as it would be. */
  function repairStyle(feature) {
    return feature.get("after")
      ? [new ol.style.Style({ fill: new ol.style.Fill({ color: "rgba(26,117,66,.25)" }), stroke: new ol.style.Stroke({ color: "#1a7542", width: 2.5 }) })]
      : [stroke("#ffffff", 6), stroke("#b3201f", 3, [8, 5])];
  }

  /** A boundary vertex somebody asked for: ring, halo and its number. */
  function vertexStyle(feature) {
    return [
      new ol.style.Style({ image: new ol.style.Circle({ radius: 13, stroke: new ol.style.Stroke({ color: HALO, width: 6 }) }) }),
      new ol.style.Style({
        image: new ol.style.Circle({ radius: 13, stroke: new ol.style.Stroke({ color: "#12447f", width: 2.5 }) }),
        text: new ol.style.Text({
          text: feature.get("label"), offsetX: 20, textAlign: "left", font: 'bold 16px "Noto Sans CJK SC", sans-serif',
          fill: new ol.style.Fill({ color: "#12447f" }), stroke: new ol.style.Stroke({ color: "#ffffff", width: 4 }),
        }),
      }),
      new ol.style.Style({ image: dot("#12447f", 4) }),
    ];
  }

  function swatch(symbol, fill) {
    const node = ui.element("i", { class: "swatch", "aria-hidden": "true" });
    node.style.background = withAlpha(fill, Math.max(symbol.opacity, 0.35));
    node.style.borderColor = symbol.stroke;
    if (symbol.dash.length) node.style.borderStyle = "dashed";
    if (symbol.hatch) node.classList.add("hatched");
    return node;
  }

  Object.assign(ui, { HALO, withAlpha, layerStyle, chosenStyle, stroke, dot, boundaryStyle, findingStyle, issueStyle, repairStyle, vertexStyle, swatch });
})();
