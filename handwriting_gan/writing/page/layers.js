"use strict";
/**
 * The layers of handwriting_gan/networks, each for one image or one vector.
 *
 * A map is `{shape: [H, W, C], data}`, a vector is a Float32Array. A layer's parameters have Flax's names:
 * `{kernel, bias}`, each `{shape, data}`.
 */

const NEGATIVE_SLOPE = 0.2;
const EPSILON = 1e-5;

/** @param {number[]} shape */
function zeros(shape) {
  return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}

/** Applies a function to each value of a map. */
function mapped(x, apply) {
  return { shape: x.shape, data: x.data.map(apply) };
}

const leakyRelu = (x) => mapped(x, (value) => (value < 0 ? NEGATIVE_SLOPE * value : value));
const relu = (x) => mapped(x, (value) => (value < 0 ? 0 : value));
const hardTanh = (x) => mapped(x, (value) => Math.min(Math.max(value, -1), 1));

/** A vector as a map of one pixel. */
const asMap = (data) => ({ shape: [1, 1, data.length], data });

/** The sum of two maps of one shape, times `scale`. */
function add(x, y, scale = 1) {
  return { shape: x.shape, data: x.data.map((value, index) => (value + y.data[index]) * scale) };
}

/** Adds a vector `[C]` to every pixel of `[H, W, C]`. */
function addEverywhere(x, vector) {
  return { shape: x.shape, data: x.data.map((value, index) => value + vector[index % vector.length]) };
}

/** One row of an embedding `[N, ...]`. */
function embed(layer, row) {
  return rowOf(layer.embedding, row);
}

/** The values of `array[row]` for an array of any rank. */
function rowOf(array, row) {
  const size = array.data.length / array.shape[0];
  return array.data.subarray(row * size, (row + 1) * size);
}

/** A linear layer: vector `[C]`, kernel `[C, F]` -> vector `[F]`. */
function dense(x, layer) {
  return multiplyInto(Float32Array.from(layer.bias.data), x, layer.kernel.data);
}

/** A linear layer per domain: kernel `[D, C, F]`, bias `[D, F]` or none. */
function domainDense(x, layer, domain) {
  const out = layer.bias ? Float32Array.from(rowOf(layer.bias, domain)) : new Float32Array(layer.kernel.shape[2]);
  return multiplyInto(out, x, rowOf(layer.kernel, domain));
}

function multiplyInto(out, x, kernel) {
  for (let input = 0; input < x.length; input++) {
    accumulate(out, 0, out.length, x[input], kernel, input * out.length);
  }
  return out;
}

/** out[to ... to + count] += factor * from[start ...] */
function accumulate(out, to, count, factor, from, start) {
  for (let index = 0; index < count; index++) {
    out[to + index] += factor * from[start + index];
  }
}

/** A convolution that keeps the size: `[H, W, C]`, kernel `[K, K, C, F]` with odd K -> `[H, W, F]`. */
function conv(x, layer) {
  const [height, width] = x.shape;
  const features = layer.kernel.shape[3];
  const out = zeros([height, width, features]);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (layer.bias) {
        out.data.set(layer.bias.data, (row * width + column) * features);
      }
      convPixel(out, x, layer.kernel, row, column);
    }
  }
  return out;
}

/** Adds the kernel's products with the neighbourhood of one pixel to the output `[H, W, F]`. */
function convPixel(out, x, kernel, row, column) {
  const [height, width, channels] = x.shape;
  const [side, , , features] = kernel.shape;
  const reach = (side - 1) / 2;
  for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, height - 1); y++) {
    for (let z = Math.max(column - reach, 0); z <= Math.min(column + reach, width - 1); z++) {
      const tap = (y - row + reach) * side + z - column + reach;
      multiplyPixel(out.data, (row * width + column) * features, features, x.data, (y * width + z) * channels,
        channels, kernel.data, tap * channels * features);
    }
  }
}

/**
 * Adds the product of one pixel `[C]` and one tap of the kernel `[C, F]` to an output pixel `[F]`. Each array
 * comes with its start index. Four channels at a time halve the time, because each sum is loaded and stored once
 * for all four.
 */
function multiplyPixel(out, to, features, x, from, channels, kernel, start) {
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const at = from + channel;
    const [a, b, c, d] = [x[at], x[at + 1], x[at + 2], x[at + 3]];
    const first = start + channel * features;
    const [second, third, fourth] = [first + features, first + 2 * features, first + 3 * features];
    for (let index = 0; index < features; index++) {
      out[to + index] += a * kernel[first + index] + b * kernel[second + index]
        + c * kernel[third + index] + d * kernel[fourth + index];
    }
  }
  for (; channel < channels; channel++) {
    accumulate(out, to, features, x[from + channel], kernel, start + channel * features);
  }
}

