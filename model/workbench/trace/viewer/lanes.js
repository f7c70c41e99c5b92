// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// lanes.js: the drawing: lanes, brackets, marks, arrows
// ---------------------------------------------------------------------------------------------

const fonts = {plain: "12px system-ui, sans-serif", strong: "600 12px system-ui, sans-serif"};
const threadClass = (thread) => (thread < 0 ? "outside" : `t${thread % 4}`);

/** The whole drawing as {svg, rows, height, xOf, yOf}. */
function drawLanes(execution, folds, width) {
  const rows = rowsOf(execution, folds);
  const place = lanesOf(execution.threads, width);
  const height = (rows.length + 1) * rowHeight;
  const y = new Map();
  for (const row of rows) if (row.kind === "event") y.set(row.event.step, row.y + rowHeight / 2);
  const drawing = {execution, rows, place, width, height,
    yOf: (step) => y.get(step) ?? null,
    laneOf: (e) => place.lanes[e.thread] ?? null,
    xOf: (e) => place.lanes[e.thread]?.x ?? place.spine};
  const body = s("g", {id: "drawing", class: "drawn"},
    drawBands(drawing), drawLifelines(drawing), drawBrackets(drawing),
    s("g", {class: "arrows"}, execution.events.map((e) => drawArrow(drawing, e))),
    rows.map((row) => drawRow(drawing, row)));
  const top = s("g", {id: "findings", class: "drawn"}, drawLoss(drawing), drawRace(drawing));
  const screen = s("g", {class: "screen"}, s("rect", {class: "current", x: 0, width,
    height: rowHeight}), s("rect", {class: "veil", x: 0, width}));
  drawing.svg = s("svg", {class: "lanes", width, height, viewBox: `0 0 ${width} ${height}`,
    role: "img", "aria-label": "The events of the execution, thread by thread"},
  body, screen, top);
  return drawing;
}

