// SPDX-License-Identifier: MIT
// All tests of the pages, in one browser.
import {after} from "node:test";
import {close} from "./browser.mjs";
import "./trace_page_test.mjs";
import "./tables_test.mjs";
import "./hostile_test.mjs";
import "./site_test.mjs";

after(close);
