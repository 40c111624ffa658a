"use strict";
/**
 * From what is drawn on the pad, or a clean picture, to glyphs: one threshold between paper and ink,
 * connected strokes, and MNIST's form as writing/mnist_form.py has it. Photos with shadows are for Python.
 *
 * A plane is `{height, width, data}`: grey levels 0 black to 1 white, or ink 0 paper to 1 full.
 */

const LEAST_CONTRAST = 0.15; // between paper and ink, of the full range
const MOST_INK = 0.6; // of the picture; more is no writing on paper
const BINS = 256; // of the histogram in which the threshold is found
const INK = 0.5; // ink above this belongs to a stroke
const SPECK = 0.2; // of the tallest stroke's height: strokes smaller in both directions are dirt
const OVERLAP = 0.4; // of the narrower one's width: strokes that overlap more are pieces of one digit
const EDGE = 1; // pixels of soft edge kept around a stroke
const MOST_DIGITS = 100;
// Of MNIST's form:
const SIDE = 28;
const BOX = 20;
const LEAST_SIDE = 10; // a smaller square would blow dirt up
const FOOTPRINT = 0.99; // of a pixel's extent that counts
const MARGIN = 10; // pixels around 28 x 28 into which the box may be pushed before it is cut
const PRESENT = 0.1; // ink above this bounds the digit

const NO_INK = "no ink stands out in the picture; it should show dark writing on light paper, or light on "
  + "dark";
const NO_STROKE = "no stroke was found in the picture; the writing should be darker or larger";

/** The glyphs in a picture, left to right, in MNIST's form: bytes `[28 * 28]` each. */
function readGlyphs(picture) {
  const pieces = findDigits(toInk(toGrey(picture)));
  if (pieces.length > MOST_DIGITS) {
    throw new Error(`the picture shows ${pieces.length} separate strokes, which is no number; crop it`);
  }
  return pieces.map((piece) => toMnistForm(piece.ink));
}

/** RGBA bytes to grey levels, weighed as Pillow does (ITU-R 601-2, in whole numbers). */
function toGrey({ pixels, width, height }) {
  const data = new Float32Array(width * height);
  for (let place = 0; place < data.length; place++) {
    const luma = 19595 * pixels[4 * place] + 38470 * pixels[4 * place + 1] + 7471 * pixels[4 * place + 2];
    data[place] = ((luma + 0x8000) >> 16) / 255;
  }
  return { height, width, data };
}

