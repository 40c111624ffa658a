"use strict";
/**
 * The released networks as JAX computes them: what a hand's glyphs tell, what they tell together, and a digit
 * drawn from it; and the classifier that reads digits. Every size comes from the shapes of the weights.
 *
 * A glyph is bytes `[28 * 28]`, 0 paper to 255 ink. Axes: R references, T targets, S style, Z latent.
 */
const layers = require("./layers.js");

/** Bytes of a square glyph as a map `[H, W, 1]`, -1 paper to +1 ink. */
function toNetwork(glyph) {
  const side = Math.sqrt(glyph.length);
  return { shape: [side, side, 1], data: Float32Array.from(glyph, (level) => level / 127.5 - 1) };
}

/** A map `[H, W, 1]`, -1 to +1, as bytes; a clamped array rounds by itself. */
function toBytes(image) {
  return Uint8ClampedArray.from(image.data, (value) => (value + 1) * 127.5);
}

/** What a glyph tells of the hand, and how surely: `{values, logPrecisions}`, `[S]` each. */
function encodeHand(params, glyph, digit) {
  const told = glyphTrunk(params.GlyphTrunk_0, glyph, digit);
  const mean = layers.embed(params.Embed_0, digit);
  return {
    values: layers.dense(told, params.Dense_0).map((value, place) => value + mean[place]),
    logPrecisions: layers.dense(told, params.Dense_1),
  };
}

/** handwriting_gan/networks/writer_guided.py: the glyph and its digit as one vector. */
function glyphTrunk(params, glyph, digit) {
  let x = layers.conv(layers.fold(toNetwork(glyph)), params.Conv_0);
  x = layers.addEverywhere(x, layers.embed(params.Embed_0, digit));
  x = layers.residualBlock(x, params.ResidualBlock_0, true);
  x = layers.addEverywhere(x, layers.embed(params.Embed_1, digit));
  x = layers.residualBlock(x, params.ResidualBlock_2); // Flax named it after the one around it
  x = layers.residualBlock(x, params.ResidualBlock_1, true);
  return layers.leakyRelu(layers.asMap(layers.dense(layers.leakyRelu(x).data, params.Dense_0))).data;
}

/**
 * The style `[S]` for a target digit from what references tell, each counted `counts[R]` times: the mean of
 * the product of their beliefs and the standard normal prior.
 */
function poolStyles(params, beliefs, digits, target, counts) {
  const size = beliefs[0].values.length;
  const relevance = layers.rowOf(params.relevance, target);
  const style = new Float32Array(size);
  for (let place = 0; place < size; place++) {
    let [weighted, total] = [0, 1];
    beliefs.forEach((belief, row) => {
      const known = belief.logPrecisions[place] + relevance[digits[row] * size + place];
      const precision = Math.exp(known) * counts[row];
      weighted += precision * belief.values[place];
      total += precision;
    });
    style[place] = weighted / total;
  }
  return style;
}

/** A digit in a style `[S]`, a try by its latent `[Z]`: a map `[28, 28, 1]`, -1 to +1. */
function generate(params, digit, style, latent) {
  const given = layers.domainDense(Float32Array.of(...style, ...latent), params.DomainDense_0, digit);
  const hidden = layers.dense(activated(given), params.Dense_0);
  const w = activated(hidden);
  let x = begin(params, digit, w);
  x = layers.adaptiveResidualBlock(x, w, params.AdaptiveResidualBlock_0);
  x = layers.adaptiveResidualBlock(x, w, params.AdaptiveResidualBlock_1, true);
  x = layers.adaptiveResidualBlock(x, w, params.AdaptiveResidualBlock_2);
  x = layers.instanceNorm(x, params.InstanceNorm_0.scale.data, params.InstanceNorm_0.bias.data);
  x = layers.conv(layers.double(layers.leakyRelu(x)), params.Conv_0);
  return layers.hardTanh(layers.conv(layers.leakyRelu(x), params.Conv_1));
}

const activated = (vector) => layers.leakyRelu(layers.asMap(vector)).data;

/** The map that the generator starts from, by w and by the digit; as wide as its first block takes. */
function begin(params, digit, w) {
  const mean = layers.embed(params.Embed_0, digit);
  const data = layers.dense(w, params.Dense_1).map((value, place) => value + mean[place]);
  const channels = params.AdaptiveResidualBlock_0.Conv_0.kernel.shape[2];
  const side = Math.sqrt(data.length / channels);
  return { shape: [side, side, channels], data };
}

/** How many numbers a latent has: what the generator takes beside the style. */
function latentSize(generator, styleSize) {
  return generator.DomainDense_0.kernel.shape[1] - styleSize;
}

/** How likely a glyph is each digit: `[10]`, sums to 1. */
function classify(params, glyph) {
  let x = toNetwork(glyph);
  for (let level = 0; `Conv_${2 * level}` in params; level++) {
    x = layers.relu(layers.conv(x, params[`Conv_${2 * level}`]));
    x = layers.maxPool(layers.relu(layers.conv(x, params[`Conv_${2 * level + 1}`])));
  }
  const features = layers.relu(layers.asMap(layers.dense(x.data, params.Dense_0))).data;
  return softmax(layers.dense(features, params.Dense_1));
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

module.exports = { classify, encodeHand, generate, latentSize, poolStyles, toBytes };
