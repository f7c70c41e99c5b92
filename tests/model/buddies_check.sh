#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Checks the core on the machine that structures of anybody's run on.                     |
# | Why: it shows what Relacy cannot, such as stores that stand before newer ones. The core |
# | must pass; with every read-modify-write of the tree relaxed it must be convicted, or    |
# | the check sees nothing.                                                                 |
# | Usage: buddies_check.sh CAIMAN-BUDDIES                                                  |
# +-----------------------------------------------------------------------------------------+
set -euo pipefail
buddies=$1

"$buddies" verify --scenarios 40
weaker=$("$buddies" list | awk '/^  tree\.hpp:.* read-modify-write / { printf "%s%s=relaxed", comma, $1; comma = "," }')
[[ -n $weaker ]] || { printf 'buddies_check.sh: no read-modify-write in the tree\n' >&2; exit 1; }
code=0
said=$("$buddies" verify --orders "$weaker") || code=$?
if [[ $code != 1 ]] || ! grep -q '^\(data race\|not linearizable\): ' <<<"$said"; then
  printf 'buddies_check.sh: weakened, and exit code %s: %s\n' "$code" "${said:0:400}" >&2
  exit 1
fi
printf 'weakened: %s\n' "$(head -n 1 <<<"$said")"
