#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Records the traces of this folder again: four programs of Debian, as they are, under    |
# | the recorder, and one of our own, which records itself.                                 |
# | Why: a reader who doubts a trace can make it anew; the README can say how it was made.  |
# | The work that the programs do is written here in full; what is random in it is seeded.  |
# | Relies on: ci/lib.sh for set-up and build; Debian's g++, sqlite3, rsyslog, varnish,     |
# | python3, libasio-dev.                                                                   |
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
packages=(g++ sqlite3 rsyslog varnish python3 libasio-dev)
names=(cc1plus sqlite3 rsyslogd varnishd fan_out)
# Of the last two we want the buffers alone, and what becomes of them.
buffers=(--least 200 --most 65536 --shrinkings)
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

# --- The proxy: varnishd, a cache of 16 MiB between six clients and an origin --------------------

work_varnishd() {
  cat >"$scratch/site.vcl" <<EOT
vcl 4.1;
backend origin { .path = "$scratch/origin"; }
EOT
  answer_as_origin "$scratch/origin" &
  origin=$!
  # A child of fork does the work. Six clients and what is fetched for them keep twelve threads busy.
  "${recorder[@]}" CAIMAN_TRACE_FORKS=1 varnishd -F -j none -n "$scratch/varnish" \
    -a "$scratch/front" -f "$scratch/site.vcl" -s malloc,16m -p thread_pools=1 \
    -p thread_pool_min=12 -p thread_pool_max=12 >"$scratch/said" 2>&1 &
  server=$!
  ask_for_pages "$scratch/front"
  kill -TERM "$server"
  wait "$server"
  server=''
  kill "$origin"
  local ended=0
  wait "$origin" || ended=$?
  origin=''
  # By that signal, and not before.
  ((ended == 128 + 15)) || die "the origin ended with $ended"
}

# Pages of 200 B to 64 KiB, each doubling as likely as another. Half of them come in chunks, so that
# nobody knows beforehand how long they are; one in seven is for one client alone, and is not kept.
answer_as_origin() {
  exec python3 - "$1" <<'EOT'
import random, socketserver, sys

class Origin(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            path = line.split()[1]
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            rng = random.Random(path)
            body = (path * 70000)[:int(200 * 327.68 ** rng.random())]
            keep = "private" if rng.random() < 0.15 else "max-age=60"
            head = ["HTTP/1.1 200 OK", f"Cache-Control: {keep}", "Content-Type: text/plain"]
            if rng.random() < 0.5:
                head.append(f"Content-Length: {len(body)}")
                self.wfile.write("\r\n".join(head + ["", ""]).encode() + body)
                continue
            head.append("Transfer-Encoding: chunked")
            self.wfile.write("\r\n".join(head + ["", ""]).encode())
            for at in range(0, len(body), 5000):
                part = body[at:at + 5000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

Server(sys.argv[1], Origin).serve_forever()
EOT
}

# Six clients, 10,000 requests each, 500 a connection; of 3,000 pages the first are asked for most.
ask_for_pages() {
  python3 - "$1" <<'EOT'
import random, socket, sys, threading, time

def ask(rng, to, answers):
    to.sendall(b"GET /page/%d HTTP/1.1\r\nHost: site\r\n\r\n" % int(3000 * rng.random() ** 3))
    status = answers.readline()
    if b" 200 " not in status:
        raise RuntimeError(status)
    length = None
    while (line := answers.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split()[1])
    if length is not None:
        answers.read(length)
        return
    while (size := int(answers.readline(), 16)) > 0:
        answers.read(size + 2)
    answers.readline()

deadline = time.monotonic() + 30

def connected():
    while True:
        to = socket.socket(socket.AF_UNIX)
        try:
            to.connect(sys.argv[1])
            return to
        except OSError:
            to.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)

failed = []

def client(seed):
    rng = random.Random(seed)
    try:
        for _ in range(20):
            with connected() as to, to.makefile("rb") as answers:
                for _ in range(500):
                    ask(rng, to, answers)
    except (OSError, RuntimeError, ValueError) as error:
        failed.append(error)

threads = [threading.Thread(target=client, args=(seed,)) for seed in range(6)]
for each in threads:
    each.start()
for each in threads:
    each.join()
if failed:
    sys.exit(f"record.sh: varnishd: {failed[0]}")
EOT
}

# --- The hub: four that publish, eight that listen, four threads: recording/fan_out.cpp ----------

work_fan_out() {
  "$programs/trace_fan_out" "$scratch/recording.1.raw" 40000
}

# --- Recording -----------------------------------------------------------------------------------

# What would be left behind by a recording that fails or is interrupted.
scratch='' server='' origin=''
clean_up() {
  stop_ticker
  [[ -z $server ]] || kill "$server"
  [[ -z $origin ]] || kill "$origin"
  [[ -z $scratch ]] || rm -rf -- "$scratch"
}
trap clean_up EXIT

record() {
  local name=$1 raw recorder selected=()
  [[ ! -t 2 ]] || printf 'recording %s, some seconds\n' "$name" >&2
  scratch=$(mktemp -d)
  recorder=(env CAIMAN_TRACE="$scratch/recording" CAIMAN_TRACE_ONLY="$name"
    LD_PRELOAD="$root/$programs/libtrace_recorder.so")
  "work_$name"
  # Where children are recorded, too, the one that did the work has written most.
  mapfile -t raw < <(find "$scratch" -maxdepth 1 -name 'recording.*.raw' -printf '%s %p\n' |
    sort -rn | cut -d ' ' -f 2-)
  [[ ${#raw[@]} -eq 1 || ($name == varnishd && ${#raw[@]} -gt 1) ]] ||
    die "$name: wanted one recording, got: ${raw[*]}"
  [[ $name != varnishd && $name != fan_out ]] || selected=("${buffers[@]}")
  "$programs/trace_pack" pack --raw "${raw[0]}" --out "$out/$name.trace.zst" --name "$name" \
    --events "$most_events" "${selected[@]}"
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
