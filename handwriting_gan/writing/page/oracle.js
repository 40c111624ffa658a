"use strict";
/**
 * Whom the page asks: its own worker, or a server. Either is `{read(canvas), write(asked)}`, which promise
 * what answers.js returns.
 */
const { fromBase64, toBase64 } = require("./weights.js");

/** A worker of the same script as the page, from a Blob, for a page from a file can start no other. */
function workerOracle(script, model) {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const waiting = new Map();
  worker.onmessage = ({ data }) => {
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    return data.error ? reject(new Error(data.error)) : resolve(data.answer);
  };
  worker.onerror = () => {
    waiting.forEach(({ reject }) => reject(new Error("the page's worker has failed; load the page anew")));
    waiting.clear();
  };
  worker.postMessage({ model });
  let asked = 0;
  const ask = (question, given) => new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    worker.postMessage({ id: asked, question, given });
  });
  return { read: (canvas) => ask("read", pixelsOf(canvas)), write: (asked) => ask("write", asked) };
}

function pixelsOf(canvas) {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return { pixels: data, width, height };
}

/** A server, such as `python -m handwriting_gan.demo` starts; glyphs travel as base64. */
function serverOracle(address) {
  return {
    read: async (canvas) => withGlyphs(await post(`${address}/read`, "image/png", await pngOf(canvas))),
    write: async (asked) => {
      const body = JSON.stringify({ ...asked, glyphs: asked.glyphs.map(toBase64) });
      return withGlyphs(await post(`${address}/write`, "application/json", body)).glyphs;
    },
  };
}

const withGlyphs = (answer) => ({ ...answer, glyphs: answer.glyphs.map(fromBase64) });
const pngOf = (canvas) => new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });

async function post(address, type, body) {
  const response = await fetch(address, { method: "POST", headers: { "Content-Type": type }, body })
    .catch(() => { throw new Error("the server does not answer; start it again"); });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error);
  }
  return answer;
}

module.exports = { serverOracle, workerOracle };
