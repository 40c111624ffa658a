"use strict";
/**
 * What was drawn on the pad. A stroke is a list of points `{x, y, width}`, all in widths of the pad: a
 * drawing stays the same when the pad changes its size.
 */

const LEAST_PRESSURE = 0.35; // of a pen that hardly touches

/** 273 for whoever wants to see first, or cannot draw: `[x, height over the line]`, in widths of the pad. */
const EXAMPLE = [
  [
    [.107, .221], [.133, .273], [.185, .286], [.23, .26], [.237, .201], [.204, .136],
    [.152, .065], [.1, .007], [.126, .013], [.178, .013], [.224, 0], [.263, .007],
  ],
  [
    [.425, .26], [.477, .267], [.542, .273], [.588, .279], [.568, .227], [.536, .156],
    [.51, .091], [.49, 0],
  ],
  [
    [.744, .247], [.783, .279], [.835, .286], [.874, .26], [.867, .214], [.828, .175],
    [.789, .156], [.835, .149], [.88, .117], [.893, .065], [.861, .019], [.802, 0],
    [.75, .013], [.724, .039],
  ],
];

/** The example as strokes of a pen of this width, on a line so far down the pad. */
function example(width, line) {
  return EXAMPLE.map((stroke) => stroke.map(([x, height]) => ({ x, y: line - height, width })));
}

/**
 * A point of a stroke from a pointer's event.
 * @param {{left: number, top: number, width: number}} pad where the pad is on the screen
 * @param {number} pen its width, in widths of the pad; one that tells its pressure draws finer if light
 */
function pointOf(event, pad, pen) {
  const pressure = event.pointerType === "pen" && event.pressure ? LEAST_PRESSURE + event.pressure : 1;
  return {
    x: (event.clientX - pad.left) / pad.width,
    y: (event.clientY - pad.top) / pad.width,
    width: pen * pressure,
  };
}

/** The box around strokes with their ink. */
function boundsOf(strokes) {
  const points = strokes.flat();
  return {
    left: Math.min(...points.map(({ x, width }) => x - width / 2)),
    top: Math.min(...points.map(({ y, width }) => y - width / 2)),
    right: Math.max(...points.map(({ x, width }) => x + width / 2)),
    bottom: Math.max(...points.map(({ y, width }) => y + width / 2)),
  };
}

/**
 * Draws strokes, `scale` pixels to the pad's width. What is of one width is drawn at once: no seams.
 * @param {CanvasRenderingContext2D} context whose stroke style is the ink
 */
function draw(context, strokes, scale) {
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  const place = ({ x, y }) => [x * scale, y * scale];
  for (const curve of strokes.flatMap(curves)) {
    if (curve.begins) {
      context.lineWidth = curve.width * scale;
      context.beginPath();
      context.moveTo(...place(curve.from));
    }
    context.quadraticCurveTo(...place(curve.control), ...place(curve.to));
    if (curve.ends) {
      context.stroke();
    }
  }
}

/** A stroke as curves around its points, from middle to middle of steps; a change of width begins anew. */
function curves(stroke) {
  return stroke.map((point, place) => {
    const [before, after] = [stroke[place - 1], stroke[place + 1]];
    return {
      from: before ? middle(before, point) : point,
      control: point,
      to: after ? middle(point, after) : point,
      width: point.width,
      begins: !before || before.width !== point.width,
      ends: !after || after.width !== point.width,
    };
  });
}

function middle(one, other) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

module.exports = { boundsOf, curves, draw, example, pointOf };
