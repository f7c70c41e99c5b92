# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# +-----------------------------------------------------------------------------------------+
# | What the scripts of these folders begin with; sourced, never run.                       |
# | Why: each has the tree it looks at as its first argument, a folder of its own to work   |
# | in, and one way to say what is wrong.                                                   |
# | Relies on: bash, coreutils.                                                             |
# +-----------------------------------------------------------------------------------------+
set -euo pipefail
source_root=$1
here=$(dirname -- "$(readlink -f -- "$0")")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# fail WHAT: says so, with what the last command said that wrote into the log, and ends the script.
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  [[ ! -s $work/log ]] || cat -- "$work/log" >&2
  exit 1
}
