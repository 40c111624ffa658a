"use strict";
/** The weights in the page: 16-bit floats in base64, and a manifest of Flax's paths and shapes. */

/**
 * @param {{manifest: [string, number[]][], float16: string}} packed "network/layer/name" and shape of each
 *   array, in the order of their values
 * @returns {Object} a tree by path; its leaves are `{shape, data: Float32Array}`
 */
function unpack({ manifest, float16 }) {
  const values = fromFloat16(new Uint16Array(fromBase64(float16).buffer));
  const tree = {};
  let start = 0;
  for (const [path, shape] of manifest) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    insert(tree, path.split("/"), { shape, data: values.subarray(start, start + size) });
    start += size;
  }
  return tree;
}

/** Adds a leaf at its path. */
function insert(tree, path, leaf) {
  const branch = path.slice(0, -1).reduce((node, name) => (node[name] ??= {}), tree);
  branch[path[path.length - 1]] = leaf;
}

function fromBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = characters.charCodeAt(index);
  }
  return bytes;
}

function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** IEEE 754 half precision, little-endian, to single, by a table of all 65,536 values. */
function fromFloat16(halves) {
  const values = Float32Array.from({ length: 1 << 16 }, (_, bits) => valueOfHalf(bits));
  return Float32Array.from(halves, (bits) => values[bits]);
}

function valueOfHalf(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) {
    return fraction ? NaN : sign * Infinity;
  }
  return exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction * 2 ** -24;
}

module.exports = { fromBase64, toBase64, unpack };
