// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// execution.js: a trace as the page reads it
//
// Steps are positions in the list of events; ids are the file's names for them. Nothing here draws.
// ---------------------------------------------------------------------------------------------

const reading = new Set(["load", "exchange", "fetch_add", "fetch_or", "fetch_and", "cas",
  "cas_failed", "plain_read"]);
const writing = new Set(["store", "exchange", "fetch_add", "fetch_or", "fetch_and", "cas",
  "plain_write", "build"]);
const changing = new Set(["exchange", "fetch_add", "fetch_or", "fetch_and", "cas"]);
const releases = (order) => ["release", "acq_rel", "seq_cst"].includes(order);
const acquires = (order) => ["acquire", "acq_rel", "seq_cst"].includes(order);
const outside = -1;  // the thread of what happens before the threads start and after they end

/** Everything that is drawn of a trace. */
function readExecution(raw) {
  const events = list(raw.events).map((e, step) => readEvent(e, step));
  const stepOf = new Map(events.map((e) => [e.id, e.step]));
  const step = (id) => stepOf.get(id) ?? null;
  for (const e of events) e.from = reading.has(e.kind) ? step(e.readsFrom) : null;
  const operations = list(raw.operations).map((o, i) => ({
    id: whole(o.id, i), thread: whole(o.thread, outside), text: text(o.text),
    result: text(o.result), first: step(o.first), last: step(o.last),
  })).filter((o) => o.first !== null && o.last !== null && o.first <= o.last);
  const property = raw.property ?? {};
  const race = raw.race ? {first: step(raw.race.first), second: step(raw.race.second)} : null;
  const known = race !== null && race.first !== null && race.second !== null;
  const execution = {
    events, operations, threads: threadsOf(raw, events), phases: phasesOf(events),
    property: {id: text(property.id), text: text(property.text)},
    lost: step(property.event) ?? events.length - 1,
    race: known ? race : null,
    orders: list(raw.orders).map(readOrder),
    shape: raw.shape ?? {}, levels: levelsOf(raw), lines: new Map(Object.entries(raw.lines ?? {})),
  };
  execution.operationOf = new Map(operations.map((o) => [o.id, o]));
  execution.missing = execution.race ? missingEdge(execution) : null;
  execution.initial = initialValues(execution);
  execution.holders = holdersOf(execution);
  execution.hints = hintsOf(execution);
  return execution;
}

function readEvent(e, step) {
  return {
    step, id: whole(e.id, step), thread: whole(e.thread, outside), kind: text(e.kind),
    operation: e.operation, site: text(e.site), order: text(e.order), file: text(e.file),
    line: text(e.line), function: text(e.function), object: text(e.object),
    before: integer(e.before), after: integer(e.after), readsFrom: e.reads_from,
    stale: e.stale === true, synchronises: e.synchronises === true, inferred: e.inferred === true,
    blocks: blocksOf(e.blocks), owner: whole(e.owner, whole(e.thread, outside)), text: text(e.text),
  };
}

function integer(value) {
  return /^-?\d{1,30}$/.test(text(value)) ? BigInt(text(value)) : null;
}

function blocksOf(blocks) {
  const [first, size] = list(blocks);
  const good = whole(first, -1) >= 0 && whole(size, 0) > 0 && first + size <= mostBlocks;
  return good ? {first, size} : null;
}

function readOrder(row) {
  const shipped = text(row.shipped), used = text(row.used);
  return {site: text(row.site), shipped, used, pairs: text(row.pairs), without: text(row.without),
    changed: shipped !== used};
}

const mostBlocks = 1024, mostThreads = 8;

function threadsOf(raw, events) {
  const seen = events.reduce((most, e) => Math.max(most, e.thread + 1), 1);
  return Math.min(Math.max(seen, whole(raw.shape?.threads, 1)), mostThreads);
}

