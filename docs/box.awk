# SPDX-License-Identifier: MIT
# The box that opens a header says what the file is, why it exists and what it relies on. Doxygen
# shall show it, without a second copy: the first line becomes the file's summary, the rest stands as
# it is. Line for line, so that a warning names the right one. The line above it that states the
# licence stays a comment. And Doxygen 1.9.4 takes `namespace caiman::inline v0` for one that is
# called v0.
BEGIN { first = 1 }
FNR == 1 && /SPDX-License-Identifier/ { first = 2; print; next }
FNR == first && /^\/\/ ---/ { box = 1; print "/// \\file"; next }
box && /^\/\/ ---/ { box = 0; print shown ? "/// \\endverbatim" : "///"; next }
box && FNR == first + 1 { sub(/^\/\/ [^:]*: */, ""); print "/// \\brief " $0; next }
box && FNR == first + 2 { shown = 1; print "/// \\verbatim"; next }
box { sub(/^\/\//, "///"); print; next }
{ sub(/caiman::inline v0/, "caiman"); print }
