"use strict";
/**
 * Converts a drawing or a clean picture to glyphs: one threshold between paper and ink, connected strokes, and
 * MNIST's form as in writing/mnist_form.py. Photos with shadows need the Python code.
 *
 * A plane is `{height, width, data}`: grey levels 0 black to 1 white, or ink 0 paper to 1 full.
 */

const MIN_CONTRAST = 0.15; // between paper and ink, of the full range
const MAX_INK = 0.6; // of the picture's area; more is not writing on paper
const BINS = 256; // of the histogram for the threshold
const INK = 0.5; // a pixel with more ink belongs to a stroke
const SPECK = 0.2; // of the tallest stroke's height: strokes smaller in both directions are dirt
const OVERLAP = 0.4; // of the narrower stroke's width: strokes with more overlap form one digit
const EDGE = 1; // pixels of soft edge kept around a stroke
const MAX_DIGITS = 100;
// MNIST's form:
const SIDE = 28;
const BOX = 20;
const MIN_SIDE = 10; // pixels of the square; a smaller one would enlarge dirt to a digit
const FOOTPRINT = 0.99; // of a pixel's extent that counts
const MARGIN = 10; // pixels around 28 x 28 into which the box may move before it is cropped
const INK_LEVEL = 0.1; // a pixel above this counts as ink of the digit

const NO_INK = "no ink stands out in the picture; it should show dark writing on light paper, or light on "
  + "dark";
const NO_STROKE = "no stroke was found in the picture; the writing should be darker or larger";

/** The glyphs in a picture, left to right, in MNIST's form: bytes `[28 * 28]` each. */
function readGlyphs(picture) {
  const pieces = findDigits(toInk(toGrey(picture)));
  if (pieces.length > MAX_DIGITS) {
    throw new Error(`the picture shows ${pieces.length} separate strokes, too many for a number; crop it`);
  }
  return pieces.map((piece) => toMnistForm(piece.ink));
}

/** RGBA bytes to grey levels with Pillow's weights (ITU-R 601-2, in whole numbers). */
function toGrey({ pixels, width, height }) {
  const data = new Float32Array(width * height);
  for (let index = 0; index < data.length; index++) {
    const luma = 19595 * pixels[4 * index] + 38470 * pixels[4 * index + 1] + 7471 * pixels[4 * index + 2];
    data[index] = ((luma + 0x8000) >> 16) / 255;
  }
  return { height, width, data };
}

/** The ink in a plane of grey levels, dark on light or light on dark. */
function toInk(grey) {
  const [lowest, highest] = extremes(grey.data);
  if (highest - lowest < MIN_CONTRAST) {
    throw new Error(NO_INK);
  }
  const light = median(border(grey)) > otsu(grey.data);
  const darkness = light ? grey.data.map((level) => 1 - level) : grey.data;
  const threshold = otsu(darkness);
  const marked = darkness.filter((level) => level > threshold);
  const paper = median(darkness.filter((level) => level <= threshold));
  const pen = percentile(marked, 90);
  if (marked.length > MAX_INK * darkness.length || pen - paper < MIN_CONTRAST) {
    throw new Error(NO_INK);
  }
  return { ...grey, data: darkness.map((level) => clamp((level - paper) / (pen - paper), 0, 1)) };
}

const clamp = (value, lowest, highest) => Math.min(Math.max(value, lowest), highest);

function extremes(data) {
  return [Math.min, Math.max].map((choose) => data.reduce((one, other) => choose(one, other)));
}

function border({ height, width, data }) {
  const rows = [data.subarray(0, width), data.subarray((height - 1) * width)];
  const column = (index) => Float32Array.from({ length: height }, (_, row) => data[row * width + index]);
  return Float32Array.from([...rows[0], ...rows[1], ...column(0), ...column(width - 1)]);
}

const median = (data) => percentile(data, 50);

/** Interpolates linearly between the two nearest ranks. */
function percentile(data, percent) {
  const sorted = Float32Array.from(data).sort();
  const rank = ((sorted.length - 1) * percent) / 100;
  const [below, above] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Otsu's threshold (1979), by a histogram from the lowest to the highest level. */
function otsu(data) {
  const [lowest, highest] = extremes(data);
  const counts = histogram(data, lowest, highest);
  const centre = (bin) => lowest + ((bin + 0.5) * (highest - lowest)) / BINS;
  const whole = counts.reduce((sum, count, bin) => sum + count * centre(bin), 0);
  let [best, threshold, below, sumBelow] = [-1, lowest, 0, 0];
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * centre(bin);
    const above = data.length - below;
    const between = below * above * (sumBelow / below - (whole - sumBelow) / above) ** 2;
    if (between > best) {
      [best, threshold] = [between, centre(bin)];
    }
  }
  return threshold;
}

