// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// audit.js: the page of an ordering audit: sites down, orders across
// ---------------------------------------------------------------------------------------------

const orderNames = ["relaxed", "acquire", "release", "acq_rel", "seq_cst"];

function auditPage(raw, root) {
  const audit = readAudit(raw);
  document.title = `${audit.verdict}: ordering audit`;
  const dock = h("section", {class: "dock cell-dock", "aria-label": "details", "aria-live": "polite"});
  append(root, auditHeader(audit), matrixSection(audit, dock), dock, keptSection(audit),
    pairsSection(audit), controlsOfAudit(audit), upwardSection(audit), costSection(audit));
}

function readAudit(raw) {
  const results = new Map(list(raw.matrix).map((row) => [`${row.site} ${row.order}`, row]));
  const stronger = new Map(list(raw.upward).map((row) => [`${row.site} ${row.order}`, row]));
  const minimal = new Map(list(raw.minimal).map((row) => [row.site, row]));
  const costs = new Map(list(raw.cost?.rows).map((row) => [`${row.site} ${row.order}`, row]));
  const sites = list(raw.shipped).map((row) => ({site: text(row.site), shipped: text(row.order),
    minimal: text(minimal.get(row.site)?.order), pairs: text(row.pairs), without: text(row.without),
    kept: text(row.kept), programs: typeof row.programs === "number" ? String(row.programs) : ""}));
  const fates = {};
  for (const row of list(raw.matrix)) fates[row.result] = (fates[row.result] ?? 0) + 1;
  return {raw, sites, results, stronger, costs, fates, verdict: text(raw.verdict).toUpperCase()};
}

function auditHeader({raw, fates, verdict}) {
  const of = (name) => fates[name] ?? 0;
  const complaints = list(raw.complaints);
  return h("header", {}, h("p", {class: "eyebrow"}, "Ordering audit: is every memory order needed?"),
    h("h1", {}, verdictMark(verdict), `${of("convicted")} of ${count(list(raw.matrix).length,
      "weaker order")} convicted`),
    h("p", {class: "told"}, `Masked by others: ${of("masked")}; surviving: ${of("survives")}; ` +
      `not run: ${of("not run")}. A weaker order that is convicted shows that the one that ships is ` +
      "needed; one that survives is either not needed, or not looked for well enough."),
    complaints.length > 0 && h("ul", {class: "complaints"}, complaints.map((c) => h("li", {}, text(c)))),
    h("p", {class: "legend"}, ["ships", "convicted", "masked", "survives", "not-run"].map((name) =>
      h("span", {class: "item"}, h("span", {class: `fate ${name}`}, name === "convicted" ? "S2"
        : name.replace("-", " ")), {ships: "what ships", convicted: "convicted, by this property",
        masked: "convicted only with others relaxed", survives: "nothing convicts it",
        "not-run": ""}[name])),
    h("span", {class: "item"}, "○ the locally minimal table, where it differs")));
}

// ---- the matrix -------------------------------------------------------------------------------

function matrixSection(audit, dock) {
  const rows = audit.sites.map((site) => h("tr", {}, h("th", {scope: "row"}, site.site),
    orderNames.map((order) => h("td", {}, matrixCell(audit, site, order))),
    h("td", {class: "soft partners"}, site.pairs === "none" ? "" : site.pairs)));
  const grid = h("table", {id: "matrix", class: "matrix"},
    h("thead", {}, h("tr", {}, h("th", {scope: "col"}, "site"),
      orderNames.map((order) => h("th", {scope: "col"}, order)), h("th", {scope: "col"}, "pairs with"))),
    h("tbody", {}, rows));
  listenToMatrix(audit, grid, dock);
  return h("section", {}, h("h2", {}, "Sites and weaker orders"),
    h("p", {class: "soft"}, "Arrow keys move, hovering shows, a click keeps the details."), grid);
}

/** What is known of a site with an order: a word and its class. */
function fateOf(audit, site, order) {
  if (order === site.shipped) return {kind: "ships", says: "ships"};
  const weaker = audit.results.get(`${site.site} ${order}`);
  if (weaker) {
    const result = text(weaker.result);
    return {kind: result.replace(" ", "-"), says: result === "convicted" ? text(weaker.property) : result,
      row: weaker};
  }
  const stronger = audit.stronger.get(`${site.site} ${order}`);
  if (!stronger) return {kind: "none", says: ""};
  return stronger.changed ? {kind: "broken", says: "changes a verdict", row: stronger}
    : {kind: "stronger", says: "·", row: stronger};
}

