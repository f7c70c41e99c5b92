// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// tree.js: the state at a step: the words of the tree, the owners below, what else is shared beside
// ---------------------------------------------------------------------------------------------

/** The state after a step; `event` is the one that is told about, and marks what it touched. */
function drawState(execution, step) {
  const state = stateAt(execution, step);
  const event = execution.events[step];
  return h("div", {class: "state"}, drawTree(execution, state, event),
    drawOthers(execution, state, event));
}

function drawTree(execution, state, event) {
  const {rows, blocks, skipped} = execution.levels;
  if (rows.length === 0) {
    return skipped ? h("p", {class: "soft"}, "The tree is too large to be drawn.") : null;
  }
  const tall = [...rows].sort((a, b) => b.level - a.level);
  return h("div", {class: "tree", role: "group", "aria-label": "the tree of words"},
    tall.map((row) => drawLevel(execution, state, event, row)),
    h("div", {class: "level-name"}, "min block"),
    h("div", {class: "cells numbers"}, state.blocks.map((_, b) => h("span", {class: "cell"}, text(b)))),
    h("div", {class: "hints soft"}, execution.hints.size > 0 ? "hints, by class" : ""),
    h("div", {class: "level-name"}, "owner"),
    h("div", {class: "cells owners"}, state.blocks.map((place, b) => drawOwner(event, place, b))));
}

function drawLevel(execution, state, event, row) {
  const words = [];
  for (let w = 0; w < row.words; ++w) {
    const object = `level ${row.level} word ${w}`;
    const value = state.values.get(object) ?? 0n;
    const slots = Array.from({length: row.bits}, (_, slot) =>
      h("span", {class: (value >> BigInt(slot)) & 1n ? "slot free" : "slot"}));
    words.push(h("div", {class: `word${event.object === object ? " touched" : ""}`,
      title: `${object}: ${shownValue(execution, object, value)}`}, slots));
  }
  return [h("div", {class: "level-name"}, `level ${row.level}`), h("div", {class: "cells words"}, words),
    drawHints(execution, state, event, row.level)];
}

/** The hints beside the level that they speak of. */
function drawHints(execution, state, event, level) {
  const hints = [...execution.hints].filter(([, hint]) => hint.level === level);
  return h("div", {class: "hints"}, hints.map(([object, {cls, node, height}]) => {
    const where = (height > 0 ? `.${height}` : "") + (node > 0 || height > 0 ? `/${node}` : "");
    return h("span", {class: event.object === object ? "hint touched" : "hint", title: object},
      `${cls}${where} `, h("b", {}, shownValue(execution, object, state.values.get(object) ?? 0n)));
  }));
}

const placeNames = {
  owned: (place) => place.threads.map(threadName).join("+"), free: () => "free",
  stacked: () => "stack", transit: (place) => (place.thread === null ? "?" : `${threadName(place.thread)}…`),
};
const placeTitles = {
  owned: (place) => `owned by ${place.threads.map(threadName).join(" and ")}`,
  free: (place) => `free, at level ${place.level}`,
  stacked: (place) => `free, kept in the stack of slot ${place.slot}`,
  transit: (place) => (place.thread === null ? "in transit"
    : `in transit: ${threadName(place.thread)} took it out and has not yet put it anywhere`),
};

function drawOwner(event, place, block) {
  const of = place.kind === "owned" ? place.threads[0] : place.thread;
  const kind = of === undefined || of === null ? place.kind : `${place.kind} ${threadClass(of)}`;
  const twice = place.kind === "owned" && place.threads.length > 1 ? " twice" : "";
  const cell = event.object === `payload ${block}` || (event.blocks !== null &&
    block >= event.blocks.first && block < event.blocks.first + event.blocks.size);
  return h("span", {class: `cell ${kind}${twice}${cell ? " touched" : ""}`,
    title: `min block ${block}: ${placeTitles[place.kind](place)}`}, h("span", {}, placeNames[place.kind](place)));
}

/** Counters, stacks and what else the threads touch: name and value. Payload cells, the words of the
    tree and its hints are drawn already. */
function drawOthers(execution, state, event) {
  const {phases, events, holders, hints} = execution;
  const touched = new Set(events.slice(phases.first, phases.last + 1).map((e) => e.object));
  const others = [...state.values].filter(([object]) => touched.has(object) && !hints.has(object) &&
    !/^payload \d+$/.test(object) && (holders.get(object)?.entry ?? !holders.has(object)));
  if (others.length === 0) return null;
  others.sort(([a], [b]) => a.localeCompare(b, "en", {numeric: true}));
  return h("div", {class: "others", tabindex: "0", role: "group", "aria-label": "hints and counters"},
    others.map(([object, value]) => h("div", {class: event.object === object ? "other touched" : "other"},
      h("span", {}, object), h("b", {}, shownValue(execution, object, value)))));
}
