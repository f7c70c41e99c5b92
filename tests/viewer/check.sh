#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Opens the pages of caiman-check in a real browser and looks at what they do.            |
# | Why: what a page draws, and what it asks of the network, only a browser knows.          |
# | Relies on: chromium, node, npm. The one package, playwright-core, is fetched once into   |
# | the build directory, at the version and with the hash of package-lock.json; it drives    |
# | the browser that is there and brings none.                                              |
# +-----------------------------------------------------------------------------------------+
# usage: check.sh CAIMAN_CHECK MODULES CHROMIUM
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "$0")")
export CAIMAN_CHECK=$1 VIEWER_MODULES=$2 CHROMIUM=$3

mkdir -p -- "$VIEWER_MODULES"
if ! cmp -s -- "$here/package-lock.json" "$VIEWER_MODULES/installed.json"; then
  cp -- "$here/package.json" "$here/package-lock.json" "$VIEWER_MODULES"
  npm --prefix "$VIEWER_MODULES" ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp -- "$here/package-lock.json" "$VIEWER_MODULES/installed.json"
fi
exec node "$here/main.mjs"