/** Apart from the drawing, which paper does not show as such. */
function arrowHeads() {
  const head = (kind) => s("marker", {id: `head-${kind}`, class: kind, viewBox: "0 0 8 8", refX: 7,
    refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto", markerUnits: "userSpaceOnUse"},
  s("path", {d: "M0 0.8 L8 4 L0 7.2 Z"}));
  return s("svg", {class: "heads-of-arrows", width: 0, height: 0, "aria-hidden": "true"},
    ["ordered", "unordered", "stale"].map(head));
}

/** What lies behind the names of the phases. */
function drawBands({rows, width}) {
  const band = {phase: "phase-band"};
  return rows.filter((row) => band[row.kind]).map((row) =>
    s("rect", {class: band[row.kind], x: 0, y: row.y, width, height: rowHeight}));
}

function drawLifelines({execution, rows, place, height}) {
  const start = rows.find((r) => r.kind === "event" && r.event.step >= execution.phases.first);
  const top = start ? start.y - rowHeight : 0;
  return place.lanes.map((l, t) => s("line", {class: `lifeline ${threadClass(t)}`, x1: l.x, x2: l.x,
    y1: top, y2: height - rowHeight}));
}

/** From the first to the last event that is shown of an operation. */
function drawBrackets(drawing) {
  return drawing.execution.operations.map((o) => {
    const l = drawing.place.lanes[o.thread];
    const ys = [];
    for (let step = o.first; step <= o.last; ++step) {
      const e = drawing.execution.events[step];
      if (e.operation === o.id && drawing.yOf(step) !== null) ys.push(drawing.yOf(step));
    }
    if (!l || ys.length === 0) return null;
    const top = ys[0] - rowHeight, bottom = ys[ys.length - 1] + 7, tick = l.bracket + l.side * 5;
    const foot = o.result === "" ? "" : ` H${tick}`;  // open below: it never returned
    return s("path", {class: `bracket ${threadClass(o.thread)}`,
      d: `M${tick} ${top} H${l.bracket} V${bottom}${foot}`});
  });
}

// ---- arrows -----------------------------------------------------------------------------------

const arrowKind = (e) => (e.stale ? "stale" : e.synchronises ? "ordered" : "unordered");

/** From a read to what it read; none to where nothing is drawn. */
function drawArrow(drawing, e) {
  if (e.from === null || drawing.yOf(e.step) === null || drawing.yOf(e.from) === null) return null;
  const w = drawing.execution.events[e.from];
  const home = w.thread === e.thread ? " home" : "";
  return s("path", {class: `arrow ${arrowKind(e)}${home}`,
    "data-from": e.step, "data-to": w.step, "marker-end": `url(#head-${arrowKind(e)})`,
    d: curve(drawing, e, w)});
}

/** A curve between two marks; within a lane it swings out towards the other lanes. */
function curve(drawing, a, b) {
  const [x1, y1, x2, y2] = [drawing.xOf(a), drawing.yOf(a.step), drawing.xOf(b), drawing.yOf(b.step)];
  if (x1 === x2) {
    const out = -(drawing.laneOf(a)?.side ?? 1);
    const swing = out * Math.min(58, 14 + Math.abs(y1 - y2) * 0.1);
    return `M${x1 + out * 7} ${y1} C${x1 + swing} ${y1} ${x2 + swing} ${y2} ${x2 + out * 8} ${y2}`;
  }
  const way = Math.sign(x2 - x1), bend = way * Math.max(30, Math.abs(x2 - x1) * 0.45);
  return `M${x1 + way * 7} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - way * 8} ${y2}`;
}

/** The edge that a race lacks, between its two accesses, with the names of the two sites that
    should have made it. */
function drawRace(drawing) {
  const {execution, place} = drawing;
  const {race, events, missing} = execution;
  if (!race || drawing.yOf(race.first) === null || drawing.yOf(race.second) === null) return null;
  const [a, b] = [events[race.first], events[race.second]];
  const [w, r] = missing ? [events[missing.write], events[missing.read]] : [a, b];
  const names = `${siteName(w)} ↛ ${siteName(r)}, events ${w.id} and ${r.id}`;
  const title = `no happens-before from ${a.id} to ${b.id}`;
  const middle = (drawing.xOf(a) + drawing.xOf(b)) / 2;
  const y = drawing.rows.find((row) => row.kind === "gap").y + 3;
  const size = Math.max(names.length, title.length * 1.08) * 6.4 + 30;
  const x = Math.min(Math.max(middle, place.left + size / 2), drawing.width - size / 2 - 8);
  return s("g", {class: "race"},
    s("path", {class: "gap", d: curve(drawing, b, a)}),
    missing && drawBroken(drawing, w, r),
    s("rect", {x: x - size / 2, y, width: size, height: 38, rx: 6}),
    s("text", {x, y: y + 15, class: "race-title"}, title),
    s("text", {x, y: y + 30, class: "race-names"}, names));
}

/** The read that should have synchronised: its arrow once more, broken in the middle. */
function drawBroken(drawing, w, r) {
  if (drawing.yOf(w.step) === null || drawing.yOf(r.step) === null) return null;
  const x = (drawing.xOf(w) + drawing.xOf(r)) / 2, y = (drawing.yOf(w.step) + drawing.yOf(r.step)) / 2;
  return s("g", {class: "broken-edge"}, s("path", {d: curve(drawing, r, w), "marker-end": "url(#head-stale)"}),
    s("path", {d: `M${x - 6} ${y - 6} l12 12 m0 -12 l-12 12`}));
}

function drawLoss({rows, width}) {
  const row = rows.find((r) => r.kind === "loss");
  return row && s("g", {class: "loss"},
    s("rect", {x: 0, y: row.y, width, height: rowHeight}),
    s("text", {x: width / 2, y: row.y + rowHeight / 2}, cut(row.text, fonts.strong, width - 20)));
}

// ---- rows -------------------------------------------------------------------------------------

function drawRow(drawing, row) {
  const middle = row.y + rowHeight / 2;
  if (row.kind === "event") return drawEvent(drawing, row.event, middle);
  if (row.kind === "operation") return drawTitle(drawing, row.operation, middle);
  if (row.kind === "loss" || row.kind === "gap") return null;
  const room = drawing.width - drawing.place.left - 20;
  const line = s("text", {class: `${row.kind}-text`, x: row.kind === "phase" ? 12
    : drawing.place.left, y: middle}, cut(row.text, fonts.plain, room));
  if (row.kind !== "fold") return line;
  return s("g", {class: "fold", "data-fold": row.fold.from}, line,
    s("rect", {class: "hit", x: 0, y: row.y, width: drawing.width, height: rowHeight}));
}

/** The name of an operation, over its bracket. */
function drawTitle(drawing, o, y) {
  const l = drawing.place.lanes[o.thread];
  const room = l ? l.room + 62 : drawing.width - drawing.place.spine - 40;
  return s("text", {class: `operation ${threadClass(o.thread)}`, y,
    x: l ? l.title : drawing.place.spine + 14, "text-anchor": l?.side < 0 ? "end" : "start"},
  cut(operationName(o), fonts.strong, room));
}

function drawEvent(drawing, e, y) {
  const x = drawing.xOf(e);
  return s("g", {class: `event ${threadClass(e.thread)}`, "data-step": e.step},
    s("rect", {class: "hit", x: 0, y: y - rowHeight / 2, width: drawing.width, height: rowHeight}),
    s("text", {class: "number", x: 34, y}, text(e.id)),
    drawMark(e, x, y), drawBadge(drawing, e, y), drawWords(drawing, e, y));
}

/** What kind of event: filled where it writes, round where it only reads, a diamond for both at
    once, small for plain cells. */
function drawMark(e, x, y) {
  const at = {class: `mark ${writing.has(e.kind) ? "full" : "hollow"}`};
  if (e.kind === "cas_failed" || changing.has(e.kind)) {
    return s("path", {...at, d: `M${x - 6} ${y} L${x} ${y - 6} L${x + 6} ${y} L${x} ${y + 6} Z`});
  }
  if (e.kind === "load") return s("circle", {...at, cx: x, cy: y, r: 4.5});
  if (e.kind === "plain_read") return s("circle", {...at, cx: x, cy: y, r: 3});
  if (e.kind === "fence") return s("path", {class: "mark full", d: `M${x - 9} ${y - 2} h18 v4 h-18 Z`});
  if (e.kind === "own") return s("path", {class: "mark full", d: `M${x - 6} ${y + 4} h12 l-6 -10 Z`});
  if (e.kind === "disown") {
    return s("path", {class: "mark hollow", d: `M${x - 6} ${y - 4} h12 l-6 10 Z`});
  }
  const half = e.kind === "store" ? 4.5 : 3;
  if (e.kind === "note") return s("circle", {class: "mark full", cx: x, cy: y, r: 2});
  return s("rect", {...at, x: x - half, y: y - half, width: 2 * half, height: 2 * half});
}

function drawBadge(drawing, e, y) {
  const l = drawing.laneOf(e);
  if (e.order === "" || !l) return null;
  const row = drawing.execution.orders.find((o) => o.site === e.site);
  const x = l.side > 0 ? l.badge : l.badge - l.badgeWidth;
  return s("g", {class: `badge ${row?.changed ? "changed" : e.order}`},
    s("rect", {x, y: y - 8, width: l.badgeWidth, height: 16, rx: 8}),
    s("text", {x: x + l.badgeWidth / 2, y}, e.order.slice(0, 8)));
}

/** Site, object and value, in this order on both sides. */
function drawWords(drawing, e, y) {
  const l = drawing.laneOf(e);
  const lead = e.site || (e.kind === "note" ? e.text : verb(e));
  const what = shortSubject(e), change = shownChange(drawing.execution, e);
  const room = l ? l.room : drawing.width - drawing.place.spine - 60;
  const first = cut(lead, fonts.strong, room);
  const spent = first.length * 6.9 + change.length * 8;
  const second = what === "" ? "" : cut(what, fonts.plain, Math.max(20, room - spent - 12));
  return s("text", {class: "words", y, x: l ? l.text : drawing.place.spine + 14,
    "text-anchor": l?.side < 0 ? "end" : "start"},
  s("tspan", {class: e.kind === "cas_failed" ? "lead failed" : "lead"}, first),
  second && s("tspan", {class: "object", dx: 6}, second),
  change && s("tspan", {class: "change", dx: 6}, change));
}
