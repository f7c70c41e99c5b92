#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The corpora of the fuzz targets: one archive for each, corpus/TARGET.tar.xz.

A corpus is a folder of many small files, which a reader of the tree need not meet. The build unpacks
the archives (`ninja corpora`). An archive holds plain files, sorted, without times and owners, so that
the same inputs make the same archive. Without an input there is no corpus: every command fails then.

    corpus.py unpack ARCHIVE FOLDER   the inputs, and nothing else, in FOLDER
    corpus.py add ARCHIVE FILE...     more inputs, each named by its SHA-1, or those of a whole folder
    corpus.py zip ARCHIVE FILE        as OSS-Fuzz takes it
"""

import hashlib
import io
import lzma
import pathlib
import shutil
import sys
import tarfile
import zipfile


def read(archive):
    """The inputs by name; ends the program where there is none."""
    try:
        with tarfile.open(archive, "r:xz") as tar:
            inputs = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
            odd = len(tar.getmembers()) - len(inputs)
    except (OSError, lzma.LZMAError, tarfile.TarError) as wrong:
        sys.exit(f"corpus.py: {archive}: {wrong}")
    if not inputs or odd or any("/" in name or name.startswith(".") for name in inputs):
        sys.exit(f"corpus.py: {archive} holds {len(inputs)} inputs, and wants some, in no folder")
    return inputs


def packed(inputs):
    """The tar of these inputs, before it is compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(inputs):
            member = tarfile.TarInfo(name)  # of 1970, of user 0, mode 644
            member.size = len(inputs[name])
            tar.addfile(member, io.BytesIO(inputs[name]))
    return out.getvalue()


def write(archive, inputs):
    if not inputs:
        sys.exit(f"corpus.py: nothing would be left in {archive}")
    pathlib.Path(archive).write_bytes(lzma.compress(packed(inputs), preset=9))


def unpack(archive, folder):
    inputs = read(archive)
    shutil.rmtree(folder, ignore_errors=True)
    pathlib.Path(folder).mkdir(parents=True)
    for name, text in inputs.items():
        (pathlib.Path(folder) / name).write_bytes(text)
    print(*sorted(inputs), sep="\n")


def add(archive, *files):
    inputs = read(archive) if pathlib.Path(archive).exists() else {}
    known = set(inputs.values())
    for given in map(pathlib.Path, files):
        for file in sorted(given.iterdir()) if given.is_dir() else [given]:
            text = file.read_bytes()
            if text not in known:
                inputs[hashlib.sha1(text).hexdigest()[:12]] = text
                known.add(text)
    write(archive, inputs)
    print(f"{archive}: {len(inputs)} inputs")


def as_zip(archive, file):
    inputs = read(archive)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in sorted(inputs.items()):
            out.writestr(zipfile.ZipInfo(name), text)


if __name__ == "__main__":
    commands = {"unpack": unpack, "add": add, "zip": as_zip}
    if len(sys.argv) < 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
