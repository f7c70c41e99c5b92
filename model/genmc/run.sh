#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh GENMC HARNESS.cpp: explores one harness, under RC11. A harness whose name ends in _control must
# be convicted: then, and only then, is that a success.
set -u
engine=$1 harness=$2
root=$(cd -- "$(dirname -- "$0")/../.." && pwd)
"$engine" --version | head -n 1
output=$("$engine" --rc11 -- -std=c++2b -O0 -fno-exceptions -I"$root/core" "$harness" 2>&1)
code=$?
printf '%s\n' "$output"
case $harness in
  *_control.cpp)
    [ "$code" -ne 0 ] && printf '%s\n' "$output" | grep -q 'Safety violation' ;;
  *) exit "$code" ;;
esac
