// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// made.mjs: pages of real runs: caiman-check and its mutants fail, and show writes the page
// ---------------------------------------------------------------------------------------------
import {spawnSync} from "node:child_process";
import {readFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {scratch, write} from "./browser.mjs";

const check = process.env.CAIMAN_CHECK;
/** A structure of somebody else's, with a fault of its own. */
const structure = (name) => join(dirname(check), "gallery", name);
/** A race, an answer that fits nowhere, and threads that wait for ever. */
export const structures = ["spin_lock.1", "seqlock.1", "mcs_lock.2"];
const mutant = (name) => join(dirname(check), "caiman", "mutants", name);

export function call(program, ...args) {
  const ended = spawnSync(program, args, {encoding: "utf8"});
  if (ended.error) throw ended.error;
  return ended;
}
export const caiman = (...args) => call(check, ...args);

const textbook = "fanout=2 order=2 core=textbook : ";
/** Every specimen, and three mutants: a wrong order, a lost step, and one of the stacks. */
export const failing = {
  "textbook-lost-merge": [check, textbook + "0A1 0A0 0A0>1 ; F1 | F0"],
  "textbook-lost-hint": [check, textbook + "0A1 0A0 ; F1 | A0"],
  "textbook-spurious-full": [check, textbook + "0A1 ; M0 | M0"],
  "release-relaxed": [mutant("release-relaxed"), "fanout=2 order=2 : 0A1 0A0 0A0>1 ; F1M0 | F0M0"],
  "publish-child-release": [mutant("publish-child-release"),
    "fanout=2 order=2 : 0A1 0A0 0A0>1 ; F1M0 | F0M0"],
  "drain-past-height": [mutant("drain-past-height"),
    "fanout=2 order=2 announced=2 : 0A0 0F0 ; A0F1A0F2 | A2"],
};

/** The trace of a run that must fail; `more` are options of `run`. */
export function record(name, [program, what], ...more) {
  const file = join(scratch, `${name}.json`);
  const program_given = what ? ["--program", what] : [];
  const ended = call(program, "run", ...program_given, "--searches", "random:20000@shipped",
    "--title", name, "--trace-out", file, ...more);
  if (ended.status !== 1) throw new Error(`${name}: not convicted: ${ended.stdout}${ended.stderr}`);
  return {file, trace: JSON.parse(readFileSync(file, "utf8"))};
}

/** The trace of a structure that is convicted. */
export function recordStructure(name) {
  const file = join(scratch, `${name}.json`);
  const ended = call(structure(name), "verify", "--trace-out", file);
  if (ended.status !== 1) throw new Error(`${name}: not convicted: ${ended.stdout}${ended.stderr}`);
  return {file, trace: JSON.parse(readFileSync(file, "utf8"))};
}

/** The page of a file. */
export function pageOf(file) {
  const page = file.replace(/\.json$/, ".html");
  const ended = caiman("show", file, "-o", page);
  if (ended.status !== 0) throw new Error(`${file}: ${ended.stderr}`);
  return page;
}

/** The page of data that no run made. */
export const pageOfData = (name, data) => pageOf(write(`${name}.json`, JSON.stringify(data)));
