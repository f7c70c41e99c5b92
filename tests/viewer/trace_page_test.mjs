// SPDX-License-Identifier: MIT
// What the page of an execution shows, against the trace that it was made of.
import assert from "node:assert/strict";
import {test} from "node:test";
import {open} from "./browser.mjs";
import {failing, pageOf, pageOfData, record, recordStructure, structures} from "./made.mjs";

const shownStep = (page) => page.$eval(".bar input", (slider) => Number(slider.value));
const texts = (page, what) => page.$$eval(what, (all) => all.map((one) => one.textContent));

/** The threads that own each min block after a step, by the events alone. */
function ownersAt(trace, step) {
  const owners = Array.from({length: 2 ** trace.shape.max_order}, () => new Set());
  for (const e of trace.events.slice(0, step + 1)) {
    for (let b = e.blocks?.[0]; b < e.blocks?.[0] + e.blocks?.[1]; ++b) {
      if (e.kind === "own") owners[b].add(e.owner);
      else owners[b].delete(e.owner);
    }
  }
  return owners.map((of) => [...of].sort().map((t) => `T${t}`).join("+"));
}

/** What was written last up to a step, by object. */
function writtenAt(trace, step) {
  const values = {};
  for (const e of trace.events.slice(0, step + 1)) {
    const writes = !["load", "cas_failed", "plain_read", "note"].includes(e.kind);
    if (writes && e.after) values[e.object] = BigInt(e.after);
  }
  return values;
}

/** Of a structure without a tree, all there is to see: names and numbers. */
async function checkValues(page, trace, step) {
  const shown = await page.$$eval(".other", (all) => all.map((o) => [...o.children].map((c) => c.textContent)));
  assert.ok(shown.length > 0);
  const values = writtenAt(trace, step);
  for (const [object, value] of shown) {
    const right = values[object];  // addresses stand there as such
    if (right !== undefined) assert.equal(value, right > 0xffffn ? `0x${right.toString(16)}` : String(right), `${object} at ${step}`);
  }
}

async function checkState(page, trace, step) {
  if (trace.levels.length === 0) return checkValues(page, trace, step);
  const cells = await texts(page, ".owners .cell");
  ownersAt(trace, step).forEach((owner, b) => {
    if (owner !== "") assert.equal(cells[b].split("+").sort().join("+"), owner, `owner of ${b} at ${step}`);
    else assert.doesNotMatch(cells[b], /^T\d(\+|$)/, `nobody owns ${b} at ${step}`);
  });
  const drawn = await page.$$eval(".word", (all) => all.map((w) => [w.title.split(": ")[0],
    [...w.children].map((slot) => (slot.classList.contains("free") ? 1 : 0))]));
  const words = writtenAt(trace, step);
  for (const [object, slots] of drawn) {
    if (!(object in words)) continue;
    const bits = slots.map((_, i) => Number((words[object] >> BigInt(i)) & 1n));
    assert.deepEqual(slots, bits, `${object} at ${step}`);
  }
}

async function checkDrawing(page, trace) {
  assert.deepEqual(await texts(page, ".head"), Array.from({length: trace.shape.threads}, (_, t) => `T${t}`));
  const inThreads = trace.events.filter((e) => e.thread >= 0).length;
  assert.ok(await page.locator(".event").count() >= inThreads, "events of the threads");
  if (await page.locator(".fold").count() > 0) await page.keyboard.press("s");
  assert.equal(await page.locator(".event").count(), trace.events.length);
  const calls = trace.operations.filter((o) => o.thread >= 0 && o.first !== null);
  assert.equal(await page.locator(".bracket").count(), calls.length);
  const titles = await texts(page, ".operation");
  for (const o of calls) assert.ok(titles.some((t) => t.startsWith(o.text.slice(0, 12))), o.text);
  assert.equal(await page.locator(".badge").count(),
    trace.events.filter((e) => e.order !== "" && e.thread >= 0).length);
}

async function checkArrows(page, trace) {
  const reads = trace.events.filter((e) => e.reads_from !== null);
  const kind = (e) => (e.stale ? "stale" : e.synchronises ? "ordered" : "unordered");
  for (const name of ["stale", "ordered", "unordered"]) {
    assert.equal(await page.locator(`.arrows .${name}`).count(),
      reads.filter((e) => kind(e) === name).length, `${name} arrows`);
  }
  const ends = await page.$$eval(".arrows .arrow", (all) => all.map((a) => [a.dataset.from, a.dataset.to]));
  for (const [from, to] of ends) assert.equal(trace.events[from].reads_from, Number(to));
}