/** Which steps are set-up, which the threads', which come after them. */
function phasesOf(events) {
  const started = events.findIndex((e) => e.thread !== outside);
  const first = started < 0 ? events.length : started;
  const last = events.findLastIndex((e) => e.thread !== outside);
  return {first, last: last < 0 ? events.length - 1 : last};
}

function levelsOf(raw) {
  const fanout = whole(raw.shape?.log2_fanout, 0);
  const power = 2 ** Math.min(whole(raw.shape?.max_order, 0), 20);
  const size = whole(raw.shape?.min_blocks, power);  // of an older trace a power of two
  const blocks = Math.min(mostBlocks, Math.max(size, 0));
  const levels = list(raw.levels).map((l) => ({level: whole(l.level, 0), words: whole(l.words, 0),
    bits: whole(l.bits, 0)}));
  const fits = levels.every((l) => l.words * l.bits > 0 && l.words * l.bits <= mostBlocks);
  return {blocks, fanout, rows: fits ? levels : [], skipped: levels.length > 0 && !fits};
}

// ---- what happens before what ---------------------------------------------------------------

/** The writes with release that a read of this one synchronises with: itself, or the head of the
    release sequence that it goes on with. */
function releasesBehind(events, step) {
  const heads = [];
  for (let w = step, steps = 0; w !== null && steps < events.length; ++steps) {
    if (releases(events[w].order)) heads.push(w);
    if (!changing.has(events[w].kind)) break;
    w = events[w].from;
  }
  return heads;
}

/** For each step, the last step of each thread that happens before it (or is it). */
function clocksOf(execution) {
  const {events, threads, phases} = execution;
  const now = Array.from({length: threads}, () => new Array(threads).fill(-1));
  const clocks = [];
  for (const e of events) {
    if (e.thread < 0 || e.thread >= threads || e.step > phases.last) {
      clocks.push(null);  // set-up comes before, the end after everything
      continue;
    }
    const mine = now[e.thread];
    if (e.synchronises && e.from !== null) {
      for (const w of [e.from, ...releasesBehind(events, e.from)]) {
        (clocks[w] ?? []).forEach((step, t) => { mine[t] = Math.max(mine[t], step); });
      }
    }
    mine[e.thread] = e.step;
    clocks.push([...mine]);
  }
  return clocks;
}

const happensBefore = (execution, clocks, a, b) =>
  clocks[a] === null || clocks[b] === null || clocks[b][execution.events[a].thread] >= a;

/** Of a race: the read that would have ordered the two accesses, had it synchronised. The last one
    that reads what comes after the first access and itself comes before the second. What it reads may
    only go on with the release sequence of another write: then that one is the one to synchronise with. */
function missingEdge(execution) {
  const {events, race} = execution;
  const clocks = clocksOf(execution);
  const {first, second} = race;
  for (let r = second - 1; r > first; --r) {
    const e = events[r];
    if (e.from === null || e.synchronises || e.kind === "plain_read") continue;
    if (events[e.from].thread === e.thread || clocks[r] === null || clocks[e.from] === null) continue;
    if (e.from > first && happensBefore(execution, clocks, first, e.from) &&
        happensBefore(execution, clocks, r, second)) {
      const heads = releasesBehind(events, e.from).filter((w) => w > first &&
        happensBefore(execution, clocks, first, w));
      return {write: heads[0] ?? e.from, through: e.from, read: r};
    }
  }
  return null;
}

// ---- the state at a step ----------------------------------------------------------------------

/** What the shared words held at first, as far as the events tell. */
function initialValues({events}) {
  const initial = new Map();
  for (const e of events) {
    if (e.object === "" || initial.has(e.object)) continue;
    const seen = e.kind === "load" || e.kind === "plain_read" ? e.after : e.before;
    if (seen !== null) initial.set(e.object, e.kind === "build" ? e.after : seen);
  }
  return initial;
}

/** An exchange that stands before the newest store in modification order changes nothing. */
const placedEarly = (e) => e.text.startsWith("placed before");

/** Words, hints and owners after a step. A block is owned, or free at a level, or kept in a stack, or
    in transit: taken out and not yet put anywhere. */
