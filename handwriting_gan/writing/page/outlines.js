"use strict";
/**
 * Glyphs as outlines, sharp at any size: laid out in a line as writing/composition.py does, smoothly enlarged
 * and traced where paper turns to ink (marching squares: Lorensen & Cline 1987, in the plane).
 *
 * A plane is `{height, width, data}`, levels 0 paper to 255 ink.
 */

const GAP = 4; // pixels of a glyph between two digits, and around the line
const PRESENT = 64; // level above which ink takes room
const ENLARGEMENT = 4;
const EDGE = 112; // a little below the middle: smoothing fades thin strokes, which would break

/**
 * A line of glyphs, bytes `[28 * 28]` each, as one path.
 * @returns {{width: number, height: number, path: string}} in pixels of a glyph; SVG's path language, to be
 *   filled by the even-odd rule
 */
function drawLine(glyphs) {
  const line = trimHeight(compose(glyphs));
  return { width: line.width, height: line.height, path: outline(line) };
}

/** A plane's outline as a path in its own pixels. */
function outline(plane) {
  const larger = enlarge(padded(plane, 1, 1));
  return trace(larger).map((loop) => smoothPath(loop.map(([x, y]) => (
    [(x + 0.5) / ENLARGEMENT - 1, (y + 0.5) / ENLARGEMENT - 1])))).join("");
}

/** Glyphs side by side with equal gaps: 28 high. */
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

/** Without the empty columns on either side; a glyph without ink keeps a space's width. */
function trimSides(glyph) {
  const [first, last] = bounds(glyph.width, (column) => columnOf(glyph, column));
  const [left, right] = first > last ? [0, glyph.width >> 1] : [first, last + 1];
  return crop(glyph, 0, glyph.height, left, right);
}

/** Without the empty rows above and below, but for a gap as at the sides. */
function trimHeight(line) {
  const [first, last] = bounds(line.height, (row) => rowOf(line, row));
  return first > last ? line : padded(crop(line, first, last + 1, 0, line.width), GAP, 0);
}

const rowOf = ({ width, data }, row) => data.subarray(row * width, (row + 1) * width);
const columnOf = ({ height, width, data }, column) => (
  Array.from({ length: height }, (_, row) => data[row * width + column]));

/** The first and the last of `count` rows or columns that have ink, in the wrong order if none has. */
function bounds(count, levelsOf) {
  const inked = Array.from({ length: count }, (_, place) => place)
    .filter((place) => levelsOf(place).some((level) => level > PRESENT));
  return inked.length ? [inked[0], inked[inked.length - 1]] : [count, -1];
}

function crop(plane, top, bottom, left, right) {
  const piece = blank(bottom - top, right - left);
  for (let row = top; row < bottom; row++) {
    piece.data.set(rowOf(plane, row).subarray(left, right), (row - top) * piece.width);
  }
  return piece;
}

/** With so many pixels of paper above and below, and on either side. */
function padded(plane, rows, columns) {
  const larger = blank(plane.height + 2 * rows, plane.width + 2 * columns);
  paste(larger, plane, rows, columns);
  return larger;
}

/** Larger, by a cubic B-spline, which smooths as it goes: a glyph's pixels leave no bumps. */
function enlarge(plane) {
  return transposed(stretch(transposed(stretch(plane))));
}

function transposed({ height, width, data }) {
  return { height: width, width: height, data: data.map((_, place) => (
    data[(place % height) * width + Math.floor(place / height)])) };
}

/** Each row so many times as long. */
function stretch({ height, width, data }) {
  const longer = blank(height, width * ENLARGEMENT);
  for (let column = 0; column < longer.width; column++) {
    const taps = tapsOf((column + 0.5) / ENLARGEMENT - 0.5, width);
    for (let row = 0; row < height; row++) {
      longer.data[row * longer.width + column] = taps.reduce(
        (sum, [place, weight]) => sum + weight * data[row * width + place], 0);
    }
  }
  return longer;
}

