// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// dom.js: making elements
//
// What a file says goes into the page as text nodes and nothing else: no markup is ever parsed, so
// a name such as <script> stays a name.
// ---------------------------------------------------------------------------------------------

const maker = (space) => (name, attributes = {}, ...children) => {
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(key, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) made.append(child);
  }
  return made;
};
const h = maker("http://www.w3.org/1999/xhtml");
const s = maker("http://www.w3.org/2000/svg");

/** Whatever a file holds at this place, as text that can be shown. */
const text = (value) => (value === null || value === undefined ? "" : String(value));
const list = (value) => (Array.isArray(value) ? value : []);
/** A whole number of a file, or a stand-in: no length from outside is trusted. */
const whole = (value, otherwise) => (Number.isSafeInteger(value) ? value : otherwise);
const count = (n, one, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/** A line to copy, with its button. */
function copyLine(line, label) {
  const code = h("code", {class: "command", tabindex: "0"}, line);
  const button = h("button", {type: "button", class: "copy", "aria-label": label,
    click: () => copyText(line, code, button)}, "Copy");
  return h("div", {class: "copyable"}, code, button);
}

async function copyText(line, shown, button) {
  try {
    await navigator.clipboard.writeText(line);
  } catch {
    // No clipboard without permission: what is selected can still be copied by hand.
    getSelection().selectAllChildren(shown);
    button.textContent = "Selected";
    return;
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

/** Those of the parts that there are. */
const append = (root, ...parts) => root.append(...parts.filter(Boolean));

/** A table; columns are [heading, cell of a row, class]. */
function table(columns, rows, attributes = {}) {
  const head = columns.map(([heading, , kind]) =>
    h("th", {scope: "col", class: kind}, heading));
  const body = rows.map((row) => h("tr", {class: row.className},
    columns.map(([, cell, kind]) => h("td", {class: kind}, cell(row)))));
  return h("div", {class: "scroll"},
    h("table", attributes, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)));
}

/** "PASS" or "FAIL", or what stands there instead. */
function verdictMark(verdict) {
  const kind = verdict === "PASS" ? "good" : "bad";
  return h("span", {class: `verdict ${kind}`}, verdict || "no verdict");
}
