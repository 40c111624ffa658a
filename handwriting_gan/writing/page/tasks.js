"use strict";
/**
 * The two tasks of the page, with the parameters of its networks: read a picture and write a number.
 *
 * Hand: `{glyphs: bytes [28 * 28] each, digits: 0-9 each, confidences: 0 to 1 each}`.
 */
const { normal, uniforms } = require("./random.js");
const { classify, encodeHand, generate, poolHand, toBytes } = require("./network.js");
const { readGlyphs } = require("./reading.js");

/** A natural try deviates by this fraction of the prior's standard deviation; see handwriting_gan/methods/writer_guided.py. */
const TEMPERATURE = 0.85;

/**
 * Reads the hand in a picture: its digits from left to right, and the confidence of each.
 * @param {{pixels: Uint8ClampedArray, width: number, height: number}} picture RGBA, opaque
 */
function readPicture(params, picture) {
  const glyphs = readGlyphs(picture);
  const probabilities = glyphs.map((glyph) => classify(params.digit_classifier, glyph));
  const confidences = probabilities.map((row) => Math.max(...row));
  const digits = probabilities.map((row, index) => row.indexOf(confidences[index]));
  return { glyphs, digits, confidences };
}

/**
 * Writes a number in a hand: one glyph per digit, as bytes. `variation` 0 is the best guess, 1 a natural try.
 * @param {{glyphs: Uint8Array[], digits: number[], number: number[], seed: number, variation: number}} request
 */
function writeNumber(params, { glyphs, digits, number, seed, variation }) {
  const beliefs = glyphs.map((glyph, index) => encodeHand(params.hand_encoder, glyph, digits[index]));
  const uniform = uniforms(seed);
  return number.map((target) => {
    const { style, mean, logVariances } = poolHand(params.hand_pooling, beliefs, digits, target);
    const latent = mean.map((value, index) => (
      value + variation * TEMPERATURE * Math.exp(0.5 * logVariances[index]) * normal(uniform)));
    return toBytes(generate(params.generator, target, style, latent));
  });
}

module.exports = { readPicture, writeNumber };
