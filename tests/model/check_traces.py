#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# +-----------------------------------------------------------------------------------------+
# | Traces of real failures: what they say is right, and they replay.                       |
# | Why: people and pages believe a trace. So its edges are worked out here once more, from |
# | the orders alone, and each check of this file is shown to see a trace that is wrong.    |
# | A trace is outside input, too: whatever lies in a file, the answer is one line.         |
# | Relies on: caiman-check and three of its mutants.                                       |
# | Usage: check_traces.py CAIMAN-CHECK MUTANT...                                           |
# +-----------------------------------------------------------------------------------------+
import copy
import json
import pathlib
import subprocess
import sys
import tempfile

ACQUIRES = {"acquire", "acq_rel", "seq_cst"}
RELEASES = {"release", "acq_rel", "seq_cst"}
CHANGES = {"exchange", "fetch_add", "fetch_or", "fetch_and", "cas"}
READS = CHANGES | {"load", "cas_failed", "plain_read"}
WRITES = CHANGES | {"store", "build", "plain_write"}
PLAIN = {"plain_read", "plain_write"}


def check(condition, what):
    if not condition:
        raise AssertionError(what)


# ---- what a trace must say ----------------------------------------------------------------


def check_brackets(trace):
    operations = trace["operations"]
    for place, event in enumerate(trace["events"]):
        check(event["id"] == place, f"event {place} has another id")
        if event["operation"] != -1:
            o = operations[event["operation"]]
            check(o["thread"] == event["thread"], f"event {place} is of another thread's operation")
            check(o["first"] <= place <= o["last"], f"event {place} lies outside its operation")
    for place, o in enumerate(operations):
        check(o["id"] == place, f"operation {place} has another id")
        for end in ("first", "last"):
            check(o[end] is None or trace["events"][o[end]]["operation"] == place,
                  f"operation {place} ends with an event that is not its own")


def check_values(trace):
    """Each read has the value of the event it reads from; a stale one is not the newest."""
    newest = {}
    for e in trace["events"]:
        place, kind, source = e["id"], e["kind"], e["reads_from"]
        if kind in READS:
            check(source is not None, f"event {place} reads from nowhere")
            from_ = trace["events"][source]
            check(source < place and from_["kind"] in WRITES, f"event {place} reads from no write")
            check(from_["object"] == e["object"], f"event {place} reads another object's value")
            read = e.get("before") if kind in CHANGES else e.get("after")
            check(read is None and kind in PLAIN or read == from_["after"],
                  f"event {place} has another value than event {source}")
            early = e["text"] == "placed before the newest store"
            check(e["stale"] == (source != newest[e["object"]] and not early),
                  f"event {place} is {'' if e['stale'] else 'not '}called stale")
        else:
            check(source is None, f"event {place} reads, being a {kind}")
        if kind in WRITES and e["text"] != "placed before the newest store":
            newest[e["object"]] = place


def joined(one, other):
    return [max(a, b) for a, b in zip(one, other)]


def happens_before(trace):
    """A clock per event, from program order, the orders and the set-up; checks what synchronises."""
    threads = trace["shape"]["threads"]
    now = [[0] * threads for _ in range(threads)]
    fenced = [[0] * threads for _ in range(threads)]  # what a fence released before later stores
    owed = [[] for _ in range(threads)]  # reads since, which a fence would acquire
    of_fences = [0] * threads
    released = {}   # what a thread that acquires a write gets to know,
    releasers = {}  # and whose releases it goes on with
    clocks = {}
    for e in trace["events"]:
        place, t = e["id"], e["thread"]
        if t < 0:
            clocks[place] = None
            released[place] = [0] * threads
            releasers[place] = set()
            continue
        now[t][t] += 1
        if e["kind"] == "fence":
            for source in owed[t]:
                now[t] = joined(now[t], released[source])
            owed[t] = []
            now[t] = joined(now[t], of_fences)
            of_fences = list(now[t])
            fenced[t] = list(now[t])
        source = e["reads_from"]
        if source is not None and e["kind"] not in PLAIN:
            others = releasers[source] - {t}
            if e["order"] in ACQUIRES:
                check(e["synchronises"] == bool(others), f"event {place}: synchronises")
                now[t] = joined(now[t], released[source])
            else:
                check(not e["synchronises"] or "fence" in e["text"] and others,
                      f"event {place}: synchronises without an acquire")
                owed[t].append(source)
        if e["kind"] in WRITES and e["kind"] not in PLAIN:
            own = now[t] if e["order"] in RELEASES else fenced[t]
            released[place] = joined(own, released[source] if source is not None else own)
            releasers[place] = {t} if e["order"] in RELEASES or any(fenced[t]) else set()
            releasers[place] |= releasers[source] if source is not None else set()
        clocks[place] = (t, now[t][t], list(now[t]))
    return clocks


