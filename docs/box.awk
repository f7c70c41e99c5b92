# The box that opens a header says what the file is, why it exists and what it relies on. Doxygen
# shall show it, without a second copy: the first line becomes the file's summary, the rest stands as
# it is. Line for line, so that a warning names the right one.
FNR == 1 && /^\/\/ ---/ { box = 1; print "/// \\file"; next }
box && /^\/\/ ---/ { box = 0; print shown ? "/// \\endverbatim" : "///"; next }
box && FNR == 2 { sub(/^\/\/ [^:]*: */, ""); print "/// \\brief " $0; next }
box && FNR == 3 { shown = 1; print "/// \\verbatim"; next }
box { sub(/^\/\//, "///"); print; next }
{ print }
