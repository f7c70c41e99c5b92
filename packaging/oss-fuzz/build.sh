#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | What OSS-Fuzz and ClusterFuzzLite call to build the fuzz targets into $OUT.             |
# | Why so little: tests/fuzz/build.sh keeps to their conventions. Here is what is theirs   |
# | alone: their standard library is libc++, so fmt is taken as headers, since Debian's      |
# | archive of it is for libstdc++.                                                          |
# | Relies on: $SRC/caiman, $CXX, $CXXFLAGS, $LIB_FUZZING_ENGINE, $OUT. Targets may be named. |
# +-----------------------------------------------------------------------------------------+
export CXXFLAGS="$CXXFLAGS -DFMT_HEADER_ONLY=1" FMT_LIBRARY=''
exec "$SRC/caiman/tests/fuzz/build.sh" "$@"