function matrixCell(audit, site, order) {
  const {kind, says} = fateOf(audit, site, order);
  if (kind === "none") return null;
  const least = order === site.minimal && order !== site.shipped;
  return h("button", {type: "button", class: `fate ${kind}`, tabindex: "-1", "data-site": site.site,
    "data-order": order, "aria-label": `${site.site} ${order}: ${says}`}, least ? `○ ${says}` : says);
}

function listenToMatrix(audit, grid, dock) {
  const cells = [...grid.querySelectorAll("button")];
  if (cells.length === 0) return;
  const first = (kinds) => cells.find((cell) => cell.matches(kinds));
  let kept = first(".broken") ?? first(".survives, .masked") ?? first(".convicted") ?? cells[0];
  const tell = (cell) => dock.replaceChildren(...cellFacts(audit, cell.dataset.site, cell.dataset.order));
  const choose = (cell) => {
    kept.tabIndex = -1;
    kept.classList.remove("chosen");
    kept = cell;
    kept.tabIndex = 0;
    kept.classList.add("chosen");
    tell(kept);
  };
  grid.addEventListener("mouseover", (e) => tell(e.target.closest("button") ?? kept));
  grid.addEventListener("mouseleave", () => tell(kept));
  grid.addEventListener("click", (e) => { if (e.target.closest("button")) choose(e.target.closest("button")); });
  grid.addEventListener("focusin", (e) => choose(e.target));
  grid.addEventListener("keydown", (e) => {
    const next = neighbour(kept, e.key);
    if (!next) return;
    e.preventDefault();
    next.focus();
  });
  choose(kept);
}

/** The next cell in the direction of an arrow key that has something to say. */
function neighbour(cell, key) {
  const [across, down] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[key]
    ?? [0, 0];
  if (across === 0 && down === 0) return null;
  const row = cell.closest("tr"), rows = [...row.parentNode.children];
  const column = [...row.children].indexOf(cell.parentNode);
  for (let r = rows.indexOf(row) + down, c = column + across; rows[r]?.children[c]; r += down, c += across) {
    const found = rows[r].children[c].querySelector("button");
    if (found) return found;
  }
  return null;
}

function cellFacts(audit, siteName, order) {
  const site = audit.sites.find((row) => row.site === siteName);
  const {kind, row} = fateOf(audit, site, order);
  const facts = [];
  const fact = (name, says) => { if (says !== "" && says !== null) facts.push(h("dt", {}, name), h("dd", {}, says)); };
  fact("result", resultInWords(kind, row));
  if (row?.by) fact("masked by", list(row.by).length ? list(row.by).join(", ") : text(row.by));
  fact("execution", row?.execution ? `${row.execution} of ${text(row.search)} in ${text(row.scenario)}` : "");
  fact("took", typeof row?.seconds === "number" ? `${row.seconds.toFixed(2)} s` : "");
  fact("pairs with", site.pairs);
  fact("without it", site.without);
  fact("programs that come by", site.programs);
  fact("kept", kind === "ships" ? site.kept : "");
  for (const target of list(audit.costs.get(`${siteName} ${order}`)?.targets)) {
    fact(`on ${text(target?.target)}`, text(target?.text));
  }
  const line = row?.program ? replayOf(audit, row, siteName, order) : "";
  if (line) fact("see it", copyLine(line, "copy the command"));
  return [h("h3", {}, `${siteName} ${kind === "ships" ? "ships" : "as"} ${order}`), h("dl", {}, facts)];
}

function resultInWords(kind, row) {
  switch (kind) {
    case "ships": return "this is what ships";
    case "convicted": return `convicted: ${text(row.property)}${row.text ? ", " + text(row.text) : ""}`;
    case "masked": return `convicted once others are weaker, too: ${text(row.property)}`;
    case "survives": return `no violation in ${whole(row.executions, 0).toLocaleString("en")} executions`;
    case "stronger": return "stronger: no verdict changed";
    case "broken": return "stronger, and a verdict changed: a fault of the checker";
    default: return text(row?.result);
  }
}

