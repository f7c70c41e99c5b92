#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Builds fuzz targets as OSS-Fuzz does, with its variables, and runs each for some        |
# | hundred inputs.                                                                         |
# | Why: what a farm runs by itself breaks where nobody looks. The folders are laid out as  |
# | there, the flags are those of its builder; the image itself is not here, nor is there a |
# | network. With libc++, as there, where the engine that is here links with it; else with  |
# | libstdc++, and the last line says which. What is wrong is put in, and must be seen.      |
# | Relies on: clang++-19, libclang-rt-19-dev, python3; for all targets what ci/verify needs. |
# | Usage: oss_fuzz.sh SOURCE-ROOT [TARGET... | all]                                        |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
source_root=$(readlink -f -- "$source_root")
targets=("${@:2}")
[[ ${targets[*]:-all} != all ]] || targets=(buddy arena program trace concurrent)

# What compile of OSS-Fuzz sets for the address sanitizer and libFuzzer.
common='-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION'
common+=' -fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link'
export SRC=$work/src OUT=$work/out WORK=$work/work CC=clang-19 CXX=clang++-19 CFLAGS=$common CXXFLAGS=$common
export LIB_FUZZING_ENGINE=-fsanitize=fuzzer FUZZING_LANGUAGE=c++ SANITIZER=address ARCHITECTURE=x86_64
unset MODEL_LIBRARIES FMT_LIBRARY
library=libstdc++
if echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
  "$CXX" -stdlib=libc++ -fsanitize=address,fuzzer -x c++ - -o "$work/engine" 2>"$work/log"; then
  CXXFLAGS+=' -stdlib=libc++' library=libc++
fi
mkdir -- "$SRC" "$OUT" "$WORK"
ln -s -- "$source_root" "$SRC/caiman"
cp -- "$source_root/.clusterfuzzlite/build.sh" "$SRC"
cd -- "$SRC/caiman"

"$SRC/build.sh" "${targets[@]}" >"$work/log" 2>&1 || fail 'it does not build'
for target in "${targets[@]}"; do
  [[ -x $OUT/$target && -s $OUT/${target}_seed_corpus.zip ]] || fail "$target, or its corpus, is not in \$OUT"
  [[ ! -f tests/fuzz/$target.dict || -f $OUT/$target.dict ]] || fail "$target has no dictionary"
done
mapfile -t made < <(cd -- "$OUT" && find . -type f -perm -u+x -printf '%f\n' | sort)
[[ ${made[*]} == "$(printf '%s\n' "${targets[@]}" | sort | tr '\n' ' ' | sed 's/ $//')" ]] || fail "made: ${made[*]}"

# ran TARGET: from its corpus, as a farm would begin.
ran() {
  rm -rf -- "$work/seeds"
  python3 -m zipfile -e "$OUT/${1}_seed_corpus.zip" "$work/seeds"
  (cd -- "$work" && "$OUT/$1" -seed=1 -runs=300 -artifact_prefix="$work/" "$work/seeds" >"$work/log" 2>&1)
}
for target in "${targets[@]}"; do
  ran "$target" || fail "$target"
  grep -qE 'Done [0-9]{3,} runs' "$work/log" || fail "$target has not run"
done

# A target that is not there, a compiler that fails, an input that a target cannot stand.
if "$SRC/build.sh" nobody >"$work/log" 2>&1; then fail 'a target that is not there is built'; fi
grep -q "no target 'nobody'" "$work/log" || fail 'a target that is not there'
if CXX=false "$SRC/build.sh" "${targets[0]}" >"$work/log" 2>&1; then fail 'a compiler that fails is not seen'; fi
printf '#!/bin/sh\necho "fuzz target: wrong"; exit 77\n' >"$OUT/${targets[0]}"
if ran "${targets[0]}"; then fail 'a finding is not seen'; fi
printf 'OSS-Fuzz: %s, built and run, with %s\n' "${targets[*]}" "$library"
