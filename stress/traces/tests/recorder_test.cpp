// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// recorder_test.cpp: the recorder writes what a program did, no more and no less
//
// Runs trace_recorder_victim under the recorder, reads the recording as trace_pack does, and looks
// for each size that the victim asked for. Takes both files from the environment, RECORDER and
// VICTIM. Relies on LD_PRELOAD and Catch2 v2; main is in tests/unit/main.cpp.
// ---------------------------------------------------------------------------------------------
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../events.hpp"
#include "../recording/convert.hpp"

namespace {

namespace fs = std::filesystem;
using caiman::traces::complaint_about;
using caiman::traces::conversion;
using caiman::traces::convert;
using caiman::traces::event_kind;
using caiman::traces::raw_records;
using caiman::traces::read_file;
using caiman::traces::trace;
using caiman::traces::trace_event;

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  INFO("environment variable " << name);
  REQUIRE(value != nullptr);
  return value;
}

struct folder {
  fs::path path = fs::temp_directory_path() / ("trace_recorder_test." + std::to_string(getpid()));
  folder() { fs::create_directory(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { fs::remove_all(path); }
};

// Runs the victim with this environment and nothing else; returns what wait gives.
int run_victim(std::vector<std::string> environment) {
  std::string victim = from_environment("VICTIM");
  std::vector<char*> pointers;
  for (std::string& each : environment) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  char* arguments[] = {victim.data(), nullptr};
  pid_t process = 0;
  REQUIRE(posix_spawn(&process, victim.c_str(), nullptr, nullptr, arguments, pointers.data()) == 0);
  int status = -1;
  REQUIRE(waitpid(process, &status, 0) == process);
  return status;
}

std::vector<std::string> recording_into(const fs::path& prefix) {
  return {"LD_PRELOAD=" + from_environment("RECORDER"), "CAIMAN_TRACE=" + prefix.string()};
}

std::vector<fs::path> files_in(const fs::path& where) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(where)) files.push_back(entry.path());
  return files;
}

conversion recording_in(const fs::path& name) {
  const auto file = read_file(name, std::size_t{1} << 30);
  REQUIRE(file);
  auto records = raw_records(*file);
  REQUIRE(records);
  auto made = convert(std::move(*records), "victim", {});
  REQUIRE(made);
  REQUIRE(complaint_about(made->result).value_or("none") == "none");
  return *made;
}

conversion only_recording(const fs::path& where) {
  const auto files = files_in(where);
  REQUIRE(files.size() == 1);
  return recording_in(files.front());
}

struct tally {
  std::uint64_t allocations = 0, releases = 0, foreign_releases = 0;
  std::set<std::uint32_t> threads;
};

std::map<std::uint32_t, tally> by_size(const trace& what) {
  std::map<std::uint32_t, tally> tallies;
  std::vector<trace_event> allocated;
  for (const trace_event& event : what.events) {
    const bool is_release = event.kind == event_kind::release;
    if (!is_release) allocated.push_back(event);
    const trace_event& block = is_release ? allocated[event.value] : event;
    tally& of = tallies[block.value];
    of.threads.insert(event.thread);
    of.allocations += is_release ? 0U : 1U;
    of.releases += is_release ? 1U : 0U;
    of.foreign_releases += is_release && event.thread != block.thread ? 1U : 0U;
  }
  return tallies;
}

}  // namespace

TEST_CASE("what the victim does is in the recording, whole and in order") {
  const folder scratch;
  REQUIRE(run_victim(recording_into(scratch.path / "r")) == 0);
  const conversion made = only_recording(scratch.path);
  auto seen = by_size(made.result);
  for (const std::uint32_t size : {10'007U, 20'011U, 30'027U, 10'048U, 12'289U, 10'061U, 10'037U,
                                   10'112U, 10'069U, 10'079U, 10'091U, 10'093U, 10'133U}) {
    CAPTURE(size);
    CHECK(seen[size].allocations == 1);
    CHECK(seen[size].releases == 1);
    CHECK(seen[size].foreign_releases == 0);
    CHECK(seen[size].threads.size() == 1);
  }
  CHECK(seen[1'009].allocations == 40'000);
  CHECK(seen[1'009].releases == 40'000);
  CHECK(seen[1'009].foreign_releases == 40'000);
  CHECK(seen[1'009].threads.size() == 2);
  CHECK(seen[10'163].allocations == 40'000);
  CHECK(seen[10'163].foreign_releases == 40'000);
  CHECK(seen[10'139].allocations == 100);
  CHECK(seen[10'139].releases == 100);
  CHECK(seen[10'139].threads.size() == 100);
  // Of the child nothing, of the thread that ran to the end all but the last moments.
  CHECK(seen[10'141].allocations == 0);
  CHECK(seen[10'151].allocations > 100);
  CHECK(seen[10'151].releases + 1 >= seen[10'151].allocations);
  CHECK(seen[10'159].allocations == 1);
  CHECK(seen[10'159].releases == 0);
  // 3 MiB twice; the reallocs: to 20011, and back from 3 MiB to 10093. The one to 3 MiB is left
  // out.
  CHECK(made.result.left_out == 2);
  CHECK(made.result.resized == 2);
  CHECK(made.lost_releases == 0);  // no address was handed out before it was given back
}

TEST_CASE("a recording ends where it was told to") {
  const folder scratch;
  auto environment = recording_into(scratch.path / "r");
  environment.emplace_back("CAIMAN_TRACE_EVENTS=50000");
  REQUIRE(run_victim(environment) == 0);
  const conversion made = only_recording(scratch.path);
  CHECK(made.records <= 50'000);
  CHECK(made.records > 49'000);  // a number can go to what is no record, as a realloc that fails
}

TEST_CASE("a child of fork is recorded by itself, where that is asked for") {
  const folder scratch;
  auto environment = recording_into(scratch.path / "r");
  environment.emplace_back("CAIMAN_TRACE_FORKS=1");
  REQUIRE(run_victim(environment) == 0);
  const auto files = files_in(scratch.path);
  REQUIRE(files.size() == 2);
  std::size_t children = 0;
  for (const fs::path& each : files) {
    auto seen = by_size(recording_in(each).result);
    // All that the child does, and nothing of what its parent did before.
    const bool is_child = seen[10'141].allocations != 0;
    children += is_child ? 1U : 0U;
    CHECK(seen[10'141].allocations == (is_child ? 500'000 : 0));
    CHECK(seen[10'141].releases == (is_child ? 500'000 : 0));
    CHECK(seen[1'009].allocations == (is_child ? 0 : 40'000));
    CHECK(seen[10'159].allocations == (is_child ? 0 : 1));
  }
  CHECK(children == 1);
}

TEST_CASE("a program of another name is not recorded, nor one that was not asked for") {
  const folder scratch;
  auto environment = recording_into(scratch.path / "r");
  environment.emplace_back("CAIMAN_TRACE_ONLY=somebody-else");
  CHECK(run_victim(environment) == 0);
  CHECK(run_victim({"LD_PRELOAD=" + from_environment("RECORDER")}) == 0);
  CHECK(files_in(scratch.path).empty());
  environment.back() = "CAIMAN_TRACE_ONLY=trace_recorder_victim";
  CHECK(run_victim(environment) == 0);
  CHECK(files_in(scratch.path).size() == 1);
}

TEST_CASE("a recording that cannot be written does not disturb the program") {
  const folder scratch;
  CHECK(run_victim(recording_into(scratch.path / "none" / "r")) == 0);
  CHECK(files_in(scratch.path).empty());
}
