"use strict";
/**
 * The networks of the writer-guided method (hand encoder, hand pooling, generator) and the digit classifier,
 * equal to JAX's. All sizes come from the shapes of the weights.
 *
 * A glyph is bytes `[28 * 28]`, 0 paper to 255 ink. Axes: R references, S style, Z latent.
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

/** What one glyph alone says about the hand's style `[S]` and about the latent `[Z]` of its digit. */
function encodeHand(params, glyph, digit) {
  const features = glyphTrunk(params.GlyphTrunk_0, glyph, digit);
  return {
    style: addVectors(layers.dense(features, params.styles), layers.embed(params.Embed_0, digit)),
    styleLogPrecisions: layers.dense(features, params.style_log_precisions),
    latent: layers.dense(features, params.latents),
    latentLogPrecisions: layers.dense(features, params.latent_log_precisions),
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
 * The style `[S]` for a target digit and the prior of its latent, `mean` and `logVariances` `[Z]`, from the
 * references' beliefs and digits `[R]`. See handwriting_gan/networks/writer_guided.py.
 */
function poolHand(params, beliefs, digits, target) {
  const relevance = { shape: params.relevance.shape.slice(1), data: layers.rowOf(params.relevance, target) };
  const style = combine(params.relevance.shape[2], beliefs.map((belief, index) => ({
    mean: belief.style,
    logPrecisions: addVectors(belief.styleLogPrecisions, layers.rowOf(relevance, digits[index])),
  })));
  const predicted = layers.domainDense(style.mean, params.prediction, target);
  const shown = beliefs.filter((_, index) => digits[index] === target);
  const deviation = combine(predicted.length, shown.map((belief) => ({
    mean: belief.latent.map((value, index) => value - predicted[index]),
    logPrecisions: belief.latentLogPrecisions,
  })));
  const correction = layers.domainDense(deviation.mean, params.correction, target);
  const evidence = [...style.precisions, ...deviation.precisions].map(Math.log);
  return {
    style: style.mean,
    mean: addVectors(addVectors(predicted, deviation.mean), correction),
    logVariances: layers.domainDense(evidence, params.log_variance, target),
  };
}

/** The mean and the precisions `[size]` of the product of Gaussians `{mean, logPrecisions}` and a standard normal. */
function combine(size, gaussians) {
  const weighted = new Float32Array(size);
  const precisions = new Float32Array(size).fill(1);
  for (const { mean, logPrecisions } of gaussians) {
    for (let index = 0; index < size; index++) {
      const precision = Math.exp(logPrecisions[index]);
      weighted[index] += precision * mean[index];
      precisions[index] += precision;
    }
  }
  return { mean: weighted.map((value, index) => value / precisions[index]), precisions };
}

const addVectors = (one, other) => one.map((value, index) => value + other[index]);

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
  const data = addVectors(layers.dense(w, params.Dense_1), layers.embed(params.Embed_0, digit));
  const channels = params.AdaptiveResidualBlock_0.Conv_0.kernel.shape[2];
  const side = Math.sqrt(data.length / channels);
  return { shape: [side, side, channels], data };
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

module.exports = { classify, encodeHand, generate, poolHand, toBytes };
