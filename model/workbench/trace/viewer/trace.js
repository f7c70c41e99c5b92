// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// trace.js: the page of one execution
//
// Holds the chosen step, what is pinned and what the mouse is over; everything else follows from
// these. Keys work wherever the focus is, unless it is in something that has keys of its own.
// ---------------------------------------------------------------------------------------------

function tracePage(raw, root) {
  const execution = readExecution(raw);
  if (execution.events.length === 0) return root.append(h("p", {}, "The trace has no events."));
  const view = {execution, folds: foldsOf(execution), step: execution.lost, pinned: null, hover: null};
  view.parts = traceParts(view);
  document.title = `${execution.property.id}: ${text(raw.title) || text(raw.program)}`;
  append(root, arrowHeads(), traceHeader(raw, execution), view.parts.bar, view.parts.heads, view.parts.lanes,
    view.parts.dock, ordersSection(execution), glossarySection(execution), keysSection());
  redraw(view);
  listen(view);
}

// ---- the parts --------------------------------------------------------------------------------

/** The property of an execution that was looked at and loses none. */
const passed = "no violation";

function traceHeader(raw, execution) {
  const {property} = execution;
  const changed = changedOrders(execution);
  const told = losses[property.id] ?? structureLosses[property.id];
  return h("header", {},
    h("p", {class: "eyebrow"}, property.id === passed ? "Execution" : "Counterexample", raw.title ? ` · ${raw.title}` : ""),
    h("h1", {}, h("span", {class: "property"}, property.id), findingText(execution)),
    told && h("p", {class: "told"}, told),
    execution.race && h("p", {class: "told"}, raceSentence(execution)),
    !execution.race && h("p", {class: "told"}, standSentence(execution)),
    !execution.race && property.id !== passed && h("p", {class: "told"}, staleSentence(execution)),
    changed.length > 0 && h("p", {class: "told changed-orders"}, "Changed for this run: ",
      changed.map((row, i) => [i > 0 ? ", " : "", h("b", {}, row.site), " is ",
        h("b", {class: "bad"}, row.used), ` and ships as ${row.shipped}`]), "."),
    h("dl", {class: "facts"}, h("dt", {}, "program"), h("dd", {}, h("code", {}, text(raw.program))),
      h("dt", {}, "search"), h("dd", {}, text(raw.search)),
      h("dt", {}, "replay"), h("dd", {}, copyLine(text(raw.replay), "copy the replay line"))),
    legend(execution));
}

function legend(execution) {
  const mark = (kind, says) => h("span", {class: "item"}, s("svg", {width: 18, height: 14},
    drawMark({kind}, 9, 7)), says);
  const arrow = (kind, says) => h("span", {class: "item"}, s("svg", {width: 30, height: 14},
    s("path", {class: `arrow ${kind} shown`, d: "M2 7 H26", "marker-end": `url(#head-${kind})`})), says);
  return h("p", {class: "legend", "aria-label": "legend"},
    mark("load", "reads"), mark("store", "writes"), mark("cas", "both at once"),
    mark("cas_failed", "CAS that failed"), mark("own", "owns from here"), mark("disown", "gives up"),
    arrow("ordered", "read from, synchronises"), arrow("unordered", "read from, orders nothing"),
    arrow("stale", "a stale value"), execution.race && h("span", {class: "item"}, s("svg", {width: 30, height: 14, class: "race"},
      s("path", {class: "gap", d: "M2 7 H28"})), "no happens-before"),
    h("span", {class: "item"}, "● free  ○ not free here"),
    h("span", {class: "item on-screen"}, h("b", {}, "← →"), "step"),
    h("span", {class: "item on-screen"}, h("b", {}, "L"), "where it is lost"),
    h("span", {class: "item on-screen"}, "hover for details, click to keep them"));
}

function traceParts(view) {
  const last = view.execution.events.length - 1;
  const button = (label, says, keys, act) => h("button", {type: "button", title: `${says} (${keys})`,
    "aria-label": says, click: act}, label);
  const slider = h("input", {type: "range", min: 0, max: last, value: 0, id: "step",
    "aria-label": "step", input: (e) => goTo(view, Number(e.target.value))});
  const where = h("output", {class: "where", for: "step", "aria-live": "polite"});
  const bar = h("div", {class: "bar", role: "toolbar", "aria-label": "steps"},
    button("|◀", "first event of the threads", "Home", () => goTo(view, view.execution.phases.first)),
    button("◀", "one back", "←", () => goTo(view, view.step - 1)), slider,
    button("▶", "one on", "→", () => goTo(view, view.step + 1)), where,
    h("button", {type: "button", id: "lost", class: "lost", title: "the first step where it is lost (L)",
      click: () => goTo(view, view.execution.lost)}, "Where it is lost"));
  const heads = h("div", {class: "heads", "aria-hidden": "true"});
  const lanes = h("div", {class: "lanes-box"});
  const dock = h("section", {class: "dock", "aria-label": "state and details"});
  return {bar, slider, where, heads, lanes, dock};
}

