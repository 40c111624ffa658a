"use strict";
/**
 * The layers of handwriting_gan/networks, each for one image or one vector: the same function, plainly.
 *
 * A map is `{shape: [H, W, C], data}`, a vector a Float32Array. A layer's parameters are what Flax keeps for
 * it, by the same names: `{kernel, bias}`, each `{shape, data}`.
 */

const NEGATIVE_SLOPE = 0.2;
const EPSILON = 1e-5;

/** @param {number[]} shape */
function zeros(shape) {
  return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}

/** A map with each value changed by `change(value)`. */
function mapped(x, change) {
  return { shape: x.shape, data: x.data.map(change) };
}

const leakyRelu = (x) => mapped(x, (value) => (value < 0 ? NEGATIVE_SLOPE * value : value));
const relu = (x) => mapped(x, (value) => (value < 0 ? 0 : value));
const hardTanh = (x) => mapped(x, (value) => Math.min(Math.max(value, -1), 1));

/** A vector as a map of one pixel, and back: the shape is all that differs. */
const asMap = (data) => ({ shape: [1, 1, data.length], data });

/** The sum of two maps of one shape, times `scale`. */
function add(x, y, scale = 1) {
  return { shape: x.shape, data: x.data.map((value, place) => (value + y.data[place]) * scale) };
}

/** Adds a vector `[C]` to every pixel of `[H, W, C]`. */
function addEverywhere(x, vector) {
  return { shape: x.shape, data: x.data.map((value, place) => value + vector[place % vector.length]) };
}

/** One row of an embedding `[N, ...]`. */
function embed(layer, row) {
  return rowOf(layer.embedding, row);
}

/** The numbers of `array[row]` for an array of any rank. */
function rowOf(array, row) {
  const size = array.data.length / array.shape[0];
  return array.data.subarray(row * size, (row + 1) * size);
}

/** A linear layer: vector `[C]`, kernel `[C, F]` -> vector `[F]`. */
function dense(x, layer) {
  return multiplyInto(Float32Array.from(layer.bias.data), x, layer.kernel.data);
}

/** A linear layer of which each domain has its own: kernel `[D, C, F]`, bias `[D, F]`. */
function domainDense(x, layer, domain) {
  return multiplyInto(Float32Array.from(rowOf(layer.bias, domain)), x, rowOf(layer.kernel, domain));
}

function multiplyInto(out, x, kernel) {
  for (let input = 0; input < x.length; input++) {
    accumulate(out, 0, out.length, x[input], kernel, input * out.length);
  }
  return out;
}

/** out[to ... to + count] += factor * from[start ...] */
function accumulate(out, to, count, factor, from, start) {
  for (let place = 0; place < count; place++) {
    out[to + place] += factor * from[start + place];
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

/** Adds what one pixel of a convolution's output `[H, W, F]` gets from its neighbourhood. */
function convPixel(out, x, kernel, row, column) {
  const [height, width, channels] = x.shape;
  const [side, , , features] = kernel.shape;
  const reach = (side - 1) / 2;
  for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, height - 1); y++) {
    for (let z = Math.max(column - reach, 0); z <= Math.min(column + reach, width - 1); z++) {
      const place = (y - row + reach) * side + z - column + reach;
      multiplyPixel(out.data, (row * width + column) * features, features, x.data, (y * width + z) * channels,
        channels, kernel.data, place * channels * features);
    }
  }
}

/**
 * Adds one pixel `[C]` times one place of the kernel `[C, F]` to another pixel `[F]`: arrays, each with where
 * to begin. Four channels at a time, which halves the time: a sum is read and written once for the four.
 */
function multiplyPixel(out, to, features, x, from, channels, kernel, start) {
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const at = from + channel;
    const [a, b, c, d] = [x[at], x[at + 1], x[at + 2], x[at + 3]];
    const first = start + channel * features;
    const [second, third, fourth] = [first + features, first + 2 * features, first + 3 * features];
    for (let place = 0; place < features; place++) {
      out[to + place] += a * kernel[first + place] + b * kernel[second + place]
        + c * kernel[third + place] + d * kernel[fourth + place];
    }
  }
  for (; channel < channels; channel++) {
    accumulate(out, to, features, x[from + channel], kernel, start + channel * features);
  }
}

