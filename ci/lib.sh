# SPDX-License-Identifier: MIT
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
# shellcheck source=ci/packages.sh
source "$root/ci/packages.sh"

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

# has_solver: whether Z3 is here to build against, on a processor whose frames model/proof can look at.
has_solver() { [[ -e /usr/include/z3++.h && $(uname -m) == x86_64 ]]; }

# tick LABEL LOG: the progress line on a terminal: seconds, and what was written into the log last. Runs
# until it is killed.
tick() {
  local begin=$SECONDS
  while sleep 1; do
    printf '\r\033[K%s (%d s) … %s' "$1" $((SECONDS - begin)) "$(tail -n 1 -- "$2" | cut -c -60)" >&2
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

# what_is_here MESON-OPTION...: a line for each thing that a set-up depends on. Without the things in the
# lines that begin with "built" what is built already would not be the same.
what_is_here() {
  local tool
  printf 'built with options%s\n' "${*:+ $*}"
  printf 'built by %s\n' "$("${CXX:-c++}" --version | sed -n '1s/^[^ ]* //p')"
  printf 'built by meson %s\n' "$(meson --version)"
  if command -v ccache >/dev/null; then
    printf 'built through ccache\n'
  fi
  # It fails when it does not know a package, which says that the package is not here.
  dpkg-query -W -f '${db:Status-Status} built with ${Package} ${Version}\n' \
    "${compiled_in[@]}" "${compiled_in_later[@]}" | sed -n 's/^installed //p' || :
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${house[@]}" | grep '^installed ' || :
  # What lies in the folder of one that has gone is nobody's, and in the way of what is called so.
  find . -path './build*' -prune -o -name meson.build -printf 'built in %h\n' | sort
  # Each a program, of which meson reads when it sets up.
  find model -name '*.patch' | sort
  for tool in "${looked_for[@]}"; do
    printf 'found %s: %s\n' "$tool" "$(command -v "$tool")"
  done
} 2>/dev/null

# Meson looks again for what it has not found, and forgets the dependencies that it has if it is told to.
# What a compiler has answered it never forgets, so no build file asks one for what may come later.
configure_again() {
  meson configure --clearcache "$1" && meson setup --reconfigure "$1"
}

# configure NAME [MESON-OPTION...]: sets up build/NAME, and again when something that it depends on has
# come since: a compiler or a browser that was installed in the meantime is found. When something has
# gone or changed that is in what was built, that is deleted first. Ninja runs meson again by itself
# when a build file changes.
configure() {
  local dir=build/$1 log=build/$1/ci-logs/setup.txt known=build/$1/ci-setup.txt here lost
  here=$(what_is_here "${@:2}")
  if [[ -f $dir/build.ninja && -f $known ]]; then
    [[ $here != "$(<"$known")" ]] || return 0
    if lost=$(grep '^built ' "$known" | grep -vxF -- "$here"); then
      printf 'ci/%s: %s is deleted and set up anew, since this has changed:\n%s\n' \
        "$(basename -- "$0")" "$dir" "$lost" >&2
      rm -rf -- "$dir"
    fi
  fi
  if [[ -f $dir/build.ninja ]] && ! run_or_show "set up $dir again" "$log" configure_again "$dir"; then
    grep -q FileExistsError "$log" || return
    printf 'ci/%s: %s is deleted and set up anew: what was a program there is a folder now\n' \
      "$(basename -- "$0")" "$dir" >&2
    rm -rf -- "$dir"
  fi
  if [[ ! -f $dir/build.ninja ]]; then
    # Left by a set-up that was interrupted; meson would take it for a finished one.
    rm -rf -- "$dir/meson-private"
    run_or_show "set up $dir" "$log" meson setup "$dir" "${@:2}" || return
  fi
  printf '%s\n' "$here" >"$known"
}

# configure_sanitized NAME SANITIZERS: the same for a build with sanitizers. With clang,
# which compiles UndefinedBehaviorSanitizer in two thirds of the time of g++ 12 and looks at every source
# with other warnings. -O1 -g1: enough for line numbers in what is found; the meson files take less still
# where a test is brief. A test must fail on what is found, hence no recovery, which is what
# UndefinedBehaviorSanitizer would do. The meson files define what a sanitizer has nothing to say to in
# the plain build alone.
configure_sanitized() {
  CXX=clang++-19 configure "$1" "-Db_sanitize=$2" -Dstress_seconds=2 -Dmodel=false \
    -Db_lundef=false -Ddebug=true -Doptimization=1 \
    "-Dcpp_args=['-fno-sanitize-recover=all','-g1']"
}

# build NAME [TARGET...]: builds the targets, or everything, in build/NAME.
build() {
  run_or_show "build $1" "build/$1/ci-logs/build.txt" ninja -C "build/$1" "${@:2}"
}