function ordersSection(execution) {
  if (execution.orders.length === 0) return null;
  const rows = [...execution.orders].sort((a, b) => Number(b.changed) - Number(a.changed))
    .map((row) => ({...row, className: row.changed ? "changed" : null}));
  const changed = changedOrders(execution).length;
  return h("section", {class: "orders"}, h("h2", {}, "Memory orders of this run"),
    h("p", {class: "soft"}, changed === 0 ? "All as they ship." : `${count(changed, "site")} changed, first.`),
    table([["site", (r) => r.site, "name"],
      ["order used", (r) => (r.changed ? h("b", {class: "bad"}, r.used) : r.used)],
      ["ships as", (r) => r.shipped], ["pairs with", (r) => r.pairs],
      ["without it", (r) => r.without]], rows, {id: "orders"}));
}

function glossarySection(execution) {
  const terms = glossaryOf(execution);
  return terms.length > 0 && h("section", {class: "terms"}, h("h2", {}, "Names"),
    h("dl", {}, terms.map(([term, says]) => [h("dt", {}, term), h("dd", {}, says)])));
}

function keysSection() {
  const keys = [["← → or k j", "one event back, on"], ["⇧← ⇧→", "the same thread’s event before, after"],
    ["Home End", "first event of the threads, last event"], ["L", "where the property is lost"],
    ["P or click", "pin the details of an event"], ["Esc", "unpin"], ["C", "copy the replay line"],
    ["S", "open or close the set-up"]];
  return h("section", {class: "keys"}, h("h2", {}, "Keys"),
    h("dl", {}, keys.map(([key, says]) => [h("dt", {}, key), h("dd", {}, says)])));
}

// ---- drawing ----------------------------------------------------------------------------------

function redraw(view) {
  const {lanes, heads} = view.parts;
  const width = Math.max(720, Math.floor(lanes.clientWidth || 1232));
  view.drawing = drawLanes(view.execution, view.folds, width);
  lanes.replaceChildren(view.drawing.svg);
  heads.replaceChildren(s("svg", {width, height: 26, viewBox: `0 0 ${width} 26`}, view.drawing.place.lanes.map((l, t) =>
    s("text", {class: `head ${threadClass(t)}`, x: l.x, y: 17}, threadName(t)))));
  view.parts.print = null;
  show(view);
}

function goTo(view, step) {
  view.step = Math.min(Math.max(step, 0), view.execution.events.length - 1);
  const fold = view.folds.find((f) => !f.open && f.from <= view.step && view.step <= f.to);
  if (fold) {
    fold.open = true;
    redraw(view);
  } else {
    show(view);
  }
  bringIntoView(view);
}

/** Brings everything in line with the chosen step. */
function show(view) {
  const {execution, step, drawing, parts} = view;
  const e = execution.events[step];
  const y = drawing.yOf(step) ?? 0;
  setAll(drawing.svg.querySelector(".current"), {y: y - rowHeight / 2});
  setAll(drawing.svg.querySelector(".veil"), {y: y + rowHeight / 2,
    height: Math.max(0, drawing.height - y - rowHeight / 2)});
  parts.slider.value = step;
  parts.slider.setAttribute("aria-valuetext", `event ${e.id}: ${eventName(e)}`);
  parts.where.textContent = `event ${e.id} of ${execution.events[execution.events.length - 1].id}`;
  parts.dock.replaceChildren(drawState(execution, step), h("div", {class: "details"}));
  const others = parts.dock.querySelector(".others"), touched = others?.querySelector(".touched");
  if (touched) others.scrollTop = touched.offsetTop - others.offsetTop - 60;
  showDetails(view);
}

const setAll = (element, attributes) => {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
};

