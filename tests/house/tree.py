# SPDX-License-Identifier: MIT
"""The files of the project, for the checks beside this one.

Walks the folders, and does not ask git, whose answer depends on the owner of the checkout: what it leaves out
is what .gitignore leaves out. A check takes what `read` gives, so a tree that is wrong is made up in a test
by one more entry. Relies on: nothing.
"""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
NO_FOLDERS_OF_OURS = ("__pycache__", "node_modules", ".git", ".cache")
LEFT_BY_TOOLS = (".orig", ".rej", ".swp", "~", ".pyc")


def read(root=ROOT):
    """The text of each file below the root by its path from there, sorted."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in NO_FOLDERS_OF_OURS
                      and not (pathlib.Path(folder) == pathlib.Path(root) and name.startswith("build"))]
        for file in (pathlib.Path(folder, name) for name in names if not name.endswith(LEFT_BY_TOOLS)):
            found[str(file.relative_to(root))] = file.read_text(encoding="utf-8", errors="replace")
    return dict(sorted(found.items()))
