#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Builds the workbench where there is no core, and runs tests of its own there.           |
# | Why: model/workbench is a product by itself, for structures of anybody's. That it knows |
# | nothing of the core stays true only where the core cannot be found; and that the core's |
# | own checks see no more of it than is installed, only where the rest cannot be.          |
# | Copies model/workbench, model/examples and the tests that need no more to a tree of     |
# | their own, with a project around them; what is included wrongly on purpose must be      |
# | convicted, on either side of the door.                                                  |
# | Relies on: meson, ninja, relacy-dev, libfmt-dev, nlohmann-json3-dev, libcli11-dev,      |
# | catch2, rapidcheck.                                                                     |
# | Usage: workbench_alone.sh SOURCE-ROOT COMPILER..., which may begin with a cache         |
# +-----------------------------------------------------------------------------------------+
set -euo pipefail
source_root=$1 compiler=("${@:2}")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

fail() {
  printf 'workbench_alone.sh: %s\n' "$1" >&2
  exit 1
}

tree=$work/tree
mkdir -p "$tree/model" "$tree/tests/model" "$tree/tests/unit"
cp -r -- "$source_root"/model/{workbench,examples} "$tree/model"
cp -- "$source_root"/tests/model/{history_test,workbench_test}.cpp "$tree/tests/model"
cp -- "$source_root"/tests/unit/main.cpp "$tree/tests/unit"
cat >"$tree/meson.build" <<'MESON'
project('workbench', 'cpp', meson_version: '>=1.0', default_options: ['warning_level=3', 'werror=true',
  'optimization=0', 'cpp_std=none', 'default_library=static'])
add_project_arguments('-std=c++23', '-Wconversion', '-Wshadow', language: 'cpp')
subdir('model/workbench')
executable('queue', 'model/examples/queue.cpp', dependencies: workbench_dep)
executable('workbench_test', 'tests/unit/main.cpp', 'tests/model/history_test.cpp',
  'tests/model/workbench_test.cpp', dependencies: [workbench_dep, dependency('catch2', version: '<3'),
  cpp.find_library('rapidcheck')],
  include_directories: workbench_rooms)
MESON
CXX="${compiler[*]}" meson setup "$work/build" "$tree" >"$work/log" 2>&1 || fail "$(cat -- "$work/log")"
# Optimising takes longer than all that is run here.
sed -i 's/ -O2 / -O0 /' "$work/build/build.ninja"
ninja -C "$work/build" >"$work/log" 2>&1 || fail "it does not build without the core: $(cat -- "$work/log")"

cd -- "$work/build"
./workbench_test || fail 'a test of its own fails'
release=$(./queue list | awk '$2 == "store" && $3 == "release" { print $1; exit }')
code=0
./queue verify --orders "$release=relaxed" --trace-out race.json >run.txt || code=$?
[[ $code == 1 ]] || fail "the faulty queue: $code, $(cat run.txt)"
grep -q '^data race: ' run.txt || fail "the faulty queue: $(cat run.txt)"
./queue replay race.json >replay.txt || fail "no replay: $(cat replay.txt)"
./queue show race.json -o race.html || fail 'no page'
./queue verify --scenarios 20 >passed.txt || fail "the queue: $(cat passed.txt)"

# A wrong include, on this side of the door and on the other. What is looked for is a message of the
# preprocessor's, so that it takes no time.
convict() {
  local what=$1 file=$2 wrong=$3
  shift 3
  sed "0,/^#include/s||#include \"$wrong\"\n#include|" "$file" >"${file%.*}_seeded.cpp"
  if "${compiler[@]}" -std=c++23 -E -o "$work/seen" "$@" "${file%.*}_seeded.cpp" 2>"$work/log"; then
    fail "$what includes $wrong and nobody complains"
  fi
  grep -q "$wrong.*\(No such file\|not found\)" "$work/log" || fail "$what: $(cat -- "$work/log")"
}
bench=$tree/model/workbench
convict 'the workbench' "$bench/engine/engine.cpp" caiman/sync.hpp -I"$bench" -I"$bench/include"

cp -r -- "$source_root"/model/caiman "$tree/model"
ours=$tree/model/caiman
see=(-I"$source_root/core" -I"$bench/include" -I"$ours")
for source in world parts textbook scenarios main; do
  "${compiler[@]}" -std=c++23 -E -o "$work/seen" "${see[@]}" "$ours/$source.cpp" ||
    fail "model/caiman/$source.cpp sees more than is installed"
  ! grep -q 'model/workbench/[^i]' "$work/seen" || fail "model/caiman/$source.cpp goes past the door"
done
convict 'our client' "$ours/world.cpp" engine/execution.hpp "${see[@]}"
printf 'workbench: built without the core, %s\n' "$(tail -n 1 -- replay.txt)"
