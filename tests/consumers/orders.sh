#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Spoils the table of memory orders, and sees that the compiler refuses it.               |
# | Why: orders.hpp asserts that partners name each other, that two partners synchronise    |
# | and that a row without any asks for no order. An assertion that every table passes says |
# | nothing of this one.                                                                    |
# | Relies on: g++.                                                                         |
# | Usage: orders.sh SOURCE-ROOT                                                            |
# +-----------------------------------------------------------------------------------------+
# shellcheck source=tests/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../lib.sh"
core=$source_root/core

mkdir -p "$work/caiman"
compiles() {
  echo '#include <caiman/orders.hpp>' |
    g++ -std=c++23 -I"$work" -I"$core" -fsyntax-only -x c++ - >"$work/log" 2>&1
}

# refused MESSAGE PROGRAM: the table as the program of sed leaves it.
refused() {
  sed -E "$2" "$core/caiman/orders.hpp" >"$work/caiman/orders.hpp"
  cmp -s "$core/caiman/orders.hpp" "$work/caiman/orders.hpp" && fail "'$2' changes nothing"
  if compiles; then fail "'$2' is taken"; fi
  grep -qF -- "$1" "$work/log" || fail "'$2', another error"
}

sed '' "$core/caiman/orders.hpp" >"$work/caiman/orders.hpp"
compiles || fail "the table as it is"
named='a site that pairs with another one is its partner, too'
refused "$named" 's/\{4, site::search_hint\}/{4, site::search_word}/'
refused "$named" 's/\{5, site::look_releases\}/{6, site::look_releases}/'
refused "$named" 's/\{4, site::look_begun, by::move\}/{4, site::look_begun}/'
refused 'of two partners one releases and one acquires' 's/("claim", mo::)acq_rel/\1relaxed/'
refused 'of two partners one releases and one acquires' 's/("slot_give", mo::)release/\1relaxed/'
refused 'an order that is stronger than relaxed is for somebody' 's/("observe", mo::)relaxed/\1acquire/'
refused 'one row per site, in the order of the enumeration' 's/\{site::observe, "/{site::waiting_count, "/'
printf 'the table compiles, and seven that are wrong do not\n'
