"use strict";
/**
 * Runs the tasks outside the main thread. The first message is `{model}`, the next ones are `{id, task, input}`.
 * The worker replies with `{id, result}` or `{id, error}`.
 */
const { readPicture, writeNumber } = require("./tasks.js");
const { unpack } = require("./weights.js");

const TASKS = { read: readPicture, write: writeNumber };
let params = null;

/** @returns {Object} the reply to a message */
function reply({ id, task, input }) {
  try {
    return { id, result: TASKS[task](params, input) };
  } catch (error) {
    return { id, error: error.message };
  }
}

self.onmessage = ({ data }) => {
  if (data.model) {
    params = unpack(data.model);
  } else {
    self.postMessage(reply(data));
  }
};