/** What the mouse is over, else what is pinned, else the chosen step. */
function showDetails(view) {
  const {execution, drawing, parts} = view;
  const step = view.hover ?? view.pinned ?? view.step;
  const e = execution.events[step];
  const pinned = step === view.pinned;
  const facts = eventFacts(execution, e);
  parts.dock.querySelector(".details").replaceChildren(
    h("h3", {class: threadClass(e.thread)}, `Event ${e.id}`, pinned && h("span", {class: "pin"},
      "pinned, Esc lets go")),
    h("dl", {}, facts.map(([name, says]) => [h("dt", {}, name), h("dd", {}, says)])));
  for (const arrow of drawing.svg.querySelectorAll(".arrow.shown, .event.chosen")) {
    arrow.classList.remove("shown", "chosen");
  }
  const of = `.arrow[data-from="${step}"], .arrow[data-to="${step}"]`;
  for (const arrow of drawing.svg.querySelectorAll(of)) arrow.classList.add("shown");
  drawing.svg.querySelector(`.event[data-step="${step}"]`)?.classList.add("chosen");
}

/** Keeps the row of the step between bar and dock. */
function bringIntoView(view) {
  const y = view.drawing.yOf(view.step);
  if (y === null) return;
  const top = view.drawing.svg.getBoundingClientRect().top + y;
  const from = view.parts.heads.getBoundingClientRect().bottom + 2 * rowHeight;
  const to = innerHeight - view.parts.dock.offsetHeight - 5 * rowHeight;
  if (top < from) scrollBy(0, top - from);
  else if (top > to) scrollBy(0, top - to);
}

// ---- input ------------------------------------------------------------------------------------

function listen(view) {
  const {lanes} = view.parts;
  const stepAt = (e) => {
    const row = e.target.closest("[data-step]");
    return row ? Number(row.dataset.step) : null;
  };
  lanes.addEventListener("mouseover", (e) => { view.hover = stepAt(e); showDetails(view); });
  lanes.addEventListener("mouseleave", () => { view.hover = null; showDetails(view); });
  lanes.addEventListener("click", (e) => {
    const fold = e.target.closest("[data-fold]");
    if (fold) return toggleFold(view, Number(fold.dataset.fold));
    const step = stepAt(e);
    if (step === null) return;
    view.pinned = step;
    goTo(view, step);
  });
  document.addEventListener("keydown", (e) => {
    const own = e.target.matches("input, select, textarea") && e.key.startsWith("Arrow");
    if (own || e.ctrlKey || e.altKey || e.metaKey || !press(view, e)) return;
    e.preventDefault();
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) { width = innerWidth; redraw(view); }
  });
  matchMedia("print").addEventListener("change", (e) => { if (e.matches) preparePrint(view); });
  addEventListener("beforeprint", () => preparePrint(view));
}

/** Whether the key was ours. */
function press(view, {key, shiftKey}) {
  const move = {ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1}[key];
  if (move) goTo(view, shiftKey ? sameThread(view, move) : view.step + move);
  else if (key === "Home") goTo(view, view.execution.phases.first);
  else if (key === "End") goTo(view, view.execution.events.length - 1);
  else if (key === "l" || key === "L") goTo(view, view.execution.lost);
  else if (key === "p" || key === "P") { view.pinned = view.step; showDetails(view); }
  else if (key === "Escape") { view.pinned = null; showDetails(view); }
  else if (key === "c" || key === "C") document.querySelector("button.copy")?.click();
  else if (key === "s" || key === "S") toggleFold(view, 0);
  else return false;
  return true;
}

function sameThread({execution, step}, move) {
  const {thread} = execution.events[step];
  for (let i = step + move; i >= 0 && i < execution.events.length; i += move) {
    if (execution.events[i].thread === thread) return i;
  }
  return step;
}

function toggleFold(view, from) {
  const fold = view.folds.find((f) => f.from === from);
  if (!fold) return;
  fold.open = !fold.open;
  if (!fold.open && view.step >= fold.from && view.step <= fold.to) {
    view.step = Math.min(fold.to + 1, view.execution.events.length - 1);
  }
  redraw(view);
}

/** A drawing this tall would be cut anywhere by the printer: the same in pieces that stay whole. */
function preparePrint(view) {
  if (view.parts.print) return;
  const {width, height} = view.drawing, piece = 30 * rowHeight;
  const pieces = [];
  for (let y = 0; y < height; y += piece) {
    const size = Math.min(piece, height - y);
    pieces.push(s("svg", {class: "lanes piece", viewBox: `0 ${y} ${width} ${size}`},
      s("use", {href: "#drawing"}), s("use", {href: "#findings"})));
  }
  view.parts.lanes.querySelector(".pieces")?.remove();
  view.parts.print = h("div", {class: "pieces"}, pieces);
  view.parts.lanes.append(view.parts.print);
}
