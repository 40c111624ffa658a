"use strict";
/**
 * The two questions of the page, answered from a model `{params, styleVariance}`.
 *
 * Hand: `{glyphs: bytes [28 * 28] each, digits: 0-9 each, confidences: 0 to 1 each}`.
 */
const { bootstrapWeights, normal, uniforms } = require("./chance.js");
const { classify, encodeHand, generate, latentSize, poolStyles, toBytes } = require("./network.js");
const { readGlyphs } = require("./reading.js");

/**
 * The hand in a picture: its digits, left to right, and how sure each is read.
 * @param {{pixels: Uint8ClampedArray, width: number, height: number}} picture RGBA, opaque
 */
function readPicture(model, picture) {
  const glyphs = readGlyphs(picture);
  const probabilities = glyphs.map((glyph) => classify(model.params.digit_classifier, glyph));
  const confidences = probabilities.map((likely) => Math.max(...likely));
  const digits = probabilities.map((likely, row) => likely.indexOf(confidences[row]));
  return { glyphs, digits, confidences };
}

/**
 * A number in a hand: glyphs, bytes each. `variation` 0 is the best guess, 1 a natural try of this seed.
 * @param {{glyphs: Uint8Array[], digits: number[], number: number[], seed: number, variation: number}} asked
 */
function writeNumber({ params, styleVariance }, { glyphs, digits, number, seed, variation }) {
  const beliefs = glyphs.map((glyph, row) => encodeHand(params.hand_encoder, glyph, digits[row]));
  const draw = uniforms(seed);
  return number.map((target) => {
    const drawn = bootstrapWeights(draw, digits.length, styleVariance);
    const counts = drawn.map((count) => Math.max(1 + variation * (count - 1), 0));
    const style = poolStyles(params.style_pooling, beliefs, digits, target, counts);
    const size = latentSize(params.generator, style.length);
    const latent = Array.from({ length: size }, () => variation * normal(draw));
    return toBytes(generate(params.generator, target, style, latent));
  });
}

module.exports = { readPicture, writeNumber };