def ordered(clocks, first, second):
    if clocks[first] is None or clocks[second] is None:
        return True
    t, when, _ = clocks[first]
    return clocks[second][2][t] >= when


def races(trace):
    """All pairs of conflicting plain accesses that nothing orders."""
    clocks = happens_before(trace)
    plain = [e for e in trace["events"] if e["kind"] in PLAIN]
    return [(a["id"], b["id"]) for j, b in enumerate(plain) for a in plain[:j]
            if a["object"] == b["object"] and "plain_write" in (a["kind"], b["kind"]) and
            not ordered(clocks, a["id"], b["id"])]


def check_race(trace):
    seen, said = races(trace), trace["race"]
    if said is None:
        check(seen == [], f"a race that the trace says nothing of: {seen}")
        return
    check((said["first"], said["second"]) in seen, f"{said} is no race, but {seen}")
    check(all(second == said["second"] for _, second in seen), f"a race before {said}: {seen}")
    check(trace["property"]["event"] == said["second"], "the race is not where the property is lost")


def check_property(trace):
    event = trace["events"][trace["property"]["event"]]
    if trace["race"] is None:
        check(any(e["text"] == f"{trace['property']['id']}: {trace['property']['text']}"
                  for e in trace["events"][event["id"]:]), "no event says what was found")


CHECKS = [check_brackets, check_values, check_race, check_property]


def check_all(trace):
    for each in CHECKS:
        each(trace)


# ---- and that a wrong one is seen ---------------------------------------------------------


def first_event(trace, condition):
    return next(e for e in trace["events"] if condition(e))


def wrong_value(trace):
    e = first_event(trace, lambda e: e["kind"] == "load" and e["thread"] >= 0)
    e["after"] = str(int(e["after"]) + 1)


def wrong_source(trace):
    e = first_event(trace, lambda e: e["kind"] in CHANGES and e["thread"] >= 0)
    e["reads_from"] -= 1


def wrong_stale(trace):
    e = first_event(trace, lambda e: e["kind"] == "load" and e["thread"] >= 0)
    e["stale"] = not e["stale"]


def wrong_edge(trace):
    e = first_event(trace, lambda e: e["order"] in ACQUIRES and e["reads_from"] is not None and
                    e["thread"] >= 0)
    e["synchronises"] = not e["synchronises"]


def wrong_id(trace):
    trace["events"][3]["id"] = 4


def wrong_bracket(trace):
    trace["operations"][-1]["first"] = 0


def wrong_property(trace):
    trace["property"]["event"] = len(trace["events"]) - 1 if trace["race"] is None else 0
    trace["property"]["text"] += "?"


def wrong_race(trace):
    trace["race"] = {"first": 0, "second": len(trace["events"]) - 1} if trace["race"] is None else None


TAMPERINGS = [wrong_value, wrong_source, wrong_stale, wrong_edge, wrong_id, wrong_bracket,
              wrong_property, wrong_race]


def check_that_checks_see(trace):
    for tamper in TAMPERINGS:
        wrong = copy.deepcopy(trace)
        tamper(wrong)
        try:
            check_all(wrong)
        except AssertionError:
            continue
        raise AssertionError(f"{tamper.__name__} was not seen")


