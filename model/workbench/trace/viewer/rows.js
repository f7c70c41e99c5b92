// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// rows.js: where everything of the drawing stands
//
// Time runs down, one row per event, so that each event has room for its name. A thread is a lane.
// The first lane is written towards the left and the others towards the right: the arrows between
// the first two run through the free space between their marks.
// ---------------------------------------------------------------------------------------------

const rowHeight = 22;
// Of a longer trace the middle is folded, in pieces, so that opening one is quick.
const shownFirst = 500, shownLast = 2500, piece = 1500;

/** Runs of steps that are shown as one row until somebody opens them. */
function foldsOf(execution) {
  const {first, last} = execution.phases;
  const folds = [];
  if (first > 6) folds.push({from: 0, to: first - 1, what: "set-up", open: false});
  const end = last - shownLast;
  for (let from = first + shownFirst; from <= end; from += piece) {
    folds.push({from, to: Math.min(from + piece - 1, end), what: "the threads", open: false});
  }
  return folds;
}

/** The rows from top to bottom, each with its y. */
function rowsOf(execution, folds) {
  const {events, operations, phases, lost} = execution;
  const starts = new Map();
  for (const o of operations) starts.set(o.first, [...(starts.get(o.first) ?? []), o]);
  const rows = [];
  const add = (row) => rows.push({y: rows.length * rowHeight, ...row});
  for (let step = 0; step < events.length; ++step) {
    if (step === 0 && phases.first > 0) add({kind: "phase", text: "Set-up, on one thread"});
    if (step === phases.first) add({kind: "phase", text: "The threads run"});
    if (step === phases.last + 1) add({kind: "phase", text: "After the threads have ended"});
    const fold = folds.find((f) => f.from === step);
    if (fold) add({kind: "fold", fold, text: foldText(execution, fold)});
    if (fold && !fold.open) step = fold.to;
    else {
      for (const o of starts.get(step) ?? []) add({kind: "operation", operation: o});
      add({kind: "event", event: events[step]});
    }
    if (step === lost && execution.property.id !== passed) add({kind: "loss", text: lossText(execution)});
    if (step === execution.race?.second) {  // room for the name of the missing edge
      add({kind: "gap"});
      add({kind: "gap"});
    }
  }
  return rows;
}

function foldText(execution, fold) {
  const inside = execution.operations.filter((o) => o.first >= fold.from && o.last <= fold.to);
  const names = fold.open || inside.length === 0 ? "" : ": " + inside.map(operationName).join(",  ");
  return `${fold.open ? "▾" : "▸"} ${count(fold.to - fold.from + 1, "event")} of ${fold.what}${names}`;
}

const lossText = (execution) => execution.shape.core === "structure"
  ? `✕ ${execution.property.id}: ${findingText(execution)}`
  : `✕ ${execution.property.id} is lost here: ${findingText(execution)}`;

/** Where lanes, marks and text stand at a width: per thread {x, side, width}; side −1 writes to the
    left of the mark. */
function lanesOf(threads, width) {
  const left = 46, right = 10, between = threads === 2 ? 150 : 110, before = 46;
  if (threads === 1) return {left, spine: left + 30, lanes: [lane(left + 60, 1, width - left - 80)]};
  const size = (width - left - right - between - before * (threads - 2)) / threads;
  const lanes = [lane(left + size, -1, size)];
  for (let t = 1; t < threads; ++t) {
    lanes.push(lane(left + size + between + (t - 1) * (size + before), 1, size));
  }
  return {left, spine: left + size + between / 2, lanes};
}

/** From the mark outwards: bracket, order badge, text. */
function lane(x, side, width) {
  const badge = 62;
  return {x, side, bracket: x + side * 13, badge: x + side * 20, badgeWidth: badge - 6,
    text: x + side * (24 + badge), title: x + side * 22, room: width - 28 - badge};
}

let ruler = null;
/** The text, cut to a width in pixels. */
function cut(words, font, room) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = font;
  if (ruler.measureText(words).width <= room) return words;
  let low = 0, high = words.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ruler.measureText(words.slice(0, middle) + "…").width <= room) low = middle;
    else high = middle - 1;
  }
  return words.slice(0, low) + "…";
}
