#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# ClusterFuzzLite wants this file here; all of it is that of OSS-Fuzz.
exec "$SRC/caiman/packaging/oss-fuzz/build.sh" "$@"
