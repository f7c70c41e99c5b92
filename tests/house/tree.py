"""The files of the project, for the checks beside this one.

Walks the folders, and does not ask git, whose answer depends on who owns the checkout: what it leaves out
is what .gitignore leaves out. Relies on: nothing.
"""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_BY_TOOLS = (".orig", ".rej", ".swp", "~", ".pyc")


def files_of(root):
    """The path of each file below the root, relative to it, sorted."""
    found = []
    for folder, folders, names in os.walk(root):
        here = pathlib.Path(folder).relative_to(root)
        folders[:] = [name for name in folders if name not in ("__pycache__", "node_modules", ".git", ".cache")
                      and not (here == pathlib.Path() and name.startswith("build"))]
        found += [str(here / name) for name in names if not name.endswith(LEFT_BY_TOOLS)]
    return sorted(found)


def write(root, path, text):
    """A file of a tree that is made up, with the folders above it."""
    file = pathlib.Path(root) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
