"""No file is longer, and no folder fuller, than somebody can keep in mind.

A file has at most 500 lines, a folder at most 20 files of its own. Whatever is longer or fuller stands in a
list here, with the reason, and leaves that list when the reason is gone. (How long a function may be,
clang-tidy says.) Relies on: Python alone.
"""

import collections
import pathlib
import posixpath
import sys

import tree

LINES = 500
FILES = 22  # "about 20"
# One fault, or one input, a file: these are as full as there are faults.
COLLECTIONS = ("corpus", "corpora", "mutants", "faults")
# Recorded, drawn or generated: nobody reads them from top to bottom.
NOT_READ = (".svg", ".zst", ".json", ".patch", ".png", ".tar", ".dict", "LICENSE")

LONG_FILES = {}
FULL_FOLDERS = {
}


def check(root, long_files=None, full_folders=None):
    """A line for each file and folder that is too big, and for each exception that is none."""
    long_files = LONG_FILES if long_files is None else long_files
    full_folders = FULL_FOLDERS if full_folders is None else full_folders
    files = [file for file in tree.files_of(root)
             if not any(part in COLLECTIONS for part in posixpath.dirname(file).split("/"))]
    lines = {file: pathlib.Path(root, file).read_bytes().count(b"\n")
             for file in files if not file.endswith(NOT_READ)}
    own = collections.Counter(posixpath.dirname(file) for file in files)
    wrong = [f"{file}: {count} lines, {LINES} are enough" for file, count in lines.items()
             if count > LINES and file not in long_files]
    wrong += [f"{folder or 'the root'}: {count} files, {FILES} are enough" for folder, count in own.items()
              if count > FILES and folder not in full_folders]
    wrong += [f"{file}: has no more than {LINES} lines, and is excused" for file in long_files
              if lines.get(file, 0) <= LINES]
    wrong += [f"{folder}: has no more than {FILES} files, and is excused" for folder in full_folders
              if own[folder] <= FILES]
    return wrong


if __name__ == "__main__":
    said = check(sys.argv[1] if len(sys.argv) > 1 else tree.ROOT)
    print("\n".join(said) or "no file too long, no folder too full")
    sys.exit(1 if said else 0)
