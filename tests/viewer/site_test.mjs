// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// site_test.mjs: the site of docs/build.py is searched, is dark where one wants it, and leads both ways
// ---------------------------------------------------------------------------------------------
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {join} from "node:path";
import test from "node:test";
import {fileURLToPath, pathToFileURL} from "node:url";
import {open, scratch} from "./browser.mjs";

const script = fileURLToPath(new URL("../../docs/build.py", import.meta.url));
const site = join(scratch, "site");
execFileSync("python3", [script, site], {stdio: "inherit"});
const place = join(site, "html");

const opened = async (name, looks) => {
  const page = await open(join(place, name), looks);
  await page.waitForLoadState("load");
  return page;
};
// What a page asks for lies beside it.
const foreign = (page) => page.wrong.filter((line) => !line.startsWith(`request: ${pathToFileURL(place).href}/`));
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

test("a search finds a call, and leads to it", async () => {
  const page = await opened("index.html");
  await page.locator("#MSearchField").pressSequentially("try_into_buf");
  const found = page.frameLocator("#MSearchResults").locator("a.SRSymbol:visible");
  await found.first().waitFor();
  assert.deepEqual(await found.allTextContents(), ["try_into_buffer"]);
  await page.locator("#MSearchField").pressSequentially("xyz");
  await page.frameLocator("#MSearchResults").getByText("No Matches").waitFor();
  assert.deepEqual(foreign(page), []);
  await page.close();
});

test("it is dark where the system is, and the switch turns it over and is remembered", async () => {
  const light = await opened("index.html");
  const white = await background(light);
  await light.close();
  const page = await opened("index.html", {colorScheme: "dark"});
  const dark = await background(page);
  assert.notEqual(dark, white);
  await page.locator("doxygen-awesome-dark-mode-toggle").click();
  assert.equal(await background(page), white);
  await page.reload();
  assert.equal(await background(page), white);
  await page.locator("doxygen-awesome-dark-mode-toggle").click();
  assert.equal(await background(page), dark);
  assert.deepEqual(foreign(page), []);
  await page.close();
});

test("the guide leads to the reference, and the reference back", async () => {
  const page = await opened("md_docs_using.html");
  await page.locator("a:has(code:text-is('buddy_resource'))").first().click();
  await page.getByText("caiman::buddy_resource Class Reference").waitFor();
  await page.locator("p", {hasText: "In the guide:"}).getByText("Using an arena").click();
  await page.getByText("Which arena for what").first().waitFor();
  assert.deepEqual(foreign(page), []);
  await page.close();
});
