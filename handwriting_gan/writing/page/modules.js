"use strict";
/**
 * The few lines that let modules written for Node, as these files are, run in one script of a page or of its
 * worker: `define` each, then `require` the one to start.
 */
const bodies = {};
const loaded = {};

function define(name, body) {
  bodies[name] = body;
}

function require(name) {
  if (!(name in loaded)) {
    loaded[name] = { exports: {} };
    bodies[name](loaded[name], require);
  }
  return loaded[name].exports;
}