/** For a shell: what a file says stands inside quotes. */
const quoted = (value) => `'${text(value).replaceAll("'", "'\\''")}'`;

function replayOf(audit, row, site, order) {
  const others = list(row.by).map((one) => "," + text(one)).join("");
  const by = text(audit.raw.checker);
  return `${/^[\w.-]+$/.test(by) ? by : "caiman-check"} run --trace --program ${quoted(row.program)} --searches ${quoted(row.search)} ` +
    `--orders ${quoted(`${site}=${order}${others}`)}`;
}

// ---- below it ---------------------------------------------------------------------------------

function part(heading, says, shown) {
  return h("section", {}, h("h2", {}, heading), says && h("p", {class: "soft"}, says), shown);
}

function keptSection({sites}) {
  const rows = sites.filter((site) => site.minimal !== "" && site.minimal !== site.shipped);
  if (rows.length === 0) return null;
  return part("Stronger than the checks ask for", "Each needs a reason in the table of orders.",
    table([["site", (r) => r.site, "name"], ["ships", (r) => r.shipped], ["minimum", (r) => r.minimal],
      ["reason", (r) => r.kept || h("b", {class: "bad"}, "no reason given")]], rows, {id: "kept"}));
}

const sideName = (side) => `${text(side?.site)}=${text(side?.order)}`;
const outcomeOf = (row) => [text(row.result), text(row.property), row.scenario ? `in ${text(row.scenario)}` : ""]
  .filter(Boolean).join(" ");

function pairsSection({raw}) {
  const rows = list(raw.pairs);
  if (rows.length === 0) return null;
  return part("Pairs", "Two weaker orders that survive alone, together.",
    table([["one", (r) => sideName(r.one), "name"], ["other", (r) => sideName(r.other), "name"],
      ["together", outcomeOf]], rows, {id: "pairs"}));
}

function controlsOfAudit({raw}) {
  const rows = list(raw.controls).map((row) => ({...row, className: row.held === false ? "changed" : null}));
  if (rows.length === 0) return null;
  return part("Controls", "One change must be convicted and one must not, or the audit shows nothing.",
    table([["control", (r) => text(r.name), "name"], ["must", (r) => text(r.must)],
      ["held", (r) => h("span", {class: r.held === false ? "bad" : "good"}, r.held === false ? "no" : "yes")],
      ["how", outcomeOf]], rows, {id: "controls"}));
}

function upwardSection({raw}) {
  const rows = list(raw.upward);
  if (rows.length === 0) return null;
  const changed = rows.filter((row) => row.changed).map((row) => ({...row, className: "changed"}));
  const says = `${count(rows.length, "stronger order")} tried, ${changed.length} changed a verdict. ` +
    "One that does shows a fault of the checker.";
  return part("Stronger orders", says, changed.length === 0 ? null
    : table([["site", (r) => text(r.site), "name"], ["order", (r) => text(r.order)], ["what", outcomeOf]],
      changed, {id: "upward"}));
}

function costSection({raw}) {
  const rows = list(raw.cost?.rows);
  if (rows.length === 0) return null;
  const missing = list(raw.cost?.missing).map(text).join("; ");
  return part("What an order buys", "Instructions of the compiled core, as it ships and changed; and the time " +
    `of a pair on this machine, as a ratio to what ships, where the code differs.${missing && ` ${missing}.`}`,
  table([["site", (r) => text(r.site), "name"], ["ships", (r) => text(r.shipped)],
    ["changed to", (r) => text(r.order)],
    ["instructions", (r) => list(r.targets).map((t) => h("div", {}, h("span", {class: "soft"},
      `${text(t?.target)}: `), text(t?.text)))],
    ["time", (r) => text(r.trouble) || list(r.ratios).map((t) => h("div", {}, ratioOf(t)))]],
  rows, {id: "cost"}));
}

/** "order 0: 0.998 (0.990 to 1.010)" */
function ratioOf(ratio) {
  const [median, low, high] = [ratio?.median, ratio?.low, ratio?.high].map((n) =>
    (typeof n === "number" ? n.toFixed(3) : "?"));
  return `${text(ratio?.pair)}: ${median} (${low} to ${high})`;
}
