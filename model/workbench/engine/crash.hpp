// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// crash.hpp: an execution that crashes, or never ends, is a violation like any other (X1)
//
// A fault of what is under check may lead it to memory that is not there, into an abort of the
// library's, or round a list that bites its own tail. The checker is the same process, and must not
// go down with it: the signal is taken on a stack of its own, and the execution fails from there as
// from a wrong answer, with its number, its trace and the state that replays it. A loop in which no
// atomic access comes by, which Relacy cannot see, is found by the processor time that it takes.
// What is too broken even for that still ends the process by its signal, which verify counts as the
// same violation.
// ---------------------------------------------------------------------------------------------
#pragma once

namespace caiman::model {

/// While it lives, crashes of an execution are failures of it. One at a time.
class crash_watch {
 public:
  crash_watch();
  crash_watch(const crash_watch&) = delete;
  crash_watch& operator=(const crash_watch&) = delete;
  ~crash_watch();
};

/// The property.
inline constexpr const char* no_crash = "X1";
/// "SIGSEGV: it touched memory that is not there"; of others their number.
const char* text_of_signal(int signal) noexcept;

}  // namespace caiman::model
