// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// words.js: an execution in plain language
// ---------------------------------------------------------------------------------------------

/** What it means that a property is lost. */
const losses = {
  S1: "A block was in two hands at once.",
  S2: "A block changed hands without a happens-before edge: for all its new owner knows, the old one is still at work in it.",
  S3: "Memory got lost or counted twice: at the end, what is free and what is owned are not the whole arena.",
  S4: "Two free buddies stand apart for good: a large request will be refused although there is room for it.",
  S5: "A free block is hidden: no hint leads to it, so a search can miss it.",
  S6: "Somebody got an answer that no order of the calls explains, such as “full” while there was room all the time.",
  S7: "A thread sleeps on although it could have a block.",
  S8: "A legal release was called misuse.",
  Z1: "A new owner found bytes in its block that are not zero.",
  R1: "The arena ended too early, twice or never, or was touched after its end.",
  L1: "The threads do not come to an end: somebody waits or tries for ever.",
  C1: "A thread that stood still harmed the others.",
};

/** The same for structures of anybody's. */
const structureLosses = {
  "data race": "Two threads use the same data, at least one of them writes, and no happens-before edge orders them: C++ gives such a program no meaning.",
  "use after free": "A thread still uses memory that another one has given back.",
  "double free": "Memory is given back twice.",
  "leak": "Memory is left over that nobody can give back any more.",
  "not linearizable": "The answers fit no order of the operations in which the specification gives the same ones.",
  "not sequentially consistent": "The answers fit no order that keeps that of each thread.",
  "deadlock": "Every thread that has not ended sleeps, and nobody is left to wake one.",
  "waits for ever": "Somebody waits in a loop for what no thread will do any more.",
  "no end": "The threads go on and on and come to no end.",
  "check": "A condition that the test states does not hold.",
  "invariant": "What must hold after each step does not.",
  "crash": "The structure crashes.",
  "exception": "An operation ends by an exception.",
};

const threadName = (thread) => (thread < 0 ? "set-up" : `T${thread}`);

const verbs = {
  load: "reads", store: "stores", exchange: "exchanges", fetch_add: "adds to",
  fetch_sub: "takes from", fetch_xor: "flips bits of", lock: "locks", unlock: "unlocks",
  fetch_or: "sets bits of", fetch_and: "clears bits of", cas: "swaps (CAS)",
  cas_failed: "fails to swap (CAS)", fence: "fence", plain_read: "reads", plain_write: "writes",
  own: "now owns", disown: "gives up", build: "builds", note: "",
};
const verb = (e) => verbs[e.kind] ?? e.kind;

function blockNames({first, size}) {
  return size === 1 ? `min block ${first}` : `min blocks ${first}–${first + size - 1}`;
}

/** What an event is about. */
const subject = (e) => (e.blocks !== null ? blockNames(e.blocks) : e.object);
const shortSubject = (e) => subject(e).replace(/, node 0$/, "");

/** A word of the tree, or a hint, as dots, bit by bit, ● for 1; another number as it is. */
function shownValue(execution, object, value) {
  if (value === null) return "";
  const bitmap = execution.hints.get(object) ?? execution.holders.get(object);
  if (bitmap?.bits <= 16) {
    return Array.from({length: bitmap.bits}, (_, slot) =>
      ((value >> BigInt(slot)) & 1n ? "●" : "○")).join("");
  }
  if (/^stack of .*, head$/.test(object)) return shownHead(value);
  if (value === 0xffffffffn || value === 0xffffffffffffffffn) {
    return object.startsWith("word hint") ? "none" : "~0";
  }
  return value > 0xffffn ? "0x" + value.toString(16) : value.toString();
}

/** The head of a stack (core/caiman/protocol/stacks.hpp): height, announcement, and the block popped last. */
function shownHead(value) {
  const height = value & 0x7fffffffn, announced = value >> 31n & 1n, last = value >> 32n;
  return `${height}${announced === 1n ? "!" : ""}${last > 0n ? `, last ${last - 1n}` : ""}`;
}