/** The count of levels in each bin; a level on an edge belongs to the upper bin. */
function histogram(data, lowest, highest) {
  const counts = new Array(BINS).fill(0);
  const edge = (bin) => Math.fround(lowest + (bin * (highest - lowest)) / BINS);
  for (const level of data) {
    const guess = Math.min(Math.floor(((level - lowest) / (highest - lowest)) * BINS), BINS - 1);
    const down = level < edge(guess) ? 1 : 0;
    const up = guess < BINS - 1 && level >= edge(guess + 1) ? 1 : 0;
    counts[guess - down + up]++;
  }
  return counts;
}

/** The digits in a plane of ink, left to right: `{box: {top, left, bottom, right}, ink: plane}` each. */
function findDigits(ink) {
  const { labels, boxes } = label(ink);
  const tallest = Math.max(0, ...boxes.map(heightOf));
  const strokes = boxes.map((box, index) => ({ box, ids: [index + 1] }));
  const kept = strokes.filter(({ box }) => Math.max(heightOf(box), widthOf(box)) >= SPECK * tallest);
  if (!kept.length) {
    throw new Error(NO_STROKE);
  }
  return join(kept).map((stroke) => ({ box: stroke.box, ink: cutOut(ink, labels, stroke) }));
}

const heightOf = (box) => box.bottom - box.top;
const widthOf = (box) => box.right - box.left;

/** The connected strokes (8-connectivity): the id of the stroke at each pixel, from 1, and each stroke's box. */
function label({ height, width, data }) {
  const labels = new Int32Array(data.length);
  const boxes = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] > INK && !labels[start]) {
      boxes.push(flood(labels, data, height, width, start, boxes.length + 1));
    }
  }
  return { labels, boxes };
}

/** Labels the stroke of a pixel with an id, and returns its box. */
function flood(labels, data, height, width, start, id) {
  const box = { top: height, left: width, bottom: 0, right: 0 };
  const pending = [start];
  labels[start] = id;
  while (pending.length) {
    const index = pending.pop();
    const [row, column] = [Math.floor(index / width), index % width];
    grow(box, row, column);
    for (let y = Math.max(row - 1, 0); y < Math.min(row + 2, height); y++) {
      for (let x = Math.max(column - 1, 0); x < Math.min(column + 2, width); x++) {
        if (data[y * width + x] > INK && !labels[y * width + x]) {
          labels[y * width + x] = id;
          pending.push(y * width + x);
        }
      }
    }
  }
  return box;
}

function grow(box, row, column) {
  box.top = Math.min(box.top, row);
  box.left = Math.min(box.left, column);
  box.bottom = Math.max(box.bottom, row + 1);
  box.right = Math.max(box.right, column + 1);
}

/** Joins strokes that are above one another, as a 5 and its bar; sorted from left to right. */
function join(strokes) {
  const joined = [];
  for (const stroke of [...strokes].sort((one, other) => one.box.left - other.box.left)) {
    const last = joined[joined.length - 1];
    if (last && overlap(last.box, stroke.box) > OVERLAP) {
      joined[joined.length - 1] = {
        box: enclosing(last.box, stroke.box), ids: [...last.ids, ...stroke.ids],
      };
    } else {
      joined.push(stroke);
    }
  }
  return joined;
}

function enclosing(one, other) {
  return {
    top: Math.min(one.top, other.top), left: Math.min(one.left, other.left),
    bottom: Math.max(one.bottom, other.bottom), right: Math.max(one.right, other.right),
  };
}

/** The overlap of two boxes' columns, as a fraction of the narrower box. */
function overlap(one, other) {
  const shared = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  return shared / Math.min(widthOf(one), widthOf(other));
}

