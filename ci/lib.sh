# shellcheck shell=bash
# +-----------------------------------------------------------------------------------------+
# | Shared by the commands of this folder; sourced, never run.                              |
# | Why: the commands promise the same three things, so they are kept in one place. Options |
# | are read alike, a build directory is set up once and reused, and what a build prints    |
# | goes to a log that is shown only when the build fails.                                  |
# | Relies on: bash 4.4, coreutils; meson and ninja as soon as something is built.          |
# +-----------------------------------------------------------------------------------------+

root=$(readlink -f -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/..")
readonly root
cd -- "$root" || exit 2

# die MESSAGE: bad input, or a machine we cannot work on.
die() {
  printf 'ci/%s: %s\n' "$(basename -- "$0")" "$1" >&2
  exit 2
}

# split_options ARGUMENT...: sets install (yes or no), help (yes or no) and the array rest, which
# holds everything that is not ours.
# shellcheck disable=SC2034
split_options() {
  install=yes help=no rest=()
  local argument
  for argument in "$@"; do
    case $argument in
      --no-install) install=no ;;
      -h | --help) help=yes ;;
      *) rest+=("$argument") ;;
    esac
  done
}

# tick LABEL LOG: the progress line on a terminal: seconds, and the last count such as 12/80 that
# ninja or meson wrote into the log. Runs until it is killed.
tick() {
  local begin=$SECONDS count
  while sleep 1; do
    # Nothing to count yet is no failure.
    count=$(tail -c 4000 -- "$2" | tr '\r' '\n' | grep -oE '^ *\[?[0-9]+/[0-9]+' |
      tail -n 1 | tr -d '[ ') || count=''
    printf '\r\033[K%s … %s (%d s)' "$1" "$count" $((SECONDS - begin)) >&2
  done
}

ticker=''
stop_ticker() {
  [[ -n $ticker ]] || return 0
  # Killed on purpose, so its status says nothing.
  if kill "$ticker" && ! wait "$ticker"; then :; fi 2>/dev/null
  ticker=''
  printf '\r\033[K' >&2
}
trap stop_ticker EXIT

# run_logged LABEL LOG COMMAND...: runs the command with its output in the log; returns its status.
run_logged() {
  local label=$1 log=$2 status=0
  shift 2
  mkdir -p -- "$(dirname -- "$log")"
  : >"$log"
  if [[ -t 2 ]]; then
    tick "$label" "$log" &
    ticker=$!
  fi
  "$@" >"$log" 2>&1 </dev/null || status=$?
  stop_ticker
  return "$status"
}

# show_log LOG: the tail of a log, marked so that nothing in it can be taken for a result of ours.
show_log() {
  tail -n 100 -- "$1" | sed 's/^/  | /' >&2
  printf '  | (all of it: %s)\n' "${1#"$root"/}" >&2
}

# run_or_show: run_logged, and the tail of the log if the command failed.
run_or_show() {
  local status=0
  run_logged "$@" || status=$?
  if ((status != 0)); then
    printf 'ci/%s: %s: failed (exit code %d)\n' "$(basename -- "$0")" "$1" "$status" >&2
    show_log "$2"
  fi
  return "$status"
}

# configure NAME [MESON-OPTION...]: sets up build/NAME unless that was done before. Ninja runs meson
# again by itself when a build file changes.
configure() {
  local dir=build/$1
  [[ -f $dir/build.ninja ]] && return 0
  # Left by a set-up that was interrupted; meson would take it for a finished one.
  rm -rf -- "$dir/meson-private"
  run_or_show "set up $dir" "$dir/ci-logs/setup.txt" meson setup "$dir" "${@:2}"
}

# configure_sanitized NAME SANITIZERS STRESS_SECONDS: the same for a build with sanitizers. With clang,
# which compiles UndefinedBehaviorSanitizer in two thirds of the time of g++ 12 and looks at every source
# with other warnings. -O1 -g1: enough for line numbers in what is found; the meson files take less still
# where a test is brief. A test must fail on what is found, hence no recovery, which is what
# UndefinedBehaviorSanitizer would do. The meson files define what a sanitizer has nothing to say to in
# the plain build alone.
configure_sanitized() {
  CXX=clang++-19 configure "$1" "-Db_sanitize=$2" "-Dstress_seconds=$3" -Dmodel=false \
    -Db_lundef=false -Ddebug=true -Doptimization=1 \
    "-Dcpp_args=['-fno-sanitize-recover=all','-g1']"
}

# build NAME [TARGET...]: builds the targets, or everything, in build/NAME.
build() {
  run_or_show "build $1" "build/$1/ci-logs/build.txt" ninja -C "build/$1" "${@:2}"
}
