// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// browser.mjs: one Chromium for all tests, and what a page did that it must not do
// ---------------------------------------------------------------------------------------------
import {createRequire} from "node:module";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const {chromium} = createRequire(join(process.env.VIEWER_MODULES, "/"))("playwright-core");
const options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const scratch = mkdtempSync(join(tmpdir(), "caiman-viewer-"));
const context = await chromium.launchPersistentContext(join(scratch, "profile"), {
  executablePath: process.env.CHROMIUM, headless: true, args: options,
  viewport: {width: 1280, height: 860},
});

/** Ends the browser, and forgets all files. */
export async function close() {
  await context.close();
  rmSync(scratch, {recursive: true, force: true});
}

/** Opens a file. The page has a list `wrong`: errors, warnings, and requests for anything else. */
export async function open(file, looks = {}) {
  const page = await context.newPage();
  page.wrong = [];
  page.setDefaultTimeout(60_000);
  const own = pathToFileURL(file).href;
  page.on("console", (said) => {
    if (["error", "warning"].includes(said.type())) page.wrong.push(`console: ${said.text()}`);
  });
  page.on("pageerror", (error) => page.wrong.push(`error: ${error.message}`));
  page.on("request", (asked) => {
    const url = asked.url();
    if (url !== own && !url.startsWith("data:")) page.wrong.push(`request: ${url}`);
  });
  await page.emulateMedia({colorScheme: "light", media: "screen", ...looks});
  await page.goto(own);
  return page;
}

export function write(name, text) {
  const file = join(scratch, name);
  writeFileSync(file, text);
  return file;
}
