#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Checks a structure of somebody else's with the installed caiman-model.                  |
# | Why: the shim, the engine and the traces are for other structures too, and what an      |
# | installation lacks is found by its users, unless it is found here. The stack            |
# | of model/examples must be convicted, its trace must replay, and the repair must pass.   |
# | Relies on: meson, pkg-config, cmake, relacy-dev, a built tree.                                |
# | Usage: model.sh SOURCE-ROOT BUILD-ROOT COMPILER..., which may begin with a cache         |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
build_root=$2 compiler=("${@:3}")

meson install -C "$build_root" --no-rebuild --tags devel --destdir "$work" >"$work/log" 2>&1 ||
  fail "it does not install"
pc=$(find "$work" -name caiman-model.pc)
[[ -n $pc ]] || fail 'no caiman-model.pc'
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$work
headers=$(find "$work" -path '*/caiman-model/*.hpp' -printf '%f\n' | sort | tr '\n' ' ')
wanted='accesses.hpp atomic.hpp beyond_relacy.hpp blocking.hpp check.hpp checked_atomic.hpp client.hpp hooks.hpp operation.hpp part.hpp place.hpp plain.hpp program.hpp recorder.hpp recording.hpp relacy.hpp sites.hpp tested.hpp value_text.hpp world.hpp '
[[ $headers == "$wanted" ]] || fail "installed headers: $headers"

# Each by itself, and by the shorter name, too.
# shellcheck disable=SC2046
for header in $wanted; do
  printf '#include <caiman-model/%s>\n#include "%s"\n' "$header" "$header" |
    "${compiler[@]}" -std=c++23 -fsyntax-only -Wall -Wextra -Werror $(pkg-config --cflags caiman-model) \
      -x c++ - || fail "$header does not compile"
done

