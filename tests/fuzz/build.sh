#!/bin/sh
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Builds the fuzz targets, by the conventions of OSS-Fuzz.                                |
# | Why: a farm that fuzzes many projects has one way to build them; so do our own tests.   |
# | build.sh [TARGET...] writes $OUT/TARGET, with TARGET.dict and TARGET_seed_corpus.zip    |
# | where there are any (the zip needs python3). $CXX, $CXXFLAGS and $LIB_FUZZING_ENGINE    |
# | say how; unset: clang 19 with libFuzzer, AddressSanitizer and UndefinedBehaviorSan-     |
# | itizer. There is no C here, so $CC and $CFLAGS are not used. `concurrent` is built      |
# | without the sanitizers of $CXXFLAGS: Relacy's fibres do not stand them.                 |
# | $MODEL_LIBRARIES: archives of an engine that is built already, to be linked instead;    |
# | $FMT_LIBRARY: how fmt is linked, not at all where it is taken as headers.                |
# | Relies on: relacy-dev, libfmt-dev, nlohmann-json3-dev for all but buddy and arena.      |
# +-----------------------------------------------------------------------------------------+
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd)
root=$(cd -- "$here/../.." && pwd)
: "${CXX:=clang++-19}" "${OUT:=.}" "${LIB_FUZZING_ENGINE:=-fsanitize=fuzzer}" "${MODEL_LIBRARIES:=}" "${FMT_LIBRARY=-lfmt}"
: "${CXXFLAGS=-O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all}"
[ $# -gt 0 ] || set -- buddy arena program trace concurrent

# What is left of $CXXFLAGS without sanitizers; the fuzzer's own instrumentation stays, and -O0, which
# asks for a short build; else -O2.
unsanitized() {
  level=-O2
  for flag in $CXXFLAGS; do
    case $flag in
      -fsanitize=*fuzzer-no-link*) printf '%s ' -fsanitize=fuzzer-no-link ;;
      -O0) level=-O0 ;;
      -fsanitize=* | -fno-sanitize-recover=* | -O*) ;;
      *) printf '%s ' "$flag" ;;
    esac
  done
  printf '%s' "$level"
}

mkdir -p "$OUT"
for target in "$@"; do
  flags=$CXXFLAGS more='' apart='' libraries=''
  bench=$root/model/workbench
  case $target in
    buddy | arena) ;;
    program)
      # Only the parsers of the engine; where it is built already, they are not taken from there.
      more="$here/program_parts.cpp $bench/engine/program.cpp $bench/engine/order_lattice.cpp $bench/engine/orders.cpp
        $bench/engine/current_client.cpp $bench/commands/plan.cpp $bench/commands/shortest.cpp
        $bench/trace/trace.cpp $bench/trace/recording_json.cpp" libraries=$FMT_LIBRARY ;;
    trace)
      more="$here/trace_parts.cpp $bench/trace/trace_file.cpp $bench/trace/show_text.cpp
        $bench/trace/page.cpp $bench/trace/whole_file.cpp"
      libraries=$FMT_LIBRARY ;;
    concurrent)
      flags=$(unsanitized)
      more=$root/model/caiman/world.cpp libraries="-Wl,--start-group $MODEL_LIBRARIES -Wl,--end-group $FMT_LIBRARY"
      # Each by itself: they have names in common.
      [ -n "$MODEL_LIBRARIES" ] || apart="$bench/shim/*.cpp $bench/engine/*.cpp $bench/commands/plan.cpp
        $bench/commands/shortest.cpp $bench/trace/trace.cpp $bench/trace/recording_json.cpp" ;;
    *) echo "build.sh: no target '$target'; there are buddy, arena, program, trace, concurrent" >&2 && exit 2 ;;
  esac
  # One unit: the headers cost more than what is in the sources.
  # -w: warnings are the business of the ordinary builds. Lists are words by convention, unquoted.
  # shellcheck disable=SC2086
  printf '#include "%s"\n' "$here/${target}_target.cpp" $more |
    "$CXX" $flags -std=c++23 -w -pthread -I"$root/core" -I"$root/model/caiman" \
      -I"$bench" -I"$bench/include" -x c++ - -x none \
      $apart $LIB_FUZZING_ENGINE $libraries -o "$OUT/$target"
  [ ! -f "$here/$target.dict" ] || cp "$here/$target.dict" "$OUT/"
  if command -v python3 >/dev/null; then
    python3 "$here/corpus.py" zip "$here/corpus/$target.tar.xz" "$OUT/${target}_seed_corpus.zip"
  fi
done
