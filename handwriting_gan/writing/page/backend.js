"use strict";
/**
 * The backend of the page: its own worker, or a server. Both are `{read(canvas), write(request)}` and return
 * promises of the results in tasks.js.
 */
const { fromBase64, toBase64 } = require("./weights.js");

/** A worker that runs the page's script from a Blob, because a page from a file cannot load another file. */
function workerBackend(script, model) {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const pending = new Map();
  worker.onmessage = ({ data }) => {
    const { resolve, reject } = pending.get(data.id);
    pending.delete(data.id);
    return data.error ? reject(new Error(data.error)) : resolve(data.result);
  };
  worker.onerror = () => {
    pending.forEach(({ reject }) => reject(new Error("the page's worker has failed; reload the page")));
    pending.clear();
  };
  worker.postMessage({ model });
  let lastId = 0;
  const send = (task, input) => new Promise((resolve, reject) => {
    pending.set(++lastId, { resolve, reject });
    worker.postMessage({ id: lastId, task, input });
  });
  return { read: (canvas) => send("read", pixelsOf(canvas)), write: (request) => send("write", request) };
}

function pixelsOf(canvas) {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return { pixels: data, width, height };
}

/** A server, which `python -m handwriting_gan.demo` starts; glyphs travel as base64. */
function serverBackend(address) {
  return {
    read: async (canvas) => withGlyphs(await post(`${address}/read`, "image/png", await pngOf(canvas))),
    write: async (request) => {
      const body = JSON.stringify({ ...request, glyphs: request.glyphs.map(toBase64) });
      return withGlyphs(await post(`${address}/write`, "application/json", body)).glyphs;
    },
  };
}

const withGlyphs = (result) => ({ ...result, glyphs: result.glyphs.map(fromBase64) });
const pngOf = (canvas) => new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });

async function post(address, type, body) {
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": type }, body })
    .catch(() => { throw new Error("the server does not respond; start it again"); });
  const result = await response.json();
  if (!response.ok) {
    throw new Error(result.error);
  }
  return result;
}

module.exports = { serverBackend, workerBackend };
