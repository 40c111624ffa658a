"use strict";
/**
 * The networks of the writer-guided method (hand encoder, style pooling, generator) and the digit classifier,
 * equal to JAX's. All sizes come from the shapes of the weights.
 *
 * A glyph is bytes `[28 * 28]`, 0 paper to 255 ink. Axes: R references, T targets, S style, Z latent.
 */
const layers = require("./layers.js");

/** Bytes of a square glyph as a map `[H, W, 1]`, -1 paper to +1 ink. */
function toNetwork(glyph) {
  const side = Math.sqrt(glyph.length);
  return { shape: [side, side, 1], data: Float32Array.from(glyph, (level) => level / 127.5 - 1) };
}

/** A map `[H, W, 1]`, -1 to +1, as bytes; the clamped array rounds. */
function toBytes(image) {
  return Uint8ClampedArray.from(image.data, (value) => (value + 1) * 127.5);
}

/** The style that one glyph shows, and its log precision: `{values, logPrecisions}`, `[S]` each. */
function encodeHand(params, glyph, digit) {
  const features = glyphTrunk(params.GlyphTrunk_0, glyph, digit);
  const mean = layers.embed(params.Embed_0, digit);
  return {
    values: layers.dense(features, params.Dense_0).map((value, index) => value + mean[index]),
    logPrecisions: layers.dense(features, params.Dense_1),
  };
}

/** The features of a glyph and its digit: a vector. See handwriting_gan/networks/writer_guided.py. */
function glyphTrunk(params, glyph, digit) {
  let x = layers.conv(layers.fold(toNetwork(glyph)), params.Conv_0);
  x = layers.addEverywhere(x, layers.embed(params.Embed_0, digit));
  x = layers.residualBlock(x, params.ResidualBlock_0, true);
  x = layers.addEverywhere(x, layers.embed(params.Embed_1, digit));
  x = layers.residualBlock(x, params.ResidualBlock_2); // Flax numbers it after the block that contains it
  x = layers.residualBlock(x, params.ResidualBlock_1, true);
  return layers.leakyRelu(layers.asMap(layers.dense(layers.leakyRelu(x).data, params.Dense_0))).data;
}

/**
 * The style `[S]` for a target digit: the mean of the product of the references' estimates, each counted
 * `counts[R]` times, and the standard normal prior.
 */
function poolStyles(params, estimates, digits, target, counts) {
  const size = estimates[0].values.length;
  const relevance = layers.rowOf(params.relevance, target);
  const style = new Float32Array(size);
  for (let index = 0; index < size; index++) {
    let [weighted, total] = [0, 1];
    estimates.forEach((estimate, row) => {
      const logPrecision = estimate.logPrecisions[index] + relevance[digits[row] * size + index];
      const precision = Math.exp(logPrecision) * counts[row];
      weighted += precision * estimate.values[index];
      total += precision;
    });
    style[index] = weighted / total;
  }
  return style;
}

/** Synthesises a digit from a style `[S]` and a latent `[Z]`: a map `[28, 28, 1]`, -1 to +1. */
function generate(params, digit, style, latent) {
  const input = layers.domainDense(Float32Array.of(...style, ...latent), params.DomainDense_0, digit);
  const hidden = layers.dense(activated(input), params.Dense_0);
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

/** The generator's first map, from w and the digit, with as many channels as its first block takes. */
function begin(params, digit, w) {
  const mean = layers.embed(params.Embed_0, digit);
  const data = layers.dense(w, params.Dense_1).map((value, index) => value + mean[index]);
  const channels = params.AdaptiveResidualBlock_0.Conv_0.kernel.shape[2];
  const side = Math.sqrt(data.length / channels);
  return { shape: [side, side, channels], data };
}

/** The size of a latent: that of the generator's input without the style. */
function latentSize(generator, styleSize) {
  return generator.DomainDense_0.kernel.shape[1] - styleSize;
}

/** The probability of each digit, given a glyph: `[10]`. */
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
