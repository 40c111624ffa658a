"use strict";
/** Random numbers that a seed decides, so that a try can be had again. */

/**
 * Uniform numbers of (0, 1): a counter, scrambled.
 * @param {number} seed a whole number
 * @returns {function(): number}
 */
function uniforms(seed) {
  let counter = scramble(seed + 1);
  return () => {
    counter = (counter + 0x9e3779b9) | 0; // the golden ratio's bits: every counter comes once
    return (scramble(counter) + 0.5) / 2 ** 32;
  };
}

/** A whole number of 32 bits for another, each bit depending on all. */
function scramble(number) {
  let bits = number | 0;
  for (const factor of [0x7feb352d, 0x846ca68b]) {
    bits = Math.imul(bits ^ (bits >>> 16), factor);
    bits ^= bits >>> 15;
  }
  return bits >>> 0;
}

/** A standard normal number (Box & Muller 1958). */
function normal(draw) {
  return Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw());
}

/** A number of the gamma distribution of this shape and scale 1 (Marsaglia & Tsang 2000). */
function gamma(draw, shape) {
  if (shape < 1) {
    return gamma(draw, shape + 1) * draw() ** (1 / shape);
  }
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(draw);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(draw()) < 0.5 * x * x + d * (1 - v + Math.log(v))) {
      return d * v;
    }
  }
}

/**
 * How much each of `count` references counts in a natural try: 1 in the mean.
 * methods/writer_guided.py, `bootstrap_weights`, tells the distribution and what `variance` is.
 */
function bootstrapWeights(draw, count, variance) {
  if (count === 1 || !variance) {
    return new Array(count).fill(1);
  }
  const concentration = (1 - 1 / count) / variance - 1;
  const parts = Array.from({ length: count }, () => gamma(draw, concentration / count));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => (count * part) / sum);
}

module.exports = { bootstrapWeights, normal, uniforms };