/** "●○ → ○○", or the one value that was read. */
function shownChange(execution, e) {
  const [before, after] = [e.before, e.after].map((v) => shownValue(execution, e.object, v));
  if (e.kind === "load" || e.kind === "plain_read") return after;
  if (e.kind === "cas_failed") return before === "" ? after : `found ${before}`;
  if (e.kind === "build") return after;
  return before !== "" && after !== "" ? `${before} → ${after}` : after;
}

/** "release (relaxed)", with `more` in the same brackets. */
const siteName = (e, more = "") => {
  const inside = [e.order, more].filter(Boolean).join(", ");
  return `${e.site || e.function || e.kind}${inside === "" ? "" : ` (${inside})`}`;
};
/** An object whose name is a phrase, in a sentence. */
const named = (object) => (/\d/.test(object) ? object : `“${object}”`);

/** The access of a race, or another event, by name. */
function eventName(e) {
  if (e.kind === "note") return e.text;
  return `${threadName(e.thread)} ${verb(e)} ${subject(e) && named(subject(e))}`.trim();
}

/** What was lost, in the words of the check that found it. */
function findingText({events, property, race}) {
  return race && /^data race$/i.test(property.text) ? `data race on ${named(events[race.second].object)}`
    : property.text;
}

/** Why the two accesses of a race are not ordered. */
function raceSentence(execution) {
  const {events, race, missing} = execution;
  const [a, b] = [events[race.first], events[race.second]];
  const start = `${eventName(a)} (event ${a.id}), then ${eventName(b)} (event ${b.id}), and nothing ` +
    `orders the two.`;
  if (missing === null) {
    return `${start} Nothing that ${threadName(b.thread)} read in between leads back to event ${a.id}.`;
  }
  const [w, r] = [events[missing.write], events[missing.read]];
  const way = missing.through === missing.write ? ""
    : `, by way of event ${events[missing.through].id}`;
  return `${start} ${threadName(r.thread)}’s ${siteName(r, `event ${r.id}`)} read what ` +
    `${threadName(w.thread)}’s ${siteName(w, `event ${w.id}`)} wrote${way}, but does not synchronise ` +
    `with it: ${unmade(w, r)}.`;
}

function unmade(w, r) {
  const half = [];
  if (!releases(w.order)) half.push("the write releases nothing");
  if (!acquires(r.order)) half.push("the read acquires nothing");
  return half.join(" and ") || "that needs a release and an acquire in one chain";
}

/** The last old value that somebody saw before it went wrong. */
function staleSentence({events, lost}) {
  const read = events.slice(0, lost + 1).findLast((e) => e.stale && e.thread >= 0);
  if (!read) return "";
  return `${threadName(read.thread)} sees an old value of ${read.object || "something"} at event ${read.id}: ` +
    "there was a newer one, and nothing that it knows of comes after that.";
}

/** Who has what when the property is lost: "min blocks 0–1 are free, T1 owns min blocks 2–7". */
function standSentence(execution) {
  if (execution.levels.rows.length === 0) return "";
  const {blocks} = stateAt(execution, execution.lost);
  const groups = new Map();
  blocks.forEach((place, b) => {
    const key = whoHas(place);
    groups.set(key, [...(groups.get(key) ?? []), b]);
  });
  const parts = [...groups].map(([has, of]) => has.replace("#", runsOf(of)));
  const during = execution.operationOf.get(execution.events[execution.lost].operation);
  const call = during ? `, in ${threadName(during.thread)}’s ${operationName(during)}` : "";
  return `When it is lost${call}: ${parts.join("; ")}.`;
}

const heldBy = (threads) => (threads.length > 1 ? `${threads.join(" and ")} both own` : `${threads[0]} owns`);

function whoHas(place) {
  if (place.kind === "owned") return `${heldBy(place.threads.map(threadName))} #`;
  if (place.kind === "transit") {
    return place.thread === null ? "# in transit" : `# in transit, taken out by ${threadName(place.thread)}`;
  }
  return place.kind === "free" ? "# free in the tree" : `# free in the stack of slot ${place.slot}`;
}

/** "min blocks 0–1, 4" */
function runsOf(numbers) {
  const runs = [];
  for (const n of numbers) {
    const last = runs[runs.length - 1];
    if (last && last[1] === n - 1) last[1] = n;
    else runs.push([n, n]);
  }
  const names = runs.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
  return `${numbers.length === 1 ? "min block" : "min blocks"} ${names}`;
}

