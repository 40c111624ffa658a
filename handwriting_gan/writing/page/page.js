"use strict";
/**
 * The page: it reads the drawing on the pad and writes a number in its hand. Each change starts both again.
 *
 * State: the strokes or the picture on the pad, the hand read from it, and the outline of the newest result.
 */
const { lineOutline, svgFile } = require("./outlines.js");
const { serverBackend, workerBackend } = require("./backend.js");
const { boundsOf, example, paintStrokes, pointOf } = require("./strokes.js");

const PAUSE = 450; // milliseconds without pen movement after which the drawing is read
const READING_WIDTH = 800; // pixels to the pad's width, in the image that is read
const MAX_SIDE = 1200; // pixels of the longer side of a picture
const PICTURE_HEIGHT = 560; // pixels of a line on the saved PNG
const MARGIN = 0.05; // of paper around the drawing, in widths of the pad
const BASELINE = 0.76; // of the pad's height, where page.css rules a line
const DOUBTFUL = 0.8; // a digit with a lower confidence is highlighted

const element = (id) => document.getElementById(id);
const settings = JSON.parse(element("settings").textContent);
const backend = settings.server
  ? serverBackend(settings.server) : workerBackend(element("script").textContent, settings.model);
const state = { strokes: [], picture: null, hand: null, line: null, seed: 0, timer: null };

// Reading and writing.

/** Runs `work`. If it is already running, runs it once more afterwards, with the state at that time. */
function oneAtATime(work) {
  let [running, requested] = [false, false];
  return async () => {
    requested = true;
    while (requested && !running) {
      [running, requested] = [true, false];
      await work().catch((error) => showError(error.message));
      running = false;
    }
  };
}

const read = oneAtATime(async () => {
  const page = pageToRead();
  state.hand = null;
  try {
    if (page) {
      showStatus("Reading …");
      state.hand = await backend.read(page);
    }
  } finally {
    showHand();
  }
  await write();
});

const write = oneAtATime(async () => {
  const [number, { hand }] = [requestedNumber(), state];
  if (!hand || !number) {
    showLine(null);
    return;
  }
  element("result").classList.add("busy");
  const variation = Number(element("variation").value);
  const { glyphs, digits } = hand;
  const written = await backend.write({ glyphs, digits, number, seed: state.seed, variation });
  if (hand === state.hand) { // otherwise the pad has changed in the meantime
    showLine(lineOutline(written), number.join(""));
  }
});

/** The digits of the number to write; null, with a message, if the input is not a number. */
function requestedNumber() {
  const text = element("number").value.trim();
  const wrong = text !== "" && !/^[0-9]+$/.test(text);
  element("number").setAttribute("aria-invalid", String(wrong));
  if (wrong) {
    showError("Give digits only, as in 481.");
  } else if (!text) {
    showStatus("Enter the number to write.");
  } else if (!state.hand) {
    showInvitation();
  }
  return text && !wrong ? Array.from(text, Number) : null;
}

// Showing.

function showStatus(text) {
  element("status").textContent = text;
  element("status").classList.remove("wrong");
}

function showError(text) {
  showStatus(text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : "."));
  element("status").classList.add("wrong");
  element("result").classList.remove("busy");
}

function showInvitation() {
  showStatus("Write a number on the pad first. Two or three digits are enough.");
}

/** Shows a line in an SVG element. */
function show(svg, line, label) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", line ? line.path : "");
  svg.setAttribute("viewBox", line ? `0 0 ${line.width} ${line.height}` : "0 0 16 9");
  svg.setAttribute("aria-label", label);
  svg.replaceChildren(path);
}

function showLine(line, number) {
  state.line = line && { ...line, number };
  show(element("picture"), line, line ? `${number}, written in your hand` : "Nothing written yet");
  element("result").classList.remove("busy");
  element("placeholder").hidden = Boolean(line);
  for (const id of ["png", "svg"]) {
    element(id).disabled = !line;
  }
  element("again").disabled = !line || element("variation").value === "0";
  if (line) {
    showStatus(`${number} in the hand of ${state.hand.digits.join("")}.`);
  }
}

/** Shows the digits read; without a hand it also clears the result. */
function showHand() {
  if (!state.hand) {
    showLine(null);
  }
  element("found").hidden = !state.hand;
  element("digits").replaceChildren(...(state.hand ? state.hand.glyphs.map(digitCard) : []));
}

/** A card for one digit: its image, a choice to correct the reading, and the confidence. */
function digitCard(glyph, index) {
  const card = document.createElement("li");
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("role", "img");
  show(picture, lineOutline([glyph]), `Digit ${index + 1} as written`);
  const label = document.createElement("span");
  label.className = "confidence";
  const confidence = state.hand.confidences[index];
  label.textContent = `${Math.floor(100 * confidence)} %`;
  card.classList.toggle("doubtful", confidence < DOUBTFUL);
  card.append(picture, digitChoice(index, card, label), label);
  return card;
}

function digitChoice(index, card, label) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", `Digit ${index + 1} is read as`);
  choice.append(...Array.from({ length: 10 }, (_, digit) => new Option(digit, digit)));
  choice.value = state.hand.digits[index];
  choice.addEventListener("change", () => {
    state.hand.digits[index] = Number(choice.value);
    label.textContent = "yours";
    card.classList.remove("doubtful");
    write();
  });
  return choice;
}