/** Two by two pixels become one, `combine` of the four; an odd row or column is dropped. */
function pool(x, combine) {
  const [height, width, channels] = x.shape;
  const out = zeros([height >> 1, width >> 1, channels]);
  const down = width * channels;
  for (let place = 0; place < out.data.length; place++) {
    const channel = place % channels;
    const column = Math.floor(place / channels) % out.shape[1];
    const row = Math.floor(place / channels / out.shape[1]);
    const at = (2 * row * width + 2 * column) * channels + channel;
    const below = at + down;
    out.data[place] = combine(x.data[at], x.data[at + channels], x.data[below], x.data[below + channels]);
  }
  return out;
}

const halve = (x) => pool(x, (a, b, c, d) => (a + b + c + d) / 4);
const maxPool = (x) => pool(x, Math.max);

/** Every pixel becomes two by two: `[H, W, C]` -> `[2 H, 2 W, C]`. */
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

/** Squares of two by two pixels as channels: `[H, W, C]` -> `[H / 2, W / 2, 4 C]`. */
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

/** Each channel `[H, W]` with mean 0 and variance 1, then times `scale[C]` plus `shift[C]`. */
function instanceNorm(x, scale, shift) {
  const channels = x.shape[2];
  const out = zeros(x.shape);
  for (let channel = 0; channel < channels; channel++) {
    const [mean, variance] = momentsOf(x.data, channel, channels);
    const factor = scale[channel] / Math.sqrt(variance + EPSILON);
    for (let place = channel; place < x.data.length; place += channels) {
      out.data[place] = (x.data[place] - mean) * factor + shift[channel];
    }
  }
  return out;
}

/** Mean and variance of every `step`-th number from `first` on. */
function momentsOf(data, first, step) {
  let [sum, squares] = [0, 0];
  for (let place = first; place < data.length; place += step) {
    sum += data[place];
    squares += data[place] * data[place];
  }
  const mean = sum / (data.length / step);
  return [mean, Math.max(squares / (data.length / step) - mean * mean, 0)];
}

/** Instance norm whose scale and shift come from a style `[S]`. */
function adaptiveInstanceNorm(x, style, layer) {
  const gammaBeta = dense(style, layer.Dense_0);
  const channels = x.shape[2];
  const scale = gammaBeta.subarray(0, channels).map((gamma) => 1 + gamma);
  return instanceNorm(x, scale, gammaBeta.subarray(channels));
}

/** Residual block without norm, perhaps halved: `[H, W, C]` -> `[H', W', F]`. */
function residualBlock(x, block, halves = false) {
  const smaller = halves ? halve : (same) => same;
  const first = smaller(conv(leakyRelu(x), block.Conv_0));
  const residual = conv(leakyRelu(first), block.Conv_1);
  return add(shortcut(smaller(x), block), residual, Math.SQRT1_2);
}

/** Residual block driven by a style `[S]`, perhaps doubled: `[H, W, C]` -> `[H', W', F]`. */
function adaptiveResidualBlock(x, style, block, doubles = false) {
  const larger = doubles ? double : (same) => same;
  const normalized = leakyRelu(adaptiveInstanceNorm(x, style, block.AdaptiveInstanceNorm_0));
  const first = conv(larger(normalized), block.Conv_0);
  const again = leakyRelu(adaptiveInstanceNorm(first, style, block.AdaptiveInstanceNorm_1));
  const residual = conv(again, block.Conv_1);
  return add(larger(shortcut(x, block)), residual, Math.SQRT1_2);
}

/** Convolved only where the width changes, which shows in there being weights for it. */
function shortcut(x, block) {
  return block.Conv_2 ? conv(x, block.Conv_2) : x;
}

module.exports = {
  adaptiveResidualBlock, addEverywhere, asMap, conv, dense, domainDense, double, embed, fold, hardTanh,
  instanceNorm, leakyRelu, maxPool, relu, residualBlock, rowOf,
};
