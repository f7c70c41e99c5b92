# SPDX-License-Identifier: MIT
"""One page per night: failures first, then what ran. Self-contained, and escapes what it shows."""

import html
import re

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
 background:#fff;color:#1a1a1a}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}
td.n{text-align:right;font-variant-numeric:tabular-nums}
pre{background:#f3f3f3;padding:.6rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.bad{color:#9b1c1c}.good{color:#14602b}
section.failure{border-left:4px solid #9b1c1c;padding-left:1rem;margin:1.5rem 0}
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}pre{background:#242424}
 .bad{color:#ff8a8a}.good{color:#7fd99a}th,td{border-color:#444}}
"""


def _text(value):
    return html.escape(str(value), quote=True)


def _count(value):
    return f"{value:,}" if isinstance(value, (int, float)) else _text(value)


def duration(seconds):
    seconds = int(seconds)
    return f"{seconds // 3600} h {seconds // 60 % 60:02} min {seconds % 60:02} s"


def verdict(record):
    """What there is to say in one line, and whether it is good."""
    data = record.data
    if record.failed():
        return f"{record.failed()} FAILED", False
    if data.get("missing_shards"):
        return f"shards {data['missing_shards']} are missing; of the others nothing failed", False
    if not data["finished"]:
        return "interrupted; of what ran nothing failed", False
    return "nothing failed", True


def _link(path, words):
    """To a page of this night, and to nothing else."""
    if re.fullmatch(r"(coverage|pages)/[\w-][\w.-]*\.html", str(path)):
        return f'<a href="{_text(path)}">{words}</a>'
    return ""


def _failure(part, found):
    link = f'<p>{_link(found["link"], "counterexample")}</p>' if found.get("link") else ""
    return (f'<section class="failure"><h3>{_text(part)}: {_text(found["task"])}</h3>'
            f'<p class="bad">{_text(found["what"])}</p><p>Again:</p><pre>{_text(found["replay"])}</pre>'
            f'{link}<details><summary>output</summary><pre>{_text(found["text"])}</pre></details>'
            "</section>")


def _row(name, part, about):
    counts = "<br>".join(f"{_count(n)} {_text(what)}" for what, n in part["counts"].items())
    notes = "".join(f"<br>{_text(note)}" for note in part["notes"])
    failed = len(part["failures"])
    told = f'<td class="n bad">{failed}</td>' if failed else '<td class="n good">0</td>'
    return (f"<tr><th>{_text(name)}<br><small>{_text(about)}</small></th>"
            f'<td class="n">{part["tasks"]}</td><td class="n">{duration(part["seconds"])}</td>'
            f"{told}<td>{counts}{notes}</td></tr>")


def _figures(parts):
    rows = []
    for name, part in parts.items():
        for what, value in part["figures"].items():
            if what == "page":
                shown = _link(value, "the page")
            elif isinstance(value, str) and "\n" in value:
                shown = f"<pre>{_text(value)}</pre>"
            else:
                shown = _count(value)
            rows.append(f"<tr><th>{_text(name)}</th><td>{_text(what)}</td><td>{shown}</td></tr>")
    return f"<h2>Figures</h2><table>{''.join(rows)}</table>" if rows else ""


def page(record, about):
    """The whole page. `about` says in a few words what each part is."""
    data = record.data
    told, good = verdict(record)
    failures = "".join(_failure(name, found) for name, part in data["parts"].items()
                       for found in part["failures"])
    rows = "".join(_row(name, part, about.get(name, "")) for name, part in data["parts"].items())
    shards = data.get("shards") or [data.get("shard", [1, 1])]
    which = ", ".join(f"{i} of {n}" for i, n in shards)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Caiman: a night</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body>
<h1>Caiman: the night of {_text(data.get("date", "?"))}</h1>
<p class="{'good' if good else 'bad'}"><strong>{_text(told)}</strong></p>
{failures}
<p>Revision {_text(data.get("revision", "?"))}, seed {_text(data.get("seed", "?"))}, shard {_text(which)},
{duration(data["seconds"])}. Counts say what was tried and found nothing; they prove nothing.</p>
<table><tr><th>part</th><th>tasks</th><th>time</th><th>failed</th><th>what was done</th></tr>{rows}</table>
{_figures(data["parts"])}
</body></html>
"""


def words(record):
    """The same for a terminal or a log."""
    lines = []
    for name, part in record.data["parts"].items():
        for found in part["failures"]:
            lines += [f"FAILED {name}: {found['task']}: {found['what']}", f"  {found['replay']}"]
    for name, part in record.data["parts"].items():
        counts = ", ".join(f"{_plain(n)} {what}" for what, n in part["counts"].items())
        notes = "; ".join(part["notes"])
        lines.append(f"{name:<10} {part['tasks']:>5} tasks {part['seconds']:>8.0f} s  "
                     f"{counts}{'; ' if counts and notes else ''}{notes}")
    return "\n".join([*lines, verdict(record)[0]])


def _plain(value):
    return f"{value:,}"
