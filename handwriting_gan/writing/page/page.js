"use strict";
/**
 * The page: what is drawn is read, what is read is written, and every change asks anew.
 *
 * State: strokes or a picture on the pad; the hand read from it; the outline of the newest answer.
 */
const { drawLine, svgFile } = require("./outlines.js");
const { serverOracle, workerOracle } = require("./oracle.js");
const { boundsOf, draw, example, pointOf } = require("./strokes.js");

const PAUSE = 450; // milliseconds without the pen, after which what is drawn is read
const READING_WIDTH = 800; // pixels to the pad's width, of what is read
const MOST_PIXELS = 1200; // of the longer side of a picture
const PICTURE_HEIGHT = 560; // pixels of a line on the saved PNG
const MARGIN = 0.05; // of paper around what is read, in widths of the pad
const LINE = 0.76; // of the pad's height, where page.css rules it
const DOUBTFUL = 0.8; // a digit read less surely than this is pointed out

const element = (id) => document.getElementById(id);
const settings = JSON.parse(element("settings").textContent);
const oracle = settings.answersAt
  ? serverOracle(settings.answersAt) : workerOracle(element("script").textContent, settings.model);
const state = { strokes: [], picture: null, hand: null, line: null, seed: 0, timer: null };

// Asking.

/** Runs `work`, or where it is running already once more after it, with what holds then. */
function oneAtATime(work) {
  let [running, wanted] = [false, false];
  return async () => {
    wanted = true;
    while (wanted && !running) {
      [running, wanted] = [true, false];
      await work().catch((error) => complain(error.message));
      running = false;
    }
  };
}

const read = oneAtATime(async () => {
  const page = pageToRead();
  state.hand = null;
  try {
    if (page) {
      say("Reading …");
      state.hand = await oracle.read(page);
    }
  } finally {
    showHand();
  }
  await write();
});

const write = oneAtATime(async () => {
  const [number, { hand }] = [numberAsked(), state];
  if (!hand || !number) {
    showLine(null);
    return;
  }
  element("result").classList.add("busy");
  const variation = Number(element("variation").value);
  const { glyphs, digits } = hand;
  const written = await oracle.write({ glyphs, digits, number, seed: state.seed, variation });
  if (hand === state.hand) { // else it was taken off the pad meanwhile
    showLine(drawLine(written), number.join(""));
  }
});

/** The digits of the number to write; none, with a word about it, where it is none. */
function numberAsked() {
  const text = element("number").value.trim();
  const wrong = text !== "" && !/^[0-9]+$/.test(text);
  element("number").setAttribute("aria-invalid", String(wrong));
  if (wrong) {
    complain("Give digits only, as in 481.");
  } else if (!text) {
    say("Which number is to be written?");
  } else if (!state.hand) {
    greet();
  }
  return text && !wrong ? Array.from(text, Number) : null;
}

// Showing.

function say(text) {
  element("status").textContent = text;
  element("status").classList.remove("wrong");
}

function complain(text) {
  say(text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : "."));
  element("status").classList.add("wrong");
  element("result").classList.remove("busy");
}

function greet() {
  say("Write a number on the pad first. Two or three digits tell enough.");
}

/** An SVG element that shows a line. */
function show(svg, line, words) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", line ? line.path : "");
  svg.setAttribute("viewBox", line ? `0 0 ${line.width} ${line.height}` : "0 0 16 9");
  svg.setAttribute("aria-label", words);
  svg.replaceChildren(path);
}

function showLine(line, number) {
  state.line = line && { ...line, number };
  show(element("picture"), line, line ? `${number}, written in your hand` : "Nothing written yet");
  element("result").classList.remove("busy");
  element("promise").hidden = Boolean(line);
  for (const id of ["png", "svg"]) {
    element(id).disabled = !line;
  }
  element("again").disabled = !line || element("variation").value === "0";
  if (line) {
    say(`${number} in the hand of ${state.hand.digits.join("")}.`);
  }
}