/** Combines two by two pixels into one; an odd last row or column is dropped. */
function pool(x, combine) {
  const [height, width, channels] = x.shape;
  const out = zeros([height >> 1, width >> 1, channels]);
  const down = width * channels;
  for (let index = 0; index < out.data.length; index++) {
    const channel = index % channels;
    const column = Math.floor(index / channels) % out.shape[1];
    const row = Math.floor(index / channels / out.shape[1]);
    const at = (2 * row * width + 2 * column) * channels + channel;
    const below = at + down;
    out.data[index] = combine(x.data[at], x.data[at + channels], x.data[below], x.data[below + channels]);
  }
  return out;
}

const halve = (x) => pool(x, (a, b, c, d) => (a + b + c + d) / 4);
const maxPool = (x) => pool(x, Math.max);

/** Repeats each pixel two by two: `[H, W, C]` -> `[2 H, 2 W, C]`. */
function double(x) {
  const [height, width, channels] = x.shape;
  const out = zeros([2 * height, 2 * width, channels]);
  for (let row = 0; row < 2 * height; row++) {
    for (let column = 0; column < 2 * width; column++) {
      const from = ((row >> 1) * width + (column >> 1)) * channels;
      out.data.set(x.data.subarray(from, from + channels), (row * 2 * width + column) * channels);
    }
  }
  return out;
}

/** Moves two by two pixels into channels: `[H, W, C]` -> `[H / 2, W / 2, 4 C]`. */
function fold(x) {
  const [height, width, channels] = x.shape;
  const out = zeros([height / 2, width / 2, 4 * channels]);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * channels;
      const pixel = (row >> 1) * (width >> 1) + (column >> 1);
      const corner = 2 * (row % 2) + (column % 2);
      out.data.set(x.data.subarray(from, from + channels), (4 * pixel + corner) * channels);
    }
  }
  return out;
}

/** Normalises each channel `[H, W]` to mean 0 and variance 1, then applies `scale[C]` and `shift[C]`. */
function instanceNorm(x, scale, shift) {
  const channels = x.shape[2];
  const out = zeros(x.shape);
  for (let channel = 0; channel < channels; channel++) {
    const [mean, variance] = momentsOf(x.data, channel, channels);
    const factor = scale[channel] / Math.sqrt(variance + EPSILON);
    for (let index = channel; index < x.data.length; index += channels) {
      out.data[index] = (x.data[index] - mean) * factor + shift[channel];
    }
  }
  return out;
}

/** Mean and variance of every `step`-th value from index `first`. */
function momentsOf(data, first, step) {
  let [sum, squares] = [0, 0];
  for (let index = first; index < data.length; index += step) {
    sum += data[index];
    squares += data[index] * data[index];
  }
  const mean = sum / (data.length / step);
  return [mean, Math.max(squares / (data.length / step) - mean * mean, 0)];
}

/** Instance norm with scale and shift from a style `[S]`. */
function adaptiveInstanceNorm(x, style, layer) {
  const gammaBeta = dense(style, layer.Dense_0);
  const channels = x.shape[2];
  const scale = gammaBeta.subarray(0, channels).map((gamma) => 1 + gamma);
  return instanceNorm(x, scale, gammaBeta.subarray(channels));
}

/** Residual block without norm, with optional average pooling: `[H, W, C]` -> `[H', W', F]`. */
function residualBlock(x, block, downsamples = false) {
  const resize = downsamples ? halve : (same) => same;
  const first = resize(conv(leakyRelu(x), block.Conv_0));
  const residual = conv(leakyRelu(first), block.Conv_1);
  return add(shortcut(resize(x), block), residual, Math.SQRT1_2);
}

/** Residual block with a style `[S]` and optional upsampling: `[H, W, C]` -> `[H', W', F]`. */
function adaptiveResidualBlock(x, style, block, upsamples = false) {
  const resize = upsamples ? double : (same) => same;
  const normalized = leakyRelu(adaptiveInstanceNorm(x, style, block.AdaptiveInstanceNorm_0));
  const first = conv(resize(normalized), block.Conv_0);
  const second = leakyRelu(adaptiveInstanceNorm(first, style, block.AdaptiveInstanceNorm_1));
  const residual = conv(second, block.Conv_1);
  return add(resize(shortcut(x, block)), residual, Math.SQRT1_2);
}

/** The identity, or a convolution if the block has weights for it because its width changes. */
function shortcut(x, block) {
  return block.Conv_2 ? conv(x, block.Conv_2) : x;
}

module.exports = {
  adaptiveResidualBlock, addEverywhere, asMap, conv, dense, domainDense, double, embed, fold, hardTanh,
  instanceNorm, leakyRelu, maxPool, relu, residualBlock, rowOf,
};
