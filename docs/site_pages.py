#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What makes a site of what Doxygen writes: a theme, links between guide and reference, and no dead link.

The theme is doxygen-awesome-css, which knows light and dark; a switch for them goes into Doxygen's own header. Where
a page of the guide names something that the reference documents, the name becomes a link; and what is named so gets,
on top of its page, the pages of the guide that speak of it. Nobody keeps lists of these. A link of a page to a file
of the tree that is no page of the site shows that file's text, of which a copy lies in the site. Links to other
servers are not followed. Relies on: doxygen-awesome-css of Debian, what doxygen 1.9.4 writes.

    site_pages.py HTML-FOLDER      says which links are dead; exit code 1 if there are any, 2 where there is no page
"""

import html
import pathlib
import posixpath
import re
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree

THEME = pathlib.Path("/usr/share/doxygen-awesome-css")
STYLES = ("doxygen-awesome.css", "doxygen-awesome-sidebar-only.css", "doxygen-awesome-sidebar-only-darkmode-toggle.css")
SWITCH = "doxygen-awesome-darkmode-toggle.js"
GUIDE = re.compile(r"(md_docs_\w+|index)\.html")
# Places that a script makes, when the page is shown.
MADE_LATER = re.compile(r"#?$|javascript:|search/")


def settings(output):
    """Lines for Doxygen. FileNotFoundError where there is no Doxygen, or no theme."""
    for name in (*STYLES, SWITCH):
        if not (THEME / name).is_file():
            raise FileNotFoundError(2, "no theme", str(THEME / name))
    header, footer, style = (output / name for name in ("header.html", "footer.html", "style.css"))
    subprocess.run(["doxygen", "-w", "html", header, footer, style], check=True, capture_output=True)
    script = (f'<script type="text/javascript" src="$relpath^{SWITCH}"></script>\n'
              '<script type="text/javascript">DoxygenAwesomeDarkModeToggle.init()</script>\n</head>')
    header.write_text(header.read_text(encoding="utf-8").replace("</head>", script), encoding="utf-8")
    styles = " ".join(f'"{THEME / name}"' for name in STYLES)
    return (f'HTML_HEADER = "{header}"\nHTML_EXTRA_STYLESHEET = {styles}\nHTML_EXTRA_FILES = "{THEME / SWITCH}"\n'
            f'GENERATE_TAGFILE = "{output / "caiman.tag"}"\n')


def documented(tagfile):
    """Where each name of namespace caiman stands: types, functions, enumerations, macros."""
    places = {}
    for compound in xml.etree.ElementTree.parse(tagfile).getroot():
        name, kind = compound.findtext("name"), compound.get("kind")
        if kind in ("class", "struct") and re.fullmatch(r"caiman::\w+", name):
            places[name.removeprefix("caiman::")] = compound.findtext("filename")
        for member in compound.iter("member"):
            if kind == "namespace" and name == "caiman" or member.get("kind") == "define":
                places.setdefault(member.findtext("name"),
                                  f'{member.findtext("anchorfile")}#{member.findtext("anchor")}')
    return places


def link_names(page, places):
    """The page with a link for each name in code that is one of these, and which they were."""
    found = set()

    def linked(match):
        if match[1] is None:
            return match[0]
        name = re.sub(r"^caiman::|(<.*>)?(\(\))?$", "", html.unescape(match[1]))
        if name not in places:
            return match[0]
        found.add(name)
        return f'<a class="el" href="{places[name]}">{match[0]}</a>'

    return re.sub(r"<a [^>]*>.*?</a>|<code>([^<]*)</code>", linked, page, flags=re.DOTALL), found


def link_both_ways(folder, places):
    """Changes the pages; gives how many names were linked, and how many pages of the reference lead back."""
    spoken_of, count = {}, 0
    for file in sorted(path for path in folder.glob("*.html") if GUIDE.fullmatch(path.name)):
        text = file.read_text(encoding="utf-8")
        title = re.search(r"<title>(?:Caiman: )?(.*?)</title>", text)[1]
        text, found = link_names(text, places)
        count += len(found)
        file.write_text(text, encoding="utf-8")
        for name in found if file.name != "index.html" else ():
            spoken_of.setdefault(places[name].partition("#")[0], {})[file.name] = title
    for name, pages in spoken_of.items():
        links = ", ".join(f'<a class="el" href="{page}">{title}</a>' for page, title in pages.items())
        text = (folder / name).read_text(encoding="utf-8")
        text = text.replace('<div class="contents">', f'<div class="contents">\n<p>In the guide: {links}.</p>', 1)
        (folder / name).write_text(text, encoding="utf-8")
    return count, len(spoken_of)


def places_of_headings(text):
    """Of each heading of a page the place that it has, by the name that pages on GitHub give it."""
    found = re.findall(r'<h\d><a class="anchor" id="([^"]+)"></a>\s*(.*?)</h\d>', text, re.DOTALL)
    words = ((place, html.unescape(re.sub(r"<[^>]*>", "", title)).strip().lower()) for place, title in found)
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-"): place for place, title in words}


def lead_into_the_site(folder, root):
    """Links of the guide that were meant for the tree lead to what stands for it here."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html") if GUIDE.fullmatch(path.name)}
    headings = {name: places_of_headings(text) for name, text in pages.items()}

    def into(match):
        file, _, place = match[1].partition("#")
        name = f"md_docs_{file.removesuffix('.md').replace('-', '_')}.html"
        if file.endswith(".md") and place in headings.get(name, ()):
            return f'href="{name}#{headings[name][place]}"'
        target = (root / "docs" / file).resolve()
        if file.startswith("../") and target.is_relative_to(root) and target.is_file():
            copy = folder / "tree" / f"{target.relative_to(root)}.txt"
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(target.read_bytes())
            return f'href="{copy.relative_to(folder)}"'
        return match[0]

    for name, text in pages.items():
        (folder / name).write_text(re.sub(r'href="([^":]+)"', into, text), encoding="utf-8")