# The test of fifteen lines, as it stands in the guide of the door, around a queue behind a lock.
cd -- "$work"
cat >q.cpp <<'CODE'
#include <caiman-model/check.hpp>
namespace m = caiman::model;
template <template <class> class Atom = std::atomic>
class queue {
 public:
  void push(int);
  std::optional<int> pop();
 private:
  Atom<bool> locked_{false};
  std::deque<int> items_;
};
struct queue_spec {
  std::deque<int> items;
  void push(int v) { items.push_back(v); }
  std::optional<int> pop();
  bool operator==(const queue_spec&) const = default;
};
int main(int argc, char** argv) {
  return m::check<queue<m::atomic>, queue_spec>(argc, argv,
      m::operation("push", &queue<m::atomic>::push, &queue_spec::push, m::any_of(1, 2, 3)),
      m::operation("pop", &queue<m::atomic>::pop, &queue_spec::pop));
}
template <template <class> class Atom>
void queue<Atom>::push(int v) {
  while (locked_.exchange(true, std::memory_order_acquire)) m::this_thread::yield();
  items_.push_back(v);
  locked_.store(false, std::memory_order_release);
}
std::optional<int> front_of(std::deque<int>& items) {
  if (items.empty()) return {};
  const int v = items.front();
  items.pop_front();
  return v;
}
template <template <class> class Atom>
std::optional<int> queue<Atom>::pop() {
  while (locked_.exchange(true, std::memory_order_acquire)) m::this_thread::yield();
  const std::optional<int> v = front_of(items_);
  locked_.store(false, std::memory_order_release);
  return v;
}
std::optional<int> queue_spec::pop() { return front_of(items); }
CODE
cp -- "$source_root/model/examples/queue.cpp" "$source_root"/model/gallery/*.{cpp,hpp} .
# Flags are many words, and the sysroot has no spaces.
# shellcheck disable=SC2046
built() {
  "${compiler[@]}" -std=c++23 $(pkg-config --cflags caiman-model) "$1" -o "$2" "${@:3}" \
    $(pkg-config --libs caiman-model) || fail "$1 does not build"
}
built q.cpp q
./q >q.txt || fail "the queue of fifteen lines: $(cat q.txt)"
grep -q '^no violation in [0-9]* executions of 100 invented scenarios' q.txt || fail "$(cat q.txt)"

# The same with CMake, from a moved copy: the package must not know where it was.
mkdir by-cmake
cp q.cpp by-cmake
cat >by-cmake/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.21)
project(q CXX)
find_package(caiman-model ${WANTED} CONFIG REQUIRED)
add_executable(q q.cpp)
target_link_libraries(q PRIVATE caiman::model)
CMAKE
mkdir moved
(cd -- "${pc%/lib/*}" && cp -r . "$work/moved")
by_cmake() { cmake -G Ninja -S by-cmake -B by-cmake/build -DCMAKE_PREFIX_PATH="$work/moved" "$@" >"$work/log" 2>&1; }
version=$(pkg-config --modversion caiman-model)
for wanted in 9 "${version%%.*}.99"; do
  if CXX="${compiler[*]}" by_cmake -DWANTED="$wanted"; then fail "cmake took it for version $wanted"; fi
  grep -q 'were considered but not accepted' "$work/log" || fail "cmake and version $wanted"
done
rm -r by-cmake/build
CXX="${compiler[*]}" by_cmake -DWANTED="$version" || fail 'cmake does not find the package'
cmake --build by-cmake/build >"$work/log" 2>&1 || fail 'the queue of fifteen lines does not build with CMake'
by-cmake/build/q verify --scenarios 20 >by-cmake.txt || fail "the queue of fifteen lines: $(cat by-cmake.txt)"
grep -q '^no violation in [0-9]* executions of 20 invented scenarios' by-cmake.txt || fail "$(cat by-cmake.txt)"
rm -- "$(find moved -name libcaiman-model.a)"
if by_cmake --fresh -DWANTED="$version"; then fail 'an archive that is gone is not missed'; fi
grep -q 'not where they were installed' "$work/log" || fail 'an archive that is gone'

built queue.cpp queue
release=$(./queue list | awk '$2 == "store" && $3 == "release" { print $1; exit }')
code=0
./queue verify --orders "$release=relaxed" --trace-out race.json --page race.html >race.txt || code=$?
[[ $code == 1 ]] || fail "a relaxed store passes: $code, $(cat race.txt)"
grep -q '^data race: ' race.txt || fail "$(cat race.txt)"
./queue replay race.json | grep -q '^reproduced: data race; all [0-9]* events are the same$' || fail 'no replay'
./queue show race.json | grep -q 'plain write cells_' || fail "$(./queue show race.json)"
grep -q 'data race' race.html || fail 'no page'
./queue optimize >least.txt || fail "$(cat least.txt)"
grep -q '^~' least.txt && fail "other orders than the published ones: $(cat least.txt)"
./queue audit | grep -c ' dies: data race' | grep -qx 4 || fail "$(./queue audit)"
./queue cost | grep -q ' xchg ' || fail "$(./queue cost)"
for wrong in "verify --orders $release=acquire" "verify --orders nowhere.cpp:1=relaxed" \
  "verify --orders $release=relaxed,$release=relaxed" 'run --program push(7)' 'replay nothing.json' 'run' 'no'; do
  code=0
  # shellcheck disable=SC2086
  ./queue $wrong >out.txt 2>err.txt || code=$?
  [[ $code == 2 && ! -s out.txt ]] || fail "$wrong: $code, $(cat out.txt)"
  [[ $(wc -l <err.txt) == 1 ]] && grep -q '^queue: ' err.txt || fail "$wrong: $(cat err.txt)"
done

built treiber_counted.cpp aba -DFAULT=1
code=0
./aba >aba.txt 2>/dev/null || code=$?
[[ $code == 1 ]] || fail "the faulty stack: $code, $(cat aba.txt)"
printf 'caiman-model: built, convicted, replayed\n'