/** The four pixels around a place in a row, and the weight of each. */
function tapsOf(place, width) {
  const first = Math.floor(place) - 1;
  return [0, 1, 2, 3].map((tap) => (
    [Math.min(Math.max(first + tap, 0), width - 1), spline(Math.abs(place - first - tap))]));
}

/** The cubic B-spline at a distance. */
function spline(distance) {
  return distance < 1 ? 2 / 3 - distance ** 2 * (1 - distance / 2) : Math.max(2 - distance, 0) ** 3 / 6;
}

/**
 * The closed lines at which levels pass `EDGE`: loops of points `[x, y]`. Paper must be all around.
 *
 * A line crosses the sides of the cells between four pixels. Going round a cell clockwise, it comes in where
 * ink begins and goes out where ink ends; the cell behind a side sees the same the other way round, so every
 * crossing leads to exactly one other.
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
    loops.push(follow(next).map((side) => crossingOf(plane, side)));
  }
  return loops;
}

/** Takes one loop of sides out of the map. */
function follow(next) {
  const loop = [];
  for (let side = next.keys().next().value; next.has(side);) {
    loop.push(side);
    const following = next.get(side);
    next.delete(side);
    side = following;
  }
  return loop;
}

/** Pairs of sides between which a line runs through the cell with this pixel at its top left. */
function crossings(plane, row, column) {
  const levels = [[row, column], [row, column + 1], [row + 1, column + 1], [row + 1, column]]
    .map(([y, x]) => plane.data[y * plane.width + x]);
  const inside = levels.map((level) => level > EDGE);
  const place = row * plane.width + column;
  // A side's number: twice its first pixel's, plus one where it runs down.
  const sides = [2 * place, 2 * (place + 1) + 1, 2 * (place + plane.width), 2 * place + 1];
  const entering = [0, 1, 2, 3].filter((side) => !inside[side] && inside[(side + 1) % 4]);
  const leaving = [0, 1, 2, 3].filter((side) => inside[side] && !inside[(side + 1) % 4]);
  // Where two corners face each other, the middle says whether they are of one piece.
  const joined = entering.length === 2 && levels.reduce((sum, level) => sum + level, 0) / 4 > EDGE;
  return entering.map((side) => [sides[side], sides[partner(side, leaving, joined)]]);
}

/** The way out that belongs to a way in: clockwise the next, or the one before where the middle is ink. */
function partner(side, leaving, joined) {
  const distance = (other) => (other - side + 4) % 4;
  return leaving.reduce((one, other) => ((distance(other) < distance(one)) !== joined ? other : one));
}

/** Where on a side the level is just `EDGE`. */
function crossingOf({ width, data }, side) {
  const place = side >> 1;
  const [down, across] = side % 2 ? [1, 0] : [0, 1];
  const [one, other] = [data[place], data[place + down * width + across]];
  const share = (EDGE - one) / (other - one);
  return [(place % width) + across * share, Math.floor(place / width) + down * share];
}

/** A closed curve that touches the middle of each step of a loop, in SVG's path language. */
function smoothPath(loop) {
  const middle = (place) => {
    const [one, other] = [loop[place], loop[(place + 1) % loop.length]];
    return `${short((one[0] + other[0]) / 2)} ${short((one[1] + other[1]) / 2)}`;
  };
  const curves = loop.map(([x, y], place) => `Q${short(x)} ${short(y)} ${middle(place)}`);
  return `M${middle(loop.length - 1)}${curves.join("")}Z`;
}

const short = (number) => String(Math.round(number * 100) / 100);

/** A line as a whole SVG file, dark on nothing. */
function svgFile({ width, height, path }, title) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width * 20}" `
    + `height="${height * 20}"><title>${title}</title><path fill-rule="evenodd" d="${path}"/></svg>\n`;
}

module.exports = { drawLine, svgFile, trace };
