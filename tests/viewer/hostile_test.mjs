// SPDX-License-Identifier: MIT
// What a file says stays text; what is no result of ours makes no page; and the checks above can fail.
import assert from "node:assert/strict";
import {existsSync, readdirSync, readFileSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {open, scratch, write} from "./browser.mjs";
import {caiman, failing, pageOf, pageOfData, record} from "./made.mjs";

const evil = "<script>window.bad=1</script></script><img src=http://127.0.0.1:9/x onerror=window.bad=2>" +
  "<!--\u2028\u2029\u0000\u001b[31m&amp;\"'`${1}]]>";

/** The data with every text in it replaced, but for those that the schema knows. */
function poisoned(value, key = "") {
  if (typeof value === "string") {
    const fixed = ["kind", "before", "after"].includes(key);
    return fixed ? value : value + evil;
  }
  if (Array.isArray(value)) return value.map((one) => poisoned(one, key));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]));
}

async function staysText(page) {
  assert.equal(await page.evaluate(() => window.bad), undefined);
  assert.equal(await page.locator("main script, main img").count(), 0);
  assert.equal(await page.locator("script").count(), 2);
  assert.ok((await page.textContent("main")).includes("<script>window.bad=1</script></script>"));
  assert.deepEqual(page.wrong, []);
}

test("hostile names in a trace stay text", async () => {
  const {trace} = record("hostile", failing["textbook-spurious-full"]);
  const page = await open(pageOfData("hostile-trace", poisoned(trace)));
  await staysText(page);
  for (const key of ["l", "s", "End", "p", "Home"]) await page.keyboard.press(key);
  await staysText(page);
  await page.close();
});

test("hostile names in an audit and in a table stay text", async () => {
  const audit = JSON.parse(readFileSync(new URL("samples/audit.json", import.meta.url), "utf8"));
  const verify = {caiman_verify: 1, verdict: "FAIL", scenarios: [{name: "a", verdict: "VIOLATED S2",
    program: "p", told: "t", executions: 1, seconds: 1}], controls: [{name: "b", verdict: "SURVIVED"}]};
  for (const [name, data] of Object.entries({audit, verify})) {
    const page = await open(pageOfData(`hostile-${name}`, poisoned(data)));
    await staysText(page);
    await page.close();
  }
});

test("what is no result makes no page", () => {
  const {file, trace} = record("whole", failing["textbook-spurious-full"]);
  const bad = {
    "half.json": readFileSync(file, "utf8").slice(0, 500), "empty.json": "", "list.json": "[]",
    "lines.json": JSON.stringify({...trace, lines: {"a:1": 1}}),
    "none.json": "{}", "version.json": '{"caiman_trace": 2}', "deep.json": '{"caiman_audit":1,"x":' +
      "[".repeat(100_000), "audit.json": '{"caiman_audit":1,"shipped":[1],"minimal":[],"matrix":[]}',
    "verify.json": '{"caiman_verify":1,"scenarios":{},"controls":[]}',
    "cost.json": '{"caiman_audit":1,"shipped":[],"minimal":[],"matrix":[],"cost":{"rows":[3]}}',
    "inner.json": '{"caiman_verify":1,"scenarios":[{"trace":{"caiman_trace":1}}],"controls":[]}',
    "event.json": JSON.stringify({...trace, events: [{...trace.events[0], id: 7}]}),
  };
  for (const [name, text] of Object.entries(bad)) {
    const target = join(scratch, "never.html");
    const ended = caiman("show", write(name, text), "-o", target);
    assert.equal(ended.status, 2, name);
    assert.match(ended.stderr, /^caiman-check: [^\n]+\n$/, name);
    assert.equal(existsSync(target), false, name);
  }
  assert.equal(caiman("show", file, "-o", join(scratch, "no", "such", "folder.html")).status, 2);
  assert.equal(caiman("show", file, "-o", scratch).status, 2);
  assert.deepEqual(readdirSync(scratch).filter((name) => name.endsWith(".part")), []);
});

test("the checks can fail: a request, an error, a name that is markup", async () => {
  const {file} = record("broken", failing["textbook-spurious-full"]);
  const good = readFileSync(pageOf(file), "utf8");
  const open_up = good.replace(/<meta http-equiv[^>]*>/, "");
  assert.notEqual(open_up, good);
  const asks = await open(write("asks.html", open_up.replace("<main", '<img src="http://127.0.0.1:9/x"><main')));
  assert.ok(asks.wrong.some((w) => w.startsWith("request: http://127.0.0.1:9/")));
  const errs = await open(write("errs.html", open_up.replace("<main", "<script>nothing.here</script><main")));
  assert.ok(errs.wrong.some((w) => w.startsWith("error: ")));
  const marks = await open(write("marks.html", open_up.replace('"title":"', `"title":"${"</script><script>window.bad=1</script>"}`)));
  assert.equal(await marks.evaluate(() => window.bad), 1);
  await assert.rejects(staysText(marks));
  // The page's own policy stops the first two.
  const asked = await open(write("asked.html", good.replace("<main", '<img src="http://127.0.0.1:9/x"><main')));
  assert.ok(asked.wrong.some((w) => /Content Security Policy/.test(w)));
  const ran = await open(write("ran.html", good.replace("<main", "<script>window.bad=1</script><main")));
  assert.equal(await ran.evaluate(() => window.bad), undefined);
  for (const page of [asks, errs, marks, asked, ran]) await page.close();
});
