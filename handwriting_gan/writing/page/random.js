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

module.exports = { normal, uniforms };
