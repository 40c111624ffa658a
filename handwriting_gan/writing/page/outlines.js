"use strict";
/**
 * Converts glyphs to outlines: places them on a line, as writing/composition.py does, enlarges them smoothly and
 * traces the edge of the ink (marching squares, the 2D form of Lorensen & Cline 1987).
 *
 * A plane is `{height, width, data}`, levels 0 paper to 255 ink.
 */

const GAP = 4; // pixels of a glyph between two digits, and around the line
const INK_LEVEL = 64; // a pixel above this counts as ink
const ENLARGEMENT = 4;
const EDGE = 112; // level of the outline, below the middle because smoothing fades thin strokes

/**
 * A line of glyphs, bytes `[28 * 28]` each, as one path.
 * @returns {{width: number, height: number, path: string}} in pixels of a glyph; the path is in SVG's
 *   syntax, for the even-odd fill rule
 */
function lineOutline(glyphs) {
  const line = trimHeight(compose(glyphs));
  return { width: line.width, height: line.height, path: outline(line) };
}

/** The outline of a plane as a path in pixels of the plane. */
function outline(plane) {
  const larger = enlarge(padded(plane, 1, 1));
  return trace(larger).map((loop) => smoothPath(loop.map(([x, y]) => (
    [(x + 0.5) / ENLARGEMENT - 1, (y + 0.5) / ENLARGEMENT - 1])))).join("");
}

/** Places glyphs side by side with equal gaps, on a plane 28 pixels high. */
function compose(glyphs) {
  const pieces = glyphs.map(square).map(trimSides);
  const width = pieces.reduce((sum, piece) => sum + piece.width + GAP, GAP);
  const line = blank(pieces[0].height, width);
  let left = GAP;
  for (const piece of pieces) {
    paste(line, piece, 0, left);
    left += piece.width + GAP;
  }
  return line;
}

function square(data) {
  return { height: Math.sqrt(data.length), width: Math.sqrt(data.length), data };
}

function blank(height, width) {
  return { height, width, data: new Float32Array(height * width) };
}

function paste(onto, piece, top, left) {
  for (let row = 0; row < piece.height; row++) {
    onto.data.set(rowOf(piece, row), (top + row) * onto.width + left);
  }
}

/** Removes the empty columns on both sides; a glyph without ink becomes a space. */
function trimSides(glyph) {
  const [first, last] = bounds(glyph.width, (column) => columnOf(glyph, column));
  const [left, right] = first > last ? [0, glyph.width >> 1] : [first, last + 1];
  return crop(glyph, 0, glyph.height, left, right);
}

/** Replaces the empty rows above and below by a gap. */
function trimHeight(line) {
  const [first, last] = bounds(line.height, (row) => rowOf(line, row));
  return first > last ? line : padded(crop(line, first, last + 1, 0, line.width), GAP, 0);
}

const rowOf = ({ width, data }, row) => data.subarray(row * width, (row + 1) * width);
const columnOf = ({ height, width, data }, column) => (
  Array.from({ length: height }, (_, row) => data[row * width + column]));

/** The first and the last of `count` rows or columns with ink; without ink the first is after the last. */
function bounds(count, levelsOf) {
  const inked = Array.from({ length: count }, (_, index) => index)
    .filter((index) => levelsOf(index).some((level) => level > INK_LEVEL));
  return inked.length ? [inked[0], inked[inked.length - 1]] : [count, -1];
}

function crop(plane, top, bottom, left, right) {
  const piece = blank(bottom - top, right - left);
  for (let row = top; row < bottom; row++) {
    piece.data.set(rowOf(plane, row).subarray(left, right), (row - top) * piece.width);
  }
  return piece;
}

/** Adds `rows` rows of paper above and below, and `columns` columns on both sides. */
function padded(plane, rows, columns) {
  const larger = blank(plane.height + 2 * rows, plane.width + 2 * columns);
  paste(larger, plane, rows, columns);
  return larger;
}

/** Enlarges by a cubic B-spline, which also smooths the steps of the glyph's pixels. */
function enlarge(plane) {
  return transposed(stretch(transposed(stretch(plane))));
}

function transposed({ height, width, data }) {
  return { height: width, width: height, data: data.map((_, index) => (
    data[(index % height) * width + Math.floor(index / height)])) };
}