// The pad.

function paint() {
  const pad = element("pad");
  const scale = pad.clientWidth * devicePixelRatio;
  Object.assign(pad, { width: Math.round(scale), height: Math.round(pad.clientHeight * devicePixelRatio) });
  const context = pad.getContext("2d");
  context.strokeStyle = getComputedStyle(pad).color;
  if (state.picture) {
    paintPicture(context, state.picture, pad.width, pad.height);
  }
  paintStrokes(context, state.strokes, scale);
  const empty = !state.picture && !state.strokes.length;
  element("invitation").hidden = !empty;
  element("clear").disabled = empty;
  element("undo").disabled = !state.strokes.length;
}

/** Paints a picture in the middle, as large as possible. */
function paintPicture(context, picture, width, height) {
  const scale = Math.min(width / picture.width, height / picture.height);
  const [wide, high] = [picture.width * scale, picture.height * scale];
  context.drawImage(picture, (width - wide) / 2, (height - high) / 2, wide, high);
}

/** The content of the pad, dark on white: a canvas, or null if the pad is empty. */
function pageToRead() {
  if (state.picture) {
    return state.picture;
  }
  return state.strokes.length ? drawnPage(state.strokes) : null;
}

function drawnPage(strokes) {
  const box = boundsOf(strokes);
  const page = whitePage((box.right - box.left + 2 * MARGIN) * READING_WIDTH,
    (box.bottom - box.top + 2 * MARGIN) * READING_WIDTH);
  const context = page.getContext("2d");
  context.translate((MARGIN - box.left) * READING_WIDTH, (MARGIN - box.top) * READING_WIDTH);
  paintStrokes(context, strokes, READING_WIDTH);
  return page;
}

function whitePage(width, height) {
  const page = document.createElement("canvas");
  Object.assign(page, { width: Math.ceil(width), height: Math.ceil(height) });
  const context = page.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, page.width, page.height);
  context.fillStyle = "black";
  return page;
}

/** Changes the content of the pad, and reads it after a pause of the pen. */
function change(strokes, picture = null, pause = PAUSE) {
  Object.assign(state, { strokes, picture });
  paint();
  clearTimeout(state.timer);
  state.timer = setTimeout(read, pause);
}

function penWidth() {
  return Number(document.querySelector("input[name=pen]:checked").value);
}

/** The position of the pad's baseline, in widths of the pad from the top. */
function baselineOf(pad) {
  return (BASELINE * pad.clientHeight) / pad.clientWidth;
}

/** Draws while a pointer is down; ignores a second one, such as the palm. */
function listenToPointer(pad) {
  let [pointer, stroke] = [null, []];
  const extend = (event) => {
    const bounds = pad.getBoundingClientRect();
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    stroke.push(...(events.length ? events : [event]).map((each) => pointOf(each, bounds, penWidth())));
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && pointer === null) {
      pad.setPointerCapture(event.pointerId);
      [pointer, stroke] = [event.pointerId, []];
      extend(event);
      change([...state.strokes, stroke]);
    }
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId === pointer) {
      extend(event);
      change(state.strokes);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, (event) => { pointer = event.pointerId === pointer ? null : pointer; });
  }
}

/** Shows a picture from a file on the pad. */
async function openPicture(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
    const page = whitePage(image.width * scale, image.height * scale);
    page.getContext("2d").drawImage(image, 0, 0, page.width, page.height);
    change([], page, 0);
  } catch {
    showError("This file is not a picture; use a PNG or JPEG.");
  }
}

function listenToFiles(drop) {
  element("file").addEventListener("change", ({ target }) => {
    if (target.files.length) {
      openPicture(target.files[0]);
      target.value = "";
    }
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) {
        openPicture(event.dataTransfer.files[0]);
      }
    });
  }
}

// Saving.

function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function savePng() {
  const { width, height, path, number } = state.line;
  const scale = PICTURE_HEIGHT / height;
  const page = whitePage(width * scale, PICTURE_HEIGHT);
  const context = page.getContext("2d");
  context.scale(scale, scale);
  context.fill(new Path2D(path), "evenodd");
  page.toBlob((content) => save(content, `${number}.png`), "image/png");
}

function saveSvg() {
  const content = svgFile(state.line, state.line.number);
  save(new Blob([content], { type: "image/svg+xml" }), `${state.line.number}.svg`);
}

function start() {
  element("privacy").textContent = settings.server
    ? "It runs in JAX on this machine." : "It runs in this page, which sends no data.";
  listenToPointer(element("pad"));
  listenToFiles(element("drop"));
  const clicks = {
    undo: () => change(state.strokes.slice(0, -1)),
    clear: () => change([], null, 0),
    example: () => change(example(penWidth(), baselineOf(element("pad"))), null, 0),
    again: () => { state.seed++; write(); },
    png: savePng,
    svg: saveSvg,
  };
  for (const [id, act] of Object.entries(clicks)) {
    element(id).addEventListener("click", act);
  }
  for (const id of ["number", "variation"]) {
    element(id).addEventListener("input", write);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  new ResizeObserver(paint).observe(element("pad"));
  showLine(null);
  showInvitation();
}

start();