/** What was read; where nothing was, nothing is written either. */
function showHand() {
  if (!state.hand) {
    showLine(null);
  }
  element("found").hidden = !state.hand;
  element("digits").replaceChildren(...(state.hand ? state.hand.glyphs.map(digitCard) : []));
}

/** One digit as found: its picture, what it was read as, to be corrected, and how surely. */
function digitCard(glyph, place) {
  const card = document.createElement("li");
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("role", "img");
  show(picture, drawLine([glyph]), `Digit ${place + 1} as written`);
  const sureness = document.createElement("span");
  sureness.className = "sureness";
  const confidence = state.hand.confidences[place];
  sureness.textContent = `${Math.floor(100 * confidence)} %`;
  card.classList.toggle("doubtful", confidence < DOUBTFUL);
  card.append(picture, digitChoice(place, card, sureness), sureness);
  return card;
}

function digitChoice(place, card, sureness) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", `Digit ${place + 1} is read as`);
  choice.append(...Array.from({ length: 10 }, (_, digit) => new Option(digit, digit)));
  choice.value = state.hand.digits[place];
  choice.addEventListener("change", () => {
    state.hand.digits[place] = Number(choice.value);
    sureness.textContent = "yours";
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
    drawInside(context, state.picture, pad.width, pad.height);
  }
  draw(context, state.strokes, scale);
  const empty = !state.picture && !state.strokes.length;
  element("invitation").hidden = !empty;
  element("clear").disabled = empty;
  element("undo").disabled = !state.strokes.length;
}

/** A picture as large as fits, in the middle. */
function drawInside(context, picture, width, height) {
  const scale = Math.min(width / picture.width, height / picture.height);
  const [wide, high] = [picture.width * scale, picture.height * scale];
  context.drawImage(picture, (width - wide) / 2, (height - high) / 2, wide, high);
}

/** What is on the pad, dark on white: a canvas, or nothing. */
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
  draw(context, strokes, READING_WIDTH);
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

/** Puts other things on the pad, and reads them when the pen has paused. */
function change(strokes, picture = null, pause = PAUSE) {
  Object.assign(state, { strokes, picture });
  paint();
  clearTimeout(state.timer);
  state.timer = setTimeout(read, pause);
}

function penWidth() {
  return Number(document.querySelector("input[name=pen]:checked").value);
}

/** How far down the pad its line is, in widths of the pad. */
function lineOf(pad) {
  return (LINE * pad.clientHeight) / pad.clientWidth;
}

/** Draws while a pointer is down; a second one, such as the palm, is left alone. */
function listenToPointer(pad) {
  let [pointer, stroke] = [null, []];
  const extend = (event) => {
    const where = pad.getBoundingClientRect();
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    stroke.push(...(events.length ? events : [event]).map((each) => pointOf(each, where, penWidth())));
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

/** Puts a picture from a file on the pad. */
async function takePicture(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, MOST_PIXELS / Math.max(image.width, image.height));
    const page = whitePage(image.width * scale, image.height * scale);
    page.getContext("2d").drawImage(image, 0, 0, page.width, page.height);
    change([], page, 0);
  } catch {
    complain("This file is no picture; take a PNG or JPEG.");
  }
}

function listenToFiles(drop) {
  element("file").addEventListener("change", ({ target }) => {
    if (target.files.length) {
      takePicture(target.files[0]);
      target.value = "";
    }
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) {
        takePicture(event.dataTransfer.files[0]);
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
  element("privacy").textContent = settings.answersAt
    ? "JAX answers, on this machine." : "It runs in this page: nothing that you write leaves it.";
  listenToPointer(element("pad"));
  listenToFiles(element("drop"));
  const clicks = {
    undo: () => change(state.strokes.slice(0, -1)),
    clear: () => change([], null, 0),
    example: () => change(example(penWidth(), lineOf(element("pad"))), null, 0),
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
  greet();
}

start();