/** Stretches each row by `ENLARGEMENT`. */
function stretch({ height, width, data }) {
  const longer = blank(height, width * ENLARGEMENT);
  for (let column = 0; column < longer.width; column++) {
    const taps = tapsOf((column + 0.5) / ENLARGEMENT - 0.5, width);
    for (let row = 0; row < height; row++) {
      longer.data[row * longer.width + column] = taps.reduce(
        (sum, [index, weight]) => sum + weight * data[row * width + index], 0);
    }
  }
  return longer;
}

/** The indices of the four pixels around a position in a row, and their weights. */
function tapsOf(position, width) {
  const first = Math.floor(position) - 1;
  return [0, 1, 2, 3].map((tap) => (
    [Math.min(Math.max(first + tap, 0), width - 1), spline(Math.abs(position - first - tap))]));
}

/** The cubic B-spline at a distance. */
function spline(distance) {
  return distance < 1 ? 2 / 3 - distance ** 2 * (1 - distance / 2) : Math.max(2 - distance, 0) ** 3 / 6;
}

/**
 * The contours at level `EDGE`: loops of points `[x, y]`. The plane's border must be paper.
 *
 * A contour crosses the sides of the cells between four pixels. Clockwise around a cell, it enters where ink
 * begins and leaves where ink ends. The cell on the other side sees the opposite direction, so each crossing
 * leads to exactly one other.
 */
function trace(plane) {
  const next = new Map();
  for (let row = 0; row + 1 < plane.height; row++) {
    for (let column = 0; column + 1 < plane.width; column++) {
      for (const [from, to] of crossings(plane, row, column)) {
        next.set(from, to);
      }
    }
  }
  const loops = [];
  while (next.size) {
    loops.push(takeLoop(next).map((side) => crossingOf(plane, side)));
  }
  return loops;
}

/** Removes one loop of sides from the map and returns it. */
function takeLoop(next) {
  const loop = [];
  for (let side = next.keys().next().value; next.has(side);) {
    loop.push(side);
    const following = next.get(side);
    next.delete(side);
    side = following;
  }
  return loop;
}

/** The pairs of sides that contours connect in the cell with this pixel at its top left. */
function crossings(plane, row, column) {
  const levels = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]]
    .map(([y, x]) => plane.data[y * plane.width + x]);
  const inside = levels.map((level) => level > EDGE);
  const index = row * plane.width + column;
  // The id of a side: twice the index of its first pixel, plus one if it runs down.
  const sides = [2 * index, 2 * (index + 1) + 1, 2 * (index + plane.width), 2 * index + 1];
  const entering = [0, 1, 2, 3].filter((side) => !inside[side] && inside[(side + 1) % 4]);
  const leaving = [0, 1, 2, 3].filter((side) => inside[side] && !inside[(side + 1) % 4]);
  // If only two opposite corners are ink, the mean level decides whether they are connected.
  const joined = entering.length === 2 && levels.reduce((sum, level) => sum + level, 0) / 4 > EDGE;
  return entering.map((side) => [sides[side], sides[partner(side, leaving, joined)]]);
}

/** The side where a contour leaves: the next clockwise, or the previous one if the corners are connected. */
function partner(side, leaving, joined) {
  const distance = (other) => (other - side + 4) % 4;
  return leaving.reduce((one, other) => ((distance(other) < distance(one)) !== joined ? other : one));
}

/** The point of a side at which the level is `EDGE`. */
function crossingOf({ width, data }, side) {
  const index = side >> 1;
  const [down, across] = side % 2 ? [1, 0] : [0, 1];
  const [one, other] = [data[index], data[index + down * width + across]];
  const fraction = (EDGE - one) / (other - one);
  return [(index % width) + across * fraction, Math.floor(index / width) + down * fraction];
}

/** A closed curve through the midpoints of a loop's segments, in SVG's path syntax. */
function smoothPath(loop) {
  const midpoint = (index) => {
    const [one, other] = [loop[index], loop[(index + 1) % loop.length]];
    return `${short((one[0] + other[0]) / 2)} ${short((one[1] + other[1]) / 2)}`;
  };
  const curves = loop.map(([x, y], index) => `Q${short(x)} ${short(y)} ${midpoint(index)}`);
  return `M${midpoint(loop.length - 1)}${curves.join("")}Z`;
}

const short = (number) => String(Math.round(number * 100) / 100);

/** A line as an SVG file: black on a transparent background. */
function svgFile({ width, height, path }, title) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width * 20}" `
    + `height="${height * 20}"><title>${title}</title><path fill-rule="evenodd" d="${path}"/></svg>\n`;
}

module.exports = { lineOutline, svgFile, trace };
