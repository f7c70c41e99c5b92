#!/bin/sh
# SPDX-License-Identifier: MIT
# expect.sh: a command must end with one exit code and say one thing.
#
# A test that only "should fail" also passes on a crash, a timeout or a missing library. A seeded
# fault must end with the exit code and the words that belong to it.
# Usage: expect.sh CODE REGEX COMMAND [ARGUMENT...]
set -u
expected_code=$1
expected_text=$2
shift 2

output=$("$@" 2>&1)
code=$?
printf '%s\n' "$output"
if [ "$code" -ne "$expected_code" ]; then
  echo "expected exit code $expected_code, got $code"
  exit 1
fi
if ! printf '%s\n' "$output" | grep -Eq -- "$expected_text"; then
  echo "expected a line that matches: $expected_text"
  exit 1
fi
