"use strict";
/**
 * Reads and writes off the main thread. In come first `{model}`, then `{id, question, given}`; out goes
 * `{id, answer}` or `{id, error}`.
 */
const { readPicture, writeNumber } = require("./answers.js");
const { unpack } = require("./weights.js");

const ANSWERS = { read: readPicture, write: writeNumber };
let model = null;

/** @returns {Object} what is to be sent back */
function answer({ id, question, given }) {
  try {
    return { id, answer: ANSWERS[question](model, given) };
  } catch (error) {
    return { id, error: error.message };
  }
}

self.onmessage = ({ data }) => {
  if (data.model) {
    model = { styleVariance: data.model.styleVariance, params: unpack(data.model) };
  } else {
    self.postMessage(answer(data));
  }
};
