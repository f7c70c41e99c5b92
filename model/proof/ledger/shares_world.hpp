// SPDX-License-Identifier: MIT
// ---------------------------------------------------------------------------------------------
// shares_world.hpp: one call of a frozen block's shares among any number of others
//
// As books_world.hpp has it for a ledger. One clause: as long as anybody has a share, the counter
// is how many there are ("shares"). Nobody gets one but from somebody who has one and adds it, so
// who has the only one stays that. Nobody may touch the counter when all shares are gone.
// ---------------------------------------------------------------------------------------------
#pragma once

#include <string>

#include "caiman/orders.hpp"
#include "solver/paths.hpp"
#include "story.hpp"

namespace caiman::proof {

/// See above. All of it is of the path that this process is on.
class shares_world {
 public:
  /// There is one.
  static shares_world& here();

  /// Begins a call by somebody who has a share, and who will have so many more then.
  void begin(const std::string& name, int gets);
  /// The site that the next access is of.
  void next_site(protocol::site at) { site_ = at; }
  term load();
  /// `adds`: the operand to what it finds, else it is the operand.
  term write(const char* kind, const term& operand, bool adds);

  /// A drop was told whether its share was the last one.
  void must_be_last(bool told);
  /// Was told whether its share is the only one.
  void must_be_sole(bool told);
  /// The counter of a block that was just frozen.
  void must_begin(const term& first);
  /// Something that must not be has happened.
  void fail(const std::string& what) { must_follow(truth(false), what); }

  /// Whether the clause is not in force.
  static bool& is_left_out();

 private:
  void others_run();
  void must_hold();
  void must_follow(const term& claim, const std::string& what);

  protocol::site site_{};
  std::string where_;  // in the place of the site
  story story_;
  int gets_ = 0;
  bool has_written_ = false;
  term count_ = truth(false);
  term mine_ = truth(false);
  term others_ = truth(false);
};

}  // namespace caiman::proof