/** "claim_failed: relaxed instead of acquire", for the orders that the run changed. */
const changedOrders = (execution) => execution.orders.filter((row) => row.changed);

/** One event in full: pairs of a name and what to say. */
function eventFacts(execution, e) {
  const operation = execution.operationOf.get(e.operation);
  const row = execution.orders.find((o) => o.site === e.site);
  const facts = [["what", eventName(e)]];
  if (operation) facts.push(["in", operationName(operation)]);
  if (e.text !== "" && e.kind !== "note") facts.push(["note", e.text]);
  const change = shownChange(execution, e);
  if (change !== "") facts.push(["value", change]);
  if (e.order !== "") facts.push(["order", orderInWords(e, row)]);
  if (row && row.pairs !== "none" && row.pairs !== "") facts.push(["pairs", row.pairs]);
  if (reading.has(e.kind)) facts.push(["read from", sourceInWords(execution, e)]);
  if (e.file !== "") facts.push(["where", `${e.function ? e.function.split("<")[0] + ", " : ""}${e.file}:${e.line}`]);
  const code = execution.lines.get(`${e.file}:${e.line}`);
  if (code !== undefined) facts.push(["code", text(code)]);
  return facts;
}

const operationName = (o) =>
  `${o.text}${o.result !== "" ? ` → ${o.result}` : o.thread >= 0 ? " … unfinished" : ""}`;

function orderInWords(e, row) {
  const at = e.site !== "" ? `${e.site}, ` : "";
  const changed = row?.changed ? `; ships as ${row.shipped}` : "";
  return `${at}${e.order}${changed}`;
}

function sourceInWords(execution, e) {
  if (e.from === null) return "what was there at first";
  const w = execution.events[e.from];
  const how = e.synchronises ? "synchronises" : w.thread === e.thread ? "the same thread"
    : w.thread < 0 ? "before the threads started" : "does not synchronise";
  const notes = [how, e.stale ? "stale: there was a newer value" : "",
    e.inferred ? "worked out from the values" : ""].filter(Boolean).join("; ");
  return `event ${w.id}, ${threadName(w.thread)} ${w.site || verb(w)} (${notes})`;
}

/** What the names of objects mean, for those that occur. */
const glossary = [
  [/^level \d+ word/, "word", "one bit per block of its level, ● for free; together the words are the tree"],
  [/^hint of level/, "hint", "per class of run: which words may hold one; a search looks here first"],
  [/^word hint/, "word hint", "the word that a slot used last for an order"],
  [/^payload/, "payload", "a plain cell in a min block that its owner reads and writes: two accesses that nothing orders are a data race"],
  [/of slot \d+/, "slot", "what a thread has for itself: thread n has slot n, the last slot is shared"],
  [/^(begun|ended) of/, "begun, ended", "how many moves between words a slot has begun and ended; a search that fails compares them"],
  [/^releases of/, "releases", "how many blocks a slot has given back; a search that fails compares it, too"],
  [/^stack of/, "stack", "blocks that a slot keeps at hand: entries that hold a block’s index + 1, 0 for none; the head has the height, “!” for an announced pop, and the block popped last"],
  [/^(handles|rest|taken|returned)/, "ledger", "what must come to zero before the arena ends"],
];

const notation = "before the semicolon the set-up, each call with its thread in front; then the calls of each " +
  "thread, a bar between them. A1 allocates order 1, M1 does and must succeed, X1 must fail, F0 releases the " +
  "first block that came to the thread, >1 hands a block to thread 1";

function glossaryOf({events, levels, shape}) {
  const known = new Set(events.map((e) => e.object));
  const found = glossary.filter(([pattern]) => [...known].some((object) => pattern.test(object)));
  const calls = shape.core === "structure" ? "before the semicolon the set-up; then the operations of each thread, a bar between the threads" : notation;
  const terms = [["program", calls], ...found.map(([, term, says]) => [term, says])];
  if (levels.rows.length > 0) {
    terms.push(["in transit", "taken out of one word or stack and not yet put into another, or not yet handed over"]);
  }
  return terms;
}
