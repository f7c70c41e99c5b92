// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// main.js: which page it is
// ---------------------------------------------------------------------------------------------

const pages = {caiman_trace: tracePage, caiman_audit: auditPage, caiman_verify: verifyPage};

const given = JSON.parse(document.getElementById("data").textContent);
const kind = Object.keys(pages).find((name) => given[name] === 1);
pages[kind](given, document.getElementById("page"));
