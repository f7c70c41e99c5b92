#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Records the traces of this folder again: three programs of Debian, as they are, under   |
# | the recorder.                                                                           |
# | Why: a reader who doubts a trace can make it anew; the README can say how it was made.  |
# | The work that the programs do is written here in full; what is random in it is seeded.  |
# | Relies on: ci/lib.sh for set-up and build; Debian's g++, sqlite3, rsyslog, python3.     |
# +-----------------------------------------------------------------------------------------+
set -euo pipefail
caller=$PWD  # lib.sh goes to the root of the tree
# shellcheck source=../../ci/lib.sh
source "$(dirname -- "$(readlink -f -- "$0")")/../../ci/lib.sh"

die() {
  printf 'record.sh: %s\n' "$1" >&2
  exit 2
}

here=stress/traces
programs=build/plain/$here
packages=(g++ sqlite3 rsyslog python3)
names=(cc1plus sqlite3 rsyslogd)
# Whole, if it is not longer than this.
most_events=5000000

usage() {
  cat <<EOT
usage: $here/record.sh [--no-install] [--out FOLDER] [--only NAME]...

Installs what is missing (Debian 12), builds the recorder, and records: ${names[*]}
into FOLDER (default: $here). Prints what is in each trace as one line of JSON.
EOT
}

# --- The compiler: cc1plus, started by g++ -------------------------------------------------------

work_cc1plus() {
  cat >"$scratch/words.cpp" <<'EOT'
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>

int main() {
  std::map<std::string, int> seen;
  const std::regex word("[a-z]+(-[a-z]+)*");
  for (std::string line; std::getline(std::cin, line);) {
    for (std::sregex_iterator at(line.begin(), line.end(), word), end; at != end; ++at) {
      ++seen[at->str()];
    }
  }
  std::vector<std::pair<int, std::string>> by_count;
  for (const auto& [text, count] : seen) by_count.emplace_back(count, text);
  std::sort(by_count.rbegin(), by_count.rend());
  for (const auto& [count, text] : by_count) std::cout << count << ' ' << text << '\n';
}
EOT
  "${recorder[@]}" g++ -std=c++20 -O1 -c "$scratch/words.cpp" -o "$scratch/words.o"
}

# --- The database: sqlite3, tables of shops, goods and sales in memory ---------------------------

work_sqlite3() {
  {
    long_questions
    short_questions
  } >"$scratch/queries.sql"
  "${recorder[@]}" sqlite3 -batch -init /dev/null :memory: ".read $scratch/queries.sql" \
    >"$scratch/answers"
}