function stateAt(execution, step) {
  const values = new Map(execution.initial);
  const size = execution.levels.blocks;
  const owners = Array.from({length: size}, () => new Set());
  const carrier = new Array(size).fill(null);
  let blocks = placesOf(execution, values, owners);
  for (let i = 0; i <= step; ++i) {
    const e = execution.events[i];
    if (writing.has(e.kind) && e.after !== null && !placedEarly(e)) values.set(e.object, e.after);
    if (e.blocks !== null) moveOwner(owners, e);
    else if (!execution.holders.has(e.object)) continue;
    const next = placesOf(execution, values, owners);
    next.forEach((place, b) => {
      if (place.kind === "transit" && blocks[b].kind !== "transit") carrier[b] = e.thread;
    });
    blocks = next;
  }
  blocks.forEach((place, b) => { if (place.kind === "transit") place.thread = carrier[b]; });
  return {values, owners, blocks};
}

function moveOwner(owners, e) {
  for (let b = e.blocks.first; b < e.blocks.first + e.blocks.size && b < owners.length; ++b) {
    if (e.kind === "own") owners[b].add(e.owner);
    else owners[b].delete(e.owner);
  }
}

function placesOf(execution, values, owners) {
  const places = owners.map((of) => (of.size > 0
    ? {kind: "owned", threads: [...of]} : {kind: "transit", thread: null}));
  const mark = (first, size, place) => {
    for (let b = first; b < first + size && b < places.length; ++b) {
      if (places[b].kind === "transit") places[b] = place;
    }
  };
  for (const [object, holder] of execution.holders) {
    const value = values.get(object) ?? 0n;
    if (holder.entry) {
      if (value > 0n && value <= BigInt(mostBlocks)) {
        mark((Number(value) - 1) * holder.span, holder.span, {kind: "stacked", slot: holder.slot});
      }
      continue;
    }
    for (let slot = 0; slot < holder.bits; ++slot) {
      if ((value >> BigInt(slot)) & 1n) mark(holder.first + slot * holder.span, holder.span,
        {kind: "free", level: holder.level});
    }
  }
  return places;
}

/** What can hold free blocks: the words of the tree, and the entries of the stacks. */
function holdersOf({events, levels}) {
  const holders = new Map();
  for (const {object} of events) {
    if (holders.has(object)) continue;
    const word = wordOf(levels, object);
    if (word) holders.set(object, word);
    const entry = /^stack of slot (\d+), order (\d+), entry (\d+)$/.exec(object);
    if (entry) holders.set(object, {entry: true, slot: entry[1],
      span: 2 ** Math.min(Number(entry[2]), 10)});
  }
  return holders;
}

/** The hints that say where free words are: per object its level, its class and how many words it
    speaks of. */
function hintsOf({events, levels}) {
  const hints = new Map();
  const fanout = 2 ** levels.fanout;
  for (const {object} of events) {
    const named = /^hint of level (\d+), class (\d+), node (\d+)(?:, height (\d+))?$/.exec(object);
    if (!named || hints.has(object)) continue;
    const [level, cls, node, height] = named.slice(1).map((n) => Number(n ?? 0));
    const words = levels.rows.find((row) => row.level === level)?.words ?? fanout;
    const bits = Math.min(fanout, Math.ceil(words / fanout ** height) - node * fanout);
    hints.set(object, {level, cls, node, height, bits: Math.max(1, Math.min(bits, 16))});
  }
  return hints;
}

/** "level 0 word 2" as the min blocks it speaks of; null for anything else. */
function wordOf(levels, object) {
  const named = /^level (\d+) word (\d+)$/.exec(object);
  if (!named) return null;
  const row = levels.rows.find((l) => l.level === Number(named[1]));
  if (!row || Number(named[2]) >= row.words) return null;
  const span = 2 ** (row.level * levels.fanout);
  return {level: row.level, bits: row.bits, span, first: Number(named[2]) * row.bits * span};
}