def without_dead_summaries(folder):
    """Doxygen 1.9.4 names a list of inner classes above a page, and leaves the list out where all are private."""
    for file in folder.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        if 'href="#nested-classes"' in text and 'name="nested-classes"' not in text:
            text = re.sub(r'<a href="#nested-classes">(\w+)</a> (&#124;)?', "", text)
            file.write_text(text, encoding="utf-8")


def dead_links(folder):
    """A line for each link of a page that leads to no file of the site, or to no place in it."""
    pages = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.glob("*.html"))}
    places = {name: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for name, text in pages.items()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    dead = []
    for name, text in pages.items():
        for link in sorted(set(re.findall(r'\b(?:href|src)="([^"]*)"', text))):
            target = urllib.parse.unquote(html.unescape(link))
            if MADE_LATER.match(target) or re.match(r"\w+:|//", target):
                continue
            file, _, place = target.partition("#")
            file = posixpath.normpath(file) if file else name
            if file not in there or place and file in places and place not in places[file]:
                dead.append(f"{name}: a dead link to {target}")
    return dead


def finish(output, root):
    """Links, then looks: a line for each thing that is wrong."""
    folder = output / "html"
    count, back = link_both_ways(folder, documented(output / "caiman.tag"))
    lead_into_the_site(folder, root)
    without_dead_summaries(folder)
    wrong = [f"{count} names of the guide lead to the reference, and {back} of its pages back"] * (count < 25 or back < 10)
    return wrong + dead_links(folder)


def main():
    if len(sys.argv) != 2 or not (pathlib.Path(sys.argv[1]) / "index.html").is_file():
        print("site_pages.py: wants a folder with an index.html", file=sys.stderr)
        return 2
    dead = dead_links(pathlib.Path(sys.argv[1]))
    print("\n".join(dead), end="\n" if dead else "")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