/** The ink of the strokes with these ids and their soft edges, without other strokes in the box. */
function cutOut(ink, labels, { box, ids }) {
  const [top, left] = [Math.max(box.top - EDGE, 0), Math.max(box.left - EDGE, 0)];
  const [bottom, right] = [Math.min(box.bottom + EDGE, ink.height), Math.min(box.right + EDGE, ink.width)];
  const piece = plane(bottom - top, right - left);
  const own = (row, column) => row >= top && row < bottom && column >= left && column < right
    && ids.includes(labels[row * ink.width + column]);
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      if (own(row, column) || own(row - 1, column) || own(row + 1, column) || own(row, column - 1)
          || own(row, column + 1)) {
        piece.data[(row - top) * piece.width + column - left] = ink.data[row * ink.width + column];
      }
    }
  }
  return piece;
}

function plane(height, width) {
  return { height, width, data: new Float32Array(height * width) };
}

/** The ink of one digit as a glyph in MNIST's form: bytes `[28 * 28]`. */
function toMnistForm(ink) {
  let square = padToSquare(trim(ink));
  while (square.width < BOX) {
    square = twice(square);
  }
  const small = shrink(square);
  const darkest = Math.min(1, small.reduce((one, other) => Math.max(one, other)));
  return centre(Array.from(small, (level) => clamp(Math.floor((level * 255) / darkest + 0.5), 0, 255)));
}

/** Removes the empty rows and columns around the ink. */
function trim({ height, width, data }) {
  const box = { top: height, left: width, bottom: 0, right: 0 };
  data.forEach((level, index) => {
    if (level > INK_LEVEL) {
      grow(box, Math.floor(index / width), index % width);
    }
  });
  const piece = plane(heightOf(box), widthOf(box));
  for (let row = 0; row < piece.height; row++) {
    const start = (box.top + row) * width + box.left;
    piece.data.set(data.subarray(start, start + piece.width), row * piece.width);
  }
  return piece;
}

/** Pads with paper; the ink stays in the middle. */
function padToSquare({ height, width, data }) {
  const side = Math.max(height, width, MIN_SIDE);
  const [top, left] = [(side - height) >> 1, (side - width) >> 1];
  const square = plane(side, side);
  for (let row = 0; row < height; row++) {
    square.data.set(data.subarray(row * width, (row + 1) * width), (top + row) * side + left);
  }
  return square;
}

/** Repeats each pixel two by two. */
function twice({ height, width, data }) {
  const larger = plane(2 * height, 2 * width);
  return { ...larger, data: larger.data.map((_, index) => {
    const [row, column] = [Math.floor(index / larger.width), index % larger.width];
    return data[(row >> 1) * width + (column >> 1)];
  }) };
}

/** Averages a square down to 20 x 20; each pixel is weighted by its overlap with each cell. */
function shrink(square) {
  const weights = boxWeights(square.width);
  const rows = Array.from({ length: square.height }, (_, row) => {
    const pixels = square.data.subarray(row * square.width, (row + 1) * square.width);
    return weights.map((cell) => cell.reduce((sum, [index, weight]) => sum + weight * pixels[index], 0));
  });
  return weights.flatMap((cell) => weights.map((_, column) => (
    cell.reduce((sum, [index, weight]) => sum + weight * rows[index][column], 0))));
}

/** For each of the 20 cells, the overlapping pixels and their overlaps: `[index, weight]`. */
function boxWeights(side) {
  const scale = BOX / side;
  return Array.from({ length: BOX }, (_, cell) => (
    Array.from({ length: side }, (_, index) => {
      const [start, end] = [index * scale, (index + FOOTPRINT) * scale];
      return [index, Math.min(end, cell + 1) - Math.max(start, cell)];
    }).filter(([, weight]) => weight > 0)));
}

/** Places 20 x 20 in 28 x 28: the centre of mass moves into (14, 15], unless it is already beyond 15. */
function centre(levels) {
  const mass = levels.reduce((sum, level) => sum + level, 0);
  const offset = (indexOf) => {
    const moment = levels.reduce((sum, level, index) => sum + level * (indexOf(index) + 0.5), 0);
    return clamp(Math.trunc(15 - moment / mass), -MARGIN, SIDE - BOX + MARGIN);
  };
  const [top, left] = [offset((index) => Math.floor(index / BOX)), offset((index) => index % BOX)];
  const glyph = new Uint8Array(SIDE * SIDE);
  levels.forEach((level, index) => {
    const [row, column] = [top + Math.floor(index / BOX), left + (index % BOX)];
    if (row >= 0 && row < SIDE && column >= 0 && column < SIDE) {
      glyph[row * SIDE + column] = level;
    }
  });
  return glyph;
}

module.exports = { findDigits, readGlyphs, toGrey, toInk, toMnistForm };
