// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// verify.js: the page of a whole run of the scenarios and the controls
// ---------------------------------------------------------------------------------------------

function verifyPage(raw, root) {
  const scenarios = list(raw.scenarios), controls = list(raw.controls);
  const verdict = text(raw.verdict);
  const clean = scenarios.filter((row) => row.verdict === "no violation");
  const executions = clean.reduce((sum, row) => sum + whole(row.executions, 0), 0);
  const convicted = controls.filter((row) => row.verdict === "convicted");
  const passed = scenarios.length === 0 ? "every control convicted"
    : `no violation in ${count(executions, "execution")} of ${count(clean.length, "scenario")}`;
  const part = partOf(raw.asked);
  document.title = `${verdict}${part && " of a part"}: model check`;
  append(root, h("header", {},
    h("p", {class: "eyebrow"}, `Model check of the core${part && ", of a part of it"}`),
    h("h1", {}, verdictMark(verdict), headline(scenarios.length - clean.length,
      controls.length - convicted.length) || passed),
    part && h("p", {class: "told part"}, `Only a part was asked for, ${part}: nothing is said of the rest.`),
    verdict !== "PASS" && clean.length > 0 && h("p", {class: "told"}, `In the others ${passed}.`),
    controls.length > 0 && h("p", {class: "told"},
      `${convicted.length} of ${count(controls.length, "control")} convicted. ` +
      "A control is a known fault, put in on purpose: the checks must find it in every run, or they " +
      "show nothing.")),
  ...troubles(scenarios, controls), propertiesSection(scenarios, controls),
  scenariosSection(scenarios), controlsSection(controls));
}

/** Of how many it is if not of all; empty if it is, or if nobody says. */
function partOf(asked) {
  const of = (name) => whole(asked?.[name], 0);
  if (of("scenarios") === of("all_scenarios") && of("controls") === of("all_controls")) return "";
  return `${of("scenarios")} of ${count(of("all_scenarios"), "scenario")} and ` +
    `${of("controls")} of ${count(of("all_controls"), "control")}`;
}

/** What went wrong, in a line; empty if nothing did. */
function headline(scenarios, controls) {
  return [scenarios && `${count(scenarios, "scenario")} violated, broken or not run`,
    controls && `${count(controls, "control")} not convicted`].filter(Boolean).join(", ");
}

/** What went wrong, in full and first. */
function troubles(scenarios, controls) {
  const bad = scenarios.filter((row) => row.verdict !== "no violation");
  const lost = controls.filter((row) => row.verdict !== "convicted");
  if (bad.length + lost.length === 0) return [];
  return [h("section", {class: "troubles"}, h("h2", {class: "bad"}, "What went wrong"),
    bad.map((row) => h("article", {}, h("h3", {}, `${text(row.name)}: ${text(row.verdict)}`),
      row.told && h("pre", {tabindex: "0"}, text(row.told)),
      row.trace && h("button", {type: "button", class: "execution", click: () => showExecution(row.trace)},
        "Show the execution"))),
    lost.map((row) => h("article", {}, h("h3", {}, `control ${text(row.name)}: ${text(row.verdict)}`),
      h("p", {}, text(row.trouble) || text(row.fault)))))];
}

/** The page of one execution in the place of this one. */
function showExecution(trace) {
  const root = document.getElementById("page");
  root.replaceChildren(h("p", {class: "back"}, h("button", {type: "button",
    click: () => location.reload()}, "◀ back to the table")));
  scrollTo(0, 0);
  tracePage(trace, root);
}

function propertiesSection(scenarios, controls) {
  const stands = (row, id) => text(row.properties).split(" ").includes(id);
  const rows = Object.keys(losses).map((id) => ({id, loss: losses[id],
    there: scenarios.filter((row) => stands(row, id)).length,
    convicted: controls.filter((row) => row.property === id).length}))
    .filter((row) => row.there + row.convicted > 0);
  return h("section", {}, h("h2", {}, "Properties"),
    h("p", {class: "soft"}, "Every scenario is checked for all of them; the first number counts those " +
      "that are there for one in particular."),
    table([["", (r) => r.id, "name"], ["to lose it would mean", (r) => r.loss],
      ["scenarios", (r) => text(r.there), "number"],
      ["controls convicted by it", (r) => text(r.convicted), "number"]], rows, {id: "properties"}));
}

function scenariosSection(scenarios) {
  if (scenarios.length === 0) return null;
  const rows = scenarios.map((row) => ({...row,
    className: row.verdict === "no violation" ? null : "changed"}));
  return h("section", {}, h("h2", {}, "Scenarios"),
    h("p", {class: "soft"}, "Searches with the shipped orders; then with all of them seq_cst. A star: " +
      "that search came to its end, exhausted within the bound, within Relacy’s model."),
    filtered("scenarios", table([["scenario", (r) => text(r.name), "name"],
      ["for", (r) => text(r.properties)], ["program", (r) => h("code", {}, text(r.program))],
      ["searches", (r) => text(r.searches)],
      ["executions", (r) => whole(r.executions, 0).toLocaleString("en"), "number"],
      ["s", (r) => seconds(r.seconds), "number"],
      ["verdict", (r) => h("span", {class: r.className ? "bad" : "good"}, text(r.verdict))]],
    rows, {id: "scenarios"})));
}

function controlsSection(controls) {
  if (controls.length === 0) return null;
  const rows = controls.map((row) => ({...row, className: row.verdict === "convicted" ? null : "changed"}));
  return h("section", {}, h("h2", {}, "Controls"),
    filtered("controls", table([["control", (r) => text(r.name), "name"], ["fault", (r) => text(r.fault)],
      ["verdict", (r) => h("span", {class: r.className ? "bad" : "good nowrap"},
        r.className ? text(r.verdict) : `convicted by ${text(r.property)}`)],
      ["scheduler", (r) => text(r.scheduler)],
      ["execution", (r) => whole(r.executions, 0).toLocaleString("en"), "number"],
      ["program", (r) => h("code", {}, text(r.program))]], rows, {id: "controls"})));
}

const seconds = (value) => (typeof value === "number" ? value.toFixed(1) : "");

/** A table below a field that keeps the rows with some text in them. */
function filtered(what, shown) {
  const rows = [...shown.querySelectorAll("tbody tr")];
  const said = h("span", {class: "soft", "aria-live": "polite"}, "");
  const keep = (e) => {
    const wanted = e.target.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    said.textContent = wanted === "" ? "" : `${rows.filter((r) => !r.hidden).length} of ${rows.length}`;
  };
  const field = h("input", {type: "search", "aria-label": `only ${what} with`, placeholder: `only ${what} with …`,
    input: keep});
  return h("div", {}, h("p", {class: "filter"}, field, said), shown);
}