# The tables, and questions that go over much of them.
long_questions() {
  cat <<'EOT'
CREATE TABLE shop(id INTEGER PRIMARY KEY, town TEXT, opened INTEGER);
CREATE TABLE goods(id INTEGER PRIMARY KEY, name TEXT, price INTEGER, notes TEXT);
CREATE TABLE sale(id INTEGER PRIMARY KEY, shop INTEGER, goods INTEGER, day INTEGER, count INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO shop SELECT i, 'town ' || (i * 7919 % 50), i * 104729 % 7000 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO goods SELECT i, 'thing ' || i, i * 7907 % 1000,
  json_object('colour', 'c' || (i % 12), 'sizes', json_array(i % 5, i % 7, i % 11)) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
INSERT INTO sale SELECT i, i * 7919 % 200 + 1, i * 104729 % 2000 + 1, i * 15485863 % 365, i % 9 + 1
FROM n;
CREATE INDEX sale_of_day ON sale(day);
SELECT town, sum(count * price) FROM sale JOIN shop ON shop.id = shop JOIN goods ON goods.id = goods
  GROUP BY town ORDER BY 2 DESC;
SELECT day, group_concat(name, ', ') FROM sale JOIN goods ON goods.id = goods
  WHERE count > 7 GROUP BY day;
SELECT shop, day, sum(count) OVER (PARTITION BY shop ORDER BY day ROWS 6 PRECEDING) FROM sale
  WHERE shop < 20;
SELECT json_extract(notes, '$.colour'), avg(price) FROM goods GROUP BY 1;
SELECT g.id, value FROM goods g, json_each(g.notes, '$.sizes') ORDER BY value, g.name;
SELECT upper(name) || printf('%08d', price) FROM goods ORDER BY replace(name, '1', 'one');
EOT
}

# As a program asks them: each is parsed, planned, run and forgotten.
short_questions() {
  python3 - <<'EOT'
import random
rng = random.Random(1)

def some(most):
    return rng.randrange(1, most)

def words(most):
    return " ".join("w" * some(12) for _ in range(some(most)))

def filters():
    choices = [f"price < {some(1000)}", f"name LIKE '%{some(99)}%'", f"goods.id > {some(2000)}",
               f"json_extract(notes, '$.colour') = 'c{some(12)}'", f"length(notes) > {some(80)}",
               f"day BETWEEN {some(180)} AND {180 + some(180)}", f"sale.count IN ({some(9)}, {some(9)})"]
    return " AND ".join(rng.sample(choices, some(5)))

for i in range(12000):
    kind = rng.randrange(7)
    if kind == 0:
        print(f"SELECT name, price FROM goods WHERE id = {some(2000)};")
    elif kind == 1:
        print("SELECT town, count(*), max(price) FROM sale JOIN shop ON shop.id = shop "
              f"JOIN goods ON goods.id = goods WHERE day = {some(365)} AND shop < {some(200)} "
              f"GROUP BY town ORDER BY {some(4)};")
    elif kind == 2:
        print(f"UPDATE goods SET price = price + 1, notes = json_set(notes, '$.seen', '{words(40)}') "
              f"WHERE id = {some(2000)};")
    elif kind == 3:
        print("INSERT INTO sale(shop, goods, day, count) VALUES "
              + ", ".join(f"({some(200)}, {some(2000)}, {some(365)}, {some(10)})"
                          for _ in range(some(20))) + ";")
    elif kind == 4:
        print(f"SELECT name, notes FROM sale JOIN goods ON goods.id = goods WHERE day = {some(365)} "
              f"AND {filters()} ORDER BY price DESC LIMIT {some(50)};")
    elif kind == 5:
        print(f"SELECT group_concat(upper(name), '{words(4)}'), count(DISTINCT shop) FROM sale "
              f"JOIN goods ON goods.id = goods WHERE day = {some(365)} AND {filters()};")
    else:
        print(f"WITH best AS (SELECT goods, sum(count) AS n FROM sale WHERE day = {some(365)} "
              f"GROUP BY goods ORDER BY n DESC LIMIT {some(30)}) SELECT name, n FROM best "
              f"LEFT JOIN goods ON goods.id = goods WHERE n > {some(20)};")
EOT
}

# --- The service: rsyslogd, two reading threads, a queue, two threads that parse JSON ------------

work_rsyslogd() {
  cat >"$scratch/rsyslog.conf" <<EOT
global(workDirectory="$scratch" net.enableDNS="off")
module(load="imptcp" threads="2")
module(load="mmjsonparse")
main_queue(queue.type="LinkedList" queue.size="20000" queue.workerThreads="2"
           queue.workerThreadMinimumMessages="100" queue.dequeueBatchSize="64")
template(name="out" type="list" option.jsonf="on") {
  property(outname="host" name="hostname" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="user" name="\$!user!name" format="jsonf")
  property(outname="path" name="\$!path" format="jsonf")
  property(outname="all" name="\$!all-json")
}
input(type="imptcp" path="$scratch/socket")
action(type="mmjsonparse" cookie="")
action(type="omfile" file="$scratch/out.json" template="out")
EOT
  "${recorder[@]}" rsyslogd -n -f "$scratch/rsyslog.conf" -i "$scratch/pid" 2>"$scratch/said" &
  server=$!
  send_messages "$scratch/socket"
  # It empties its queue before it ends.
  kill -TERM "$server"
  wait "$server"
  server=''
}

# Four senders at once, 5000 messages each, such as a web server would log.
send_messages() {
  python3 - "$1" <<'EOT'
import json, os, random, socket, sys, threading, time

def message(rng, seed, i):
    path = "/" + "/".join("p" * rng.randrange(1, 20) for _ in range(rng.randrange(1, 6)))
    body = {"user": {"name": f"u{rng.randrange(5000)}", "id": rng.randrange(10**6)},
            "path": path,
            "status": rng.choice([200, 200, 200, 304, 404, 500]),
            "tags": [f"t{rng.randrange(100)}" for _ in range(rng.randrange(8))],
            "text": "x" * int(rng.expovariate(1 / 200))}
    stamp = f"2024-01-01T00:00:{i % 60:02d}.{i:06d}Z"
    return f"<134>1 {stamp} h{seed} app {seed} - - {json.dumps(body)}\n".encode()

# Beforehand, so that the threads of the server have more to do than wait for this program.
rngs = [random.Random(seed) for seed in range(4)]
messages = [[message(rngs[seed], seed, i) for i in range(5000)] for seed in range(4)]

def send(seed):
    with socket.socket(socket.AF_UNIX) as to:
        to.connect(sys.argv[1])
        for i in range(0, len(messages[seed]), 10):
            to.sendall(b"".join(messages[seed][i:i + 10]))

deadline = time.monotonic() + 30
while not os.path.exists(sys.argv[1]):
    if time.monotonic() > deadline:
        sys.exit("record.sh: rsyslogd did not start")
    time.sleep(0.1)
threads = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
EOT
}

# --- Recording -----------------------------------------------------------------------------------

# What would be left behind by a recording that fails or is interrupted.
scratch='' server=''
clean_up() {
  stop_ticker
  [[ -z $server ]] || kill "$server"
  [[ -z $scratch ]] || rm -rf -- "$scratch"
}
trap clean_up EXIT

record() {
  local name=$1 raw recorder
  [[ ! -t 2 ]] || printf 'recording %s, some seconds\n' "$name" >&2
  scratch=$(mktemp -d)
  recorder=(env CAIMAN_TRACE="$scratch/recording" CAIMAN_TRACE_ONLY="$name"
    LD_PRELOAD="$root/$programs/libtrace_recorder.so")
  "work_$name"
  raw=("$scratch"/recording.*.raw)
  [[ ${#raw[@]} -eq 1 && -e ${raw[0]} ]] || die "$name: wanted one recording, got: ${raw[*]}"
  "$programs/trace_pack" pack --raw "${raw[0]}" --out "$out/$name.trace.zst" --name "$name" \
    --events "$most_events"
  rm -rf -- "$scratch"
  scratch=''
}

out=$here only=()
split_options "$@"
[[ $help == no ]] || { usage && exit 0; }
set -- "${rest[@]}"
while (($# > 0)); do
  [[ $1 == --out || $1 == --only ]] || die "unknown argument '$1'; see --help"
  (($# > 1)) || die "$1 wants a value"
  if [[ $1 == --out ]]; then
    out=$(cd -- "$caller" && cd -- "$2" 2>/dev/null && pwd) || die "--out: no folder '$2'"
  else
    [[ " ${names[*]} " == *" $2 "* ]] || die "no trace '$2', there are: ${names[*]}"
    only+=("$2")
  fi
  shift 2
done
((${#only[@]} > 0)) || only=("${names[@]}")

if [[ $install == yes ]]; then
  ci/setup base
  if ! dpkg-query -W "${packages[@]}" >/dev/null 2>&1; then
    as_root=()
    ((EUID == 0)) || as_root=(sudo)
    run_or_show "install ${packages[*]}" build/ci-logs/record.txt \
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -q -y install --no-install-recommends "${packages[@]}"
  fi
fi
configure plain
build plain trace-programs
for name in "${only[@]}"; do
  record "$name"
done