async function checkLoss(page, trace) {
  await page.keyboard.press("Home");
  assert.notEqual(await shownStep(page), trace.property.event);
  await page.click("#lost");
  assert.equal(await shownStep(page), trace.property.event);
  await page.keyboard.press("Home");
  await page.keyboard.press("l");
  assert.equal(await shownStep(page), trace.property.event);
  const rows = await page.evaluate((step) => {
    const top = (what) => document.querySelector(what).getBoundingClientRect().top;
    return [top(".current"), top(`.event[data-step="${step}"] .hit`), top(".loss rect"),
      document.querySelector(".dock").getBoundingClientRect().top];
  }, trace.property.event);
  assert.ok(Math.abs(rows[0] - rows[1]) < 1, "the row of the step is marked");
  assert.ok(rows[2] > rows[1] && rows[2] < rows[3], "the loss stands below it, where it can be seen");
  assert.match((await texts(page, ".loss"))[0], new RegExp(`${trace.property.id}( is lost here)?: `));
  assert.match((await texts(page, "h1"))[0], new RegExp(trace.property.id));
  assert.equal(await page.locator(".race .gap").count() > 0, trace.race !== null);
  assert.equal((await texts(page, "dd .command"))[0], trace.replay);
  const changed = trace.orders.filter((o) => o.shipped !== o.used).length;
  assert.equal(await page.locator("#orders tr.changed").count(), changed);
  assert.equal(await page.locator("#orders tbody tr").count(), trace.orders.length);
}

async function checkSteps(page, trace) {
  await page.keyboard.press("Home");
  const first = await shownStep(page);
  await page.keyboard.press("ArrowRight");
  assert.equal(await shownStep(page), first + 1);
  await page.keyboard.press("k");
  assert.equal(await shownStep(page), first);
  await page.keyboard.press("End");
  assert.equal(await shownStep(page), trace.events.length - 1);
  await checkState(page, trace, trace.events.length - 1);
  const stride = Math.max(1, Math.floor((trace.events.length - first) / 20));
  for (let step = first; step < trace.events.length; step += stride) {
    await page.$eval(".bar input", (slider, to) => {
      slider.value = to;
      slider.dispatchEvent(new Event("input"));
    }, step);
    assert.equal(await shownStep(page), step);
    await checkState(page, trace, step);
  }
  await page.focus(".bar input");
  const before = await shownStep(page);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await shownStep(page), before - 1, "the slider's own keys step by one");
}

for (const [name, make] of [...Object.entries(failing).map(([name, what]) => [name, () => record(name, what)]),
  ...structures.map((name) => [name, () => recordStructure(name)])]) {
  test(`page of ${name}`, async () => {
    const {file, trace} = make();
    const page = await open(pageOf(file));
    assert.equal(await shownStep(page), trace.property.event, "the page opens where it is lost");
    await checkLoss(page, trace);
    await checkDrawing(page, trace);
    await checkArrows(page, trace);
    await checkSteps(page, trace);
    assert.deepEqual(page.wrong, []);
    await page.close();
  });
}