# ---- the program --------------------------------------------------------------------------


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder

    def run(self, *arguments):
        done = subprocess.run([self.path, *arguments], capture_output=True, timeout=300, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def recorded(self, title, program, searches="random:20000@shipped", orders=""):
        file = self.folder / f"{title}.json"
        code, out, err = self.run("run", "--title", title, "--program", program, "--searches", searches,
                                  "--orders", orders, "--trace-out", str(file))
        check(code == 1, f"{title} survived: {out}{err}")
        return file, json.loads(file.read_text()), out

    def refuses(self, *arguments):
        """Exit code 2, one line, no crash."""
        code, out, err = self.run(*arguments)
        check(code == 2, f"{arguments}: ended with {code}, not 2: {out}{err}")
        check(out == "" and err.count("\n") == 1, f"{arguments}: not one line: {out}{err}")


def check_replays(program, file, trace):
    code, out, err = program.run("replay", "--times", "10", str(file))
    check(code == 0 and "the same 10 times of 10" in out, f"{file}: {out}{err}")
    check(f"{trace['property']['id']} violated: {trace['property']['text']}" in out, out)


def check_tampered(program, file, trace):
    """A trace that says something else does not replay, and the answer says where."""
    for tamper in TAMPERINGS:
        wrong = copy.deepcopy(trace)
        tamper(wrong)
        file.write_text(json.dumps(wrong))
        code, out, err = program.run("replay", str(file))
        check(code in (1, 2) and (out + err).count("\n") == 1, f"{tamper.__name__}: {code} {out}{err}")
    wrong = copy.deepcopy(trace)
    wrong["orders"] = []  # as shipped: no violation then, or another one
    if any(row["used"] != row["shipped"] for row in trace["orders"]):
        file.write_text(json.dumps(wrong))
        code, out, err = program.run("replay", str(file))
        check(code in (1, 2), f"without its orders: {code} {out}{err}")


# ---- hostile files ------------------------------------------------------------------------

JUNK = [None, -1, 2**64 - 1, "\x1b[2J\n", [], {}, [[]], 1.5]


def places(value, path=()):
    """Every place in a trace, of lists the first item alone."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path + (key,)
            yield from places(inner, path + (key,))
    elif isinstance(value, list) and value:
        yield path + (0,)
        yield from places(value[0], path + (0,))


def check_hostile(program, trace, file):
    whole = json.dumps(trace)
    for text in ["", "[]", "{}", "null", "{\"caiman_trace\": 1}", "{\"caiman_trace\": 2}", whole[:-20],
                 "[" * 100000, "\xff\xfe", whole.replace("caiman_trace", "other", 1)]:
        file.write_text(text)
        program.refuses("show", str(file))
        program.refuses("replay", str(file))
    program.refuses("show", str(file.parent / "there-is-none.json"))
    program.refuses("show", "/dev/zero")
    for number, path in enumerate(places(trace)):
        wrong = copy.deepcopy(trace)
        at = wrong
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = JUNK[number % len(JUNK)]
        file.write_text(json.dumps(wrong))
        code, out, err = program.run("show", str(file))
        check(code in (0, 2) and (code == 0 or err.count("\n") == 1), f"{path}: {code} {err}")
        check("\x1b" not in out + err, f"{path}: a control character gets to the terminal")


def check_hostile_states(program, trace, file):
    for state in ["", "x", " 1", "1 2", "99999999999999999999 0", "2 4000000000 2 0 0", "1 1 2 2 0",
                  "1 1 2 0 9", "1 0", "1 1 3 2 1"]:
        wrong = copy.deepcopy(trace)
        wrong["state"] = state
        file.write_text(json.dumps(wrong))
        code, out, err = program.run("replay", str(file))
        check(code in (1, 2) and (out + err).count("\n") == 1, f"state '{state}': {code} {out}{err}")
    for key, value in [("program", "fanout=2 order=9 : ; |"), ("search", "random:1@shipped,full:1"),
                       ("search", "none")]:
        wrong = copy.deepcopy(trace)
        wrong[key] = value
        file.write_text(json.dumps(wrong))
        program.refuses("replay", str(file))


# ---- what is run --------------------------------------------------------------------------

SPECIMENS = [
    ("textbook-lost-merge", "fanout=2 order=2 core=textbook : 0A1 0A0 0A0>1 ; F1 | F0"),
    ("textbook-lost-hint", "fanout=2 order=2 core=textbook : 0A1 0A0 ; F1 | A0"),
    ("textbook-spurious-full", "fanout=2 order=2 core=textbook : 0A1 ; M0 | M0"),
]
ORDERS = [
    ("release-relaxed", "fanout=2 order=2 : 0A1 0A0 0A0>1 ; F1M0 | F0M0", "release=relaxed"),
    ("ledger-gave-relaxed", "core=ledger : 0A0>1 ; D | F0", "ledger_gave=relaxed"),
    ("share-drop-relaxed", "core=shares : 0H>1 ; D | D", "share_drop=relaxed"),
    ("three-threads", "fanout=2 order=2 : 0A0 1A0 2A0 ; F0M0 | F0M0 | F0M0",
     "claim=relaxed,search_word=relaxed,climb=relaxed,sweep_take=relaxed"),
]
MUTANTS = {
    "claim-relaxed": ("fanout=2 order=2 : 0A1 0A0 0A0>1 ; F1M0 | F0M0", "random:20000@shipped"),
    "announce-relaxed": ("fanout=2 order=2 announced=3 : 0A0 0A0 0A0 0F0 ; A0F1F2A0 | A1A0",
                         "random:100000@shipped"),
    "drain-without-bracket": ("fanout=2 order=2 announced=2 : 1A1 1A0 1A0 1F2 ; A2 | M0",
                              "bound2:60000@shipped"),
}


def check_shortest(program):
    """With no switch nothing is wrong, all of it; with one there is, and that is what is shown."""
    title, text, orders = ORDERS[0]
    code, out, _ = program.run("run", "--program", text, "--orders", orders, "--searches",
                               "bound0:100000@shipped")
    check(code == 0 and "exhausted" in out, f"bound 0: {out}")
    _, trace, out = program.recorded(title, text, orders=orders)
    check("found again with context bound 1," in out, out)
    check(trace["search"].startswith("bound1:"), trace["search"])
    code, out, _ = program.run("run", "--as-found", "--json", "--program", text, "--orders", orders)
    check(json.loads(out)[-1]["trace"]["search"].startswith("random:"), "--as-found looked on")


def check_scenario(program, folder):
    """A scenario by name leaves its trace as a program does; of two, it would not be said of which."""
    file = folder / "scenario.json"
    some = ("run", "buddies-again-f2", "--orders", "release=relaxed", "--trace-out", str(file))
    code, out, err = program.run(*some)
    check(code == 1 and not err, f"{code} {out}{err}")
    trace = json.loads(file.read_text())
    check(trace["title"] == "buddies-again-f2", trace["title"])
    check_all(trace)
    check_replays(program, file, trace)
    program.refuses(*some, "buddies-f4")
    program.refuses("run", "no-such", "--trace-out", str(file))


def check_verify(program, folder):
    code, out, err = program.run("verify", "--program", SPECIMENS[2][1], "--traces", str(folder / "of"))
    check(code == 1 and "FAIL" in out, f"verify: {out}{err}")
    check_all(json.loads((folder / "of" / "program.json").read_text()))


def main():
    check_program, *mutants = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        program = Program(check_program, folder)
        recorded = [(program, *program.recorded(*s)[:2]) for s in SPECIMENS]
        recorded += [(program, *program.recorded(n, p, orders=o)[:2]) for n, p, o in ORDERS]
        check({pathlib.Path(m).name for m in mutants} == set(MUTANTS), "other mutants than expected")
        for path in mutants:
            title = pathlib.Path(path).name
            mutant = Program(path, folder)
            recorded.append((mutant, *mutant.recorded(title, *MUTANTS[title])[:2]))
            check(recorded[-1][2]["recorded_by"] == title, "by which program")
            # The shipped program knows which one to ask.
            code, out, err = program.run("replay", str(recorded[-1][1]))
            check(code == 0 and "reproduced" in out, f"{title}: {out}{err}")
        for by, file, trace in recorded:
            check_all(trace)
            check_that_checks_see(trace)
            check_replays(by, file, trace)
            check_tampered(by, file, trace)
        check_hostile(program, recorded[2][2], folder / "hostile.json")
        check_hostile_states(program, recorded[0][2], folder / "hostile.json")
        check_shortest(program)
        check_scenario(program, folder)
        check_verify(program, folder)
    print(f"{len(recorded)} traces: right, and the same again ten times of ten")


main()
