#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test `docs` must fail on what it is there for.

Copies headers and pages, puts faults into the copy, one of each kind, and wants docs/build.py to refuse
it and to say one line about each and nothing else. Then a small site with dead links, each of which must be
convicted, and no other. Relies on: doxygen.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# File, what stands there, what the fault makes of it, and what must be said of it.
FAULTS = (
    ("core/caiman/bytes.hpp", "  /// Where they lie", "  // Where they lie", "is not documented"),
    ("core/caiman/metrics.hpp", "/// The same for an arena of slots of one size.\n[[nodiscard]] inline std::string to_json",
     "[[nodiscard]] inline std::string to_json", "is not documented"),
    ("core/caiman/buffer.hpp", "/// Whether so many bytes",
     "/// \\param n Bytes.\n  /// \\param nobody Whether so many bytes",
     "argument 'nobody'"),
    ("docs/README.md", "](using.md)", "](nowhere.md)", "nowhere.md"),
    ("SECURITY.md", "](docs/guarantees.md#fork)", "](docs/no_page.md#fork)", "docs/no_page.md"),
    ("core/README.md", "](../docs/waiting.md)", "](../docs/nowhere.md)", "../docs/nowhere.md"),
    # The words of this link are on two lines.
    ("core/README.md", "[How the library is checked](../docs/checking.md)",
     "[How the library\nis checked](../docs/none.md)", "../docs/none.md"),
    ("docs/using.md", "# Using an arena", "# Using an arena\n\nSee \\ref nobody_at_all.", "nobody_at_all"),
    ("docs/algorithm.md", "pictures/words.svg", "pictures/none.svg", "pictures/none.svg"),
    ("docs/algorithm.md", "![A word that becomes full stays", "![", "picture pictures/lazy.svg has no text"),
)


def put_in(root, file, old, new):
    text = (root / file).read_text(encoding="utf-8")
    if text.count(old) != 1:
        sys.exit(f"{file} has no place for the fault: {old!r}")
    if new == "![":  # all of the words
        begin = text.index(old)
        text = text[:begin] + new + text[text.index("]", begin):]
    else:
        text = text.replace(old, new)
    (root / file).write_text(text, encoding="utf-8")


# A page of a site, what leads nowhere in it, and what leads somewhere.
PAGE = """<h1 id="here">{title}</h1><a href="other.html">to</a> <a href="other.html#there">there</a> <a href="#here">here</a>
<a href="https://example.org/no/such">not ours to follow</a> <a href="javascript:void(0)">made later</a>
<img src="pictures/one%20picture.svg"/> <a name="old"></a><a href="#old">old</a>"""
DEAD = ("gone.html", "other.html#nowhere", "#nowhere", "pictures/gone.svg", "../README.md")


def dead_links_are_seen(root):
    """What a site with dead links lacks; without them, nothing is said."""
    sys.path.insert(0, str(ROOT / "docs"))
    sys.dont_write_bytecode = True
    import site_pages  # pylint: disable=import-outside-toplevel
    (root / "pictures").mkdir(parents=True)
    (root / "pictures/one picture.svg").touch()
    (root / "index.html").write_text(PAGE.format(title="one"), encoding="utf-8")
    (root / "other.html").write_text('<h2><a class="anchor" id="there"></a></h2>', encoding="utf-8")
    said = site_pages.dead_links(root)
    if said:
        sys.exit("links that lead somewhere are called dead:\n" + "\n".join(said))
    for target in DEAD:
        (root / "index.html").write_text(PAGE.format(title=f'<a href="{target}">no</a>'), encoding="utf-8")
        said = site_pages.dead_links(root)
        if said != [f"index.html: a dead link to {target}"]:
            sys.exit(f"not one dead link to {target}, but: {said}")


def main():
    with tempfile.TemporaryDirectory() as holder:
        root = pathlib.Path(holder)
        for folder in ("core", "docs", "tests/c"):  # all that a page leads to
            shutil.copytree(ROOT / folder, root / folder)
        shutil.copy(ROOT / "SECURITY.md", root)
        for file, old, new, _ in FAULTS:
            put_in(root, file, old, new)
        run = subprocess.run([sys.executable, root / "docs/build.py", root / "out"],
                             capture_output=True, text=True, check=False)
    if run.returncode != 1:
        sys.exit(f"exit code {run.returncode} instead of 1\n{run.stderr}")
    said = run.stderr.splitlines()
    for file, _, _, words in FAULTS:
        about = [line for line in said if line.startswith(file + ":") and words in line]
        if not about:
            sys.exit(f"nothing said of {file}: {words}\n{run.stderr}")
        said = [line for line in said if line not in about]
    if said:
        sys.exit("said besides:\n" + "\n".join(said))
    with tempfile.TemporaryDirectory() as holder:
        dead_links_are_seen(pathlib.Path(holder) / "site")
    return 0


if __name__ == "__main__":
    sys.exit(main())
