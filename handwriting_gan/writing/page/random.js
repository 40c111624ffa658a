"use strict";
/** Random numbers that depend on a seed only, so that a try can be repeated. */

/**
 * Uniform numbers in (0, 1): a hashed counter.
 * @param {number} seed a whole number
 * @returns {function(): number}
 */
function uniforms(seed) {
  let counter = scramble(seed + 1);
  return () => {
    counter = (counter + 0x9e3779b9) | 0; // an odd step, so every counter occurs once
    return (scramble(counter) + 0.5) / 2 ** 32;
  };
}

/** Hashes a 32-bit whole number; each bit of the result depends on all bits. */
function scramble(number) {
  let bits = number | 0;
  for (const factor of [0x7feb352d, 0x846ca68b]) {
    bits = Math.imul(bits ^ (bits >>> 16), factor);
    bits ^= bits >>> 15;
  }
  return bits >>> 0;
}

/** Samples a standard normal number (Box & Muller 1958). */
function normal(uniform) {
  return Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Samples a gamma distribution with this shape and scale 1 (Marsaglia & Tsang 2000). */
function gamma(uniform, shape) {
  if (shape < 1) {
    return gamma(uniform, shape + 1) * uniform() ** (1 / shape);
  }
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(uniform);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) {
      return d * v;
    }
  }
}

/**
 * Samples the weight of each of `count` references in a natural try: 1 on average.
 * `bootstrap_weights` in methods/writer_guided.py describes the distribution and `variance`.
 */
function bootstrapWeights(uniform, count, variance) {
  if (count === 1 || !variance) {
    return new Array(count).fill(1);
  }
  const concentration = (1 - 1 / count) / variance - 1;
  const parts = Array.from({ length: count }, () => gamma(uniform, concentration / count));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => (count * part) / sum);
}

module.exports = { bootstrapWeights, normal, uniforms };
