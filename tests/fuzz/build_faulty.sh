#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds one fuzz target over a copy of the sources with one fault in it: build_faulty.sh ROOT PATCH
# TARGET OUTPUT. A patch that does not apply, or only with fuzz, ends the build: a control that tests
# something else is none.
set -eu
root=$1 patch=$2 target=$3 output=$4
copy=$(mktemp -d)
trap 'rm -rf -- "$copy"' EXIT
mkdir "$copy/tests"
cp -r "$root/core" "$root/model" "$copy/"
cp -r "$root/tests/fuzz" "$root/tests/property" "$root/tests/model" "$root"/tests/*.hpp "$copy/tests/"
if ! patch -d "$copy" -p1 -F0 --no-backup-if-mismatch -s <"$patch"; then
  echo "build_faulty.sh: $patch does not apply any more" >&2
  exit 1
fi
OUT=$copy/out "$copy/tests/fuzz/build.sh" "$target"
mv "$copy/out/$target" "$output"