test("a race names the two sites, and a wrong order stands out", async () => {
  const {file, trace} = record("claim-weak", [process.env.CAIMAN_CHECK, failing["release-relaxed"][1]],
    "--orders", "release=relaxed");
  const page = await open(pageOf(file));
  assert.equal(trace.race !== null, true);
  assert.match((await texts(page, ".race-names"))[0], /release \(relaxed\) ↛ \w+ \(/);
  assert.match((await texts(page, ".race-title"))[0],
    new RegExp(`from ${trace.race.first} to ${trace.race.second}$`));
  assert.match((await texts(page, ".changed-orders"))[0], /release is relaxed and ships as seq_cst/);
  assert.ok(await page.locator(".badge.changed").count() > 0);
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("the line of code stands beside a structure's step", async () => {
  const {trace} = recordStructure("spin_lock.1");
  trace.property.event = trace.events.findLastIndex((e) => e.kind === "exchange" && e.thread >= 0);
  const at = trace.events[trace.property.event];
  const where = `${at.file}:${at.line}`;
  assert.match(trace.lines[where], /^while \(taken_\.exchange\(true, acquire\)\) \{$/);
  trace.lines[where] = "<script>window.bad=1</script>";
  const page = await open(pageOfData("lines", trace));
  assert.ok((await texts(page, ".dock dd")).includes(trace.lines[where]));
  assert.equal(await page.evaluate(() => window.bad), undefined);
  delete trace.lines[where];
  const without = await open(pageOfData("no-lines", trace));
  assert.ok(!(await texts(without, ".dock dt")).includes("code"));
  assert.deepEqual([...page.wrong, ...without.wrong], []);
  await page.close();
  await without.close();
});

test("hovering shows, a click pins, Escape lets go, copying says so", async () => {
  const {file, trace} = record("details", failing["textbook-lost-hint"]);
  const page = await open(pageOf(file));
  const [a, b] = trace.events.filter((e) => e.thread >= 0 && e.file !== "").map((e) => e.id);
  const title = async () => (await texts(page, ".details h3"))[0];
  await page.hover(`.event[data-step="${a}"] .hit`);
  assert.match(await title(), new RegExp(`^Event ${a}$`));
  assert.match((await texts(page, ".details"))[0], new RegExp(`${trace.events[a].file}:${trace.events[a].line}`));
  await page.click(`.event[data-step="${a}"] .hit`);
  await page.mouse.move(0, 0);
  await page.keyboard.press("ArrowRight");
  assert.match(await title(), new RegExp(`^Event ${a}pinned`));
  await page.hover(`.event[data-step="${b}"] .hit`);
  assert.match(await title(), new RegExp(`^Event ${b}$`));
  await page.mouse.move(0, 0);
  await page.keyboard.press("Escape");
  assert.match(await title(), new RegExp(`^Event ${a + 1}$`));
  await page.keyboard.press("c");
  await page.waitForFunction(() => /Copied|Selected/.test(document.querySelector(".copy").textContent));
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("the checks can fail: what is drawn differs from the trace", async () => {
  const {file, trace} = record("differs", failing["release-relaxed"]);
  const page = await open(pageOf(file));
  const changed = (change) => {
    const other = structuredClone(trace);
    change(other);
    return other;
  };
  const last = trace.events.length - 1;
  const owned = trace.events.findLast((e) => e.kind === "own");
  const wrote = trace.events.findLast((e) => /^level 0 word/.test(e.object) && e.after !== e.before &&
    ["cas", "store"].includes(e.kind));
  const read = trace.events.findLast((e) => e.reads_from !== null && !e.stale);
  await page.keyboard.press("End");
  await checkState(page, trace, last);
  await assert.rejects(checkState(page, changed((t) => { t.events[owned.id].owner ^= 1; }), last));
  await assert.rejects(checkState(page, changed((t) => { t.events[wrote.id].after = String(3 - Number(wrote.after)); }), last));
  await checkDrawing(page, trace);
  await checkArrows(page, trace);
  await assert.rejects(checkArrows(page, changed((t) => { t.events[read.id].synchronises ^= true; })));
  await assert.rejects(checkArrows(page, changed((t) => { t.events[read.id].reads_from = 0; })));
  await assert.rejects(checkDrawing(page, changed((t) => { t.events.pop(); })));
  await assert.rejects(checkDrawing(page, changed((t) => { t.shape.threads = 3; })));
  await assert.rejects(checkLoss(page, changed((t) => { t.property.event -= 1; })));
  await assert.rejects(checkLoss(page, changed((t) => { t.race = t.race ? null : {}; })));
  await page.close();
});

/** The same calls over and over, up to so many events. */
export function stretched(trace, events) {
  const long = structuredClone(trace);
  const threads = long.events.filter((e) => e.thread >= 0);
  while (long.events.length < events) {
    const e = structuredClone(threads[long.events.length % threads.length]);
    long.events.push({...e, id: long.events.length, operation: -1,
      reads_from: e.reads_from === null ? null : long.events.length - 3});
  }
  long.property.event = events - 1;
  return long;
}

test("500 events, and more than are drawn at once", async () => {
  const {trace} = record("long", failing["textbook-lost-hint"]);
  const page = await open(pageOfData("500", stretched(trace, 500)));
  await page.keyboard.press("s");
  assert.equal(await page.locator(".event").count(), 500);
  await page.keyboard.press("l");
  assert.equal(await shownStep(page), 499);
  assert.deepEqual(page.wrong, []);
  await page.close();
  const longer = await open(pageOfData("5000", stretched(trace, 5000)));
  assert.ok(await longer.locator(".event").count() <= 3000);
  assert.match((await texts(longer, ".fold-text")).join(), /of the threads/);
  const drawn = await longer.locator(".event").count();
  await longer.$eval(".bar input", (slider) => {
    slider.value = 1500;
    slider.dispatchEvent(new Event("input"));
  });
  assert.equal(await shownStep(longer), 1500);
  assert.ok(await longer.locator(".event").count() > drawn, "a step into a fold opens it");
  assert.deepEqual(longer.wrong, []);
  await longer.close();
});

test("light, dark and on paper", async () => {
  const {file, trace} = record("looks", failing["textbook-lost-merge"]);
  const page = await open(pageOf(file));
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const seen = (what) => page.locator(what).first().isVisible();
  const light = await ground();
  await page.emulateMedia({colorScheme: "dark"});
  assert.notEqual(await ground(), light);
  await page.emulateMedia({media: "print"});
  await page.waitForSelector(".piece");
  assert.equal(await seen(".bar"), false);
  assert.equal(await seen(".dock"), true);
  assert.equal(await ground(), "rgb(255, 255, 255)");
  const pieces = await page.$$eval(".piece", (all) => all.map((p) => p.getBoundingClientRect().height));
  assert.ok(pieces.length > 0 && pieces.every((height) => height > 20));
  const paper = await page.pdf({preferCSSPageSize: true});
  assert.ok(paper.length > 10_000 && trace.events.length > 0);
  assert.deepEqual(page.wrong, []);
  await page.close();
});
