"use strict";
/**
 * The strokes on the pad. A stroke is a list of points `{x, y, width}`, all in widths of the pad, so a drawing
 * does not change with the pad's size.
 */

const MIN_WIDTH = 0.35; // of the pen's width, at the lowest pressure

/** An example that shows 273: `[x, height above the baseline]`, in widths of the pad. */
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

/** The example as strokes of a pen of this width on this baseline, both in widths of the pad. */
function example(width, baseline) {
  return EXAMPLE.map((stroke) => stroke.map(([x, height]) => ({ x, y: baseline - height, width })));
}

/**
 * A point of a stroke from a pointer event.
 * @param {{left: number, top: number, width: number}} pad the pad's position on the screen
 * @param {number} pen the pen's width, in widths of the pad; light pressure gives a finer line
 */
function pointOf(event, pad, pen) {
  const pressure = event.pointerType === "pen" && event.pressure ? MIN_WIDTH + event.pressure : 1;
  return {
    x: (event.clientX - pad.left) / pad.width,
    y: (event.clientY - pad.top) / pad.width,
    width: pen * pressure,
  };
}

/** The box around the ink of strokes. */
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
 * Paints strokes, `scale` pixels to the pad's width. Curves of equal width form one path, so they have no seams.
 * @param {CanvasRenderingContext2D} context its stroke style is the ink
 */
function paintStrokes(context, strokes, scale) {
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  const pixel = ({ x, y }) => [x * scale, y * scale];
  for (const curve of strokes.flatMap(curves)) {
    if (curve.begins) {
      context.lineWidth = curve.width * scale;
      context.beginPath();
      context.moveTo(...pixel(curve.from));
    }
    context.quadraticCurveTo(...pixel(curve.control), ...pixel(curve.to));
    if (curve.ends) {
      context.stroke();
    }
  }
}

/** A stroke as curves between the midpoints of its segments; a change of width begins a new path. */
function curves(stroke) {
  return stroke.map((point, index) => {
    const [before, after] = [stroke[index - 1], stroke[index + 1]];
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

module.exports = { boundsOf, curves, example, paintStrokes, pointOf };
