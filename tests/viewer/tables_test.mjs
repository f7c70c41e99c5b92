// SPDX-License-Identifier: MIT
// The pages of an audit and of a whole run, against the data that they were made of.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {open, scratch} from "./browser.mjs";
import {caiman, failing, pageOfData, record} from "./made.mjs";

const texts = (page, what) => page.$$eval(what, (all) => all.map((one) => one.textContent));

test("page of an audit", async () => {
  const audit = JSON.parse(readFileSync(new URL("samples/audit.json", import.meta.url), "utf8"));
  const page = await open(pageOfData("audit", audit));
  assert.equal((await texts(page, ".verdict"))[0], audit.verdict.toUpperCase());
  assert.equal(await page.locator("#matrix tbody tr").count(), audit.shipped.length);
  assert.equal(await page.locator("#matrix .ships").count(), audit.shipped.length);
  const cell = (row) => page.locator(`#matrix [data-site="${row.site}"][data-order="${row.order}"]`);
  for (const row of audit.matrix) {
    const says = await cell(row).textContent();
    assert.ok(says.includes(row.result === "convicted" ? row.property : row.result), `${row.site} ${says}`);
  }
  const one = audit.matrix.find((row) => row.result === "convicted");
  await cell(one).click();
  const told = (await texts(page, ".cell-dock"))[0];
  for (const part of [one.property, one.scenario, one.program, `${one.site}=${one.order}`]) {
    assert.ok(told.includes(part), part);
  }
  await page.keyboard.press("ArrowDown");
  const moved = (await texts(page, ".cell-dock h3"))[0];
  assert.ok(!moved.startsWith(`${one.site} `) && moved.endsWith(one.order), moved);
  assert.equal((await texts(page, ".complaints li")).length, audit.complaints.length);
  assert.equal(await page.locator("#kept tbody tr").count(), audit.shipped.filter((row, i) =>
    row.order !== audit.minimal[i].order).length);
  assert.equal(await page.locator("#pairs tbody tr").count(), audit.pairs.length);
  assert.equal(await page.locator("#controls tbody tr").count(), audit.controls.length);
  const cost = audit.cost.rows[0];
  await cell(cost).click();
  const shown = (await texts(page, ".cell-dock"))[0] + (await texts(page, "#cost"))[0];
  for (const part of [...cost.targets.map((t) => t.text), "0.998 (0.990 to 1.010)"]) {
    assert.ok(shown.includes(part), part);
  }
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("page of a run, which says the same as its JSON", async () => {
  const [json, html] = ["run.json", "run.html"].map((name) => join(scratch, name));
  const ended = caiman("verify", "--only", "textbook", "--json", json, "--page", html, "--jobs", "1");
  assert.equal(ended.status, 0, ended.stderr);
  const run = JSON.parse(readFileSync(json, "utf8"));
  assert.equal(run.verdict, "PASS");
  assert.equal(run.controls.length, 4);
  const page = await open(html);
  assert.equal((await texts(page, ".verdict"))[0], "PASS");
  // It is a part of all, and must not look like more.
  assert.equal(run.asked.controls, 4);
  assert.ok(run.asked.all_controls > 100 && run.asked.all_scenarios > run.asked.scenarios);
  assert.match(ended.stdout, /\nPASS: 0 of \d+ scenarios, 4 of \d+ controls\n$/);
  assert.match((await texts(page, ".told.part"))[0], /^Only a part was asked for, 0 of [\d,]+ scenarios and 4 of /);
  assert.match(await page.title(), /^PASS of a part: /);
  assert.equal(await page.locator("#controls tbody tr").count(), 4);
  for (const row of run.controls) {
    assert.ok((await texts(page, "#controls tbody tr")).some((line) =>
      line.includes(row.name) && line.includes(`convicted by ${row.property}`)), row.name);
  }
  await page.fill("input[type=search]", "lost-merge");
  assert.equal(await page.locator("#controls tbody tr:visible").count(), 1);
  assert.deepEqual(page.wrong, []);
  await page.close();
});

test("page of a run that failed, and the execution behind it", async () => {
  const {trace} = record("inside", failing["textbook-lost-merge"]);
  const page = await open(pageOfData("failed", {caiman_verify: 1, verdict: "FAIL",
    scenarios: [{name: "good", properties: "S6", program: "p", searches: "random", executions: 1234,
      seconds: 0.5, verdict: "no violation"},
    {name: "worse", properties: "S2", program: "q", executions: 7, seconds: 1, verdict: "VIOLATED S2",
      told: "S2 violated: data race\nreplay: …", trace}],
    controls: [{name: "lost", properties: "S1", fault: "a fault", verdict: "SURVIVED"}]}));
  assert.equal((await texts(page, ".verdict"))[0], "FAIL");
  assert.equal(await page.locator(".told.part").count(), 0);
  assert.match((await texts(page, "h1"))[0], /1 scenario violated, broken or not run, 1 control not convicted$/);
  assert.match((await texts(page, ".told"))[0], /no violation in 1,234 executions of 1 scenario\./);
  assert.deepEqual(await texts(page, ".troubles h3"), ["worse: VIOLATED S2", "control lost: SURVIVED"]);
  assert.match((await texts(page, ".troubles pre"))[0], /replay/);
  assert.equal(await page.locator("#scenarios tr.changed").count(), 1);
  await page.click("button.execution");
  assert.match((await texts(page, "h1"))[0], new RegExp(`^${trace.property.id}`));
  await page.keyboard.press("l");
  assert.equal(await page.$eval(".bar input", (slider) => Number(slider.value)), trace.property.event);
  await page.click(".back button");
  await page.waitForSelector(".troubles");
  assert.deepEqual(page.wrong, []);
  await page.close();
});
