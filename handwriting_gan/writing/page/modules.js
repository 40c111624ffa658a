"use strict";
/**
 * A minimal module loader: it runs modules written for Node in one script of a page or of its worker.
 * `define` each module, then `require` the one to start.
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