/** The ink in a plane of grey levels, dark on light or light on dark. */
function toInk(grey) {
  const [least, most] = extremes(grey.data);
  if (most - least < LEAST_CONTRAST) {
    throw new Error(NO_INK);
  }
  const light = median(border(grey)) > otsu(grey.data);
  const darkness = light ? grey.data.map((level) => 1 - level) : grey.data;
  const threshold = otsu(darkness);
  const marked = darkness.filter((level) => level > threshold);
  const paper = median(darkness.filter((level) => level <= threshold));
  const pen = percentile(marked, 90);
  if (marked.length > MOST_INK * darkness.length || pen - paper < LEAST_CONTRAST) {
    throw new Error(NO_INK);
  }
  return { ...grey, data: darkness.map((level) => clamp((level - paper) / (pen - paper), 0, 1)) };
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

function extremes(data) {
  return [Math.min, Math.max].map((choose) => data.reduce((one, other) => choose(one, other)));
}

function border({ height, width, data }) {
  const rows = [data.subarray(0, width), data.subarray((height - 1) * width)];
  const column = (place) => Float32Array.from({ length: height }, (_, row) => data[row * width + place]);
  return Float32Array.from([...rows[0], ...rows[1], ...column(0), ...column(width - 1)]);
}

const median = (data) => percentile(data, 50);

/** Between the two nearest ranks, linearly. */
function percentile(data, percent) {
  const sorted = Float32Array.from(data).sort();
  const rank = ((sorted.length - 1) * percent) / 100;
  const [below, above] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Otsu's threshold (1979), of a histogram from the least level to the most. */
function otsu(data) {
  const [least, most] = extremes(data);
  const counts = histogram(data, least, most);
  const centre = (bin) => least + ((bin + 0.5) * (most - least)) / BINS;
  const whole = counts.reduce((sum, count, bin) => sum + count * centre(bin), 0);
  let [best, threshold, below, sumBelow] = [-1, least, 0, 0];
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

/** How many levels fall into each bin; a level on an edge belongs to the bin above. */
function histogram(data, least, most) {
  const counts = new Array(BINS).fill(0);
  const edge = (bin) => Math.fround(least + (bin * (most - least)) / BINS);
  for (const level of data) {
    const guess = Math.min(Math.floor(((level - least) / (most - least)) * BINS), BINS - 1);
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
  const strokes = boxes.map((box, place) => ({ box, names: [place + 1] }));
  const kept = strokes.filter(({ box }) => Math.max(heightOf(box), widthOf(box)) >= SPECK * tallest);
  if (!kept.length) {
    throw new Error(NO_STROKE);
  }
  return join(kept).map((stroke) => ({ box: stroke.box, ink: cutOut(ink, labels, stroke) }));
}

const heightOf = (box) => box.bottom - box.top;
const widthOf = (box) => box.right - box.left;

/** Connected strokes, diagonals too: a number from 1 on for each pixel of one, and the box of each. */
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

/** Labels the stroke that a pixel belongs to, and returns its box. */
function flood(labels, data, height, width, start, name) {
  const box = { top: height, left: width, bottom: 0, right: 0 };
  const waiting = [start];
  labels[start] = name;
  while (waiting.length) {
    const place = waiting.pop();
    const [row, column] = [Math.floor(place / width), place % width];
    grow(box, row, column);
    for (let y = Math.max(row - 1, 0); y < Math.min(row + 2, height); y++) {
      for (let x = Math.max(column - 1, 0); x < Math.min(column + 2, width); x++) {
        if (data[y * width + x] > INK && !labels[y * width + x]) {
          labels[y * width + x] = name;
          waiting.push(y * width + x);
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

/** Joins strokes that stand above one another, as a 5 and its bar; sorted from left to right. */
function join(strokes) {
  const joined = [];
  for (const stroke of [...strokes].sort((one, other) => one.box.left - other.box.left)) {
    const last = joined[joined.length - 1];
    if (last && overlap(last.box, stroke.box) > OVERLAP) {
      joined[joined.length - 1] = {
        box: around(last.box, stroke.box), names: [...last.names, ...stroke.names],
      };
    } else {
      joined.push(stroke);
    }
  }
  return joined;
}

function around(one, other) {
  return {
    top: Math.min(one.top, other.top), left: Math.min(one.left, other.left),
    bottom: Math.max(one.bottom, other.bottom), right: Math.max(one.right, other.right),
  };
}

/** How much two boxes share of their columns, as a part of the narrower one's. */
function overlap(one, other) {
  const shared = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  return shared / Math.min(widthOf(one), widthOf(other));
}

/** The ink of the named strokes and their soft edges; neighbours that reach into the box are left out. */
function cutOut(ink, labels, { box, names }) {
  const [top, left] = [Math.max(box.top - EDGE, 0), Math.max(box.left - EDGE, 0)];
  const [bottom, right] = [Math.min(box.bottom + EDGE, ink.height), Math.min(box.right + EDGE, ink.width)];
  const piece = plane(bottom - top, right - left);
  const own = (row, column) => row >= top && row < bottom && column >= left && column < right
    && names.includes(labels[row * ink.width + column]);
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
  const fullest = Math.min(1, small.reduce((one, other) => Math.max(one, other)));
  return centre(Array.from(small, (level) => clamp(Math.floor((level * 255) / fullest + 0.5), 0, 255)));
}

/** Without the rows and columns around the ink. */
function trim({ height, width, data }) {
  const box = { top: height, left: width, bottom: 0, right: 0 };
  data.forEach((level, place) => {
    if (level > PRESENT) {
      grow(box, Math.floor(place / width), place % width);
    }
  });
  const piece = plane(heightOf(box), widthOf(box));
  for (let row = 0; row < piece.height; row++) {
    const start = (box.top + row) * width + box.left;
    piece.data.set(data.subarray(start, start + piece.width), row * piece.width);
  }
  return piece;
}

/** Paper around the ink, which stays in the middle. */
function padToSquare({ height, width, data }) {
  const side = Math.max(height, width, LEAST_SIDE);
  const [top, left] = [(side - height) >> 1, (side - width) >> 1];
  const square = plane(side, side);
  for (let row = 0; row < height; row++) {
    square.data.set(data.subarray(row * width, (row + 1) * width), (top + row) * side + left);
  }
  return square;
}

/** Every pixel as two by two. */
function twice({ height, width, data }) {
  const larger = plane(2 * height, 2 * width);
  return { ...larger, data: larger.data.map((_, place) => {
    const [row, column] = [Math.floor(place / larger.width), place % larger.width];
    return data[(row >> 1) * width + (column >> 1)];
  }) };
}

/** A square averaged down to 20 x 20, of each pixel as much as falls into each of the 20. */
function shrink(square) {
  const weights = boxWeights(square.width);
  const rows = Array.from({ length: square.height }, (_, row) => {
    const pixels = square.data.subarray(row * square.width, (row + 1) * square.width);
    return weights.map((cell) => cell.reduce((sum, [place, weight]) => sum + weight * pixels[place], 0));
  });
  return weights.flatMap((cell) => weights.map((_, column) => (
    cell.reduce((sum, [place, weight]) => sum + weight * rows[place][column], 0))));
}

/** For each of the 20, the pixels that fall into it and how much of each does: `[place, weight]`. */
function boxWeights(side) {
  const scale = BOX / side;
  return Array.from({ length: BOX }, (_, cell) => (
    Array.from({ length: side }, (_, place) => {
      const [start, end] = [place * scale, (place + FOOTPRINT) * scale];
      return [place, Math.min(end, cell + 1) - Math.max(start, cell)];
    }).filter(([, weight]) => weight > 0)));
}

/** Lays 20 x 20 into 28 x 28: the centre of mass ends in (14, 15], unless it lies beyond 15 already. */
function centre(levels) {
  const mass = levels.reduce((sum, level) => sum + level, 0);
  const offset = (placeOf) => {
    const moment = levels.reduce((sum, level, place) => sum + level * (placeOf(place) + 0.5), 0);
    return clamp(Math.trunc(15 - moment / mass), -MARGIN, SIDE - BOX + MARGIN);
  };
  const [top, left] = [offset((place) => Math.floor(place / BOX)), offset((place) => place % BOX)];
  const glyph = new Uint8Array(SIDE * SIDE);
  levels.forEach((level, place) => {
    const [row, column] = [top + Math.floor(place / BOX), left + (place % BOX)];
    if (row >= 0 && row < SIDE && column >= 0 && column < SIDE) {
      glyph[row * SIDE + column] = level;
    }
  });
  return glyph;
}

module.exports = { findDigits, readGlyphs, toGrey, toInk, toMnistForm };
